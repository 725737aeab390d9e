//! Tenant keysets under a sound keyset (`spec/keys.md` §4, §5.2).

use sealgate_artifact::{Code, KeyUse, encode_base64};

use super::case::{Case, Shelf};
use super::ed25519;
use crate::Artifact;
use crate::forge::{
    AUTHORITY, DAY, Draft, ISSUER, NOW, OTHER_TENANT, ROOT, SECOND_AUTHORITY, SECOND_ISSUER, STRANGER, World,
    entry, keyset, keyset_text, public_text, tenant_keyset, tenant_keyset_text, with,
};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::TenantKeyset);
    valid(&mut shelf);
    signatures(&mut shelf);
    tenant_and_window(&mut shelf);
    keys_and_fields(&mut shelf);
    shelf.cases
}

fn valid(shelf: &mut Shelf) {
    shelf.valid("plain", "One authority, one issuer.", &World::of_tenant());
    let any = World { expect_tenant: None, ..World::of_tenant() };
    shelf.valid("any_tenant", "A tool that shows a file expects no tenant.", &any);
    let many: Vec<String> = (100..115).map(|seed| entry("issuer", &public_text(seed), "active")).collect();
    shelf.valid("keys_16", "Sixteen entries, the most there may be.", &added(&many.join(",")));
    let text = with(&tenant_keyset_text(), "\"keys\":[", "\"keys\":[],\"ext\":{\"was\":[");
    let text = with(&text, "}]}", "}]}}");
    shelf.valid("no_keys", "A tenant without keys is well formed; nothing verifies under it.", &of(&text));
}

fn signatures(shelf: &mut Shelf) {
    let mut refuse =
        |name: &str, shows: &str, world: World| shelf.invalid(name, Code::SignatureInvalid, shows, &world);
    let by = |seed| World {
        tenant_keyset: Draft::new("tenant-keyset", tenant_keyset_text()).signed(seed, KeyUse::Authority),
        ..World::of_tenant()
    };
    refuse("signed_by_root", "A root signs keysets, not tenant keysets.", by(ROOT));
    refuse("signed_by_issuer", "An issuer cannot sign the tenant keyset that names it.", by(ISSUER));
    refuse("signed_by_stranger", "A key signed that stands in no keyset.", by(STRANGER));
    let revoked = with(&keyset_text(), "active", "revoked");
    refuse(
        "authority_revoked",
        "A revoked authority verifies nothing.",
        World { keyset: keyset(&revoked), ..by(AUTHORITY) },
    );
    let other = with(&keyset_text(), "\"use\":\"authority\"", "\"use\":\"issuer\"");
    refuse(
        "authority_of_other_use",
        "The key stands in the keyset, but for another use.",
        World { keyset: keyset(&other), ..by(AUTHORITY) },
    );
    let replaced = with(&keyset_text(), &public_text(AUTHORITY), &public_text(SECOND_AUTHORITY));
    refuse(
        "authority_not_in_keyset",
        "Verified against its current delegator: another authority took the place.",
        World { keyset: keyset(&replaced), ..by(AUTHORITY) },
    );
    let mut changed = World::of_tenant();
    changed.tenant_keyset.payload =
        with(&tenant_keyset_text(), &public_text(ISSUER), &public_text(STRANGER)).into_bytes();
    refuse("issuer_exchanged", "The issuer was exchanged after signing.", changed);
}

fn tenant_and_window(shelf: &mut Shelf) {
    let other = with(&tenant_keyset_text(), crate::forge::TENANT, OTHER_TENANT);
    shelf.invalid(
        "other_tenant",
        Code::WrongTenant,
        "The authority vouches for another tenant than the caller's.",
        &of(&other),
    );
    // Narrower than the keyset's window, so that only this one is in question.
    let (begin, end) = (NOW - 5 * DAY, NOW + 5 * DAY);
    let text = with(&tenant_keyset_text(), &(NOW - 30 * DAY).to_string(), &begin.to_string());
    let text = with(&text, &(NOW + 365 * DAY).to_string(), &end.to_string());
    let at = |now| World { now, ..of(&text) };
    shelf.valid("a_day_before_begin", "A clock that is exactly a day behind.", &at(begin - DAY));
    shelf.valid("last_second", "The last second of the window.", &at(end - 1));
    shelf.invalid(
        "before_begin",
        Code::KeysetNotYetValid,
        "A clock that is a day and a second behind.",
        &at(begin - DAY - 1),
    );
    shelf.invalid("at_end", Code::KeysetExpired, "The first second after the window.", &at(end));
    let both = with(&text, crate::forge::TENANT, OTHER_TENANT);
    let both = World { now: end, ..of(&both) };
    shelf.invalid(
        "other_tenant_and_expired",
        Code::WrongTenant,
        "The tenant is judged before the window.",
        &both,
    );
}

fn keys_and_fields(shelf: &mut Shelf) {
    let mixed = added(&entry("issuer", &encode_base64(&ed25519::mixed_order_key()), "active"));
    shelf.invalid("issuer_of_mixed_order", Code::KeyWeak, "A second issuer has a torsion component.", &mixed);
    let off = added(&entry("issuer", &encode_base64(&ed25519::off_the_curve()), "active"));
    shelf.invalid(
        "issuer_off_the_curve",
        Code::KeyMalformed,
        "A second issuer is no point of the curve.",
        &off,
    );
    let twice = added(&entry("issuer", &public_text(ISSUER), "active"));
    shelf.invalid("issuer_twice", Code::KeyDuplicate, "One issuer under two entries.", &twice);
    let many: Vec<String> = (100..116).map(|seed| entry("issuer", &public_text(seed), "active")).collect();
    shelf.invalid("keys_17", Code::FieldInvalid, "One entry too many.", &added(&many.join(",")));
    let text = tenant_keyset_text();
    let mut refuse = |name: &str, code: Code, shows: &str, old: &str, new: &str| {
        shelf.invalid(name, code, shows, &of(&with(&text, old, new)));
    };
    let tenant = format!("\"tenant\":\"{}\",", crate::forge::TENANT);
    refuse("tenant_missing", Code::FieldMissing, "No tenant is named.", &tenant, "");
    refuse(
        "tenant_upper_case",
        Code::FieldInvalid,
        "An identifier in a second spelling.",
        "ac96-774b",
        "AC96-774B",
    );
    refuse("tenant_null", Code::FieldInvalid, "`null` is not every tenant.", &tenant, "\"tenant\":null,");
    refuse(
        "crit_unknown",
        Code::CritUnknown,
        "An unknown meaning is marked as critical.",
        "\"version\"",
        "\"crit\":[\"log\"],\"version\"",
    );
    refuse(
        "crit_of_a_license",
        Code::CritUnknown,
        "A meaning that licenses alone have.",
        "\"version\"",
        "\"crit\":[\"policy\"],\"version\"",
    );
    let second = format!("\"keys\":[{},", entry("issuer", &public_text(SECOND_ISSUER), "on hold"));
    refuse("state_unknown", Code::FieldInvalid, "An entry of an unknown state.", "\"keys\":[", &second);
}

/// A chain whose tenant keyset has this payload.
fn of(payload: &str) -> World {
    World { tenant_keyset: tenant_keyset(payload), ..World::of_tenant() }
}

/// A chain whose tenant keyset has more entries.
fn added(entries: &str) -> World {
    of(&with(&tenant_keyset_text(), "]}", &format!(",{entries}]}}")))
}
