//! What people see of what they sold: slugs, and the buyer however they know it.

use serde_json::{Value, json};

use crate::vendor::{Vendor, text};

/// An app, a plan, a customer and a license, with names.
struct Shop {
    vendor: Vendor,
    app: String,
    plan: String,
    customer: String,
    license: String,
}

impl Shop {
    fn new() -> Self {
        let vendor = Vendor::new();
        let id = |made: &Value, name: &str| text(&made[name]).to_owned();
        let app = id(&vendor.app("Editor"), "app_id");
        let plan = ["plan", "create", "--name", "Pro", "--tier", "licensed", "--duration", "1y"];
        let plan = id(&vendor.json(&plan), "plan_id");
        let customer = ["customer", "create", "Acme Ltd", "--email", "Buyer@acme.example"];
        let customer =
            id(&vendor.json(&[&customer[..], &["--external-id", "shop-17"]].concat()), "customer_id");
        let order = vendor.json(&["license", "issue", "--plan", "pro", "--customer", "buyer@ACME.example"]);
        let license = id(&order["licenses"][0], "license_id");
        Self { vendor, app, plan, customer, license }
    }

    fn found(&self, more: &[&str]) -> bool {
        let found = self.vendor.json(&[&["license", "list"], more].concat());
        let found: Vec<&str> =
            found.as_array().expect("a list").iter().map(|license| text(&license["license_id"])).collect();
        found == [self.license.as_str()]
    }
}

#[test]
fn people_see_slugs_and_programs_both() {
    let shop = Shop::new();
    let (vendor, license) = (&shop.vendor, shop.license.as_str());
    let shown = vendor.json(&["license", "show", license]);
    let both = [
        ("app_id", shop.app.as_str(), "app", "editor"),
        ("plan_id", &shop.plan, "plan", "pro"),
        ("customer_id", &shop.customer, "customer", "acme-ltd"),
    ];
    for (id, is, name, slug) in both {
        assert_eq!((&shown[id], &shown[name]), (&json!(is), &json!(slug)));
        assert_eq!(vendor.json(&["license", "list"])[0][name], slug);
        assert_eq!(vendor.json(&["license", "suspend", license])[name], slug);
        assert_eq!(vendor.json(&["license", "resume", license])[name], slug);
    }
    assert_eq!(vendor.json(&["plan", "list"])[0]["app"], "editor");
    let ada = vendor.json(&["customer", "create", "Ada"]);
    let change = ["license", "update", license, "--customer", "ada", "--preview"];
    let preview = vendor.json(&change);
    assert_eq!(
        (&preview["before"]["customer"], &preview["after"]["customer"]),
        (&json!("acme-ltd"), &json!("ada"))
    );
    let ids = [shop.app.as_str(), &shop.plan, &shop.customer, text(&ada["customer_id"])];
    for (verb, names) in [
        (&["license", "show", license][..], &["editor/pro", "acme-ltd"][..]),
        (&["license", "list"], &["editor/pro", "acme-ltd"]),
        (&change, &["acme-ltd", "ada"]),
        (&["license", "suspend", "--app", "editor", "--preview"], &["acme-ltd"]),
        (&["license", "update", license, "--customer", "ada"], &["editor/pro", "ada", "acme-ltd -> ada"]),
        (&["events"], &["editor"]),
    ] {
        let told = vendor.run(verb).ok();
        assert!(names.iter().all(|name| told.contains(name)), "{verb:?}: {told}");
        assert!(!ids.iter().any(|id| told.contains(id)), "{verb:?}: {told}");
    }
    let told = vendor.run(&["plan", "list"]).ok();
    assert!(told.contains(" editor ") && !told.contains(&shop.app), "{told}");

    let made = vendor.json(&["token", "create", "--scope", "licenses:read"]);
    let reads = vendor.json(&["--token", text(&made["token"]), "license", "show", license]);
    assert_eq!((&reads["plan"], reads.get("customer")), (&json!("pro"), None), "that one is personal");
}

#[test]
fn a_buyer_is_found_however_one_knows_it() {
    let shop = Shop::new();
    let vendor = &shop.vendor;
    vendor.json(&["license", "issue", "--app", "editor", "--no-plan"]);
    for name in ["acme-ltd", "buyer@acme.example", "BUYER@Acme.Example", "external:shop-17", &shop.customer] {
        assert!(shop.found(&["--customer", name]), "{name}");
        assert_eq!(vendor.json(&["customer", "show", name])["customer_id"], json!(shop.customer));
    }
    for words in ["buyer@acme", "acme ltd", "shop-17"] {
        assert!(shop.found(&["--text", words]), "{words}");
        assert_eq!(
            vendor.json(&["customer", "list", "--text", words])[0]["customer_id"],
            json!(shop.customer)
        );
    }
    let made = vendor.json(&["token", "create", "--scope", "licenses:read"]);
    let reads = ["--token", text(&made["token"]), "license", "list", "--text", "buyer"];
    assert_eq!(vendor.json(&reads), json!([]), "who may not see customers does not look for them");
    let nobody = ["--json", "license", "list", "--customer", "buyer@acme.exampl"];
    vendor.run(&nobody).refused(3, "not_found");
    vendor.json(&["customer", "create", "Acme again", "--email", "buyer@acme.example"]);
    let told = vendor.run(&["--json", "license", "list", "--customer", "buyer@acme.example"]);
    let told = told.refused(2, "malformed_request");
    assert!(text(&told["message"]).contains("more than one customer"), "{told}");
}

#[test]
fn a_plan_of_another_app_is_said_to_be() {
    let shop = Shop::new();
    let vendor = &shop.vendor;
    vendor.app("Viewer");
    let elsewhere = "The app has no plan \"pro\"; editor/pro is another app's.";
    let issue = |plan: &str| vendor.run(&["--json", "license", "issue", "--app", "viewer", "--plan", plan]);
    assert_eq!(issue("pro").refused(3, "not_found")["message"], elsewhere);
    for plan in ["editor/pro", "viewer/pro", &shop.plan] {
        let told = issue(plan).refused(3, "not_found");
        assert!(text(&told["message"]).contains("; editor/pro is another app's."), "{told}");
    }
    let told = issue("team").refused(3, "not_found");
    assert_eq!(told["message"], "There is no plan \"team\" in this tenant.");
    let made = vendor.json(&["token", "create", "--scope", "licenses:write"]);
    let by =
        ["--json", "--token", text(&made["token"]), "license", "issue", "--app", "viewer", "--plan", "pro"];
    let told = vendor.run(&by).refused(3, "not_found");
    assert_eq!(told["message"], "There is no plan \"pro\" in this tenant.", "who may not see plans");
}

#[test]
fn who_sells_a_disabled_app_is_told() {
    let shop = Shop::new();
    let vendor = &shop.vendor;
    let issue = ["license", "issue", "--plan", "pro"];
    assert_eq!(vendor.json(&issue).get("app_disabled_at"), None);
    vendor.json(&["app", "disable", "editor"]);
    let told = vendor.run(&issue);
    assert!(told.exit == Some(0) && told.stdout.contains("KEY"), "{told:?}");
    assert!(told.stderr.contains("the app is disabled since"), "{told:?}");
    assert!(vendor.json(&issue)["app_disabled_at"].is_string());
}

#[test]
fn a_tenant_whose_owners_all_end_is_told() {
    let vendor = Vendor::new();
    let create = |more: &[&str]| vendor.run(&[&["token", "create"], more].concat());
    let told = create(&["--scope", "owner", "--expires", "+30d"]);
    assert_eq!(&*told.stderr, "", "the first token never ends");
    let tenant =
        vendor.json(&["--token", &owner(&vendor, &["--expires", "+60d"]), "tenant", "create", "Acme"]);
    let acme = text(&tenant["admin_token"]);
    let told = create(&["--token", acme, "--scope", "owner"]);
    assert!(told.stderr.contains("every owner's token of this tenant ends"), "{told:?}");
    assert!(vendor.run(&["--token", acme, "token", "list"]).stderr.contains("token recover"));
    assert_eq!(&*create(&["--token", acme, "--scope", "licenses:read"]).stderr, "");
    let doctor = ["doctor", "--server", "--token", acme];
    assert!(vendor.run(&doctor).stderr.contains("token recover"));
    assert!(vendor.json(&doctor)["owners_end"].is_string());
    assert_eq!(vendor.json(&doctor[..2]).get("owners_end"), None, "the first token never ends");
}

/// The token of another owner of the installation.
fn owner(vendor: &Vendor, more: &[&str]) -> String {
    let create = ["token", "create", "--scope", "owner", "--scope", "installation"];
    text(&vendor.json(&[&create[..], more].concat())["token"]).to_owned()
}

#[test]
fn who_has_plans_and_names_none_sells_nothing_by_mistake() {
    let shop = Shop::new();
    let vendor = &shop.vendor;
    let count = || vendor.json(&["license", "list"]).as_array().expect("a list").len();
    let before = count();
    for order in [&["license", "issue", "--app", "editor"][..], &["license", "issue", "--count", "3"]] {
        let refused = vendor.run(&[&["--json"], order].concat()).refused(2, "malformed_request");
        let fix = text(&refused["fix"]);
        assert!(fix.contains("--plan with one of pro") && fix.contains("--no-plan"), "{refused}");
    }
    assert_eq!(count(), before);
    for said in [&["--no-plan"][..], &["--max-devices", "2"], &["--expires", "never"], &["--plan", "pro"]] {
        vendor.json(&[&["license", "issue", "--app", "editor"], said].concat());
    }
    assert_eq!(count(), before + 4);
    vendor.run(&["--json", "license", "issue", "--plan", "pro", "--no-plan"]).refused(2, "malformed_request");
    // An app without plans sells as before.
    vendor.json(&["app", "create", "Bare"]);
    vendor.json(&["license", "issue", "--app", "bare"]);
}
