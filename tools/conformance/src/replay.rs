//! Asks our own implementation.

use sealgate_artifact::{
    ActivationId, AppId, ChainEntry, ChainHead, Code, Envelope, License, LicenseKey, Operation, Origin,
    PublicKey, ServerCertificate, StatementId, TenantId, UnixSeconds, Unverified, encode_hex, parse_json,
};
use sealgate_journal::{
    ChainActivation, ChainKey, Extension, SeedChainEntry, SeedChainKey, extend, read_entries,
};
use sealgate_trust::{
    Accepted, Admitted, ChainBytes, Machine, Maximum, Policies, Roots, SentHeartbeat, SentRequest,
    ServerRole, TenantTrust, TrustError, TrustFile, Verified, ed25519, is_for_machine,
    verify_acknowledgement, verify_activation_request, verify_bundle, verify_certificate, verify_decision,
    verify_device_request, verify_heartbeat_answer, verify_heartbeat_request, verify_journal, verify_license,
    verify_offline_request, verify_proof, verify_re_anchor, verify_release, verify_return_receipt,
    verify_shard, verify_snapshot,
};

use crate::forge::unhex;
use crate::guard;
use crate::{
    Acknowledging, Beaten, BundleShown, Bytes, Certified, Chain, ChainShown, Decided, KeyClaim, Memory,
    Proved, Published, Question, ReAnchorShown, Remembered, SeedChained, ShardShown, ShownHead,
    SignatureClaim, SnapshotShown,
};

/// The line that belongs into the `.expected` file: `ok` with what was found, or a code.
pub fn answer(question: &Question) -> String {
    let found = match question {
        Question::Envelope { envelope } => decode(envelope),
        Question::Chain(chain) => believe(chain).map(|found| ids(&found)).map_err(|e| e.code()),
        Question::Certificate(certified) => {
            certify(certified).map(|found| found.id().to_string()).map_err(|e| e.code())
        }
        Question::DeviceRequest { request } => {
            verify_device_request(&bytes(request)).map(|found| found.id().to_string()).map_err(|e| e.code())
        }
        Question::Decision(decided) => decide(decided).map_err(|e| e.code()),
        Question::ActivationRequest { request } => verify_activation_request(&bytes(request))
            .map(|found| found.id().to_string())
            .map_err(|e| e.code()),
        Question::ActivationProof(proved) => admitted(proved).map_err(|e| e.code()),
        Question::HeartbeatRequest { request } => verify_heartbeat_request(&bytes(request))
            .map(|found| found.id().to_string())
            .map_err(|e| e.code()),
        Question::HeartbeatAnswer(beaten) => still_there(beaten).map_err(|e| e.code()),
        Question::Release(published) => release(published).map_err(|e| e.code()),
        Question::Shard(shown) => shard(shown).map_err(|e| e.code()),
        Question::Snapshot(shown) => snapshot(shown).map_err(|e| e.code()),
        Question::OfflineRequest { request } => {
            verify_offline_request(&bytes(request)).map(|found| found.id().to_string()).map_err(|e| e.code())
        }
        Question::Bundle(shown) => bundle(shown).map_err(|e| e.code()),
        Question::Journal { journal, entries } => account(journal, entries),
        Question::Acknowledgement(shown) => acknowledgement(shown).map_err(|e| e.code()),
        Question::ReAnchor(shown) => re_anchor(shown).map_err(|e| e.code()),
        Question::ReturnReceipt { receipt } => {
            verify_return_receipt(&bytes(receipt)).map(|found| found.id().to_string()).map_err(|e| e.code())
        }
        Question::Signatures { list } => return unanimous(list.iter().map(signature)),
        Question::Keys { list } => return unanimous(list.iter().map(key)),
        Question::LicenseKey { text, bits } => license_key(text, bits.as_deref()),
        Question::TrustFile { now, file } => trusted(&bytes(file), *now).map_err(|e| e.code()),
        Question::ChainEntries(shown) => chain(shown),
        Question::SeedChain(entry) => Ok(seed_chain(entry)),
        Question::GuardTime(asked) => Ok(guard::time(asked)),
        Question::GuardState(asked) => Ok(guard::state(asked)),
        Question::GuardFeatures(asked) => Ok(guard::features(asked)),
        Question::GuardTenants(asked) => Ok(guard::tenants(asked)),
        Question::Identifier { text } => AppId::parse(text).map(|id| id.to_string()).map_err(|e| e.code()),
    };
    found.map_or_else(|code| code.to_string(), |found| format!("ok {found}"))
}

fn decode(envelope: &Bytes) -> Result<String, Code> {
    let envelope = Envelope::decode(&bytes(envelope)).map_err(|e| e.code())?;
    Ok(envelope.id().to_string())
}

/// The license of the question, where it is about one.
pub(crate) fn believed_license(question: &Question) -> Option<Result<License, Code>> {
    let Question::Chain(chain) = question else { return None };
    chain.license.as_ref()?;
    let license = believe(chain).map(|(_, license)| license.map(|license| license.get().clone()));
    license.map_err(|e| e.code()).transpose()
}

fn believe(chain: &Chain) -> Result<(TenantTrust, Option<Verified<License>>), TrustError> {
    let trust = tenant_trust(chain)?;
    let app = chain.expect_app.as_deref().map(AppId::parse).transpose()?;
    let license =
        chain.license.as_ref().map(|license| verify_license(&trust, &bytes(license), app, Policies::Known));
    Ok((trust, license.transpose()?))
}

fn ids((trust, license): &(TenantTrust, Option<Verified<License>>)) -> String {
    let ids = [trust.root().id(), trust.keyset().id(), trust.tenant_keyset().id()];
    let license = license.as_ref().map(Verified::id);
    ids.into_iter().chain(license).map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
}

fn certify(certified: &Certified) -> Result<Verified<ServerCertificate>, TrustError> {
    let trust = tenant_trust(&certified.chain)?;
    let tenant = TenantId::parse(&certified.tenant)?;
    // No certificate can name what is not spelled as an origin or an operation.
    let (Some(origin), Some(operation)) =
        (Origin::parse(&certified.origin), Operation::parse(&certified.operation))
    else {
        return Err(TrustError::ServerScope);
    };
    let role = ServerRole { tenant, origin: &origin, operation: &operation };
    let certificate = bytes(&certified.certificate);
    verify_certificate(&trust, &certificate, &role, time(&certified.chain))
}

fn decide(decided: &Decided) -> Result<String, TrustError> {
    let certificate = certify(&decided.certified)?;
    let request = verify_device_request(&bytes(&decided.request))?;
    let asked = SentRequest::new(request.get(), request.id());
    let decision = verify_decision(&certificate, &bytes(&decided.decision), &asked)?;
    Ok(spoken([certificate.id(), request.id(), decision.id()].map(Some)))
}

fn admitted(proved: &Proved) -> Result<String, TrustError> {
    let (trust, license) = believe(&proved.chain)?;
    let license = license.expect("a proof's vector has a license");
    let device_key = PublicKey::parse(&proved.device_key)?;
    let sent = proved.request.as_ref().map(|request| verify_activation_request(&bytes(request)));
    let sent = sent.transpose()?.map(|request| request.id());
    let expected = Admitted { app: app(&proved.chain)?, license: &license, device_key, request: sent };
    let proof = verify_proof(&trust, &bytes(&proved.proof), &expected)?;
    Ok(spoken([Some(license.id()), sent, Some(proof.id())]))
}

fn still_there(beaten: &Beaten) -> Result<String, TrustError> {
    let certificate = certify(&beaten.certified)?;
    let request = verify_heartbeat_request(&bytes(&beaten.request))?;
    let sent = SentHeartbeat::new(request.get(), request.id());
    let answer = verify_heartbeat_answer(&certificate, &bytes(&beaten.answer), &sent)?;
    Ok(spoken([certificate.id(), request.id(), answer.id()].map(Some)))
}

fn release(published: &Published) -> Result<String, TrustError> {
    let trust = tenant_trust(&published.chain)?;
    let release = verify_release(&trust, &bytes(&published.release), app(&published.chain)?)?;
    Ok(release.id().to_string())
}

fn shard(shown: &ShardShown) -> Result<String, TrustError> {
    let trust = tenant_trust(&shown.chain)?;
    let (before, shard) = (shown.before.as_ref().map(maximum), Unverified::decode(&bytes(&shown.shard))?);
    let (shard, raised) = verify_shard(&trust, &shard, before.as_ref())?;
    let found = shown.slots.iter().map(|slot| if shard.get().lists(*slot) { "yes" } else { "no" });
    let words = std::iter::once(raised.statement.to_string()).chain(found.map(str::to_owned));
    Ok(words.collect::<Vec<_>>().join(" "))
}

fn snapshot(shown: &SnapshotShown) -> Result<String, TrustError> {
    let trust = tenant_trust(&shown.chain)?;
    let (before, snapshot) =
        (shown.before.as_ref().map(maximum), Unverified::decode(&bytes(&shown.snapshot))?);
    let (snapshot, raised) = verify_snapshot(&trust, &snapshot, before.as_ref())?;
    let shards = snapshot.get().shards.len();
    Ok(format!("{} {shards}", raised.statement))
}

fn bundle(shown: &BundleShown) -> Result<String, TrustError> {
    let trust = tenant_trust(&shown.chain)?;
    let bundle = Unverified::decode(&bytes(&shown.bundle))?;
    let bundle = verify_bundle(&trust, &bundle, Some(app(&shown.chain)?))?;
    let (before, license) = (shown.before.as_ref().map(maximum), shown.license_before.as_ref().map(maximum));
    trust.newest_bundle(&bundle, before.as_ref(), license.as_ref())?;
    if let Some(key) = &shown.device_key {
        let request = shown.request.as_deref().map(|id| StatementId::parse(id).expect("a vector's request"));
        let machine = Machine { device_key: PublicKey::parse(key)?, request, has_activated: false };
        is_for_machine(&bundle, &machine)?;
    }
    let said = bundle.get();
    Ok(format!("{} {} {}", bundle.id(), said.ends_at().get(), said.machines.count()))
}

fn account(journal: &Bytes, entries: &Bytes) -> Result<String, Code> {
    let journal = verify_journal(&bytes(journal)).map_err(|e| e.code())?;
    let entries = read_entries(journal.get(), &bytes(entries)).map_err(|e| e.code())?;
    Ok(format!("{} {}", journal.id(), entries.len()))
}

fn acknowledgement(shown: &Acknowledging) -> Result<String, TrustError> {
    let trust = tenant_trust(&shown.chain)?;
    let claim = Unverified::decode(&bytes(&shown.acknowledgement))?;
    let found = verify_acknowledgement(&trust, &claim, Some(app(&shown.chain)?))?;
    Ok(format!("{} {}", found.id(), found.get().acknowledged.len()))
}

fn re_anchor(shown: &ReAnchorShown) -> Result<String, TrustError> {
    let trust = tenant_trust(&shown.chain)?;
    let claim = Unverified::decode(&bytes(&shown.re_anchor))?;
    let device_key = PublicKey::parse(&shown.device_key)?;
    Ok(verify_re_anchor(&trust, &claim, Some(app(&shown.chain)?), device_key)?.id().to_string())
}

fn app(chain: &Chain) -> Result<AppId, TrustError> {
    Ok(AppId::parse(chain.expect_app.as_deref().expect("a vector's caller is an app"))?)
}

fn spoken(ids: [Option<StatementId>; 3]) -> String {
    ids.into_iter().flatten().map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
}

fn tenant_trust(chain: &Chain) -> Result<TenantTrust, TrustError> {
    let tenant = chain.expect_tenant.as_deref().map(TenantId::parse).transpose()?;
    let roots = chain.roots.iter().map(|root| PublicKey::parse(root)).collect::<Result<_, _>>()?;
    let roots = Roots::pin(roots, chain.threshold, chain.root_version)?;
    let statements = ChainBytes {
        roots: chain.root_chain.iter().map(bytes).collect(),
        keyset: bytes(&chain.keyset),
        tenant_keyset: bytes(&chain.tenant_keyset),
    };
    let accepted = chain.accepted.as_ref().map(accepted).unwrap_or_default();
    TenantTrust::verify(&roots, &statements, tenant, &accepted, time(chain))
}

fn trusted(file: &[u8], now: u64) -> Result<String, TrustError> {
    let now = UnixSeconds::new(now).expect("a vector's time is in range");
    let trust = TrustFile::parse(file)?.verify(&Accepted::default(), now)?;
    Ok(ids(&(trust, None)))
}

fn accepted(memory: &Memory) -> Accepted {
    Accepted {
        tenant: memory.tenant.as_deref().map(|tenant| TenantId::parse(tenant).expect("a vector's tenant")),
        root: memory.root.as_ref().map(maximum),
        keyset: memory.keyset.as_ref().map(maximum),
        tenant_keyset: memory.tenant_keyset.as_ref().map(maximum),
    }
}

fn maximum(remembered: &Remembered) -> Maximum {
    let key = |text: &String| PublicKey::parse(text).expect("a vector's key");
    Maximum {
        version: remembered.version,
        statement: StatementId::parse(&remembered.statement).expect("a vector's id"),
        raised_by: remembered.raised_by.iter().map(key).collect(),
    }
}

fn time(chain: &Chain) -> UnixSeconds {
    UnixSeconds::new(chain.now).expect("a vector's time is in range")
}

fn signature(claim: &SignatureClaim) -> String {
    let key = public_key(&claim.key);
    let valid = ed25519::verify(&key, &unhex(&claim.message), &unhex(&claim.signature));
    if valid { "ok".to_owned() } else { Code::SignatureInvalid.to_string() }
}

fn key(claim: &KeyClaim) -> String {
    ed25519::check_key(&public_key(&claim.key)).map_or_else(|e| e.code().to_string(), |()| "ok".to_owned())
}

fn license_key(text: &str, bits: Option<&str>) -> Result<String, Code> {
    let printed = LicenseKey::parse(text).map_err(|e| e.code())?.expose();
    let written =
        bits.map(|bits| LicenseKey::from_random(unhex(bits).try_into().expect("16 bytes")).expose());
    match written {
        Some(written) if written != printed => Ok(format!("{printed}, but written {written}")),
        _ => Ok(printed),
    }
}

fn chain(shown: &ChainShown) -> Result<String, Code> {
    let chain = ChainActivation {
        activation: ActivationId::parse(&shown.activation).expect("a vector's activation"),
        request: StatementId::parse(&shown.request).expect("a vector's request"),
        generation: shown.generation,
    };
    let key = ChainKey::derive(&unhex(&shown.secret).try_into().expect("32 bytes"), &chain);
    let list = shown.entries.as_ref().map(|list| ChainEntry::decode_list(&bytes(list)));
    let list = list.transpose().map_err(|e| e.code())?.unwrap_or_default();
    let found = extend(&key, &head(&shown.acknowledged)?, &head(&shown.claimed)?, &list);
    let fault = match found {
        Extension::Fault(fault) => Some(fault.as_str()),
        _ => None,
    };
    if fault != shown.fault.as_deref() {
        return Ok(format!("{found:?}, and not {:?}", shown.fault));
    }
    match found {
        Extension::Extended { head, .. } => Ok(format!("{} {}", head.seq, encode_hex(&head.mac))),
        Extension::Behind { resend_from } => Ok(format!("resend_from {resend_from}")),
        Extension::Fault(fault) => Err(fault.code()),
    }
}

fn head(shown: &ShownHead) -> Result<ChainHead, Code> {
    let text = serde_json::to_vec(shown).expect("a head can be written");
    parse_json(&text).and_then(ChainHead::from_value).map_err(|e| e.code())
}

fn seed_chain(asked: &SeedChained) -> String {
    let key = SeedChainKey {
        license: asked.license.as_deref(),
        project: asked.project.as_deref(),
        salt: asked.salt.as_deref(),
        nonce: asked.nonce.as_deref(),
    };
    let key = key.derive();
    let entry = SeedChainEntry {
        previous: asked.previous.as_deref(),
        seq: asked.seq,
        tenant: asked.tenant.as_deref(),
        action_type: &asked.action_type,
        action: &asked.action,
        hash: &asked.hash,
        at: &asked.at,
    };
    format!("{} {}", encode_hex(&key[..]), entry.sign(&key))
}

/// The verdict that all entries share, or the list of verdicts, which no file expects.
fn unanimous(verdicts: impl Iterator<Item = String>) -> String {
    let mut verdicts: Vec<String> = verdicts.collect();
    verdicts.dedup();
    verdicts.join(" then ")
}

fn public_key(hex: &str) -> PublicKey {
    PublicKey::from_bytes(unhex(hex).try_into().expect("a vector's key has 32 bytes"))
}

fn bytes(bytes: &Bytes) -> Vec<u8> {
    bytes.to_vec().expect("a vector's base64 is sound")
}
