//! Walking through a document, and small changes to a schema in it.

use serde_json::{Map, Value, json};

/// Hands every object of the document to `change`, inner ones first.
pub(super) fn each(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(|inner| each(inner, change));
            change(object);
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| each(inner, change)),
        _ => {}
    }
}

/// A reference to a shape among the components.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The shape that a schema refers to.
pub(super) fn referred(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

/// Whether a schema lets `null` through.
pub(super) fn takes_null(schema: &Value) -> bool {
    let is_null = |schema: &Value| schema["type"] == "null";
    let types = schema["type"].as_array().into_iter().flatten();
    types.clone().any(|one| one == "null") || schema["anyOf"].as_array().into_iter().flatten().any(is_null)
}

/// The schema without `null`.
pub(super) fn without_null(schema: &mut Value) {
    let others: Vec<Value> = match (schema["type"].as_array(), schema["anyOf"].as_array()) {
        (Some(types), _) => types.iter().filter(|one| *one != "null").cloned().collect(),
        (_, Some(any)) => any.iter().filter(|one| one["type"] != "null").cloned().collect(),
        _ => return,
    };
    let [only] = others.as_slice() else { return };
    match only {
        Value::String(_) => schema["type"] = only.clone(),
        _ => become_one(schema, "anyOf", only),
    }
}

/// The schema in place of the choice that it was; what was said beside the choice stays.
pub(super) fn become_one(schema: &mut Value, choice: &str, one: &Value) {
    let Some(object) = schema.as_object_mut() else { return };
    object.remove(choice);
    for (name, value) in one.as_object().into_iter().flatten() {
        object.entry(name).or_insert_with(|| value.clone());
    }
}
