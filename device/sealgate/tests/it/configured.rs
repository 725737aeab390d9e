//! A guard that starts by a program's configuration, and what lies beside the program (`docs/book/guard.md`).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sealgate::guard::{GuardConfig, Lack, Standing, StartRefused};
use sealgate::{Client, Guard, MemoryStore, Store};

use crate::authority::key;
use crate::guard::{Machine, heard, lack};
use crate::site::ORIGIN;

/// A folder with a program's configuration, and what lies beside it.
pub(crate) fn configured(
    machine: &Machine,
    folder: &Path,
    config: &str,
    variable: Option<&str>,
) -> Result<Guard, StartRefused> {
    configured_by(&machine.client(), folder, config, variable)
}

/// The same of a program that keeps its state elsewhere.
pub(crate) fn configured_by(
    client: &Arc<Client>,
    folder: &Path,
    config: &str,
    variable: Option<&str>,
) -> Result<Guard, StartRefused> {
    let text = config.replace("licenses/", &format!("{}/", folder.display()));
    let config = GuardConfig::from_json(&text).expect("it reads");
    let key = config.license_key(variable).expect("it reads");
    let guard = client.guard().without_threads();
    guard.configured(&config, key).expect("what lies there reads").start()
}

pub(crate) const ONLINE: &str = r#"{"LicenseConfigs":{"Mode":"Online","LicenseFilePath":"licenses/license.key",
    "ActivationProofPath":"licenses/activation_proof.json"}}"#;

#[test]
fn a_key_beside_the_program_or_in_its_environment_activates_it() {
    for (file, variable) in [
        (Some(key()), None),
        (Some(format!(r#"{{"LicenseKey":"{}"}}"#, key())), Some("wrong".to_owned())),
        (None, Some(key())),
    ] {
        let (machine, folder) = (Machine::unactivated(Some(heard())), tempfile::tempdir().expect("a folder"));
        if let Some(file) = file {
            put(&folder.path().join("license.key"), file.as_bytes());
        }
        let guard = configured(&machine, folder.path(), ONLINE, variable.as_deref()).expect("it starts");
        assert_eq!(guard.state().standing, Standing::Licensed);
        drop(guard);
        let asked = machine.site.record.lock().expect("kept").len();
        assert!(
            configured(&machine, folder.path(), ONLINE, None).expect("it starts").has_feature("rule-engine")
        );
        assert_eq!(machine.site.record.lock().expect("kept").len(), asked, "once is enough");
    }
}

#[test]
fn a_key_that_is_refused_leaves_what_is_free() {
    let (machine, folder) = (Machine::unactivated(Some(heard())), tempfile::tempdir().expect("a folder"));
    machine.cut();
    let guard = configured(&machine, folder.path(), ONLINE, Some(&key())).expect("it starts");
    assert!(guard.has_feature("db.query") && !guard.has_feature("rule-engine"));
    assert!(guard.counters().license() > 0);
}

#[test]
fn who_may_not_activate_needs_a_proof_on_disk() {
    let (machine, folder) = (Machine::unactivated(Some(heard())), tempfile::tempdir().expect("a folder"));
    let config = ONLINE.replace(r#""Mode""#, r#""FallbackToOnlineActivation":false,"Mode""#);
    let refused = configured(&machine, folder.path(), &config, Some(&key())).expect_err("no proof");
    assert_eq!(refused.code().as_str(), "not_activated");
    assert!(refused.to_string().contains("activation_proof.json"), "{refused}");
    assert!(machine.site.record.lock().expect("kept").is_empty(), "nobody was asked");
    machine.client().activate(&key()).expect("admitted");
    assert!(
        configured(&machine, folder.path(), &config, None).expect("it starts").has_feature("rule-engine")
    );
}

/// A machine without a network: license and proof were brought, and lie beside the program.
#[test]
fn files_beside_the_program_give_their_rights_offline() {
    let (machine, folder) = (Machine::new(None), tempfile::tempdir().expect("a folder"));
    let held = machine.client().activation().expect("it verifies").expect("kept");
    put(&folder.path().join("license.json"), held.license_carrier());
    put(&folder.path().join("activation_proof.json"), held.proof_carrier());
    let asked = machine.site.record.lock().expect("kept").len();
    let offline = ONLINE.replace("Online", "Offline");
    assert!(
        configured(&machine, folder.path(), &offline, None).expect("it starts").has_feature("rule-engine")
    );
    let bare = Machine { store: Arc::new(MemoryStore::new()), ..machine };
    put(&folder.path().join("license.json"), b"{}");
    let guard = configured(&bare, folder.path(), &offline, None).expect("it starts");
    assert_eq!(lack(&guard), Some(Lack::NoLicense));
    assert_eq!(bare.site.record.lock().expect("kept").len(), asked, "nobody was asked");
}

/// A store that cannot be read once, and then can.
struct LateReader(Arc<MemoryStore>, AtomicU64);

impl Store for LateReader {
    fn load(&self) -> std::io::Result<Option<Vec<u8>>> {
        match self.1.fetch_add(1, Ordering::SeqCst) {
            1 => Err(std::io::Error::other("not now")),
            _ => self.0.load(),
        }
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> std::io::Result<bool> {
        self.0.replace(old, new)
    }
}

#[test]
fn what_nobody_read_is_not_overwritten() {
    let machine = Machine::new(Some(heard()));
    drop(machine.start());
    let before = machine.store.load().expect("memory");
    // The start reads once for the activation, and then what a guard keeps.
    let late = LateReader(machine.store.clone(), AtomicU64::new(0));
    let client = Client::builder(machine.site.trust())
        .server(ORIGIN)
        .store(late)
        .clock(machine.clocks.clone())
        .transport(machine.site.clone());
    let client = Arc::new(client.build().expect("configured"));
    machine.pass(3_600);
    let guard = client.guard().without_threads().offline().start().expect("it starts");
    drop(guard);
    let kept = machine.store.load().expect("memory");
    assert!(kept == before, "what an earlier run left behind");
}

#[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("it is written");
}
