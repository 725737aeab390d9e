//! Licenses under a sound chain (`spec/license.md`, `spec/envelope.md` §3 to §5).

use sealgate_artifact::{Code, KeyUse};

use super::case::{Case, Shelf};
use super::fields::saying;
use crate::Artifact;
use crate::forge::{
    APP, AUTHORITY, DAY, Draft, ISSUER, NOW, OTHER_APP, OTHER_TENANT, ROOT, SECOND_ISSUER, STRANGER, TENANT,
    World, entry, license, license_text, public_text, tenant_keyset, tenant_keyset_text, with,
};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::License);
    valid(&mut shelf);
    valid_extensions(&mut shelf);
    signatures(&mut shelf);
    tampered(&mut shelf);
    scope(&mut shelf);
    fields(&mut shelf);
    values(&mut shelf);
    shelf.cases
}

fn valid(shelf: &mut Shelf) {
    let text = license_text();
    let end = NOW + 100 * DAY;
    let ends = format!("\"expires_at\":{end}");
    let mut accept =
        |name: &str, shows: &str, old: &str, new: &str| shelf.valid(name, shows, &of(&with(&text, old, new)));
    accept("plain", "A license for five devices.", "", "");
    accept("never_expires", "`null` never ends.", &ends, "\"expires_at\":null");
    accept(
        "unlimited_devices",
        "`null` does not count devices.",
        "\"max_devices\":5",
        "\"max_devices\":null",
    );
    accept("devices_1", "The fewest seats.", "\"max_devices\":5", "\"max_devices\":1");
    accept("devices_1000000", "The most seats.", "\"max_devices\":5", "\"max_devices\":1000000");
    accept("tier_free", "The lowest tier.", "\"licensed\"", "\"free\"");
    accept("tier_enterprise", "The highest tier.", "\"licensed\"", "\"enterprise\"");
    accept("no_features", "An empty list of features.", "\"db.query\",\"export\"", "");
    accept(
        "feature_of_32_bytes",
        "A feature of exactly 32 bytes, not characters.",
        "export",
        &"é".repeat(16),
    );
    accept(
        "feature_with_escapes",
        "A feature is compared after unescaping.",
        "export",
        "\\u0065xp\\u00f6rt \\ud83d\\ude00",
    );
    accept("features_differ_in_case", "Case counts, so these are two features.", "db.query", "Export");
    accept(
        "features_differ_in_normalisation",
        "One letter composed and decomposed: features are compared byte by byte, so these are two.",
        "\"db.query\",\"export\"",
        "\"\\u00e9\",\"e\\u0301\"",
    );
    accept(
        "feature_beside_control_characters",
        "The characters next to the control characters: U+0020, U+007E, U+00A0.",
        "export",
        " ~\u{a0}",
    );
    accept(
        "feature_format_character",
        "A zero-width joiner is a format character, not a control character.",
        "export",
        "ex\u{200d}port",
    );
    let features: Vec<String> = (0..32).map(|n| format!("\"f{n}\"")).collect();
    accept("features_32", "The most features.", "\"db.query\",\"export\"", &features.join(","));
    accept(
        "not_yet_in_force",
        "A license that begins later is believed; whether it is in force is another question.",
        &format!("\"not_before\":{}", NOW - 10 * DAY),
        &format!("\"not_before\":{}", NOW + DAY),
    );
    accept(
        "over",
        "A license that has ended is believed; whether it is in force is another question.",
        &ends,
        &format!("\"expires_at\":{}", NOW - DAY),
    );
    accept(
        "issued_later",
        "`issued_at` takes no part in any decision.",
        &format!("\"issued_at\":{}", NOW - 10 * DAY),
        "\"issued_at\":253402300799",
    );
    accept("version_0", "Versions begin where the vendor likes.", "\"version\":1", "\"version\":0");
    accept(
        "white_space",
        "White space inside the payload is signed and kept.",
        ",\"app\"",
        " ,\r\n\t\"app\"",
    );
    let any = World { expect_tenant: None, expect_app: None, ..World::of_license() };
    shelf.valid("any_tenant_any_app", "A tool that shows a file expects neither tenant nor app.", &any);
}

fn valid_extensions(shelf: &mut Shelf) {
    let text = license_text();
    let mut accept =
        |name: &str, shows: &str, ext: &str| shelf.valid(name, shows, &of(&extended(&text, ext)));
    accept("ext_empty", "An empty `ext`.", "{}");
    accept(
        "ext_anything",
        "`ext` holds anything of the profile.",
        r#"{"a":[1,null,true,"x"],"crit":{"tier":0}}"#,
    );
    accept("ext_nested_8", "Eight levels, the outermost counted.", r#"{"a":[[[[[[1]]]]]]}"#);
    accept("ext_name_of_64_bytes", "The longest name.", &format!("{{\"{}\":1}}", "a".repeat(64)));
    accept(
        "ext_integers",
        "The largest and smallest integers.",
        r#"{"a":[9007199254740991,-9007199254740991]}"#,
    );
    let room = 3_800 - extended(&text, r#"{"a":""}"#).len();
    accept("payload_3800_bytes", "The longest payload.", &format!("{{\"a\":\"{}\"}}", "x".repeat(room)));
}

/// `spec/envelope.md` §5.3 and `spec/keys.md` §4.4.
fn signatures(shelf: &mut Shelf) {
    let unsigned = || Draft::new("license", license_text());
    let by = |seed| World::with_license(unsigned().signed(seed, KeyUse::Issuer));
    let issuers = |text: &str| tenant_keyset(text);
    let mut hint = license(license_text());
    "anything".clone_into(&mut hint.signatures[0].0);
    shelf.valid("wrong_hint", "A key hint proves nothing and spoils nothing.", &World::with_license(hint));
    let beside = unsigned().signed(STRANGER, KeyUse::Issuer).signed(ISSUER, KeyUse::Issuer);
    shelf.valid(
        "stranger_beside",
        "A stranger's signature before a good one is ignored.",
        &World::with_license(beside),
    );
    let mut damaged = license(license_text());
    damaged.signatures.insert(0, (damaged.signatures[0].0.clone(), vec![0; 3]));
    shelf.valid(
        "damaged_beside",
        "A damaged signature under the issuer's hint does not hide a good one.",
        &World::with_license(damaged),
    );
    let retired = with(&tenant_keyset_text(), "active", "retired");
    let retired = issuers(&saying(&retired, "issued_at", &NOW.to_string()));
    shelf.valid(
        "issuer_retired",
        "A retired issuer still verifies what it signed.",
        &World { tenant_keyset: retired, ..by(ISSUER) },
    );
    let second = entry("issuer", &public_text(SECOND_ISSUER), "active");
    let both = issuers(&with(&tenant_keyset_text(), "\"keys\":[", &format!("\"keys\":[{second},")));
    shelf.valid(
        "second_issuer",
        "Any issuer of the tenant will do.",
        &World { tenant_keyset: both, ..by(ISSUER) },
    );

    let mut refuse =
        |name: &str, shows: &str, world: World| shelf.invalid(name, Code::SignatureInvalid, shows, &world);
    refuse("signed_by_stranger", "A key signed that stands in no keyset.", by(STRANGER));
    refuse("signed_by_authority", "An authority signs tenant keysets, not licenses.", by(AUTHORITY));
    refuse("signed_by_root", "A root signs keysets, not licenses.", by(ROOT));
    refuse("signed_by_other_issuer", "An issuer that the tenant keyset does not name.", by(SECOND_ISSUER));
    let revoked = issuers(&with(&tenant_keyset_text(), "active", "revoked"));
    refuse(
        "issuer_revoked",
        "A revoked issuer verifies nothing, whatever the dates say.",
        World { tenant_keyset: revoked, ..by(ISSUER) },
    );
    let app = issuers(&with(&tenant_keyset_text(), "\"use\":\"issuer\"", "\"use\":\"app\""));
    refuse(
        "issuer_of_other_use",
        "The key stands in the tenant keyset, but for another use.",
        World { tenant_keyset: app, ..by(ISSUER) },
    );
    let mut stranger = unsigned().signed(STRANGER, KeyUse::Issuer);
    stranger.signatures[0].0.clone_from(&license(license_text()).signatures[0].0);
    refuse(
        "stranger_under_issuers_hint",
        "The issuer's hint on a stranger's signature.",
        World::with_license(stranger),
    );
    let mut raw = unsigned();
    let signature = ed25519_dalek::Signer::sign(&crate::forge::signing_key(ISSUER), raw.payload.as_slice());
    raw.signatures = vec![(String::new(), signature.to_bytes().to_vec())];
    refuse(
        "signed_without_type",
        "A signature over the payload alone, without type and lengths.",
        World::with_license(raw),
    );
}

/// Changed after signing.
fn tampered(shelf: &mut Shelf) {
    let sound = license(license_text());
    let mut refuse = |name: &str, shows: &str, change: fn(&mut Draft)| {
        let mut draft = sound.clone();
        change(&mut draft);
        shelf.invalid(name, Code::SignatureInvalid, shows, &World::with_license(draft));
    };
    refuse("payload_bit_flipped", "One bit of the payload.", |d| d.payload[200] ^= 1);
    refuse("more_devices", "A customer writes a larger number.", |d| {
        d.payload = with(&license_text(), "\"max_devices\":5", "\"max_devices\":500").into_bytes();
    });
    refuse("payload_reformatted", "The same meaning in other bytes.", |d| {
        d.payload = license_text().replace(',', ", ").into_bytes();
    });
    refuse("payload_emptied", "No payload at all; the signature decides before the payload is read.", |d| {
        d.payload.clear();
    });
    refuse("r_bit_flipped", "One bit of the signature's first half.", |d| d.signatures[0].1[3] ^= 1);
    refuse("s_bit_flipped", "One bit of the signature's second half.", |d| d.signatures[0].1[40] ^= 1);
    refuse(
        "s_plus_l",
        "The signature's second half plus the group order: the same point, a second spelling.",
        |d| {
            super::ed25519::add_l(&mut d.signatures[0].1);
        },
    );
    refuse("signature_cut", "63 bytes of a signature.", |d| d.signatures[0].1.truncate(63));
    refuse("signature_lengthened", "65 bytes of a signature.", |d| d.signatures[0].1.push(0));
    refuse("signature_empty", "No bytes of a signature.", |d| d.signatures[0].1.clear());
    refuse("signature_zero", "64 zero bytes.", |d| d.signatures[0].1 = vec![0; 64]);
    let text = sound.text();
    let mut replace = |name: &str, code: Code, shows: &str, text: String| {
        let replaced = Some(text.into_bytes());
        shelf.invalid(name, code, shows, &World { replaced, ..World::of_license() });
    };
    let last = text.len() - 1;
    replace(
        "envelope_with_alg",
        Code::EnvelopeInvalid,
        "A sound license with a field `alg` in its envelope.",
        text[..last].to_owned() + r#","alg":"none"}"#,
    );
    replace(
        "sig_unpadded",
        Code::Base64Invalid,
        "A sound license whose signature is spelt without padding.",
        with(&text, "==\"}", "\"}"),
    );
    replace(
        "envelope_too_large",
        Code::ArtifactTooLarge,
        "A sound license behind 16,384 spaces.",
        " ".repeat(16_384) + &text,
    );
}

fn scope(shelf: &mut Shelf) {
    let other = with(&license_text(), TENANT, OTHER_TENANT);
    shelf.invalid(
        "other_tenant",
        Code::WrongTenant,
        "One tenant's issuer signs a license of another tenant.",
        &of(&other),
    );
    let any = World { expect_tenant: None, expect_app: None, ..of(&other) };
    shelf.invalid(
        "other_tenant_any_expected",
        Code::WrongTenant,
        "The same, and the caller expects none: the chain still does.",
        &any,
    );
    let other = with(&license_text(), APP, OTHER_APP);
    shelf.invalid("other_app", Code::WrongApp, "A license for another app of the tenant.", &of(&other));
    let both = with(&other, TENANT, OTHER_TENANT);
    shelf.invalid(
        "other_tenant_and_app",
        Code::WrongTenant,
        "The tenant is judged before the app.",
        &of(&both),
    );
}

fn fields(shelf: &mut Shelf) {
    let text = license_text();
    for name in [
        "typ",
        "tenant",
        "app",
        "license",
        "version",
        "issued_at",
        "not_before",
        "expires_at",
        "tier",
        "features",
        "max_devices",
    ] {
        let renamed = with(&text, &format!("\"{name}\":"), &format!("\"x_{name}\":"));
        let shows = format!("`{name}` is missing; another field stands in its place.");
        shelf.invalid(&format!("{name}_missing"), Code::FieldMissing, &shows, &of(&renamed));
    }
    let mut refuse =
        |name: &str, code: Code, shows: &str, text: String| shelf.invalid(name, code, shows, &of(&text));
    let more = |field: &str| with(&text, "{", &format!("{{{field},"));
    refuse(
        "field_unknown",
        Code::FieldUnknown,
        "A field that licenses do not know.",
        more("\"alg\":\"none\""),
    );
    refuse(
        "name_upper_case",
        Code::FieldUnknown,
        "A name outside the alphabet of names.",
        more("\"Tier\":1"),
    );
    refuse("name_empty", Code::FieldUnknown, "An empty name.", more("\"\":1"));
    refuse("name_with_hyphen", Code::FieldUnknown, "A hyphen in a name.", more("\"a-b\":1"));
    refuse(
        "ext_name_upper_case",
        Code::FieldUnknown,
        "A name outside the alphabet deep inside `ext`.",
        extended(&text, r#"{"a":[{"B":1}]}"#),
    );
    refuse(
        "ext_name_of_65_bytes",
        Code::FieldUnknown,
        "A name that is too long.",
        extended(&text, &format!("{{\"{}\":1}}", "a".repeat(65))),
    );
    refuse("ext_list", Code::FieldInvalid, "`ext` is not an object.", extended(&text, "[]"));
    refuse(
        "crit_unknown",
        Code::CritUnknown,
        "A meaning that a reader must know and does not.",
        more("\"crit\":[\"log_required\"]"),
    );
    refuse(
        "crit_names_known_field",
        Code::CritUnknown,
        "Fields of version 1 are not critical meanings.",
        more("\"crit\":[\"tier\"]"),
    );
    refuse("crit_empty", Code::FieldInvalid, "An empty `crit` says nothing.", more("\"crit\":[]"));
    refuse("crit_text", Code::FieldInvalid, "`crit` is not a list.", more("\"crit\":\"tier\""));
    refuse("crit_numbers", Code::FieldInvalid, "`crit` does not hold strings.", more("\"crit\":[1]"));
    refuse("payload_list", Code::FieldInvalid, "A payload is an object.", format!("[{text}]"));
    let room = 3_801 - extended(&text, r#"{"a":""}"#).len();
    let long = extended(&text, &format!("{{\"a\":\"{}\"}}", "x".repeat(room)));
    refuse("payload_3801_bytes", Code::ArtifactTooLarge, "One byte more than a payload may have.", long);
}

fn values(shelf: &mut Shelf) {
    let text = license_text();
    let mut refuse = |name: &str, shows: &str, old: &str, new: &str| {
        shelf.invalid(name, Code::FieldInvalid, shows, &of(&with(&text, old, new)));
    };
    refuse("typ_number", "`typ` is not a string.", "\"license\",\"tenant\"", "1,\"tenant\"");
    refuse("tenant_without_hyphens", "An identifier in a second spelling.", "01890a5d-ac96-", "01890a5dac96");
    refuse("app_in_braces", "An identifier in braces.", APP, &format!("{{{APP}}}"));
    refuse("version_null", "`null` has no meaning here.", "\"version\":1", "\"version\":null");
    refuse("version_boolean", "A boolean is no number.", "\"version\":1", "\"version\":true");
    let begin = NOW - 10 * DAY;
    let end = format!("\"expires_at\":{}", NOW + 100 * DAY);
    refuse("window_empty", "It ends when it begins.", &end, &format!("\"expires_at\":{begin}"));
    refuse("window_reversed", "It ends before it begins.", &end, &format!("\"expires_at\":{}", begin - 1));
    refuse("expires_at_zero", "Zero is not `null`.", &end, "\"expires_at\":0");
    refuse("expires_at_negative", "A time before 1970.", &end, "\"expires_at\":-1");
    refuse(
        "expires_at_beyond_9999",
        "A time in milliseconds.",
        &end,
        &format!("\"expires_at\":{}", (NOW + 100 * DAY) * 1000),
    );
    refuse("expires_at_text", "A time as text.", &end, "\"expires_at\":\"2027-01-31T00:00:00Z\"");
    refuse("tier_unknown", "A tier that there is not.", "\"licensed\"", "\"ultimate\"");
    refuse("tier_upper_case", "A tier in another spelling.", "\"licensed\"", "\"Licensed\"");
    refuse("devices_0", "No seat at all.", "\"max_devices\":5", "\"max_devices\":0");
    refuse("devices_1000001", "One seat too many.", "\"max_devices\":5", "\"max_devices\":1000001");
    refuse(
        "devices_text",
        "A number of seats as text.",
        "\"max_devices\":5",
        "\"max_devices\":\"unlimited\"",
    );
    refuse("feature_empty", "A feature without a name.", "\"export\"", "\"\"");
    refuse("feature_of_33_bytes", "A feature that is too long.", "export", &"f".repeat(33));
    refuse("feature_number", "A feature that is no name.", "\"export\"", "7");
    refuse(
        "feature_of_33_bytes_in_17_letters",
        "Bytes are counted, not characters.",
        "export",
        &("é".repeat(16) + "e"),
    );
    refuse("feature_twice", "One feature twice.", "db.query", "export");
    refuse("feature_twice_escaped", "One feature twice after unescaping.", "db.query", "\\u0065xport");
    refuse(
        "feature_twice_apart",
        "One feature twice, with others between.",
        "\"export\"",
        "\"a\",\"b\",\"db.query\"",
    );
    for (name, shows, written) in [
        ("escape", "An escape character, which steers terminals.", "\\u001b[2J"),
        ("line_feed", "A line feed, which begins a line of a log.", "ex\\nport"),
        ("u001f", "The last control character of ASCII's first block.", "export\\u001f"),
        ("delete", "U+007F, raw: JSON allows it, features do not.", "export\u{7f}"),
        ("u0080", "The first control character beyond ASCII.", "\u{80}export"),
        ("u009b", "U+009B steers terminals like an escape character.", "\\u009b2J"),
        ("u009f", "The last control character.", "export\\u009f"),
    ] {
        refuse(&format!("feature_with_{name}"), shows, "export", written);
    }
    let features: Vec<String> = (0..33).map(|n| format!("\"f{n}\"")).collect();
    refuse("features_33", "One feature too many.", "\"db.query\",\"export\"", &features.join(","));
}

/// A chain with a license of this payload.
fn of(payload: &str) -> World {
    World::with_license(license(payload))
}

fn extended(text: &str, ext: &str) -> String {
    with(text, "{", &format!("{{\"ext\":{ext},"))
}
