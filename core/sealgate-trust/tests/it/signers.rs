//! What a refusal says of those who signed (`spec/envelope.md` §5.4), and what a signer is given.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sealgate_artifact::{Code, Envelope, KeyRecord, KeyState, KeyUse, SignatureEntry};
use sealgate_trust::{Accepted, ChainBytes, Message, Roots, TenantTrust, TrustError};

use crate::authority::{
    AUTHORITY, RootSet, STRANGER, Seed, keyset_with, now, public_key, signature, stated, tenant_keyset,
};

const REVOKED: Seed = 61;

/// What a verifier says of a tenant keyset that this key signed, and whose signature says that it is by another.
fn judged(by: Seed, hint: (Seed, KeyUse)) -> Result<TenantTrust, TrustError> {
    let roots = RootSet { keys: BTreeSet::from([1]), threshold: 1 };
    let revoked =
        KeyRecord { key_use: KeyUse::Authority, public_key: public_key(REVOKED), state: KeyState::Revoked };
    let sound = Envelope::decode(&tenant_keyset()).expect("ours");
    let keyid = public_key(hint.0).id(hint.1).to_string();
    let sig = signature(by, &sound.signed_bytes()).to_vec();
    let signatures = vec![SignatureEntry { keyid, sig }];
    let chain = ChainBytes {
        roots: vec![stated(1, &roots, &roots.keys)],
        keyset: keyset_with(1, vec![revoked], &roots.keys),
        tenant_keyset: Envelope::new(sound.payload_type(), sound.payload().to_vec(), signatures).encode(),
    };
    let pinned = Roots::pin(roots.public_keys(), 1, Some(1)).expect("sound");
    TenantTrust::verify(&pinned, &chain, None, &Accepted::default(), now())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a signature says of its key: only the key that signed decides, and the hint chooses the words of a refusal.
    #[test]
    fn a_hint_chooses_the_words_and_never_the_verdict(
        by in prop::sample::select(vec![AUTHORITY, REVOKED, STRANGER]),
        named in prop::sample::select(vec![AUTHORITY, REVOKED, STRANGER]),
        key_use in prop::sample::select(vec![KeyUse::Authority, KeyUse::Server]),
    ) {
        let expected = match (named, key_use) {
            _ if by == AUTHORITY => None,
            (AUTHORITY, KeyUse::Authority) => Some(TrustError::SignatureInvalid),
            (REVOKED, KeyUse::Authority) => Some(TrustError::SignerRevoked),
            _ => Some(TrustError::SignerUnknown),
        };
        prop_assert!(expected.iter().all(|refusal| refusal.code() == Code::SignatureInvalid));
        prop_assert_eq!(judged(by, (named, key_use)).err(), expected);
    }

    /// AuthForge's clients verify the text of an answer as it stands.
    #[test]
    fn an_answer_to_an_app_is_signed_as_it_stands(text in "[A-Za-z0-9+/]{0,40}={0,2}") {
        let message = Message::AppAnswer(&text);
        prop_assert_eq!(message.to_bytes().into_owned(), text.as_bytes());
        prop_assert_eq!(message.signing_use(), KeyUse::App);
    }
}
