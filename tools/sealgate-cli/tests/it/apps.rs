//! `sealgate app`.

use crate::vendor::{Vendor, cells, names, text};

#[test]
fn an_app_is_created_listed_and_shown_to_a_program() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let fields = ["app_id", "app_secret", "next_public_key", "public_key", "public_key_spki", "slug"];
    assert_eq!(names(&app), fields);
    let viewer = vendor.app("Viewer");

    let list = vendor.json(&["app", "list"]);
    assert_eq!((&list[0]["app_id"], &list[1]["app_id"]), (&viewer["app_id"], &app["app_id"]), "newest first");
    assert_eq!(list.as_array().map(Vec::len), Some(2));

    let shown = vendor.json(&["app", "show", text(&app["app_id"])]);
    assert_eq!(shown, list[1]);
    assert!(names(&shown).iter().all(|name| !name.contains("app_secret")), "the secret is shown once");
    assert_eq!(shown["public_key"], app["public_key"]);
    for field in ["public_key", "next_public_key", "public_key_spki"] {
        assert_eq!(shown[field], app[field]);
    }
}

#[test]
fn an_app_is_created_listed_and_shown_to_a_person() {
    let vendor = Vendor::new();
    let created = vendor.run(&["app", "create", "Füße & Söhne"]).ok();
    let lines: Vec<&str> = created.lines().collect();
    let id = cells(lines[0])[1];
    assert_eq!(cells(lines[0])[0], "app");
    assert_eq!(cells(lines[1]), ["slug", "fusse-sohne"]);
    assert!(cells(lines[2])[1].starts_with("sgs_"), "{created}");
    assert!(created.contains("The secret is shown only once."), "{created}");

    let list = vendor.run(&["app", "list"]).ok();
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(cells(lines[0]), ["APP", "SLUG", "NAME", "STATUS", "CREATED"]);
    assert_eq!((lines.len(), cells(lines[1])[0]), (2, id));
    assert!(lines[1].contains("Füße & Söhne"));

    let shown = vendor.run(&["app", "show", id]).ok();
    assert!(shown.contains("Füße & Söhne") && shown.contains("public key (DER)"), "{shown}");
    assert!(!shown.contains("sgs_"), "{shown}");
}

#[test]
fn an_empty_list_says_so_to_people_and_is_an_empty_list_for_programs() {
    let vendor = Vendor::new();
    let told = vendor.run(&["app", "list"]);
    assert_eq!((told.exit, &*told.stdout), (Some(0), ""));
    assert_eq!(told.stderr, "no apps yet; `sealgate app create NAME` makes one\n");
    assert_eq!(vendor.json(&["app", "list"]), serde_json::json!([]));
    assert_eq!(vendor.json(&["license", "list"]), serde_json::json!([]));
}
