//! What is wrong with a word, a time or a name is said with the word itself, and with what would be right.

use sealgate_testkit::request;
use serde_json::{Value, json};

use crate::program::{run, sealgate};
use crate::vendor::{Vendor, text};

#[test]
fn a_word_that_is_none_of_a_closed_list_is_named_with_the_list() {
    for (line, right) in [
        ("token create --scope bogus", &["owner", "licenses:read", "customers:write"][..]),
        ("token create --preset bogus", &["shop", "support", "ci"]),
        ("plan create --name P --tier bogus", &["free", "licensed", "enterprise"]),
        ("plan create --name P --tier free --trial 9d --trial-per bogus", &["device", "customer"]),
        ("plan create --name P --tier free --licensee bogus", &["name", "company", "email", "none"]),
        ("plan update p --tier bogus", &["free", "licensed", "enterprise"]),
        ("license update KEY --tier bogus", &["free", "licensed", "enterprise"]),
        ("license list --tier bogus", &["free", "licensed", "enterprise"]),
        ("license list --status bogus", &["active", "suspended", "expired", "revoked"]),
        ("license list --sort bogus", &["newest", "end"]),
        ("license suspend --status bogus", &["active", "suspended", "expired", "revoked"]),
        ("license export --tier bogus", &["free", "licensed", "enterprise"]),
        ("license import a.csv --from bogus", &["csv", "authforge", "keygen"]),
        ("license issue --expires bogus", &["2027-01-31", "90d", "never"]),
        ("license list --ends-before bogus", &["2027-01-31", "90d"]),
        ("plan create --name P --tier free --duration bogus", &["365d", "never"]),
        ("license issue --max-devices bogus", &["unlimited"]),
        ("app update editor --require-secret bogus", &["on", "off"]),
        ("tenant offline bogus Acme", &["on", "off"]),
        ("keys rotate --use bogus", &["issuer", "authority", "root"]),
        ("completions bogus", &["bash", "zsh"]),
        ("serve --data d --role bogus", &["all", "authority", "runtime"]),
        ("serve --data d --log bogus", &["text", "json"]),
    ] {
        let words: Vec<&str> = line.split(' ').chain(["--json", "--token", "t"]).collect();
        let told = run(&mut sealgate(&words));
        let failure: Value =
            serde_json::from_str(&told.stderr).unwrap_or_else(|_| panic!("{line}: {told:?}"));
        let said = format!("{} {}", failure["message"], failure["fix"]);
        assert!([Some(2), Some(78)].contains(&told.exit) && said.contains("bogus"), "{line}: {told:?}");
        assert!(right.iter().all(|word| said.contains(word)), "{line}: {told:?}");
    }
}

/// Codes come with later versions: one that is not known is no mistake, but may be.
#[test]
fn a_code_that_is_not_known_is_named_where_no_event_has_it() {
    let vendor = Vendor::new();
    let told = vendor.run(&["events", "--code", "bogus"]);
    assert_eq!((told.exit, &*told.stdout), (Some(0), ""), "{told:?}");
    assert!(told.stderr.starts_with("no events match: bogus is no code that this version knows"), "{told:?}");
}

/// Who speaks to the API itself learns what is right, too; what was sent may be a secret, and is not repeated.
#[test]
fn the_server_lists_the_scopes() {
    let vendor = Vendor::new();
    let owner = std::fs::read_to_string(vendor.data().join("admin.token")).expect("the owner's token");
    let url = format!("{}/api/v1/tokens", vendor.server.url);
    for scopes in [json!(["licenses:reed"]), json!([])] {
        let answer = request("POST", &url, Some(owner.trim()), &json!({ "name": "n", "scopes": scopes }));
        let body = answer.expect(400);
        let message = text(&body["message"]);
        assert!(message.starts_with("scopes: at least one, and each of them one of these: owner "), "{body}");
        assert!(message.contains(" licenses:read ") && !message.contains("reed"), "{body}");
    }
}

#[test]
fn an_end_that_is_over_is_named_with_the_time_that_it_is_now() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let id = text(&license["license_id"]);
    let out = vendor.path("a.authforge");
    for verb in [
        &["license", "issue"][..],
        &["license", "renew", id, "--yes"],
        &["license", "update", id, "--yes"],
        &["license", "authforge-file", id, "--any", "-o", &out],
        &["token", "create", "--scope", "licenses:read"],
        &["access", "deny", "--hwid", "desk"],
    ] {
        let failure = vendor.run(&[verb, &["--expires", "2020-01-01", "--json"]].concat());
        let failure = failure.refused(2, "malformed_request");
        let message = text(&failure["message"]);
        let begin = "expires_at: 2020-01-02T00:00:00Z is not in the future: it is now 20";
        assert!(message.starts_with(begin) && message.contains("as 90d, 3m or 1y"), "{verb:?}: {message}");
    }
}

#[test]
fn an_external_id_that_is_taken_says_by_what() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let ada = vendor.json(&["customer", "create", "Ada", "--external-id", "shop-1"]);
    vendor.json(&["customer", "create", "Bob"]);
    for verb in [&["customer", "create", "Eve"][..], &["customer", "update", "bob"]] {
        let taken = [verb, &["--external-id", "shop-1", "--json"]].concat();
        let failure = vendor.run(&taken).refused(4, "external_id_taken");
        assert!(text(&failure["message"]).contains(text(&ada["customer_id"])), "{failure}");
        assert!(!failure.to_string().contains("license"), "{failure}");
        assert!(text(&failure["fix"]).contains("sealgate customer show external:X"), "{failure}");
    }
    let order = ["license", "issue", "--external-id", "order-1", "--json"];
    let first = vendor.run(&order).json();
    let failure = vendor.run(&order).refused(4, "external_id_taken");
    assert!(text(&failure["message"]).contains(text(&first["licenses"][0]["license_id"])), "{failure}");
    assert!(text(&failure["fix"]).contains("sealgate license show external:X"), "{failure}");
}
