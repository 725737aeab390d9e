//! Any text as what people and configurations write: identifiers, keys, digests, license keys. Any bytes as a program with a note.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate_artifact::{
    KeyId, LicenseKey, ModuleNote, PublicKey, StatementId, TenantId, decode_base64, decode_hex, encode_base64, encode_hex,
};

fuzz_target!(|bytes: &[u8]| {
    let note = ModuleNote { version: "1".to_owned(), signer: "fuzz".to_owned() };
    if let Ok(marked) = note.added_to(bytes) {
        assert_eq!(ModuleNote::of_file(&marked), Some(note));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(key) = PublicKey::parse(text) {
        assert_eq!(key.to_string(), text);
        let _ = sealgate_trust::ed25519::check_key(&key);
    }
    if let Ok(bytes) = decode_base64(text, "fuzz") {
        assert_eq!(encode_base64(&bytes), text);
    }
    if let Some(bytes) = decode_hex::<32>(text) {
        assert_eq!(encode_hex(&bytes), text);
        assert_eq!(StatementId::parse(text).expect("64 digits").to_string(), text);
    }
    if let Some(id) = KeyId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(id) = TenantId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(key) = LicenseKey::parse(text) {
        assert_eq!(LicenseKey::parse(&key.expose()).expect("its printed form").expose(), key.expose());
    }
});
