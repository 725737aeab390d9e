//! `trust.json` is read once, for everybody (`spec/keys.md` §6).

use std::collections::BTreeSet;

use sealgate_artifact::{AppId, Code, TenantId};
use sealgate_trust::{Accepted, TrustFile};

use crate::authority::{RootSet, keyset, now, stated, tenant_keyset};

/// A sound file, with one text replaced.
fn file(old: &str, new: &str) -> Vec<u8> {
    let roots = RootSet { keys: BTreeSet::from([1]), threshold: 1 };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("JSON");
    let sound = format!(
        r#"{{"roots":["{}"],"threshold":1,"root_version":1,"keyset_chain":[{},{}],"tenant_keyset":{},"tenant":"{}","app":"{}"}}"#,
        roots.public_keys()[0],
        text(stated(1, &roots, &roots.keys)),
        text(keyset(1, &roots.keys)),
        text(tenant_keyset()),
        TenantId::from_bytes([7; 16]),
        AppId::from_bytes([9; 16]),
    );
    assert!(sound.contains(old), "{old} does not stand in {sound}");
    sound.replacen(old, new, 1).into_bytes()
}

#[test]
fn a_sound_file_verifies_under_its_own_roots() {
    let file = TrustFile::parse(&file("", "")).expect("reads");
    let trust = file.verify(&Accepted::default(), now()).expect("verifies");
    assert_eq!((trust.tenant_keyset().get().tenant, trust.root().get().version), (file.tenant, 1));
    let another = TrustFile { tenant: TenantId::from_bytes([8; 16]), ..file };
    assert_eq!(another.verify(&Accepted::default(), now()).map_err(|e| e.code()), Err(Code::WrongTenant));
}

#[test]
fn what_is_no_trust_file_is_refused() {
    for (old, new, code) in [
        (r#","threshold""#, r#""threshold""#, Code::JsonInvalid),
        ("{", r#"{"threshold":1,"#, Code::JsonInvalid),
        (r#""root_version":1"#, r#""root_version":1.0"#, Code::JsonInvalid),
        ("{", r#"{"extra":1,"#, Code::FieldInvalid),
        (r#""threshold":1,"#, "", Code::FieldInvalid),
        (r#""threshold":1"#, r#""threshold":-1"#, Code::FieldInvalid),
        (r#"{"roots":[""#, r#"{"roots":["A"#, Code::KeyMalformed),
        (r#""tenant":""#, r#""tenant":"A"#, Code::IdMalformed),
        (r#""app":""#, r#""app":"A"#, Code::IdMalformed),
    ] {
        assert_eq!(TrustFile::parse(&file(old, new)).map_err(|e| e.code()), Err(code), "{new}");
    }
    let nothing = TrustFile::parse(br#"{"roots":[],"threshold":1,"root_version":1,"keyset_chain":[],"tenant_keyset":{},"tenant":"","app":""}"#);
    assert_eq!(nothing.map_err(|e| e.code()), Err(Code::FieldInvalid));
    let padded = |bytes: usize| {
        let text = file("", "");
        let spaces = vec![b' '; bytes - text.len()];
        TrustFile::parse(&[text, spaces].concat()).map(|_| ()).map_err(|e| e.code())
    };
    assert_eq!(padded(20_000_000), Ok(()));
    assert_eq!(padded(20_000_001), Err(Code::ArtifactTooLarge));
    let lenient = TrustFile::parse(&file(r#""threshold":1"#, r#""threshold":0"#)).expect("reads");
    assert_eq!(lenient.pins().map_err(|e| e.code()), Err(Code::ConfigInvalid));
}

/// A courier's word is not taken, so it may be any.
#[test]
fn what_a_courier_pins_is_not_looked_at() {
    let whole = TrustFile::parse(&file("", "")).expect("reads");
    for (old, new) in [
        (r#"{"roots":[""#, r#"{"roots":["A"#),
        (r#""tenant":""#, r#""tenant":"A"#),
        (r#""threshold":1"#, r#""threshold":0"#),
    ] {
        assert_eq!(TrustFile::courier(&file(old, new)), Ok(whole.chain.clone()), "{new}");
    }
    assert_eq!(
        TrustFile::courier(&file("{", r#"{"extra":1,"#)).map_err(|e| e.code()),
        Err(Code::FieldInvalid)
    );
}
