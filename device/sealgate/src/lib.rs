//! Licenses a program: asks the vendor's Sealgate server, and believes only what the pinned keys vouch for.
//!
//! This crate must never call a license valid, or denied, on anybody's word but that of a key which the pinned roots
//! vouch for, for this tenant, this server, this app, this device and this very question. It must never exit the process,
//! leave a thread running that its caller did not start (but for one that looks up a name or at a drive, and ends with that), be steered by an environment variable, or let
//! a customer's file say who is trusted.
//!
//! ```no_run
//! use sealgate::{Client, Error};
//!
//! // What `sealgate keys export -o trust.json` wrote. A constant of the build: whoever sets it decides who is believed.
//! const TRUST: &[u8] = include_bytes!("../examples/trust.json");
//!
//! # fn run(state_folder: std::path::PathBuf, typed: &str) -> Result<(), sealgate::ConfigurationError> {
//! let client =
//!     Client::builder(TRUST).server("https://license.example.com").state_dir(state_folder).build()?;
//! match client.validate_license(typed) {
//!     Ok(license) if license.has_feature("export") => println!("everything"),
//!     Ok(license) => println!("{}", license.tier().as_str()),
//!     // A no. Nothing else is one.
//!     Err(Error::License(no)) => println!("{no}. {}", no.fix()),
//!     // Somebody is not who he claims to be: say so, and never "offline".
//!     Err(Error::Security(error)) => eprintln!("{}: {error}", error.code()),
//!     // Says nothing about rights: ask again later.
//!     Err(Error::Transport(error)) => eprintln!("{error}"),
//!     // For whoever builds or installs this program.
//!     Err(error) => eprintln!("{error}. {}", error.fix()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A proxy and a certificate authority of the customer's own:
//!
//! ```no_run
//! # fn run(trust: &'static [u8], pem: &str) -> Result<sealgate::Client, sealgate::ConfigurationError> {
//! use sealgate::{Client, HttpTransport};
//!
//! let transport = HttpTransport::builder().proxy("http://proxy.example.com:3128").certificate_authority(pem).build()?;
//! let client = Client::builder(trust)
//!     .server("https://license.example.com")
//!     .state_dir("/var/lib/editor/license")
//!     .transport(transport)
//!     .build()?;
//! # Ok(client)
//! # }
//! ```
//!
//! A program that enforces its license while it runs:
//!
//! ```no_run
//! # fn run(client: sealgate::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let guard = std::sync::Arc::new(client).guard().start()?;
//! guard.ensure_valid("rule-engine")?;
//! # Ok(())
//! # }
//! ```
//!
//! A license file, on a machine that asks nobody:
//!
//! ```
//! use sealgate::{Clock, SystemClock, verify_license_file};
//!
//! const TRUST: &[u8] = include_bytes!("../examples/trust.json");
//! let error = verify_license_file(TRUST, b"{}", SystemClock.now()).unwrap_err();
//! assert_eq!(error.family(), sealgate::Family::Security);
//! ```

mod about;
mod activate;
mod activated;
mod activation;
mod beat;
mod builder;
mod bundle;
pub mod bundle_search;
mod bundled;
mod chain;
mod checked;
mod client;
mod clock;
pub mod container;
mod copies;
mod denied;
mod device_key;
mod durable;
mod error;
mod exchange;
mod file_store;
mod fingerprint;
pub mod guard;
mod guarded;
mod heartbeat;
mod heartbeats;
mod http;
mod import;
#[cfg(target_os = "linux")]
pub mod integrity;
mod journal;
mod judge;
mod kept;
mod license;
mod looked;
mod lookup;
mod maximum;
mod modules;
mod offline;
mod private;
mod random;
mod recorded;
mod released;
mod releases;
mod revocations;
mod seat;
mod server;
mod shown;
mod state;
mod statements;
mod store;
mod transport;
mod trust;
mod wait;

pub use activation::Activation;
pub use beat::{Beat, BeatSaid};
pub use builder::Builder;
pub use bundle::{
    AskedLicense, BundleError, BundleMachines, BundleSays, KeptBundle, LookedBundle, OfflineRequestFile,
};
pub use chain::{ChainError, ChainFile, ChainFolder, ChainLog, ChainStore};
pub use client::Client;
pub use clock::{Clock, SystemClock};
pub use denied::{Denied, DeniedBy, Outside};
pub use error::{ConfigurationError, Error, Said, SecurityError, TransportError};
pub use file_store::FileStore;
pub use fingerprint::MachineFingerprint;
pub use guard::{Guard, GuardBuilder, RevocationStatus};
pub use heartbeats::Heartbeats;
pub use http::{HttpTransport, HttpTransportBuilder};
pub use journal::{
    Begin, JournalError, JournalExport, JournalFile, JournalFolder, JournalLog, JournalShown, JournalStore,
    Noted, OpenRecord,
};
pub use license::{Asked, License, Trial};
pub use offline::verify_license_file;
pub use recorded::ClientChain;
pub use released::Released;
pub use revocations::{
    HeldStatement, ImportError, KeptRevocations, LicenseFiles, MemoryRevocations, RevocationFile,
    RevocationStore, RevokedStatement, ShardImport, SnapshotImport, SnapshotSays,
};
pub use sealgate_rules::Revocations;
pub use seat::UnverifiedSeat;
pub use store::{MemoryStore, Store};
pub use transport::{ANSWER_BYTES, CALL_BUDGET, HttpAnswer, HttpQuestion, Transport, Unanswered};
pub use trust::Trust;

pub use sealgate_artifact::{
    ActivationId, BundleId, ChainEntry, ChainHead, ChainId, ChainRecord, ChainWord, Code, DeviceId, Family,
    Feature, Foreign, JournalEntry, JournalHead, JournalKind, LicenseId, Licensee, Limit, Module,
    StatementId, Tier, UnixSeconds, Variable, VariableValue,
};
pub use sealgate_journal::{ChainActivation, ChainKey};
pub use sealgate_trust::{KeyWindow, TrustError};

/// The bare signature rule (`spec/ed25519.md`), for programs that verify what the vendor signed elsewhere.
pub mod ed25519 {
    pub use sealgate_artifact::PublicKey;
    pub use sealgate_trust::ed25519::verify;
}
