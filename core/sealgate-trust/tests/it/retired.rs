//! Keys that were retired sign nothing new (`spec/revocation.md` §5.4): every kind whose keys stand in the tenant keyset. The vectors
//! show it for shards and snapshots.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sealgate_artifact::{
    Acknowledgement, ActivationProof, AppId, Bundle, Code, KeyRecord, KeyState, Kind, License, ReAnchor,
    Release, Shard, Snapshot, Statement, TenantId, Unverified,
};
use sealgate_trust::{
    Accepted, Admitted, ChainBytes, Policies, Roots, TenantTrust, TrustError, verify_acknowledgement,
    verify_bundle, verify_license, verify_proof, verify_re_anchor, verify_release, verify_shard,
    verify_snapshot,
};

use crate::authority::{RootSet, Seed, keyset, now, public_key, signed, stated, tenant_keyset_with};

/// How far clocks of servers may differ (`spec/revocation.md` §5.4).
const DAY: i64 = 86_400;
const ROOT: Seed = 1;
/// Signs the license beside a proof, and is always active.
const ISSUER: Seed = 20;
const KEYS: [Seed; 2] = [21, 22];
/// The kinds whose signers a tenant keyset lists.
const KINDS: [Kind; 8] = [
    Kind::License,
    Kind::ActivationProof,
    Kind::Release,
    Kind::Shard,
    Kind::Snapshot,
    Kind::Bundle,
    Kind::Acknowledgement,
    Kind::ReAnchor,
];
const TENANT: &str = "07070707-0707-0707-0707-070707070707";
const OTHER_TENANT: &str = "08080808-0808-0808-0808-080808080808";
const ID: &str = "02020202-0202-0202-0202-020202020202";

/// A chain whose tenant keyset was signed [`now`], with both keys for this kind in these states.
fn trust(kind: Kind, states: [KeyState; 2]) -> TenantTrust {
    let record = |kind: Kind, seed, state| KeyRecord {
        key_use: kind.signing_use(),
        public_key: public_key(seed),
        state,
    };
    let keys = KEYS.iter().zip(states).map(|(seed, state)| record(kind, *seed, state));
    let keys = keys.chain([record(Kind::License, ISSUER, KeyState::Active)]).collect();
    let roots = RootSet { keys: BTreeSet::from([ROOT]), threshold: 1 };
    let chain = ChainBytes {
        roots: vec![stated(1, &roots, &roots.keys)],
        keyset: keyset(1, &roots.keys),
        tenant_keyset: tenant_keyset_with(keys),
    };
    let pinned = Roots::pin(roots.public_keys(), 1, Some(1)).expect("sound");
    TenantTrust::verify(&pinned, &chain, None, &Accepted::default(), now()).expect("genuine")
}

/// What is said of a statement of this kind and tenant that these keys signed so many seconds after the tenant keyset.
fn judged(trust: &TenantTrust, kind: Kind, tenant: &str, by: &[Seed], late: i64) -> Result<(), TrustError> {
    let at = now().get().checked_add_signed(late).expect("a time");
    let common = format!(r#""typ":"{kind}","tenant":"{tenant}","issued_at":{at}"#);
    let by = by.iter().copied().collect();
    let app = AppId::parse(ID).expect("an id");
    let digest = "5a".repeat(32);
    match kind {
        Kind::License => verify_license(trust, &license(&common, &by), Some(app), Policies::Known).map(drop),
        Kind::ActivationProof => proof(trust, &common, &by),
        Kind::Release => {
            let release = format!(
                r#"{{{common},"app":"{ID}","release":"{ID}","version":"2","target":"linux","length":1,"sha256":"{digest}"}}"#
            );
            verify_release(trust, &made::<Release>(&release, &by), app).map(drop)
        }
        Kind::Shard => {
            let end = at + 1;
            let shard =
                format!(r#"{{{common},"app":"{ID}","block":0,"version":1,"next_update":{end},"count":0}}"#);
            let shard = Unverified::<Shard>::decode(&made::<Shard>(&shard, &by))?;
            verify_shard(trust, &shard, None).map(drop)
        }
        Kind::Snapshot => {
            let end = at + 1;
            let snapshot = format!(
                r#"{{{common},"version":1,"next_update":{end},"root":"{digest}","keyset":"{digest}","tenant_keyset":"{digest}"}}"#
            );
            let snapshot = Unverified::<Snapshot>::decode(&made::<Snapshot>(&snapshot, &by))?;
            verify_snapshot(trust, &snapshot, None).map(drop)
        }
        Kind::Bundle => {
            let rest = r#""version":1,"not_before":1,"expires_at":253402300799,"tier":"licensed","features":[],"max_devices":1"#;
            let bundle = format!(
                r#"{{{common},"app":"{ID}","license":"{ID}",{rest},"slot":1,"bundle":"{ID}","serial":1,"pool":1}}"#
            );
            let bundle = Unverified::<Bundle>::decode(&made::<Bundle>(&bundle, &by))?;
            verify_bundle(trust, &bundle, Some(app)).map(drop)
        }
        Kind::Acknowledgement => {
            let one = format!(r#"["{}","{ID}",1,"{digest}"]"#, public_key(41));
            let said = format!(r#"{{{common},"app":"{ID}","license":"{ID}","acknowledged":[{one}]}}"#);
            let said = Unverified::<Acknowledgement>::decode(&made::<Acknowledgement>(&said, &by))?;
            verify_acknowledgement(trust, &said, Some(app)).map(drop)
        }
        Kind::ReAnchor => {
            let key = public_key(41);
            let said = format!(r#"{{{common},"app":"{ID}","license":"{ID}","device_key":"{key}"}}"#);
            let said = Unverified::<ReAnchor>::decode(&made::<ReAnchor>(&said, &by))?;
            verify_re_anchor(trust, &said, Some(app), key).map(drop)
        }
        other => panic!("no tenant keyset lists who signs a {other}"),
    }
}

fn license(common: &str, by: &BTreeSet<Seed>) -> Vec<u8> {
    let rest =
        r#""version":1,"not_before":1,"expires_at":null,"tier":"licensed","features":[],"max_devices":1"#;
    made::<License>(&format!(r#"{{{common},"app":"{ID}","license":"{ID}",{rest}}}"#), by)
}

/// A proof beside a sound license.
fn proof(trust: &TenantTrust, common: &str, by: &BTreeSet<Seed>) -> Result<(), TrustError> {
    let app = AppId::parse(ID).expect("an id");
    let sold = format!(r#""typ":"license","tenant":"{TENANT}","issued_at":1"#);
    let sold = license(&sold, &BTreeSet::from([ISSUER]));
    let license = verify_license(trust, &sold, Some(app), Policies::Known).expect("a sound license");
    let device_key = public_key(41);
    let key = device_key.to_string();
    let (digest, secret) = ("5a".repeat(32), "A".repeat(107) + "=");
    let statement = license.id();
    let proof = format!(
        concat!(
            r#"{{{},"app":"{}","license":"{}","license_statement":"{}","activation":"{}","generation":1,"device_key":"{}","#,
            r#""fingerprint":null,"request":"{}","sealing_key":"{}","sealed_secret":"{}","nonce":"{}"}}"#
        ),
        common,
        ID,
        ID,
        statement,
        ID,
        key,
        digest,
        key,
        secret,
        "5a".repeat(16)
    );
    let expected = Admitted { app, license: &license, device_key, request: None };
    verify_proof(trust, &made::<ActivationProof>(&proof, by), &expected).map(drop)
}

/// A statement of this text, signed.
fn made<T: Statement>(text: &str, by: &BTreeSet<Seed>) -> Vec<u8> {
    let statement = T::from_payload(text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}: {text}"));
    signed(&statement, by)
}

/// No kind is left out: these are the ones whose keys stand in the tenant keyset.
#[test]
fn every_kind_that_a_tenants_key_signs_is_judged() {
    let spec = include_str!("../../../../spec/keys.md");
    for kind in Kind::ALL {
        let row = spec.lines().find(|line| line.starts_with(&format!("| `{kind}` |"))).expect("a row");
        let is_tenants = row.contains("| the tenant keyset |");
        assert_eq!(is_tenants, KINDS.contains(&kind), "{row}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whichever keys sign, and whenever: what is signed more than a day after the keyset needs a key that it lists as active, what is older any key
    /// that is not revoked. The tenant is judged behind that.
    #[test]
    fn a_retired_key_signs_nothing_new(
        kind in prop::sample::select(&KINDS[..]),
        states in prop::array::uniform2(prop::sample::select(vec![KeyState::Active, KeyState::Retired, KeyState::Revoked])),
        signers in prop::sample::select(vec![vec![0], vec![1], vec![0, 1]]),
        late in prop_oneof![-2..3_i64, DAY - 2..DAY + 3, -1_000_000_000..1_000_000_000_i64],
        is_own in any::<bool>(),
    ) {
        let by: Vec<Seed> = signers.iter().map(|signer| KEYS[*signer]).collect();
        let any_is = |wanted: &[KeyState]| signers.iter().any(|signer| wanted.contains(&states[*signer]));
        let tenant = if is_own { TENANT } else { OTHER_TENANT };
        let expected = if !any_is(&[KeyState::Active, KeyState::Retired]) {
            Some(Code::SignatureInvalid)
        } else if late > DAY && !any_is(&[KeyState::Active]) {
            Some(Code::KeyRetired)
        } else {
            (!is_own).then_some(Code::WrongTenant)
        };
        let found = judged(&trust(kind, states), kind, tenant, &by, late);
        prop_assert_eq!(found.err().map(|error| error.code()), expected, "{}", kind);
        prop_assert_eq!(TenantId::parse(TENANT).ok(), Some(TenantId::from_bytes([7; 16])));
    }
}
