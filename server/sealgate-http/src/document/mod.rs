//! The last hand on the OpenAPI document: what the operations' descriptions do not know of each other, in a spelling that
//! the usual generators of clients take. docs/api-design.md says which these are.

mod answers;
mod examples;
mod node;
mod presence;
mod rows;
mod spelling;
mod words;

use serde_json::Value;

/// Finishes a document that names its operations and shapes.
pub(crate) fn finish(document: &mut Value) {
    let rows = examples::rows();
    spelling::settle(document);
    presence::say(document, &rows);
    words::name(document);
    answers::complete(document, &rows);
}
