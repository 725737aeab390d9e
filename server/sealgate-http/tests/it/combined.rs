//! Lists of what fulfils several conditions at once (`spec/http.md` §3.2, §3.5).

use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::customers::customer;
use crate::support::{assert_problem, nonce, payload};

const LICENSES: &str = "/api/v1/licenses";

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// All items of a list, read in pages of this length.
fn all(app: &TestApp, query: &str, limit: u32) -> Vec<Value> {
    let path = format!("{LICENSES}?limit={limit}{query}");
    let (mut items, mut url) = (vec![], path.clone());
    loop {
        let page = app.api("GET", &url, &json!(null)).expect(200);
        items.extend(page["items"].as_array().expect("a list").clone());
        let Some(cursor) = page["next_cursor"].as_str() else { return items };
        url = format!("{path}&cursor={cursor}");
    }
}

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| text(&item["license_id"])).collect()
}

fn labels(app: &TestApp, query: &str) -> Vec<String> {
    all(app, query, 50).iter().map(|l| l["label"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A condition: its parameter, its value, and whether a license that is shown fulfils it.
type Condition = (&'static str, String, fn(&Value, &str) -> bool);

/// Licenses of every kind that the conditions tell apart; the conditions; and which licenses have the device.
fn shelf(app: &TestApp) -> (Vec<Condition>, Vec<String>) {
    let apps = [app.create_app("A"), app.create_app("B")];
    let buyer = customer(app, &json!({ "name": "Ada" }));
    let plan = json!({ "app_id": apps[0]["app_id"], "name": "Pro", "tier": "enterprise" });
    let plan = app.api("POST", "/api/v1/plans", &plan).expect(201);
    let mut on_the_desk = vec![];
    for n in 0_u32..36 {
        let of = &apps[usize::from(n % 3 == 2)];
        let license = app.issue(of, &order(n, &plan, &buyer));
        let id = text(&license["license_id"]);
        if n % 6 == 1 {
            app.api("POST", &format!("{LICENSES}/{id}/suspend"), &json!({})).expect(200);
        } else if n % 5 == 1 {
            payload(&app.validate(&TestApp::question(of, &license, "desk", &nonce(n))));
            on_the_desk.push(id.to_owned());
        }
        app.clock.advance(u64::from(n % 2));
    }
    // Some are over now.
    app.clock.advance(2 * 86_400);
    let id = |of: &Value, name: &str| text(&of[name]).to_owned();
    let conditions: Vec<Condition> = vec![
        ("app_id", id(&apps[0], "app_id"), |license, value| license["app_id"] == value),
        ("plan_id", id(&plan, "plan_id"), |license, value| license["plan_id"] == value),
        ("customer_id", id(&buyer, "customer_id"), |license, value| license["customer_id"] == value),
        ("status", "active".to_owned(), |license, value| license["status"] == value),
        ("tier", "enterprise".to_owned(), |license, value| license["tier"] == value),
        ("label", "STRA%C3%9FE".to_owned(), |license, _| text(&license["label"]).starts_with("straße")),
        ("text", "1".to_owned(), |license, _| text(&license["label"]).contains('1')),
        ("ends_before", "2027-01-20T08:00:10Z".to_owned(), |license, value| {
            license["expires_at"].as_str().is_some_and(|end| end <= value)
        }),
        ("ends_after", "2027-01-17T08:00:10Z".to_owned(), |license, value| {
            license["expires_at"].as_str().is_some_and(|end| end > value)
        }),
    ];
    (conditions, on_the_desk)
}

fn order(n: u32, plan: &Value, buyer: &Value) -> Value {
    let mut order = json!({ "label": format!("{} {}", ["Café", "straße"][n as usize % 2], n % 4) });
    if n.is_multiple_of(3) {
        order["plan_id"] = plan["plan_id"].clone();
    }
    if n.is_multiple_of(4) {
        order["customer_id"] = buyer["customer_id"].clone();
    }
    if !n.is_multiple_of(5) {
        order["expires_at"] = json!(format!("{}d", 1 + n % 7));
    }
    order
}

on_both_engines! {
    fn whatever_conditions_are_given_exactly_what_fulfils_all_of_them_is_listed(app: &TestApp) {
        let (conditions, on_the_desk) = shelf(app);
        let everything = all(app, "", 200);
        assert_eq!(everything.len(), 36);
        // Three of them at most, and a device or none.
        for subset in (0..1_u32 << (conditions.len() + 1)).filter(|subset| subset.count_ones() <= 3) {
            let chosen: Vec<_> = (0..).zip(&conditions).filter(|(n, _)| subset >> n & 1 == 1).map(|(_, c)| c).collect();
            let by_device = subset >> conditions.len() == 1;
            let parameters = chosen.iter().map(|(name, value, _)| [*name, "=", value].concat());
            let parameters = parameters.chain(by_device.then(|| "device=desk".to_owned()));
            let query = parameters.fold(String::new(), |query, parameter| query + "&" + &parameter);
            let fulfils = |license: &&Value| {
                chosen.iter().all(|(_, value, has)| has(license, value))
                    && (!by_device || on_the_desk.iter().any(|id| license["license_id"] == id.as_str()))
            };
            let right: Vec<Value> = everything.iter().filter(fulfils).cloned().collect();
            let listed = all(app, &query, [1, 3, 200][subset as usize % 3]);
            if query.contains("ends_") && !by_device {
                assert!(listed.is_sorted_by_key(|license| text(&license["expires_at"]).to_owned()), "{query}");
            } else if !query.contains("label=") {
                assert_eq!(ids(&listed), ids(&right), "{query}");
            }
            let [mut listed, mut right] = [ids(&listed), ids(&right)];
            listed.sort_unstable();
            right.sort_unstable();
            assert_eq!(listed, right, "{query}");
        }
    }

    fn what_ends_next_comes_first_and_that_day_is_in_it(app: &TestApp) {
        let editor = app.create_app("Editor");
        for (label, end) in [("c", "2027-03-01"), ("a", "2027-01-31"), ("d", "2028-01-01"), ("b", "2027-02-01")] {
            app.issue(&editor, &json!({ "label": label, "expires_at": end }));
            app.clock.advance(1);
        }
        app.issue(&editor, &json!({ "label": "never" }));
        assert_eq!(labels(app, "&sort=end"), ["a", "b", "c", "d"]);
        assert_eq!(labels(app, "&ends_before=2027-01-31"), ["a"]);
        assert_eq!(labels(app, "&ends_after=2027-01-31"), ["b", "c", "d"]);
        assert_eq!(labels(app, "&ends_after=2027-01-31&ends_before=3m"), ["b", "c"]);
        assert_eq!(labels(app, "&ends_after=1970-01-01&sort=newest"), ["b", "d", "a", "c"]);
        app.clock.advance(20 * 86_400);
        assert_eq!(labels(app, "&status=expired&ends_before=2030-01-01"), ["a", "b"]);
    }

    fn words_are_found_in_whatever_is_written_about_a_license(app: &TestApp) {
        let editor = app.create_app("Editor");
        app.issue(&editor, &json!({ "label": "  Cafe\u{301} de Flore ", "external_id": "order-17" }));
        app.issue(&editor, &json!({ "label": "Straße", "licensee": { "company": "Ｃontoso  Ltd", "email": "ada@example.com" } }));
        app.issue(&editor, &json!({}));
        for (query, right) in [
            ("caf%C3%A9", "Café de Flore"),
            ("FLORE%20cafe", "Café de Flore"),
            ("order-17", "Café de Flore"),
            ("contoso%20strasse", "Straße"),
            ("ada%40example", "Straße"),
        ] {
            assert_eq!(labels(app, &format!("&text={query}")), [right], "{query}");
        }
        assert_eq!(labels(app, "&text=cafe%20strasse"), [""; 0]);
        assert_eq!(labels(app, "&label=cafe%CC%81"), ["Café de Flore"], "kept composed, and looked for composed");
    }

    fn customers_and_events_are_narrowed_alike(app: &TestApp) {
        for (name, company) in [("Ada Lovelace", "Analytical"), ("Ada Byron", "Poets"), ("Charles", "Analytical")] {
            customer(app, &json!({ "name": name, "company": company, "email": format!("{}@example.com", &name[..3]) }));
        }
        let names = |query: &str| -> Vec<String> {
            let page = app.api("GET", &format!("/api/v1/customers?{query}"), &json!(null)).expect(200);
            page["items"].as_array().expect("a list").iter().map(|c| text(&c["name"]).to_owned()).collect()
        };
        assert_eq!(names("text=lovelace"), ["Ada Lovelace"]);
        assert_eq!(names("name=ada&text=poets"), ["Ada Byron"]);
        assert_eq!(names("name=ada&email=cha"), [""; 0]);
        assert_eq!(names("text=analytical%20ada"), ["Ada Lovelace"]);

        let editor = app.create_app("Editor");
        let license = app.issue(&editor, &json!({}));
        let path = format!("/api/v1/events?license_id={}", text(&license["license_id"]));
        let of = |query: &str| {
            let page = app.api("GET", &format!("{path}{query}"), &json!(null)).expect(200);
            page["items"].as_array().expect("a list").clone()
        };
        let issued = of("");
        assert_eq!(issued.len(), 1);
        assert_eq!(of(&format!("&request_id={}", text(&issued[0]["request_id"]))), issued);
        assert_eq!(of("&request_id=another"), [json!(null); 0]);
        assert_eq!(of("&code=revoked"), [json!(null); 0]);
    }

    fn one_request_looks_at_a_bounded_number_of_rows(app: &TestApp) {
        let editor = app.create_app("Editor");
        app.issue(&editor, &json!({ "label": "wanted" }));
        app.clock.advance(1);
        for _ in 0..3 {
            app.issue(&editor, &json!({ "count": 700 }));
        }
        let first = app.api("GET", &format!("{LICENSES}?text=wanted"), &json!(null)).expect(200);
        assert_eq!(first["items"], json!([]), "2,000 others came first");
        let cursor = text(&first["next_cursor"]);
        let rest = app.api("GET", &format!("{LICENSES}?text=wanted&cursor={cursor}"), &json!(null)).expect(200);
        assert_eq!((&rest["items"][0]["label"], &rest["next_cursor"]), (&json!("wanted"), &json!(null)));
        let other = app.api("GET", &format!("{LICENSES}?text=another&cursor={cursor}"), &json!(null));
        assert_problem(&other, 400, "malformed_request");
    }

    fn what_no_condition_can_be_is_refused(app: &TestApp) {
        for query in [
            "status=over", "tier=gold", "sort=label", "sort=end&device=x", "text=", "text=%20", "text=%CC%81", "ends_before=soon",
            "ends_after=", "ends_before=-3m",
        ] {
            assert_problem(&app.api("GET", &format!("{LICENSES}?{query}"), &json!(null)), 400, "malformed_request");
        }
        for query in ["app_id=x", "plan_id=x", "customer_id=x"] {
            assert_problem(&app.api("GET", &format!("{LICENSES}?{query}"), &json!(null)), 404, "not_found");
        }
        let editor = app.create_app("Editor");
        for bad in ["a\u{202e}b", "a\u{2066}b", "a\u{200f}b", "a\u{2028}b"] {
            for (path, wish) in [
                (LICENSES, json!({ "app_id": editor["app_id"], "label": bad })),
                (LICENSES, json!({ "app_id": editor["app_id"], "licensee": { "name": bad } })),
                ("/api/v1/apps", json!({ "name": bad })),
                ("/api/v1/customers", json!({ "name": bad })),
            ] {
                assert_problem(&app.api("POST", path, &wish), 400, "malformed_request");
            }
        }
    }
}
