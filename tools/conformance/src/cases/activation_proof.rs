//! Proofs that a device was admitted to a license (`spec/activation.md` §3.1 to §3.3). Lists of modules are elsewhere.

use sealgate_artifact::{Code, KeyUse, encode_base64};

use super::case::{Case, Shelf};
use super::fields::{Spoilt, saying, spoilt, spoilt_optional};
use crate::admission::{
    ACTIVATION, ACTIVATION_ID, LOG, NONCES, SECOND_ACTIVATION, SNAPSHOT, UPDATE, activation_request,
    activation_request_text, listing, proof, proof_text, publishing, sealed_secret_text, sealing_key_text,
    signed_now,
};
use crate::forge::{
    APP, APP_KEY, AUTHORITY, DAY, DEVICE, Draft, ISSUER, LICENSE, NONCE, NOW, OTHER_APP, OTHER_TENANT, ROOT,
    SECOND_DEVICE, SERVER, STRANGER, Seed, TENANT, World, entry, keyset, keyset_text, license, license_text,
    public_text, with,
};
use crate::{Artifact, Bytes, Proved, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::ActivationProof);
    believed(&mut shelf);
    signatures(&mut shelf);
    keys(&mut shelf);
    other_scopes(&mut shelf);
    other_devices(&mut shelf);
    answers(&mut shelf);
    order(&mut shelf);
    fields(&mut shelf);
    rights(&mut shelf);
    shelf.cases
}

/// What a device holds once it was admitted: chain, license, key, proof and perhaps the request that the proof answers.
#[derive(Debug, Clone)]
pub(super) struct Admission {
    world: World,
    device_key: String,
    request: Option<Draft>,
    pub(super) proof: Draft,
}

impl Admission {
    /// The plain proof, which was kept.
    pub(super) fn plain() -> Self {
        Self::of(&proof_text())
    }

    /// A proof of this payload beside the plain license.
    fn of(payload: &str) -> Self {
        Self::proved_by(proof(payload))
    }

    /// This proof beside the plain license.
    pub(super) fn proved_by(proof: Draft) -> Self {
        Self::under(publishing(), proof)
    }

    /// This proof under this chain, to which the plain license is added.
    fn under(world: World, proof: Draft) -> Self {
        let world = World { license: Some(license(license_text())), ..world };
        Self { world, device_key: public_text(DEVICE), request: None, proof }
    }

    /// The same as an answer to this request.
    fn answering(self, request: Draft) -> Self {
        Self { request: Some(request), ..self }
    }

    pub(super) fn question(&self) -> Question {
        let text = |draft: &Draft| Bytes::from(draft.text().into_bytes());
        Question::ActivationProof(Box::new(Proved {
            chain: self.world.chain(),
            device_key: self.device_key.clone(),
            request: self.request.as_ref().map(text),
            proof: text(&self.proof),
        }))
    }

    pub(super) fn ids(&self) -> String {
        let drafts = [self.world.license.as_ref(), self.request.as_ref(), Some(&self.proof)];
        drafts.into_iter().flatten().map(Draft::id).collect::<Vec<_>>().join(" ")
    }
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, admission: &Admission) {
    shelf.accepted(name, shows, admission.question(), &admission.ids());
}

fn refuse(shelf: &mut Shelf, name: &str, code: Code, shows: &str, admission: &Admission) {
    shelf.refused(name, code, shows, admission.question());
}

/// The plain request with another nonce.
fn other_request() -> Draft {
    activation_request(&with(&activation_request_text(), NONCE, &with(NONCE, "0f", "0e")))
}

fn believed(shelf: &mut Shelf) {
    let text = proof_text();
    let mut accept = |name: &str, shows: &str, text: &str| believe(shelf, name, shows, &Admission::of(text));
    accept("plain", "A device was admitted to the license beside it.", &text);
    let bare = saying(&text, "fingerprint", "null");
    accept("no_fingerprint", "An app that said nothing about the machine.", &bare);
    let longest = saying(&text, "fingerprint", &format!("\"{}\"", "é".repeat(64)));
    accept("fingerprint_of_128_bytes", "The longest fingerprint.", &longest);
    accept("later_generation", "The device was activated again.", &saying(&text, "generation", "2"));
    let largest = saying(&text, "generation", "9007199254740991");
    accept("largest_generation", "The largest number there is.", &largest);
    accept("slot", "Revocation data speaks of it.", &saying(&text, "slot", "0"));
    accept("slot_largest", "The last place there is.", &saying(&text, "slot", "9007199254740991"));
    let later = saying(&text, "issued_at", &(NOW + 365 * DAY).to_string());
    accept("issued_later", "When it was issued is not judged.", &later);
    let zeros = saying(&text, "sealed_secret", &format!("\"{}\"", encode_base64(&[0; 80])));
    accept("sealed_secret_of_zeros", "Whether it can be opened is not asked here.", &zeros);
    accept(
        "extended",
        "An extension that nobody needs to know.",
        &saying(&text, "ext", r#"{"region":"eu"}"#),
    );
    let answer = Admission::plain().answering(activation_request(&activation_request_text()));
    believe(shelf, "answers_the_request", "The proof that has just come as an answer.", &answer);
    let kept = Admission::of(&saying(&text, "request", &format!("\"{}\"", other_request().id())));
    believe(shelf, "kept", "A proof that was kept may name any request.", &kept);
    let beside = Admission::proved_by(proof(&text).signed(STRANGER, KeyUse::Activation));
    believe(shelf, "signed_by_stranger_too", "A signature beside the activation key's is ignored.", &beside);
}

fn by(seed: Seed, key_use: KeyUse) -> Draft {
    Draft::new("activation-proof", proof_text()).signed(seed, key_use)
}

fn signatures(shelf: &mut Shelf) {
    let listed = [
        ("activation", ACTIVATION),
        ("update", UPDATE),
        ("snapshot", SNAPSHOT),
        ("log", LOG),
        ("app", APP_KEY),
    ];
    let world = listing(&listed.map(|(key_use, seed)| entry(key_use, &public_text(seed), "active")));
    for (name, seed, key_use, shows) in [
        ("signed_by_issuer", ISSUER, KeyUse::Issuer, "An issuer signs licenses; it admits no device."),
        ("signed_by_server", SERVER, KeyUse::Server, "A server decides; it proves nothing that lasts."),
        ("signed_by_update_key", UPDATE, KeyUse::Update, "A key for releases admits no device."),
        ("signed_by_snapshot_key", SNAPSHOT, KeyUse::Snapshot, "A key for revocation data admits no device."),
        ("signed_by_log_key", LOG, KeyUse::Log, "A key for checkpoints admits no device."),
        (
            "signed_by_app_key",
            APP_KEY,
            KeyUse::App,
            "An app's key signs on another wire, even where it is listed.",
        ),
        ("signed_by_authority", AUTHORITY, KeyUse::Authority, "An authority admits no device."),
        ("signed_by_root", ROOT, KeyUse::Root, "A root admits no device."),
        ("signed_by_device", DEVICE, KeyUse::Device, "The device admitted itself."),
        ("signed_by_stranger", STRANGER, KeyUse::Activation, "A key that stands nowhere."),
    ] {
        let admission = Admission::under(world.clone(), by(seed, key_use));
        refuse(shelf, name, Code::SignatureInvalid, shows, &admission);
    }
    let other = format!("\"{}\"", public_text(SECOND_DEVICE));
    for (name, field, value, shows) in [
        ("device_exchanged", "device_key", other, "Another device's key was put in after signing."),
        ("generation_exchanged", "generation", "2".to_owned(), "It was counted on after signing."),
        ("nonce_exchanged", "nonce", format!("\"{}\"", NONCES[1]), "The nonce was changed after signing."),
    ] {
        let payload = saying(&proof_text(), field, &value).into_bytes();
        let admission = Admission::proved_by(Draft { payload, ..proof(&proof_text()) });
        refuse(shelf, name, Code::SignatureInvalid, shows, &admission);
    }
}

/// Which activation keys count (`spec/keys.md` §4.4).
fn keys(shelf: &mut Shelf) {
    let key = |seed, state: &str| entry("activation", &public_text(seed), state);
    let beside = |state: &str| listing(&[key(ACTIVATION, "active"), key(SECOND_ACTIVATION, state)]);
    let second = |state| Admission::under(beside(state), by(SECOND_ACTIVATION, KeyUse::Activation));
    believe(shelf, "signed_by_second_key", "Each license server has its own key.", &second("active"));
    let later = Admission::under(signed_now(beside("retired")), by(SECOND_ACTIVATION, KeyUse::Activation));
    believe(shelf, "signed_by_retired_key", "A retired key verifies what it signed.", &later);
    let mut refused = |name: &str, shows: &str, world: World, seed: Seed| {
        let admission = Admission::under(world, by(seed, KeyUse::Activation));
        refuse(shelf, name, Code::SignatureInvalid, shows, &admission);
    };
    let shows = "A revoked key verifies nothing: not what it signed before, either.";
    refused("signed_by_revoked_key", shows, beside("revoked"), SECOND_ACTIVATION);
    let shows = "A tenant without activation keys admits no device.";
    refused("no_activation_key", shows, World::of_tenant(), ACTIVATION);
    refused("signed_by_unlisted_key", "A license server of another tenant.", publishing(), SECOND_ACTIVATION);
    let other = listing(&[entry("log", &public_text(ACTIVATION), "active")]);
    refused("key_of_other_use", "The key is listed, but for another use.", other, ACTIVATION);
    let text = with(&keyset_text(), "]}", &format!(",{}]}}", key(ACTIVATION, "active")));
    let above = World { keyset: keyset(&text), ..World::of_tenant() };
    let shows = "The key is listed in the keyset, which names no tenant.";
    refused("key_listed_in_keyset", shows, above, ACTIVATION);
}

fn other_scopes(shelf: &mut Shelf) {
    let text = proof_text();
    for (name, code, shows, old, new) in [
        ("other_tenant", Code::WrongTenant, "A proof for another tenant's license.", TENANT, OTHER_TENANT),
        ("other_app", Code::WrongApp, "A proof for another app.", APP, OTHER_APP),
        ("other_license", Code::ProofMismatch, "A proof for another license.", LICENSE, APP),
    ] {
        refuse(shelf, name, code, shows, &Admission::of(&with(&text, old, new)));
    }
    let newer = license(with(&license_text(), "\"version\":1", "\"version\":2"));
    let statement = license(license_text()).id();
    let names_newer = Admission::of(&with(&text, &statement, &newer.id()));
    let shows = "A proof for a newer version of the license than the one beside it.";
    refuse(shelf, "newer_version", Code::ProofMismatch, shows, &names_newer);
    let mut holds_newer = Admission::plain();
    holds_newer.world.license = Some(newer);
    let shows = "A proof for an older version of the license than the one beside it.";
    refuse(shelf, "older_version", Code::ProofMismatch, shows, &holds_newer);
    let other = with(&license_text(), LICENSE, "01890a5d-ac96-774b-bcce-b302099aa002");
    let mut holds_other = Admission::plain();
    holds_other.world.license = Some(license(other));
    let shows = "Another license of the same customer beside it.";
    refuse(shelf, "beside_other_license", Code::ProofMismatch, shows, &holds_other);
    let mut of_other_app = Admission::plain();
    of_other_app.world.expect_app = Some(OTHER_APP);
    let shows = "The caller is another app: its license is judged first.";
    refuse(shelf, "other_caller", Code::WrongApp, shows, &of_other_app);
}

fn other_devices(shelf: &mut Shelf) {
    let other = with(&proof_text(), &public_text(DEVICE), &public_text(SECOND_DEVICE));
    let shows = "A proof of another device, copied to this one.";
    refuse(shelf, "other_device", Code::ProofMismatch, shows, &Admission::of(&other));
    let copied = Admission { device_key: public_text(SECOND_DEVICE), ..Admission::plain() };
    refuse(shelf, "copied", Code::ProofMismatch, "The device is not the one that was admitted.", &copied);
}

fn answers(shelf: &mut Shelf) {
    let other = Admission::plain().answering(other_request());
    let shows = "The proof of an earlier request, in answer to a later one.";
    refuse(shelf, "replayed", Code::NonceMismatch, shows, &other);
    let text = saying(&proof_text(), "request", &format!("\"{}\"", other_request().id()));
    let names_other = Admission::of(&text).answering(activation_request(&activation_request_text()));
    refuse(shelf, "names_other_request", Code::NonceMismatch, "It names another request.", &names_other);
    let unsigned = Draft {
        signatures: vec![(String::new(), vec![0; 64])],
        ..activation_request(&activation_request_text())
    };
    let shows = "The request was not signed by the device that it names.";
    refuse(shelf, "request_unsigned", Code::SignatureInvalid, shows, &Admission::plain().answering(unsigned));
}

/// `spec/activation.md` §3.3: the first failure gives the code.
fn order(shelf: &mut Shelf) {
    let text = proof_text();
    let tenant_and_app = with(&with(&text, TENANT, OTHER_TENANT), APP, OTHER_APP);
    let shows = "The tenant is judged before the app.";
    refuse(shelf, "other_tenant_and_app", Code::WrongTenant, shows, &Admission::of(&tenant_and_app));
    let app_and_license = with(&with(&text, APP, OTHER_APP), LICENSE, ACTIVATION_ID);
    let shows = "The app is judged before the license.";
    refuse(shelf, "other_app_and_license", Code::WrongApp, shows, &Admission::of(&app_and_license));
    let device = with(&text, &public_text(DEVICE), &public_text(SECOND_DEVICE));
    let shows = "The device is judged before the request.";
    let both = Admission::of(&device).answering(other_request());
    refuse(shelf, "other_device_and_request", Code::ProofMismatch, shows, &both);
    let spoilt = saying(&with(&text, APP, OTHER_APP), "generation", "0");
    let shows = "The form is judged before the app.";
    refuse(shelf, "other_app_and_generation_zero", Code::FieldInvalid, shows, &Admission::of(&spoilt));
    let mut late = Admission::of(&with(&text, APP, OTHER_APP));
    late.world.now = NOW + 365 * DAY;
    refuse(shelf, "keyset_expired", Code::KeysetExpired, "The chain is judged first.", &late);
    let mut forged = Admission::of(&with(&text, APP, OTHER_APP));
    let payload = with(&license_text(), "licensed", "enterprise").into_bytes();
    forged.world.license = Some(Draft { payload, ..license(license_text()) });
    let shows = "The license is judged before the proof: rights come from it.";
    refuse(shelf, "license_forged", Code::SignatureInvalid, shows, &forged);
}

fn fields(shelf: &mut Shelf) {
    let text = proof_text();
    let mut put = |(name, code, shows, text): Spoilt| {
        refuse(shelf, &name, code, shows, &Admission::of(&text));
    };
    spoilt(&text, &["fingerprint"]).into_iter().for_each(&mut put);
    let optional = spoilt_optional(&text, &["modules", "slot"]);
    optional.into_iter().filter(|s| s.0 != "modules_null").for_each(&mut put);
    let id = license(license_text()).id();
    let upper = |text: &str| format!("\"{}\"", text.to_uppercase());
    let quoted = |text: &str| format!("\"{text}\"");
    let base64 = |bytes: usize| quoted(&encode_base64(&vec![7; bytes]));
    let (malformed, invalid) = (Code::KeyMalformed, Code::FieldInvalid);
    for (field, name, code, shows, value) in [
        ("tenant", "upper_case", invalid, "A second spelling.", upper(TENANT)),
        ("app", "upper_case", invalid, "A second spelling.", upper(APP)),
        ("license", "upper_case", invalid, "A second spelling.", upper(LICENSE)),
        ("activation", "upper_case", invalid, "A second spelling.", upper(ACTIVATION_ID)),
        ("license_statement", "short", invalid, "Not 64 digits.", quoted(&id[2..])),
        ("license_statement", "upper_case", invalid, "A second spelling.", upper(&id)),
        ("request", "short", invalid, "Not 64 digits.", quoted(&id[2..])),
        ("request", "upper_case", invalid, "A second spelling.", upper(&id)),
        ("generation", "zero", invalid, "Generations count from 1.", "0".to_owned()),
        ("generation", "negative", invalid, "Generations count from 1.", "-1".to_owned()),
        ("generation", "text", invalid, "A number as text.", "\"1\"".to_owned()),
        ("device_key", "short", malformed, "A key of 31 bytes.", base64(31)),
        ("fingerprint", "empty", invalid, "An empty fingerprint is not none.", quoted("")),
        ("fingerprint", "of_129_bytes", invalid, "One byte too many.", quoted(&"x".repeat(129))),
        ("fingerprint", "with_delete", invalid, "A control character.", "\"a\\u007fb\"".to_owned()),
        ("sealing_key", "short", malformed, "A key of 31 bytes.", base64(31)),
        ("sealing_key", "long", malformed, "A key of 33 bytes.", base64(33)),
        (
            "sealing_key",
            "unpadded",
            malformed,
            "A second spelling.",
            quoted(sealing_key_text().trim_end_matches('=')),
        ),
        ("sealed_secret", "of_79_bytes", invalid, "One byte too few.", base64(79)),
        ("sealed_secret", "of_81_bytes", invalid, "One byte too many.", base64(81)),
        ("sealed_secret", "empty", invalid, "Nothing is sealed.", quoted("")),
        (
            "sealed_secret",
            "unpadded",
            invalid,
            "A second spelling.",
            quoted(sealed_secret_text().trim_end_matches('=')),
        ),
        ("nonce", "of_31_digits", invalid, "Not 32 digits.", quoted(&"a".repeat(31))),
        ("nonce", "of_33_digits", invalid, "Not 32 digits.", quoted(&"a".repeat(33))),
        ("nonce", "upper_case", invalid, "A second spelling.", upper(NONCES[0])),
        ("issued_at", "negative", invalid, "A time before 1970.", "-1".to_owned()),
        ("issued_at", "beyond", invalid, "A time after the year 9999.", "253402300800".to_owned()),
        ("slot", "negative", invalid, "A place before the first.", "-1".to_owned()),
        ("slot", "text", invalid, "A number as text.", "\"1\"".to_owned()),
    ] {
        put((format!("{field}_{name}"), code, shows, saying(&text, field, &value)));
    }
}

/// `spec/activation.md` §1.1: rights come from the license only.
fn rights(shelf: &mut Shelf) {
    let text = proof_text();
    let mut refused = |name: &str, code: Code, shows: &str, field: &str, value: &str| {
        refuse(shelf, name, code, shows, &Admission::of(&saying(&text, field, value)));
    };
    let shows = "Rights come from the license only; a proof has no field for them.";
    for (name, field, value) in [
        ("grants_a_tier", "tier", "\"enterprise\""),
        ("grants_features", "features", "[\"export\"]"),
        ("grants_seats", "max_devices", "1000"),
        ("sets_a_limit", "limits", "[[\"projects\",1000]]"),
        ("sets_a_policy", "policy", "{\"fail\":\"soft\"}"),
        ("lasts_longer", "expires_at", "253402300799"),
    ] {
        refused(name, Code::FieldUnknown, shows, field, value);
    }
    let shows = "An unknown meaning is marked as critical.";
    refused("crit_unknown", Code::CritUnknown, shows, "crit", "[\"log\"]");
    let shows = "A meaning that licenses alone have.";
    refused("crit_of_a_license", Code::CritUnknown, shows, "crit", "[\"policy\"]");
}
