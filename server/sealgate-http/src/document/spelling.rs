//! A spelling that the usual generators take: no text behind a reference, no choice where a list of types does, no default that
//! makes a field required, nothing that says nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::node::{self, become_one, referred};

/// Spells the whole document so.
pub(super) fn settle(document: &mut Value) {
    let shapes = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    for shape in
        document["components"]["schemas"].as_object_mut().into_iter().flatten().map(|(_, shape)| shape)
    {
        merge(shape, &shapes);
    }
    let texts = texts(&shapes);
    node::each(document, &mut |object| {
        join_lines(object);
        say_default(object);
        object.remove("propertyNames");
        if object.get("additionalProperties").is_some_and(|any| *any == json!({})) {
            object.insert("additionalProperties".to_owned(), true.into());
        }
        write_out(object, &texts);
        let mut schema = Value::Object(std::mem::take(object));
        part_from_null(&mut schema);
        *object = schema.as_object().cloned().unwrap_or_default();
    });
    if let Some(shapes) = document["components"]["schemas"].as_object_mut() {
        shapes.retain(|name, _| !texts.contains_key(name));
    }
}

/// One object in place of several that hold together.
fn merge(shape: &mut Value, shapes: &Map<String, Value>) {
    let Some(parts) = shape["allOf"].as_array().cloned() else { return };
    let (mut properties, mut required) = (Map::new(), vec![]);
    for part in &parts {
        let part = referred(part).and_then(|name| shapes.get(name)).unwrap_or(part);
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    let object = json!({ "type": "object", "properties": properties, "required": required });
    become_one(shape, "allOf", &object);
}

/// Shapes that are a text with a format, and no list of words.
fn texts(shapes: &Map<String, Value>) -> BTreeMap<String, Value> {
    let is_text = |shape: &Value| shape["type"] == "string" && shape["enum"].is_null();
    let texts = shapes.iter().filter(|(_, shape)| is_text(shape));
    texts.map(|(name, shape)| (name.clone(), shape.clone())).collect()
}

/// A text stands where it is used.
fn write_out(object: &mut Map<String, Value>, texts: &BTreeMap<String, Value>) {
    let schema = Value::Object(object.clone());
    let Some(text) = referred(&schema).and_then(|name| texts.get(name)) else { return };
    object.remove("$ref");
    for (name, value) in text.as_object().into_iter().flatten() {
        object.entry(name).or_insert_with(|| value.clone());
    }
    if let (Some(here), Some(there)) = (schema["description"].as_str(), text["description"].as_str()) {
        object.insert("description".to_owned(), format!("{here} {there}").into());
    }
}

/// What is said of one thing or of `null` is said of both.
fn part_from_null(schema: &mut Value) {
    let Some([one, other]) = schema["oneOf"].as_array().map(Vec::as_slice) else { return };
    let mut one = match (one["type"] == "null", other["type"] == "null") {
        (false, true) => one.clone(),
        (true, false) => other.clone(),
        _ => return,
    };
    if one["type"].is_string() {
        one["type"] = json!([one["type"], "null"]);
        return become_one(schema, "oneOf", &one);
    }
    let said = one.as_object_mut().and_then(|one| one.remove("description"));
    let mut both = json!({ "anyOf": [one, { "type": "null" }] });
    if let Some(said) = said {
        both["description"] = said;
    }
    become_one(schema, "oneOf", &both);
}

fn join_lines(object: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = object.get_mut("description")
        && text.contains('\n')
    {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
}

/// openapi-typescript takes a field that has a default for one that is always there, also in what is sent.
fn say_default(object: &mut Map<String, Value>) {
    let (Some(Value::String(about)), Some(default)) = (object.get("description"), object.get("default"))
    else {
        return;
    };
    let word = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
    let about = format!("{} In what is sent, absent means `{word}`.", about.trim_end());
    object.insert("description".to_owned(), about.into());
    object.remove("default");
}
