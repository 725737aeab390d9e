//! Which fields are there, and which may be `null`: as the Rust types read and write them, whatever their descriptions guess.

use serde_json::{Map, Value};

use super::node::{self, takes_null, without_null};
use super::rows::Row;

/// Says it in every shape that has an example, and of every body whether it may be left out.
pub(super) fn say(document: &mut Value, rows: &[Row]) {
    for row in rows.iter().filter(|row| row.has_type()) {
        let shape = &mut document["components"]["schemas"][row.name];
        if shape["properties"].is_object() {
            say_of(shape, row);
        }
    }
    for row in rows.iter().filter(|row| !row.has_type()) {
        only_required_may_be_null(&mut document["components"]["schemas"][row.name]);
    }
    say_of_bodies(document, rows);
}

/// No answer writes `null` where it can leave a field out.
fn only_required_may_be_null(shape: &mut Value) {
    let required = shape["required"].as_array().cloned().unwrap_or_default();
    for (name, schema) in shape["properties"].as_object_mut().into_iter().flatten() {
        if !required.iter().any(|one| one == name.as_str()) {
            without_null(schema);
        }
    }
}

fn say_of(shape: &mut Value, row: &Row) {
    // What a request leaves out has a default. An answer leaves nothing out that it always has.
    let is_request = shape["additionalProperties"] == false;
    let mut required = vec![];
    for (name, schema) in shape["properties"].as_object_mut().into_iter().flatten() {
        let given = row.example.as_object().cloned().unwrap_or_default();
        let is_required = match rewritten(row, &given, name, None) {
            None => true,
            Some(written) => !is_request && written.contains_key(name),
        };
        if is_required {
            required.push(name.clone());
        }
        let with_null = rewritten(row, &given, name, Some(Value::Null));
        let means_null = with_null.is_some_and(|written| written.get(name).is_some_and(Value::is_null));
        if takes_null(schema) && !means_null {
            without_null(schema);
        }
    }
    if let Some(object) = shape.as_object_mut() {
        object.remove("required");
    }
    if !required.is_empty() {
        shape["required"] = required.into();
    }
}

/// What becomes of the example with another value in this field, or without it.
fn rewritten(
    row: &Row,
    example: &Map<String, Value>,
    name: &str,
    value: Option<Value>,
) -> Option<Map<String, Value>> {
    let mut given = example.clone();
    given.remove(name);
    given.extend(value.map(|value| (name.to_owned(), value)));
    row.reread(&Value::Object(given))?.as_object().cloned()
}

/// An absent body is read as `{}`.
fn say_of_bodies(document: &mut Value, rows: &[Row]) {
    let empty = Value::Object(Map::new());
    node::each(&mut document["paths"], &mut |object| {
        let Some(body) = object.get_mut("requestBody") else { return };
        let shape = node::referred(&body["content"]["application/json"]["schema"]);
        let row = rows.iter().find(|row| Some(row.name) == shape);
        body["required"] = row.is_none_or(|row| row.reread(&empty).is_none()).into();
    });
}
