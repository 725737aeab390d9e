//! What a guard makes of the license that it finds, and where it finds none: lines K and V of `docs/assurance.md`, "The catalogue of
//! the guard".

use std::sync::Arc;

use sealgate::guard::{Lack, Standing};
use sealgate::{Guard, MemoryStore, Tier};
use sealgate_artifact::Feature;

use crate::authority::{DAY, NOW, at, key, signed};
use crate::configured::{ONLINE, configured, put};
use crate::guard::{Machine, heard, lack};
use crate::told::{says, told};

/// A guard by files alone, and what it logs at its start.
fn by_files(machine: &Machine, license: &[u8], proof: Option<&[u8]>) -> (Guard, Vec<String>) {
    let files = (Some(license.to_vec()), proof.map(<[u8]>::to_vec));
    let guard = machine.client().guard().without_threads().offline().files(files.0, files.1);
    told(|| guard.start().expect("it starts"))
}

/// The same for the license of the machine's vendor as it is now, which asks for nothing.
fn by_license(machine: &Machine) -> (Guard, Vec<String>) {
    let license = machine.site.authority().license();
    by_files(machine, &license, None)
}

fn is_free(guard: &Guard, why: &Lack) {
    assert_eq!((guard.tier(), lack(guard).as_ref()), (Tier::Free, Some(why)));
    assert!(guard.ensure_valid("db.query").is_ok(), "what is free works");
    assert_eq!(guard.ensure_valid("rule-engine").expect_err("free").code(), why.code());
}

/// K4. Nobody is asked, and the program says what is missing: at its start, and at the first action that is sold.
#[test]
fn without_any_key_the_start_and_the_action_say_so() {
    let (machine, folder) = (Machine::unactivated(Some(heard())), tempfile::tempdir().expect("a folder"));
    let (guard, lines) =
        told(|| configured(&machine, folder.path(), ONLINE, None).expect("what is free works"));
    is_free(&guard, &Lack::NoLicense);
    says(&lines, "INFO", &["[License] ", "(license_missing)"]);
    let refused = guard.ensure_valid("rule-engine").expect_err("free");
    assert!(refused.to_string().starts_with("[License] The feature 'rule-engine' is not available"));
    assert!(refused.fix().is_some(), "and what to do");
    assert!(machine.site.record.lock().expect("kept").is_empty(), "nobody was asked");
}

/// K4. The file wins, also where the variable has the right key.
#[test]
fn a_wrong_key_in_the_file_wins_over_the_right_one_in_the_environment() {
    let (machine, folder) = (Machine::unactivated(Some(heard())), tempfile::tempdir().expect("a folder"));
    put(&folder.path().join("license.key"), b"no key at all");
    let (guard, lines) =
        told(|| configured(&machine, folder.path(), ONLINE, Some(&key())).expect("what is free works"));
    is_free(&guard, &Lack::NoLicense);
    says(&lines, "WARN", &["[License] online activation failed"]);
    assert!(machine.site.record.lock().expect("kept").is_empty(), "a text that is no key is not sent");
}

/// V2. It counts from its first second on, without a restart that would lift anything.
#[test]
fn a_license_that_has_not_begun_gives_nothing_yet() {
    let machine = Machine::unactivated(None);
    machine.site.authority().license.not_before = at(NOW + DAY);
    let (guard, lines) = by_license(&machine);
    is_free(&guard, &Lack::NotYetValid);
    says(&lines, "WARN", &["[License] ", "Downgrading to Free tier. (not_yet_valid)"]);
    drop(guard);
    machine.pass(DAY);
    assert_eq!(by_license(&machine).0.state().standing, Standing::Licensed);
}

/// V3. There is no grace.
#[test]
fn a_license_that_is_over_gives_nothing() {
    let machine = Machine::unactivated(None);
    machine.site.authority().license.expires_at = Some(at(NOW));
    let (guard, lines) = by_license(&machine);
    is_free(&guard, &Lack::Expired);
    says(&lines, "WARN", &["[License] ", "Downgrading to Free tier. (expired)"]);
}

/// V4. A machine is a device key, and a proof is of one of them: files of another machine give nothing here.
#[test]
fn a_proof_of_another_machine_gives_nothing() {
    let machine = Machine::new(Some(heard()));
    let held = machine.client().activation().expect("it verifies").expect("kept");
    let other = Machine { store: Arc::new(MemoryStore::new()), ..machine };
    let (guard, _) = by_files(&other, held.license_carrier(), Some(held.proof_carrier()));
    is_free(&guard, &Lack::NotActivated);
    drop(guard);
    other.client().activate(&key()).expect("admitted");
    other.client().deactivate().expect("given back");
    let (guard, lines) = by_files(&other, held.license_carrier(), Some(held.proof_carrier()));
    is_free(&guard, &Lack::NoLicense);
    says(&lines, "WARN", &["[License] what is held does not count", "of another device"]);
}

/// V5. Without a signature of the vendor's issuer there is no license, whatever it says.
#[test]
fn a_license_that_the_vendor_did_not_sign_is_none() {
    let machine = Machine::unactivated(None);
    let (genuine, stolen) = {
        let authority = machine.site.authority();
        (authority.license(), signed(&authority.license, &[102]))
    };
    let text = String::from_utf8(genuine).expect("JSON");
    let mut envelope: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut bare = envelope.clone();
    bare["signatures"] = serde_json::json!([]);
    envelope["signatures"][0]["sig"] = sealgate_artifact::encode_base64(&[0; 64]).into();
    for forged in [stolen, envelope.to_string().into_bytes(), bare.to_string().into_bytes()] {
        let (guard, lines) = by_files(&machine, &forged, None);
        is_free(&guard, &Lack::NoLicense);
        says(&lines, "WARN", &["[License] what is held does not count"]);
        assert!(guard.counters().license() > 0 && guard.payload().is_none());
    }
}

/// V6. A proof is of one version of one license: neither another end nor another license goes with it.
#[test]
fn a_proof_goes_with_no_other_license_and_no_other_end() {
    let machine = Machine::new(Some(heard()));
    let held = machine.client().activation().expect("it verifies").expect("kept");
    let (license, proof) = (held.license_carrier().to_vec(), held.proof_carrier().to_vec());
    machine.client().deactivate().expect("given back");
    assert_eq!(by_files(&machine, &license, Some(&proof)).0.state().standing, Standing::Licensed);
    let (longer, another) = {
        let mut authority = machine.site.authority();
        let id = authority.license.license;
        authority.next_license().expires_at = Some(at(NOW + 400 * DAY));
        let longer = authority.license();
        authority.license.license = sealgate_artifact::LicenseId::from_bytes([77; 16]);
        let another = authority.license();
        authority.license.license = id;
        (longer, another)
    };
    for other in [longer, another] {
        let (guard, lines) = by_files(&machine, &other, Some(&proof));
        is_free(&guard, &Lack::NoLicense);
        says(&lines, "WARN", &["[License] what is held does not count", "license"]);
    }
}

/// V7. No name of a license is a license. What is free needs none.
#[test]
fn a_license_that_is_called_free_is_none() {
    let machine = Machine::unactivated(None);
    for text in [r#"{"LicenseId":"FREE"}"#, r#"{"LicenseId":"FREE","AllowedFeatures":["*"]}"#] {
        let (guard, lines) = by_files(&machine, text.as_bytes(), None);
        is_free(&guard, &Lack::NoLicense);
        says(&lines, "WARN", &["[License] what is held does not count"]);
    }
}

/// V8. `*` is every feature; the tier stands beside it, and does not follow from it.
#[test]
fn a_license_that_lists_everything_has_the_tier_that_it_names() {
    let machine = Machine::unactivated(None);
    {
        let mut authority = machine.site.authority();
        authority.license.features = vec![Feature::named("*")];
        authority.license.tier = Tier::Licensed;
    }
    let (guard, _) = by_license(&machine);
    assert!(guard.has_feature("multi-tenant") && guard.has_feature("what-nobody-heard-of"));
    assert_eq!(guard.tier(), Tier::Licensed);
    assert!(guard.require_tier(Tier::Enterprise).is_err());
}

/// V9. A license without features is a license: of its tier, with what is free.
#[test]
fn a_license_without_features_has_its_tier_and_what_is_free() {
    let machine = Machine::unactivated(None);
    {
        let mut authority = machine.site.authority();
        authority.license.features = vec![];
        authority.license.tier = Tier::Licensed;
    }
    let (guard, _) = by_license(&machine);
    assert_eq!((guard.tier(), guard.state().standing), (Tier::Licensed, Standing::Licensed));
    assert!(guard.has_feature("db.query") && !guard.has_feature("rule-engine"));
    assert_eq!(
        guard.ensure_valid("rule-engine").expect_err("not sold").code().as_str(),
        "feature_not_licensed"
    );
}

/// V10. What does not read is told, and is nothing.
#[test]
fn a_damaged_file_is_told_and_gives_nothing() {
    let machine = Machine::unactivated(None);
    let whole = machine.site.authority().license();
    for damaged in [&whole[..whole.len() / 2], b"".as_slice(), b"{}", b"\xff\xfe", b"[1]", &whole[1..]] {
        let (guard, lines) = by_files(&machine, damaged, None);
        is_free(&guard, &Lack::NoLicense);
        says(&lines, "WARN", &["[License] what is held does not count"]);
        assert!(guard.counters().license() > 0);
    }
}
