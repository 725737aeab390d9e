//! The OpenAPI document holds together: every reference leads somewhere, every word comes from a Rust type.

use std::collections::{BTreeMap, BTreeSet};

use sealgate_artifact::Code;
use sealgate_control::vocabulary;
use serde_json::{Value, json};

fn document() -> Value {
    serde_json::from_str(&sealgate_http::openapi()).expect("JSON")
}

/// Every object of a document, with where it stands.
fn each<'a>(value: &'a Value, place: &str, see: &mut impl FnMut(&str, &'a Value)) {
    match value {
        Value::Object(object) => {
            see(place, value);
            object.iter().for_each(|(name, inner)| each(inner, &format!("{place}/{name}"), see));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, inner)| each(inner, &format!("{place}/{n}"), see));
        }
        _ => {}
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths").iter();
    let all = paths.flat_map(|(path, methods)| {
        methods
            .as_object()
            .expect("methods")
            .iter()
            .map(move |(method, about)| (path.as_str(), method.as_str(), about))
    });
    all.collect()
}

/// Where references lead nowhere, and what nothing refers to.
fn lost(document: &Value) -> (Vec<String>, Vec<String>) {
    let (mut dangling, mut used) = (vec![], BTreeSet::new());
    each(document, "", &mut |place, object| {
        if let Some(reference) = object["$ref"].as_str() {
            used.insert(reference);
            if document.pointer(reference.trim_start_matches('#')).is_none() {
                dangling.push(format!("{place}: {reference}"));
            }
        }
    });
    let kinds = ["schemas", "responses", "headers"].into_iter();
    let there = kinds.flat_map(|kind| {
        let named = document["components"][kind].as_object().expect("named things").keys();
        named.map(move |name| format!("#/components/{kind}/{name}"))
    });
    (dangling, there.filter(|name| !used.contains(name.as_str())).collect())
}

#[test]
fn every_reference_leads_somewhere_and_nothing_is_left_over() {
    let mut document = document();
    assert_eq!(lost(&document), (vec![], vec![]));
    document["components"]["schemas"].as_object_mut().expect("shapes").remove("EventView");
    assert_eq!(lost(&document).0.len(), 1, "the page of events");
}

#[test]
fn every_operation_can_be_named_grouped_and_secured() {
    let document = document();
    let (mut names, mut tags) = (BTreeSet::new(), BTreeSet::new());
    for tag in document["tags"].as_array().expect("tags") {
        tags.insert(text(&tag["name"]));
    }
    let mut used = BTreeSet::new();
    for (path, method, about) in operations(&document) {
        let name = text(&about["operationId"]);
        assert!(names.insert(name), "{name} twice");
        assert!(!text(&about["summary"]).is_empty(), "{name}");
        used.insert(text(&about["tags"][0]));
        let is_secured = about["security"] == json!([{ "token": [] }]);
        // Every token may ask whose it is.
        assert_eq!(is_secured, about["x-scope"].is_string() || name == "show_own_token", "{name}");
        assert!(is_secured || about["security"] == json!([]), "{name}");
        let declared =
            about["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "path").count();
        assert_eq!(declared, path.matches('{').count(), "{name}");
        assert!(method != "get" || about["requestBody"].is_null(), "{name}");
    }
    assert_eq!(used, tags);
}

#[test]
fn every_body_is_a_named_shape_with_an_example() {
    let document = document();
    for (_, _, about) in operations(&document) {
        let name = text(&about["operationId"]);
        let answers = about["responses"].as_object().expect("answers").values();
        let bodies = answers.chain([&about["requestBody"]]).filter_map(|body| body["content"].as_object());
        // A file has no shape.
        let described = bodies.flatten().filter(|(media_type, _)| *media_type != "application/octet-stream");
        for (_, media) in described {
            // The document does not describe itself.
            if name != "openapi_json" || media["example"].is_object() {
                assert!(
                    media["schema"]["$ref"].is_string() && media["example"].is_object(),
                    "{name}: {media}"
                );
            }
        }
    }
    let refusals = document["components"]["responses"].as_object().expect("refusals");
    assert!(refusals.values().all(|answer| answer["content"]["application/json"]["example"].is_object()));
}

#[test]
fn every_refusal_for_now_says_when_to_ask_again() {
    let document = document();
    for (_, _, about) in operations(&document) {
        for (status, answer) in about["responses"].as_object().expect("answers") {
            let reference = text(&answer["$ref"]).trim_start_matches('#');
            let answer = if reference.is_empty() {
                answer
            } else {
                document.pointer(reference).expect("it leads somewhere")
            };
            assert!(answer["headers"]["x-request-id"].is_object(), "{about}");
            let is_for_now = matches!(status.as_str(), "429" | "503");
            assert_eq!(answer["headers"]["Retry-After"].is_object(), is_for_now, "{status} {about}");
        }
    }
}

#[test]
fn closed_words_are_those_of_the_rust_types() {
    let document = document();
    let owned: BTreeMap<&str, Vec<&str>> = [
        ("Tier", vocabulary::tiers()),
        ("LicenseStatus", vocabulary::license_statuses()),
        ("LicenseOrder", vocabulary::license_orders()),
        ("AccessEffect", vocabulary::access_effects()),
        ("AccessSource", vocabulary::access_sources()),
        ("DeviceKind", vocabulary::device_kinds()),
        ("ServerStatus", vocabulary::server_statuses()),
        ("KeyUse", vocabulary::key_uses()),
        ("RotatedKeyUse", vocabulary::rotated_key_uses()),
        ("KeyState", vocabulary::key_states()),
        ("Scope", vocabulary::scopes()),
    ]
    .into();
    for (name, words) in owned {
        let shape = &document["components"]["schemas"][name];
        assert_eq!((&shape["type"], &shape["enum"]), (&json!("string"), &json!(words)), "{name}");
    }
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let problem = &document["components"]["schemas"]["Problem"]["properties"]["code"];
    assert_eq!((&problem["type"], &problem["x-extensible-enum"]), (&json!("string"), &json!(codes)));
}

/// A field whose description begins with the words that it takes is an enumeration, so that programs know them, too.
#[test]
fn words_that_a_description_lists_are_an_enumeration() {
    let document = document();
    let mut plain = vec![];
    each(&document, "", &mut |place, object| {
        let about = text(&object["description"]);
        let schema = if object["schema"].is_object() { &object["schema"] } else { object };
        let lists = about.starts_with('`') && about.matches('`').count() >= 4;
        let is_text = schema["type"] == "string" && schema["enum"].is_null() && schema["pattern"].is_null();
        if lists && is_text {
            plain.push(format!("{place}: {about}"));
        }
    });
    // Beside the one word there are identifiers.
    plain.retain(|place| !place.starts_with("/components/schemas/KeyView/properties/scope"));
    assert!(plain.is_empty(), "{plain:#?}");
}

/// Schemas that some generator does not take, or takes for something else.
fn odd(document: &Value) -> Vec<String> {
    let mut odd = vec![];
    each(document, "", &mut |place, object| {
        // What an enumeration, a bound or a field is of; and a `const` is taken by none without it.
        let says = ["const", "enum", "minLength", "minimum", "properties", "items"];
        let is_of_no_type = says.iter().any(|word| !object[*word].is_null()) && object["type"].is_null();
        let is_null_among_one =
            object["oneOf"].as_array().into_iter().flatten().any(|one| one["type"] == "null");
        let has_default = !object["default"].is_null();
        let is_field = place.rsplit('/').nth(1) == Some("properties") || place.ends_with("/items");
        let is_anything = ["type", "$ref", "anyOf", "oneOf"].iter().all(|word| object[*word].is_null());
        let is_schema = !place.contains("/example") && !place.ends_with("/properties");
        if is_schema && (is_of_no_type || is_null_among_one || has_default || is_field && is_anything) {
            odd.push(place.to_owned());
        }
    });
    odd
}

/// What generators stumble over: docs/api-design.md, "Clients from the document".
#[test]
fn the_document_is_spelled_as_generators_take_it() {
    let mut document = document();
    assert!(odd(&document).is_empty(), "{:#?}", odd(&document));
    document["components"]["schemas"]["AuthforgeAllowed"]["properties"]["status"] =
        json!({ "const": "success" });
    document["components"]["schemas"]["LicenseView"]["properties"]["tier"] = json!({});
    assert_eq!(odd(&document).len(), 2, "{:#?}", odd(&document));
}
