//! Words of a closed or an open list: each list comes from the Rust type that owns it.

use std::collections::BTreeSet;

use sealgate_artifact::Code;
use sealgate_control::vocabulary;
use serde_json::{Value, json};

use super::node::reference;

/// Words of which there will be no others as long as the path says `v1`: an enumeration of its own.
struct Closed {
    name: &'static str,
    about: &'static str,
    words: fn() -> Vec<&'static str>,
    /// `Shape.field`, `Shape.field[]` or `operation?parameter`.
    places: &'static [&'static str],
}

/// Words to which others may come: a text, beside which those of this version stand.
struct Open {
    pattern: &'static str,
    words: fn() -> Vec<&'static str>,
    places: &'static [&'static str],
}

const CLOSED: &[Closed] = &[
    Closed {
        name: "Tier",
        about: "What a license grants without its features.",
        words: vocabulary::tiers,
        places: &[
            "CreatePlan.tier",
            "UpdatePlan.tier",
            "PlanView.tier",
            "UpdateLicense.tier",
            "ImportRow.tier",
            "LicenseView.tier",
            "LicenseTerms.tier",
            "list_licenses?tier",
        ],
    },
    Closed {
        name: "LicenseStatus",
        about: "Where a license stands.",
        words: vocabulary::license_statuses,
        places: &["LicenseView.status", "list_licenses?status"],
    },
    Closed {
        name: "ImportOutcome",
        about: "What became of a row of an import.",
        words: vocabulary::import_outcomes,
        places: &["ImportedRow.outcome"],
    },
    Closed {
        name: "LicenseOrder",
        about: "In which order licenses are listed.",
        words: vocabulary::license_orders,
        places: &["list_licenses?sort"],
    },
    Closed {
        name: "AccessEffect",
        about: "What an entry of an access list does.",
        words: vocabulary::access_effects,
        places: &["AddAccess.effect", "AccessView.effect"],
    },
    Closed {
        name: "AccessSource",
        about: "Who made an entry of an access list.",
        words: vocabulary::access_sources,
        places: &["AccessView.source"],
    },
    Closed {
        name: "DeviceKind",
        about: "How a device is named: by its client's words, or by its key.",
        words: vocabulary::device_kinds,
        places: &["DeviceView.kind"],
    },
    Closed {
        name: "ApprovalStatus",
        about: "Where a module of a license stands.",
        words: vocabulary::approval_statuses,
        places: &["ApprovalView.status", "list_approvals?status"],
    },
    Closed {
        name: "ApprovalSource",
        about: "Who named a module of a license.",
        words: vocabulary::approval_sources,
        places: &["ApprovalView.source"],
    },
    Closed {
        name: "ServerStatus",
        about: "Where a license server stands.",
        words: vocabulary::server_statuses,
        places: &["ServerView.status"],
    },
    Closed {
        name: "JobStatus",
        about: "Where a job stands.",
        words: vocabulary::job_statuses,
        places: &["JobView.status"],
    },
    Closed {
        name: "KeyUse",
        about: "What a key is for.",
        words: vocabulary::key_uses,
        places: &["KeyView.use"],
    },
    Closed {
        name: "RotatedKeyUse",
        about: "What a key is for that can be rotated.",
        words: vocabulary::rotated_key_uses,
        places: &["RotateKey.use"],
    },
    Closed {
        name: "KeyState",
        about: "Where a key stands.",
        words: vocabulary::key_states,
        places: &["KeyView.state"],
    },
    Closed {
        name: "Scope",
        about: "What a token may do.",
        words: vocabulary::scopes,
        places: &["CreateToken.scopes[]"],
    },
];

const OPEN: &[Open] = &[
    Open {
        pattern: "^[a-z][a-z0-9_]{0,63}$",
        words: codes,
        places: &[
            "Problem.code",
            "NotReady.code",
            "EventView.code",
            "ImportedRow.code",
            "JobView.last_error",
        ],
    },
    Open {
        pattern: "^[a-z][a-z-]*(:[a-z]+)?$",
        words: vocabulary::scopes,
        places: &[
            "TokenView.scopes[]",
            "OwnToken.scopes[]",
            "TokenCreated.scopes[]",
            "TokenRevoked.scopes[]",
        ],
    },
    Open { pattern: "^[a-z][a-z0-9_]{0,63}$", words: authforge_words, places: &["AuthforgeRefused.error"] },
];

/// Every code of `spec/errors.md`.
fn codes() -> Vec<&'static str> {
    Code::ALL.iter().map(|code| code.as_str()).collect()
}

/// Every word of a refusal on `/auth/*`.
fn authforge_words() -> Vec<&'static str> {
    let words: BTreeSet<&str> = Code::ALL.iter().map(|code| code.authforge().1).collect();
    words.into_iter().collect()
}

/// Names the words everywhere.
pub(super) fn name(document: &mut Value) {
    for Closed { name, about, words, places } in CLOSED {
        let shape = json!({ "type": "string", "description": about, "enum": words() });
        document["components"]["schemas"][name] = shape;
        for place in *places {
            refer(find(document, place), name);
        }
    }
    for Open { pattern, words, places } in OPEN {
        for place in *places {
            let schema = find(document, place);
            schema["pattern"] = (*pattern).into();
            schema["x-extensible-enum"] = words().into();
        }
    }
    document["components"]["schemas"]["Unlimited"] =
        json!({ "type": "string", "description": "As many as there are.", "enum": ["unlimited"] });
    document["components"]["schemas"]["Seats"]["oneOf"][1] = reference("Unlimited");
    // What the Rust type knows, and its field's type does not say.
    refer(find(document, "LicenseTerms.trial_per"), "TrialPer");
}

/// The schema at a place.
fn find<'a>(document: &'a mut Value, place: &str) -> &'a mut Value {
    if let Some((operation, parameter)) = place.split_once('?') {
        let methods = document["paths"].as_object_mut().into_iter().flatten();
        let mut operations = methods.flat_map(|(_, methods)| methods.as_object_mut().into_iter().flatten());
        let found = operations.find(|(_, described)| described["operationId"] == operation);
        let parameters = found.and_then(|(_, described)| described["parameters"].as_array_mut());
        let found = parameters.and_then(|all| all.iter_mut().find(|one| one["name"] == parameter));
        return &mut found.expect("the list of words names parameters that exist")["schema"];
    }
    let (shape, field) = place.split_once('.').expect("the list of words names a shape and its field");
    let schema = &mut document["components"]["schemas"][shape]["properties"][field.trim_end_matches("[]")];
    if field.ends_with("[]") { &mut schema["items"] } else { schema }
}

/// The schema refers to this shape; it keeps what it says, and `null` if it takes that.
fn refer(schema: &mut Value, name: &str) {
    let said = schema["description"].take();
    let is_optional = super::node::takes_null(schema);
    *schema =
        if is_optional { json!({ "anyOf": [reference(name), { "type": "null" }] }) } else { reference(name) };
    if said.is_string() {
        schema["description"] = said;
    }
}
