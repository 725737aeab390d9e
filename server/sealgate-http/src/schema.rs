//! Shapes that the OpenAPI document names again and again.

use serde_json::{Value, json};

/// An answer with a JSON body.
pub(crate) fn answer(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

/// A reference to a shape.
pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// What every refusal outside `/auth/*` looks like.
pub(crate) fn problem() -> Value {
    reference("Problem")
}

/// An object that may have other fields, too.
pub(crate) fn object(about: &str, required: &[&str], properties: &Value) -> Value {
    json!({ "type": "object", "description": about, "required": required, "properties": properties })
}
