//! The OpenAPI document, made from the table of operations.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};

use super::operation::{Operation, Shape};
use crate::caller::Repeats;

/// What there is in the API, by the paths' third part, and what needs no token.
const TAGS: [(&str, &str); 22] = [
    ("tenants", "Vendors that share an installation."),
    ("tokens", "Access tokens."),
    ("apps", "Programs that are sold, with their secrets, keys, variables and credits."),
    ("plans", "Terms from which licenses are issued."),
    ("customers", "Who bought licenses."),
    ("licenses", "Licenses, their keys and files."),
    ("bundles", "Licenses for machines without a network."),
    ("devices", "Devices that hold seats of licenses."),
    ("activations", "Devices that were admitted, and what they recorded."),
    ("releases", "Versions of apps that the vendor published."),
    ("approvals", "Modules of single licenses."),
    ("access", "Access lists."),
    ("events", "What happened to licenses."),
    ("audit", "Who changed what."),
    ("servers", "License servers."),
    ("snapshots", "Revocation data."),
    ("jobs", "What the server does by itself."),
    ("clock", "The clock of the server that answers."),
    ("keys", "Keys that sign."),
    ("runtime", "What running software asks."),
    ("authforge", "What clients ask that were written for AuthForge."),
    ("server", "Whether the server works, and this document."),
];

/// What an operation is about.
fn tag(path: &str) -> &str {
    match path.split('/').nth(3).unwrap_or_default() {
        // The one that asks.
        "token" => "tokens",
        "offline" => "bundles",
        thing => thing,
    }
}

/// The document of `GET /api/v1/openapi.json`.
pub(crate) fn document(operations: &[Operation]) -> Value {
    let license = env!("CARGO_PKG_LICENSE");
    let tags: Vec<Value> =
        TAGS.iter().map(|(name, about)| json!({ "name": name, "description": about })).collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sealgate management API",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": license, "identifier": license },
            "description": "What a vendor does: tenants, apps, plans, licenses, devices, access lists, tokens, records and keys. Every operation names its scope in x-scope, and another that it needs, too, in x-also-scope; one without x-scope takes every token. Errors have the shape Problem; their codes are in spec/errors.md. An enumeration is closed as long as the path says v1; where other words may come, x-extensible-enum lists those of this version.",
        },
        "servers": [{ "url": "/", "description": "The server that this document comes from." }],
        "tags": tags,
        "paths": {},
        "components": {
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer", "description": "An access token; spec/http.md §3.3 says what each scope allows.",
            } },
            "schemas": {},
        },
    });
    let problem = reference(&mut document, &Shape::of::<sealgate_wire::Problem>());
    for operation in operations {
        let described = describe(&mut document, operation, &problem);
        document["paths"][operation.path][operation.method.to_lowercase()] = described;
    }
    document
}

fn describe(document: &mut Value, operation: &Operation, problem: &Value) -> Value {
    let lines: Vec<&str> = operation.about.iter().map(|line| line.trim()).collect();
    let mut described = json!({
        "operationId": operation.name,
        "tags": [tag(operation.path)],
        "summary": lines[0],
        "security": [{ "token": [] }],
        "parameters": parameters(operation),
    });
    if let Some(scope) = operation.scope {
        described["x-scope"] = scope.as_str().into();
    }
    if let Some(also) = operation.also {
        described["x-also-scope"] = also.as_str().into();
    }
    if lines.len() > 1 {
        described["description"] = lines[1..].join(" ").trim().into();
    }
    if let Some(body) = operation.body {
        let schema = reference(document, &body());
        described["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    let answer = reference(document, &(operation.answer)());
    let content = json!({ operation.media_type: { "schema": answer } });
    described["responses"][operation.status.to_string()] =
        json!({ "description": "done", "content": content });
    for (status, meaning) in refusals(operation) {
        let content = json!({ "application/json": { "schema": problem } });
        described["responses"][status] = json!({ "description": meaning, "content": content });
    }
    described
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let mut all = vec![];
    if let Some((_, rest)) = operation.path.split_once('{') {
        let name = rest.split('}').next().unwrap_or_default();
        let mut parameter =
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
        if let Some(names) = names(name) {
            parameter["description"] = names.into();
        }
        all.push(parameter);
    }
    let query = (operation.query)();
    all.extend(query.iter().map(|p| serde_json::to_value(p).expect("a parameter can be written")));
    if operation.repeats == Repeats::Once {
        all.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Names the request, so that it can be sent again within a week by the same token and is answered as it was.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$" },
        }));
    }
    all
}

/// What may stand in the place of an id (`spec/http.md` §3.18).
fn names(parameter: &str) -> Option<&'static str> {
    match parameter {
        "app_id" => Some("The app's id or slug, or - for the tenant's only one."),
        "plan_id" => Some("The plan's id or slug, or app/plan, with its slash as %2F."),
        "customer_id" => Some("The customer's id, slug or e-mail address, or external:X."),
        _ => None,
    }
}

/// The statuses of refusals that this operation can give.
fn refusals(operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let takes = operation.body.is_some() || !(operation.query)().is_empty();
    let changes = operation.method != "GET";
    let names = operation.path.contains('{') || takes;
    let all = [
        (takes || changes, "400", "not of the documented form"),
        (true, "401", "no token, or one that is unknown, expired or revoked"),
        (true, "403", "the token may not do this, or the tenant is suspended"),
        (names, "404", "no such thing for this tenant"),
        (operation.conflicts, "409", "in conflict with what there is"),
        (operation.body.is_some(), "413", "the body is too large"),
        (true, "429", "too many requests"),
        (true, "500", "the server failed"),
        (true, "503", "the server cannot answer now"),
    ];
    all.into_iter().filter(|(possible, ..)| *possible).map(|(_, status, meaning)| (status, meaning)).collect()
}

/// A reference to a shape, which is put among the components with all its parts.
fn reference(document: &mut Value, shape: &Shape) -> Value {
    let mut known = BTreeSet::new();
    for (name, schema) in &shape.parts {
        if known.insert(name) {
            document["components"]["schemas"][name] = written(schema);
        }
    }
    match &shape.name {
        Some(name) => {
            document["components"]["schemas"][name] = written(&shape.schema);
            json!({ "$ref": format!("#/components/schemas/{name}") })
        }
        None => written(&shape.schema),
    }
}

fn written(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).expect("a schema can be written")
}
