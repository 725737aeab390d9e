//! Shapes that the OpenAPI document names again and again.

use serde_json::{Value, json};

/// An answer with a JSON body.
pub(crate) fn answer(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}
