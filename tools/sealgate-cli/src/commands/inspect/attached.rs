//! What travels beside a payload, in words (`spec/envelope.md` §6).

use sealgate_artifact::{
    ActivationProof, ActivationRequest, Bundle, Carrier, Kind, License, Machines, Module, Release, Statement,
    encode_hex,
};
use sealgate_terminal::harmless;
use serde_json::{Value, json};

use crate::output::{Output, say};

/// What a statement carries, if it is well formed.
pub(super) enum Attached {
    Features(Vec<String>),
    Modules(Vec<Module>),
    /// Entries of a chain: how many bytes.
    Entries(usize),
    /// The lists of a bundle, of which at least one is attached.
    Bundle(Box<Bundle>),
}

impl Attached {
    /// `None` where nothing is attached, or what is attached is not what the payload names.
    pub(super) fn of(kind: Option<Kind>, carrier: &Carrier) -> Option<Self> {
        if carrier.attachments.is_empty() {
            return None;
        }
        match kind? {
            Kind::License => {
                let license = read::<License>(carrier)?;
                let features = license.features.iter().map(crate::commands::terms::feature);
                Some(Self::Features(features.collect()))
            }
            Kind::Bundle => Some(Self::Bundle(Box::new(read::<Bundle>(carrier)?))),
            Kind::ActivationRequest => Some(Self::Modules(read::<ActivationRequest>(carrier)?.modules)),
            Kind::ActivationProof => Some(Self::Modules(read::<ActivationProof>(carrier)?.modules)),
            Kind::Release => Some(Self::Modules(read::<Release>(carrier)?.modules)),
            Kind::HeartbeatRequest => {
                let heartbeat = read::<sealgate_artifact::HeartbeatRequest>(carrier)?;
                Some(Self::Entries(heartbeat.entries.len()))
            }
            _ => None,
        }
    }

    /// The report's field and what stands there.
    pub(super) fn report(&self) -> (&'static str, Value) {
        let module = |module: &Module| {
            let Module { name, sha256, version, signer } = module;
            json!({ "name": name, "sha256": encode_hex(sha256), "version": version, "signer": signer })
        };
        match self {
            Self::Features(features) => ("attached_features", json!(features)),
            Self::Modules(modules) => ("attached_modules", modules.iter().map(module).collect()),
            Self::Bundle(bundle) => {
                let features: Vec<String> =
                    bundle.terms.features.iter().map(crate::commands::terms::feature).collect();
                let lists =
                    json!({ "features": features, "devices": devices(bundle), "revoked": bundle.revoked });
                ("attached_lists", lists)
            }
            Self::Entries(bytes) => ("attached_entries", json!({ "bytes": bytes })),
        }
    }

    pub(super) fn print(&self) {
        match self {
            Self::Features(features) => {
                say!("\nfeatures, attached:");
                for feature in features {
                    say!("  {}", harmless(feature));
                }
            }
            Self::Modules(modules) => {
                say!("\nmodules, attached:");
                let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "not said".to_owned());
                let row = |module: &Module| {
                    let digest = encode_hex(&module.sha256);
                    vec![module.name.clone(), said(&module.version), said(&module.signer), digest]
                };
                Output::table(&["NAME", "VERSION", "SIGNER", "SHA-256"], modules.iter().map(row));
            }
            Self::Bundle(bundle) => {
                say!("\nlists, of which at least one is attached:");
                for feature in &bundle.terms.features {
                    say!("  feature {}", harmless(&crate::commands::terms::feature(feature)));
                }
                for device in devices(bundle) {
                    say!("  device {device}");
                }
                for slot in &bundle.revoked {
                    say!("  taken back: slot {slot}");
                }
            }
            Self::Entries(bytes) => say!("\nentries of the device's chain, attached: {bytes} bytes"),
        }
    }
}

/// The keys of the machines that a bundle names.
fn devices(bundle: &Bundle) -> Vec<String> {
    match &bundle.machines {
        Machines::Bound(keys) => keys.iter().map(ToString::to_string).collect(),
        Machines::Pool(_) => vec![],
    }
}

fn read<T: Statement>(carrier: &Carrier) -> Option<T> {
    T::from_payload(carrier.envelope.payload(), &carrier.attachments).ok()
}
