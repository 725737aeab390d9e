//! Under which conditions a license gives its rights: policy, instances, offline use, allowances, epoch, slot
//! (`spec/license.md` §2.13 to §2.26).

use sealgate_artifact::Code::{self, CritUnknown, FieldInvalid, FieldMissing, FieldUnknown};

use super::case::{Case, Shelf};
use crate::Artifact;
use crate::forge::{World, full_conditions_text, license, license_text, with};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::License);
    let shows = "A license under every condition there is, each at its longest, beside 32 features and 1,500 bytes of variables.";
    shelf.valid("conditions_at_their_longest", shows, &of(&full_conditions_text()));
    numbers(&mut shelf);
    policy(&mut shelf);
    heartbeat(&mut shelf);
    words(&mut shelf);
    agents(&mut shelf);
    clock_and_freshness(&mut shelf);
    tenant_limits(&mut shelf);
    permits(&mut shelf);
    critical(&mut shelf);
    order(&mut shelf);
    order_within(&mut shelf);
    shelf.cases
}

fn of(payload: &str) -> World {
    World::with_license(license(payload))
}

fn with_fields(fields: &str) -> String {
    with(&license_text(), "\"max_devices\":5", &format!("\"max_devices\":5,{fields}"))
}

fn with_policy(object: &str) -> String {
    with_fields(&format!(r#""policy":{object},"crit":["policy"]"#))
}

/// One that is refused: its name, the code, what it shows, and the object or value.
type Refused<'a> = (&'a str, Code, &'a str, &'a str);

fn refuse(shelf: &mut Shelf, prefix: &str, text: impl Fn(&str) -> String, refused: &[Refused]) {
    for (name, code, shows, value) in refused {
        shelf.invalid(&format!("{prefix}_{name}"), *code, shows, &of(&text(value)));
    }
}

fn accept(shelf: &mut Shelf, prefix: &str, text: impl Fn(&str) -> String, accepted: &[(&str, &str, &str)]) {
    for (name, shows, value) in accepted {
        shelf.valid(&format!("{prefix}_{name}"), shows, &of(&text(value)));
    }
}

/// `max_instances`, `pool_epoch`, `slot`: the least, the most, one beyond each, and what is no number.
fn numbers(shelf: &mut Shelf) {
    const MOST: &str = "9007199254740991";
    for (field, least, most, below, above) in [
        ("max_instances", "1", "1000", "0", "1001"),
        ("pool_epoch", "1", MOST, "0", "9007199254740992"),
        ("slot", "0", MOST, "-1", "9007199254740992"),
    ] {
        let text = |value: &str| with_fields(&format!("\"{field}\":{value}"));
        let ends = [("least", "The least.", least), ("most", "The most.", most)];
        accept(shelf, field, text, &ends);
        let beyond = if field == "max_instances" { FieldInvalid } else { Code::JsonInvalid };
        refuse(
            shelf,
            field,
            text,
            &[
                ("below", FieldInvalid, "One less than the least.", below),
                ("above", beyond, "One more than the most.", above),
                ("null", FieldInvalid, "Where there is nothing to say the field is absent.", "null"),
                ("text", FieldInvalid, "A number as text.", "\"1\""),
            ],
        );
    }
}

fn policy(shelf: &mut Shelf) {
    accept(
        shelf,
        "policy",
        with_policy,
        &[
            ("heartbeat", "A heartbeat alone.", r#"{"heartbeat":{"interval":14400,"grace":86400}}"#),
            ("soft", "What is the default may be said.", r#"{"fail":"soft"}"#),
            (
                "lease",
                "A seat held by heartbeats.",
                r#"{"heartbeat":{"interval":60,"grace":60},"seat":"lease"}"#,
            ),
            ("ext", "`ext` may stand in the policy.", r#"{"fail":"hard","ext":{"later":[1]}}"#),
            ("order", "Fields in another order.", r#"{"integrity":"required","fail":"hard"}"#),
        ],
    );
    refuse(
        shelf,
        "policy",
        with_policy,
        &[
            ("empty", FieldInvalid, "A policy that says nothing.", "{}"),
            ("only_ext", FieldInvalid, "`ext` is nothing that it says.", r#"{"ext":{}}"#),
            ("null", FieldInvalid, "A license without a policy does not have the field.", "null"),
            ("list", FieldInvalid, "A policy is an object.", r#"["hard"]"#),
            (
                "unknown",
                FieldUnknown,
                "A field that a policy does not know.",
                r#"{"fail":"hard","mode":"x"}"#,
            ),
            ("crit", CritUnknown, "A critical meaning inside it.", r#"{"fail":"hard","crit":["x"]}"#),
            (
                "crit_policy",
                CritUnknown,
                "The meaning `policy` is the payload's alone.",
                r#"{"fail":"hard","crit":["policy"]}"#,
            ),
            (
                "lease_without_heartbeat",
                FieldInvalid,
                "Nothing says how long it lasts.",
                r#"{"seat":"lease","fail":"hard"}"#,
            ),
            ("lease_alone", FieldInvalid, "A lease without a heartbeat.", r#"{"seat":"lease"}"#),
        ],
    );
}

fn heartbeat(shelf: &mut Shelf) {
    let text = |object: &str| with_policy(&format!("{{\"heartbeat\":{object}}}"));
    accept(
        shelf,
        "heartbeat",
        text,
        &[
            ("shortest", "The shortest interval and grace.", r#"{"interval":60,"grace":60}"#),
            (
                "longest",
                "The longest of all three.",
                r#"{"interval":2592000,"grace":31535999,"longest_grace":31536000}"#,
            ),
        ],
    );
    refuse(
        shelf,
        "heartbeat",
        text,
        &[
            ("empty", FieldMissing, "Neither interval nor grace.", "{}"),
            ("null", FieldInvalid, "Where there is no heartbeat the field is absent.", "null"),
            ("without_grace", FieldMissing, "No grace.", r#"{"interval":60}"#),
            ("without_interval", FieldMissing, "No interval.", r#"{"grace":60}"#),
            ("interval_59", FieldInvalid, "Too often.", r#"{"interval":59,"grace":60}"#),
            ("interval_2592001", FieldInvalid, "Too seldom.", r#"{"interval":2592001,"grace":2592001}"#),
            (
                "grace_below",
                FieldInvalid,
                "A grace shorter than the interval.",
                r#"{"interval":61,"grace":60}"#,
            ),
            ("grace_31536001", FieldInvalid, "Too long a grace.", r#"{"interval":60,"grace":31536001}"#),
            (
                "longest_grace_equal",
                FieldInvalid,
                "A longest grace that is no longer.",
                r#"{"interval":60,"grace":60,"longest_grace":60}"#,
            ),
            (
                "longest_grace_31536001",
                FieldInvalid,
                "Too long a longest grace.",
                r#"{"interval":60,"grace":60,"longest_grace":31536001}"#,
            ),
            (
                "longest_grace_null",
                FieldInvalid,
                "Where failures move nothing the field is absent.",
                r#"{"interval":60,"grace":60,"longest_grace":null}"#,
            ),
            ("unknown", FieldUnknown, "An unknown field.", r#"{"interval":60,"grace":60,"jitter":1}"#),
            (
                "wrong_and_unknown",
                FieldInvalid,
                "What is said of several fields comes before unknown ones.",
                r#"{"interval":61,"grace":60,"jitter":1}"#,
            ),
            ("interval_and_missing", FieldInvalid, "Fields are read in their order.", r#"{"interval":59}"#),
        ],
    );
}

fn words(shelf: &mut Shelf) {
    for (field, upper, accepted) in [
        ("fail", "hard", &["hard", "soft"][..]),
        ("integrity", "required", &["required", "where_listed"]),
        ("seat", "lease", &[]),
    ] {
        let text = |value: &str| with_policy(&format!("{{\"{field}\":{value}}}"));
        for word in accepted {
            let shows = format!("`{field}` is `{word}`.");
            shelf.valid(&format!("{field}_{word}"), &shows, &of(&text(&format!("\"{word}\""))));
        }
        refuse(
            shelf,
            field,
            text,
            &[
                ("other", FieldInvalid, "Another word.", "\"other\""),
                ("upper_case", FieldInvalid, "Case counts.", &format!("\"{}\"", upper.to_uppercase())),
                ("true", FieldInvalid, "No word.", "true"),
                ("null", FieldInvalid, "Where the default holds the field is absent.", "null"),
            ],
        );
    }
}

fn agents(shelf: &mut Shelf) {
    let text = |object: &str| with_policy(&format!("{{\"anti_tamper\":{object}}}"));
    let listed = |count: usize| {
        let names = (0..count).map(|n| format!("\"agent{n:011}\"")).collect::<Vec<_>>();
        format!(r#"{{"agents":[{}]}}"#, names.join(","))
    };
    accept(
        shelf,
        "anti_tamper",
        text,
        &[
            ("empty", "The program looks, and that is all there is to say.", "{}"),
            ("unknown_is_tamper", "A sensor that cannot run counts as tampering.", r#"{"unknown":"tamper"}"#),
            ("agents_8", "The most agents, with the longest names.", &listed(8)),
            ("agent_of_16_bytes", "Bytes count, not characters.", r#"{"agents":["éééééééé"]}"#),
        ],
    );
    refuse(
        shelf,
        "anti_tamper",
        text,
        &[
            ("true", FieldInvalid, "An object, not a switch.", "true"),
            ("unknown_other", FieldInvalid, "Another word.", r#"{"unknown":"nothing"}"#),
            ("agents_empty", FieldInvalid, "An empty list is left out.", r#"{"agents":[]}"#),
            ("agents_9", FieldInvalid, "One agent too many.", &listed(9)),
            ("agent_twice", FieldInvalid, "An agent that is named twice.", r#"{"agents":["apm","apm"]}"#),
            ("agent_empty", FieldInvalid, "An agent without a name.", r#"{"agents":[""]}"#),
            ("agent_of_17_bytes", FieldInvalid, "Too long a name.", r#"{"agents":["aéééééééé"]}"#),
            ("agent_with_escape", FieldInvalid, "Names are shown in terminals.", r#"{"agents":["a\u001b"]}"#),
            ("agent_number", FieldInvalid, "A name is text.", r#"{"agents":[7]}"#),
            ("sensor", FieldUnknown, "An unknown field.", r#"{"sensors":["ptrace"]}"#),
        ],
    );
}

fn clock_and_freshness(shelf: &mut Shelf) {
    let clock = |object: &str| with_policy(&format!("{{\"clock\":{object}}}"));
    accept(
        shelf,
        "clock",
        clock,
        &[
            ("strict", "No tolerance.", r#"{"tolerance":0}"#),
            ("week", "The most tolerance.", r#"{"tolerance":604800}"#),
            ("run_time", "A machine without a clock.", r#"{"mode":"run_time"}"#),
        ],
    );
    refuse(
        shelf,
        "clock",
        clock,
        &[
            ("empty", FieldInvalid, "Nothing is said.", "{}"),
            ("tolerance_604801", FieldInvalid, "Too much.", r#"{"tolerance":604801}"#),
            ("tolerance_negative", FieldInvalid, "Less than none.", r#"{"tolerance":-1}"#),
            ("mode_other", FieldInvalid, "Another word.", r#"{"mode":"wall"}"#),
            ("unknown", FieldUnknown, "An unknown field.", r#"{"tolerance":0,"zone":"UTC"}"#),
        ],
    );
    let freshness = |object: &str| with_policy(&format!("{{\"freshness\":{object}}}"));
    accept(
        shelf,
        "freshness",
        freshness,
        &[
            ("shortest", "A day for each.", r#"{"warn":1,"restrict":1,"block":1}"#),
            ("all", "Three stages.", r#"{"warn":7,"restrict":30,"block":90}"#),
            ("equal", "Stages that begin together.", r#"{"warn":30,"restrict":30,"block":30}"#),
            ("block", "The last alone.", r#"{"block":1}"#),
            ("longest", "Ten years.", r#"{"warn":3650}"#),
        ],
    );
    refuse(
        shelf,
        "freshness",
        freshness,
        &[
            ("empty", FieldInvalid, "Nothing is said.", "{}"),
            ("warn_0", FieldInvalid, "Less than a day.", r#"{"warn":0,"restrict":5}"#),
            ("restrict_0", FieldInvalid, "The same of the second stage.", r#"{"restrict":0,"block":5}"#),
            ("block_0", FieldInvalid, "The same of the third.", r#"{"block":0}"#),
            ("unknown", FieldUnknown, "An unknown field.", r#"{"warn":1,"stop":2}"#),
            ("block_3651", FieldInvalid, "More than ten years.", r#"{"block":3651}"#),
            ("restrict_before_warn", FieldInvalid, "A stage out of turn.", r#"{"warn":30,"restrict":29}"#),
            ("block_before_warn", FieldInvalid, "The same, with one left out.", r#"{"warn":30,"block":29}"#),
            (
                "block_before_restrict",
                FieldInvalid,
                "The same of the last two.",
                r#"{"restrict":30,"block":29}"#,
            ),
            ("restrict_null", FieldInvalid, "Never is said by silence.", r#"{"warn":1,"restrict":null}"#),
        ],
    );
}

fn tenant_limits(shelf: &mut Shelf) {
    let text = |list: &str| with_policy(&format!("{{\"fail\":\"hard\",\"tenant_limits\":{list}}}"));
    accept(
        shelf,
        "tenant_limits",
        text,
        &[
            ("one", "So many a minute.", r#"[["api",6000]]"#),
            (
                "four",
                "The most, at their longest.",
                r#"[["aaaaaaaaaaaaaaa0",1000000000],["aaaaaaaaaaaaaaa1",1],["b",1],["c",1]]"#,
            ),
        ],
    );
    refuse(
        shelf,
        "tenant_limits",
        text,
        &[
            ("empty", FieldInvalid, "An empty list is left out.", "[]"),
            ("five", FieldInvalid, "One too many.", r#"[["a",1],["b",1],["c",1],["d",1],["e",1]]"#),
            ("twice", FieldInvalid, "A name that appears twice.", r#"[["a",1],["a",2]]"#),
            ("name_of_17_bytes", FieldInvalid, "Too long a name.", r#"[["aaaaaaaaaaaaaaaaa",1]]"#),
            ("zero", FieldInvalid, "Nobody may do anything.", r#"[["a",0]]"#),
            ("too_many", FieldInvalid, "More than 10^9 a minute.", r#"[["a",1000000001]]"#),
            ("text", FieldInvalid, "A number as text.", r#"[["a","1"]]"#),
            ("name_alone", FieldInvalid, "No number.", r#"["a"]"#),
        ],
    );
}

fn permits(shelf: &mut Shelf) {
    let offline = |object: &str| with_fields(&format!("\"offline\":{object}"));
    accept(
        shelf,
        "offline",
        offline,
        &[
            ("days", "Bundles of a month.", r#"{"days":30}"#),
            ("least", "All of it at its shortest.", r#"{"days":1,"pool":1,"journal_days":1}"#),
            ("all", "All of it at its longest.", r#"{"days":3650,"pool":1000000,"journal_days":3650}"#),
        ],
    );
    refuse(
        shelf,
        "offline",
        offline,
        &[
            ("empty", FieldMissing, "For how long is not said.", "{}"),
            ("true", FieldInvalid, "An object, not a switch.", "true"),
            ("days_0", FieldInvalid, "No day.", r#"{"days":0}"#),
            ("days_3651", FieldInvalid, "More than ten years.", r#"{"days":3651}"#),
            ("pool_0", FieldInvalid, "A pool for nobody.", r#"{"days":30,"pool":0}"#),
            ("pool_1000001", FieldInvalid, "More than seats can be.", r#"{"days":30,"pool":1000001}"#),
            ("pool_null", FieldInvalid, "Without a pool the field is absent.", r#"{"days":30,"pool":null}"#),
            ("journal_days_0", FieldInvalid, "A journal of the future.", r#"{"days":30,"journal_days":0}"#),
            ("site", FieldUnknown, "An unknown field.", r#"{"days":30,"site":true}"#),
        ],
    );
    let allowances = |object: &str| with_fields(&format!("\"allowances\":{object}"));
    accept(
        shelf,
        "allowances",
        allowances,
        &[
            ("none", "Nothing without the vendor.", r#"{"releases":0,"replacements":0}"#),
            ("most", "The most of both.", r#"{"releases":1000,"replacements":1000}"#),
            ("replacements", "One of them.", r#"{"replacements":1}"#),
        ],
    );
    refuse(
        shelf,
        "allowances",
        allowances,
        &[
            ("empty", FieldInvalid, "Nothing is said.", "{}"),
            ("releases_1001", FieldInvalid, "Too many.", r#"{"releases":1001}"#),
            ("releases_negative", FieldInvalid, "Fewer than none.", r#"{"releases":-1}"#),
            ("replacements_1001", FieldInvalid, "Too many.", r#"{"replacements":1001}"#),
            ("replacements_negative", FieldInvalid, "Fewer than none.", r#"{"replacements":-1}"#),
            ("unknown", FieldUnknown, "An unknown field.", r#"{"releases":1,"moves":3}"#),
        ],
    );
}

/// §2.14: a policy and its critical meaning go together.
fn critical(shelf: &mut Shelf) {
    let policy = r#""policy":{"fail":"hard"}"#;
    refuse(
        shelf,
        "policy_and_crit",
        with_fields,
        &[
            ("absent", FieldInvalid, "A policy that is not marked as critical.", policy),
            ("without_policy", FieldInvalid, "A critical meaning that is not there.", r#""crit":["policy"]"#),
            ("twice", FieldInvalid, "Named twice.", &format!(r#"{policy},"crit":["policy","policy"]"#)),
            (
                "another",
                CritUnknown,
                "Another meaning beside it.",
                &format!(r#"{policy},"crit":["policy","x"]"#),
            ),
            ("another_first", CritUnknown, "The same, first.", &format!(r#"{policy},"crit":["x","policy"]"#)),
            ("number", FieldInvalid, "No name beside it.", &format!(r#"{policy},"crit":["policy",1]"#)),
            ("empty", FieldInvalid, "An empty `crit`.", &format!(r#"{policy},"crit":[]"#)),
            (
                "absent_and_unknown",
                FieldInvalid,
                "That `crit` is absent is judged before unknown fields.",
                &format!(r#"{policy},"seats":5"#),
            ),
        ],
    );
}

/// `spec/envelope.md` §3.6, where two things are wrong.
fn order(shelf: &mut Shelf) {
    refuse(
        shelf,
        "order",
        with_fields,
        &[
            (
                "trial_and_policy",
                FieldInvalid,
                "`trial_days` is read before `policy`.",
                r#""policy":{"mode":1},"trial_days":0,"crit":["policy"]"#,
            ),
            (
                "policy_and_instances",
                FieldUnknown,
                "`policy` is read completely, and before `max_instances`.",
                r#""max_instances":0,"policy":{"fail":"hard","mode":1},"crit":["policy"]"#,
            ),
            (
                "heartbeat_and_seat",
                FieldMissing,
                "`heartbeat` is read completely, and before `seat`.",
                r#""policy":{"seat":1,"heartbeat":{}},"crit":["policy"]"#,
            ),
            (
                "offline_and_allowances",
                FieldMissing,
                "`offline` is read before `allowances`.",
                r#""allowances":0,"offline":{}"#,
            ),
            (
                "instances_and_offline",
                FieldInvalid,
                "`max_instances` is read before `offline`.",
                r#""offline":{},"max_instances":0"#,
            ),
            (
                "allowances_and_epoch",
                FieldUnknown,
                "`allowances` is read completely, and before `pool_epoch`.",
                r#""pool_epoch":0,"allowances":{"releases":1,"moves":1}"#,
            ),
            (
                "slot_and_crit",
                FieldInvalid,
                "`crit` comes behind the last field of the table.",
                r#""slot":-1,"crit":["x"]"#,
            ),
        ],
    );
}

/// The same inside the objects.
fn order_within(shelf: &mut Shelf) {
    refuse(
        shelf,
        "order",
        with_fields,
        &[
            (
                "integrity_and_anti_tamper",
                FieldInvalid,
                "`integrity` is read before `anti_tamper`.",
                r#""policy":{"anti_tamper":{"sensors":1},"integrity":"x"},"crit":["policy"]"#,
            ),
            (
                "anti_tamper_and_clock",
                FieldUnknown,
                "`anti_tamper` is read completely, and before `clock`.",
                r#""policy":{"clock":{},"anti_tamper":{"sensors":1}},"crit":["policy"]"#,
            ),
            (
                "clock_and_freshness",
                FieldInvalid,
                "`clock` is read before `freshness`.",
                r#""policy":{"freshness":{"warn":1,"stop":1},"clock":{}},"crit":["policy"]"#,
            ),
            (
                "lease_and_clock",
                FieldUnknown,
                "That a lease needs a heartbeat is judged once all of the policy was read.",
                r#""policy":{"seat":"lease","clock":{"tolerance":1,"zone":1}},"crit":["policy"]"#,
            ),
            (
                "interval_and_grace",
                FieldMissing,
                "`interval` is read before `grace`.",
                r#""policy":{"heartbeat":{"grace":"x"}},"crit":["policy"]"#,
            ),
            ("days_and_pool", FieldMissing, "`days` is read before `pool`.", r#""offline":{"pool":0}"#),
            (
                "nothing_and_unknown",
                FieldInvalid,
                "That something is said is judged before unknown fields.",
                r#""policy":{"clock":{"zone":1}},"crit":["policy"]"#,
            ),
        ],
    );
}
