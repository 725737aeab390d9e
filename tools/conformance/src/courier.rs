//! Files that hold at the caller's time, for the mode `verify` of every language (`verifiers/README.md`).

use std::path::Path;
use std::{fs, io};

use sealgate_artifact::KeyUse;

use crate::admission::{proof, proof_text, release, release_text};
use crate::forge::{
    APP, DAY, Draft, NOW, ROOT, ROOT_BEGIN, ROOT_END, SECOND_ROOT, STRANGER, TENANT, certificate,
    certificate_text, decision, decision_text, device_request, full_license_text, keyset_text, license,
    license_text, public_text, reference, request_text, root_text, tenant_keyset, tenant_keyset_text, with,
};
use crate::revocation::{shard, shard_listing, shard_text, snapshot, snapshot_text};

/// Writes files below `folder` and returns a line `ROOT FILE ANSWER` for each, the answer being what stands on standard
/// output.
pub fn write_files(folder: &Path, now: u64) -> io::Result<Vec<String>> {
    let shelf = Shelf { folder, trust: trust(now) };
    let sound = license(at(now, &license_text()));
    let ended = at(now, &with(&license_text(), &(NOW + 100 * DAY).to_string(), &(NOW - DAY).to_string()));
    let trial = at(now, &full_license_text());
    let tried = with(&full_license_text(), &(NOW + 100 * DAY).to_string(), &(NOW - DAY).to_string());
    let (full, tried) = (license(with(&trial, ",\"trial_days\":14", "")), at(now, &tried));
    let to_come =
        with(&license_text(), &format!("\"not_before\":{}", NOW - 10 * DAY), "\"not_before\":253402300000");
    let to_come = with(&at(now, &to_come), &(now + 100 * DAY).to_string(), "253402300001");
    let forged = Draft {
        payload: with(&at(now, &license_text()), "licensed", "enterprise").into_bytes(),
        ..sound.clone()
    };
    let under_policy =
        with(&at(now, &license_text()), "}", r#","policy":{"fail":"hard"},"crit":["policy"]}"#);
    let policy_ended = with(&under_policy, &(now + 100 * DAY).to_string(), &(now - DAY).to_string());
    let [first, second, keyset, tenant_keyset] = statements(now);
    let request = device_request(&request_text());
    let ok = |draft: &Draft| format!("ok {}", draft.id());
    let (attached, carrier) = attached(now);
    let carrier = |bytes: usize| carrier.clone() + &" ".repeat(bytes - carrier.len());
    let couriers = Couriers { shelf: &shelf, text: sound.text(), found: ok(&sound) };
    let lines = vec![
        shelf.put("sound.license", &sound.text(), ROOT, &ok(&sound))?,
        shelf.put("by_newer_root.license", &sound.text(), SECOND_ROOT, &ok(&sound))?,
        shelf.put("by_stranger.license", &sound.text(), STRANGER, "root_unknown")?,
        shelf.put("ended.license", &license(ended).text(), ROOT, "expired")?,
        shelf.put("to_come.license", &license(to_come).text(), ROOT, "not_yet_valid")?,
        shelf.put("full.license", &full.text(), ROOT, &ok(&full))?,
        shelf.put("policy.license", &license(under_policy).text(), ROOT, "crit_unknown")?,
        shelf.put("policy_ended.license", &license(policy_ended).text(), ROOT, "crit_unknown")?,
        shelf.put("trial.license", &license(trial).text(), ROOT, "trial_not_begun")?,
        shelf.put("trial_ended.license", &license(tried).text(), ROOT, "expired")?,
        shelf.put("forged.license", &forged.text(), ROOT, "signature_invalid")?,
        shelf.put("keyset.json", &keyset.text(), ROOT, &ok(&keyset))?,
        shelf.put("tenant-keyset.json", &tenant_keyset.text(), ROOT, &ok(&tenant_keyset))?,
        shelf.put("certificate.json", &certificate(&certificate_text()).text(), ROOT, "kind_unexpected")?,
        shelf.put("request.json", &request.text(), ROOT, "kind_unexpected")?,
        shelf.put("decision.json", &decision(&decision_text(&request)).text(), ROOT, "kind_unexpected")?,
        shelf.put("proof.json", &proof(&proof_text()).text(), ROOT, "kind_unexpected")?,
        shelf.put("release.json", &release(&release_text()).text(), ROOT, "kind_unexpected")?,
        shelf.put("shard.json", &shard(&shard_text()).text(), ROOT, "kind_unexpected")?,
        shelf.put("listing_shard.json", &shard_listing(4, &[3, 40]).text(), ROOT, "kind_unexpected")?,
        shelf.put("snapshot.json", &snapshot(&snapshot_text()).text(), ROOT, "kind_unexpected")?,
        shelf.put("rubbish.json", "rubbish", ROOT, "json_invalid")?,
        shelf.alone("root.json", Some(&first.text()), ROOT, &ok(&first))?,
        shelf.alone("root_of_others.json", Some(&second.text()), ROOT, "root_unknown")?,
        shelf.alone("alone.license", Some(&sound.text()), ROOT, "trust_missing")?,
        shelf.alone("missing.license", None, ROOT, "file_unreadable")?,
        shelf.put("carrier_1500000.license", &carrier(1_500_000), ROOT, &ok(&attached))?,
        shelf.put("carrier_1500001.license", &carrier(1_500_001), ROOT, "artifact_too_large")?,
    ];
    Ok(lines.into_iter().chain(couriers.write()?).collect())
}

/// A license beside trust files of all sorts (`spec/keys.md` §6.2, §6.4).
struct Couriers<'a> {
    shelf: &'a Shelf<'a>,
    text: String,
    found: String,
}

impl Couriers<'_> {
    fn write(&self) -> io::Result<Vec<String>> {
        let trust = &self.shelf.trust;
        let filled = |bytes: usize| trust.clone() + &" ".repeat(bytes - trust.len());
        let pins_nothing =
            with(trust, &format!("\"{TENANT}\""), "\"\"").replacen("\"roots\":[\"", "\"roots\":[\"*", 1);
        Ok(vec![
            self.put("pins_nothing", &pins_nothing, &self.found)?,
            self.put(
                "threshold_text",
                &with(trust, "\"threshold\":1", "\"threshold\":\"1\""),
                "field_invalid",
            )?,
            self.put("roots_text", &with(trust, "\"roots\":[", "\"roots\":[1,"), "field_invalid")?,
            self.put("of_20000000_bytes", &filled(20_000_000), &self.found)?,
            self.put("of_20000001_bytes", &filled(20_000_001), "artifact_too_large")?,
        ])
    }

    fn put(&self, name: &str, courier: &str, answer: &str) -> io::Result<String> {
        let beside = Shelf { folder: self.shelf.folder, trust: courier.to_owned() };
        beside.put(&format!("courier_{name}.license"), &self.text, ROOT, answer)
    }
}

/// A license whose features are attached, and its carrier.
fn attached(now: u64) -> (Draft, String) {
    let names: Vec<String> = (0..33).map(|n| format!("\"feature.{n}\"")).collect();
    let content = format!("[{}]", names.join(","));
    let reference = reference(content.as_bytes());
    let draft = license(with(&at(now, &license_text()), r#"["db.query","export"]"#, &reference));
    let carrier = draft.clone().carrying(content.as_bytes()).text();
    (draft, carrier)
}

struct Shelf<'a> {
    folder: &'a Path,
    trust: String,
}

impl Shelf<'_> {
    fn put(&self, name: &str, text: &str, root: u8, answer: &str) -> io::Result<String> {
        fs::write(self.folder.join(format!("{name}.trust")), &self.trust)?;
        self.alone(name, Some(text), root, answer)
    }

    fn alone(&self, name: &str, text: Option<&str>, root: u8, answer: &str) -> io::Result<String> {
        let path = self.folder.join(name);
        text.map_or(Ok(()), |text| fs::write(&path, text))?;
        Ok(format!("{} {} {answer}", public_text(root), path.display()))
    }
}

/// Two root statements, the keyset that the second's root signed, and the tenant keyset.
fn statements(now: u64) -> [Draft; 4] {
    let root = |version, seed, by: &[u8]| {
        let draft = Draft::new("root", at(now, &root_text(version, &[public_text(seed)], 1)));
        by.iter().fold(draft, |draft, seed| draft.signed(*seed, KeyUse::Root))
    };
    [
        root(1, ROOT, &[ROOT]),
        root(2, SECOND_ROOT, &[ROOT, SECOND_ROOT]),
        Draft::new("keyset", at(now, &keyset_text())).signed(SECOND_ROOT, KeyUse::Root),
        tenant_keyset(&at(now, &tenant_keyset_text())),
    ]
}

/// What it pins is not the truth: a courier's word is not taken.
fn trust(now: u64) -> String {
    let [first, second, keyset, tenant_keyset] = statements(now).map(|draft| draft.text());
    let pinned = public_text(STRANGER);
    format!(
        r#"{{"roots":["{pinned}"],"threshold":1,"root_version":1,"keyset_chain":[{first},{second},{keyset}],"tenant_keyset":{tenant_keyset},"tenant":"{TENANT}","app":"{APP}"}}"#
    )
}

/// The same text with every time moved from the vectors' present to `now`.
fn at(now: u64, text: &str) -> String {
    let times =
        [ROOT_BEGIN, ROOT_END, NOW - 30 * DAY, NOW + 365 * DAY, NOW - 10 * DAY, NOW + 100 * DAY, NOW - DAY];
    times
        .iter()
        .fold(text.to_owned(), |text, time| text.replace(&time.to_string(), &(time + now - NOW).to_string()))
}
