//! What every answer has: headers, one refusal for each status, and an example.

use sealgate_artifact::Code;
use serde_json::{Map, Value, json};

use super::node::{self, referred};
use super::rows::Row;

/// The refusals of the management API, by their names and statuses.
const REFUSALS: [(&str, &str); 9] = [
    ("400", "Malformed"),
    ("401", "Unauthenticated"),
    ("403", "Forbidden"),
    ("404", "NotFound"),
    ("409", "Conflict"),
    ("413", "TooLarge"),
    ("429", "TooMany"),
    ("500", "Failed"),
    ("503", "Unavailable"),
];

/// Completes every answer, and gives every body an example.
pub(super) fn complete(document: &mut Value, rows: &[Row]) {
    document["components"]["headers"] = headers();
    let mut refusals = Map::new();
    node::each(&mut document["paths"], &mut |object| {
        if let Some(responses) = object.get_mut("responses").and_then(Value::as_object_mut) {
            for (status, response) in responses.iter_mut() {
                say_headers(response, status);
                share(response, status, &mut refusals);
            }
        }
    });
    document["components"]["responses"] = Value::Object(refusals);
    let shapes = document["components"]["schemas"].clone();
    node::each(&mut document["paths"], &mut |object| {
        if let Some(example) = object.get("schema").and_then(|schema| example(schema, &shapes, rows)) {
            object.insert("example".to_owned(), example);
        }
    });
}

fn headers() -> Value {
    json!({
        "RequestId": {
            "description": "Names the request; the server's log and the records that it makes carry the same name.",
            "schema": { "type": "string", "pattern": "^[0-9a-f]{22}$" },
        },
        "RetryAfter": {
            "description": "Seconds after which asking again is worth it.",
            "schema": { "type": "integer", "minimum": 0 },
        },
        "Authenticate": { "description": "`Bearer`.", "schema": { "type": "string" } },
    })
}

fn say_headers(response: &mut Value, status: &str) {
    let header = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    response["headers"]["x-request-id"] = header("RequestId");
    if matches!(status, "429" | "503") {
        response["headers"]["Retry-After"] = header("RetryAfter");
    }
    if status == "401" && is_problem(response) {
        response["headers"]["WWW-Authenticate"] = header("Authenticate");
    }
}

fn is_problem(response: &Value) -> bool {
    referred(&response["content"]["application/json"]["schema"]) == Some("Problem")
}

/// A refusal that others give, too, stands among the components.
fn share(response: &mut Value, status: &str, refusals: &mut Map<String, Value>) {
    let Some((_, name)) = REFUSALS.into_iter().find(|(of, _)| *of == status).filter(|_| is_problem(response))
    else {
        return;
    };
    let shared = refusals.entry(name).or_insert_with(|| response.clone());
    let codes: Vec<Code> =
        Code::ALL.iter().copied().filter(|code| code.http_status().to_string() == status).collect();
    // Many codes have these two; few of them are answers.
    if !matches!(status, "400" | "500") {
        let words: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
        shared["description"] = format!("{}: {}", text(&response["description"]), words.join(", ")).into();
    }
    let code = match status {
        "400" => Code::MalformedRequest,
        "409" => Code::NameTaken,
        "500" => Code::SystemError,
        "503" => Code::Unavailable,
        _ => codes.first().copied().unwrap_or(Code::SystemError),
    };
    shared["content"]["application/json"]["example"] =
        json!({ "code": code.as_str(), "message": code.meaning(), "request_id": "0190a1b2c3d4e5f6071829" });
    *response = json!({ "$ref": format!("#/components/responses/{name}") });
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The example of a shape, or of a page of such.
fn example(schema: &Value, shapes: &Value, rows: &[Row]) -> Option<Value> {
    let name = referred(schema)?;
    let of = |name: &str| rows.iter().find(|row| row.name == name).map(|row| row.example.clone());
    of(name).or_else(|| {
        let items = &shapes[name]["properties"]["items"]["items"];
        Some(json!({ "items": [of(referred(items)?)?] }))
    })
}
