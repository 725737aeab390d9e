//! `sealgate activation`.

use sealgate_artifact::ActivationId;
use sealgate_wire::{ActivationView, ChainEntryView, Nothing, Timestamp};

use super::lists;
use crate::args::{ActivationCommand, Global};
use crate::client::{Client, filters};
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(global: &Global, command: &ActivationCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    match command {
        ActivationCommand::List { license, part } => {
            let license = license.as_deref().map(|key| client.license_id(key)).transpose()?;
            let filters = filters(&[("license_id", &license.map(|id| id.to_string()))]);
            let none = "no activations match; an activation is listed once a device was admitted";
            lists::print(&client, ("/api/v1/activations", &filters, none), part, output, table)
        }
        ActivationCommand::Show { activation_id } => {
            let activation: ActivationView = client.get(&path(activation_id)?)?;
            output.result(&activation, print);
            Ok(())
        }
        ActivationCommand::Chain { activation_id, generation, part } => {
            let filters = filters(&[("generation", &generation.map(|n| n.to_string()))]);
            let path = format!("{}/chain", path(activation_id)?);
            let none = "no entries; the program recorded nothing that arrived";
            lists::print(&client, (&path, &filters, none), part, output, entries)
        }
        ActivationCommand::Reanchor { activation_id, yes } => {
            let path = path(activation_id)?;
            let seen: ActivationView = client.get(&path)?;
            let question = "Take what the next heartbeat shows of this chain?";
            let why = "the entries before it stay missing for ever";
            Consent::new(*yes, output).ask_seen(|| Ok(Output::pairs_text(&pairs(&seen))), question, why)?;
            let asked: ActivationView = client.post(&format!("{path}/reanchor"), &Nothing {})?;
            output.result(&asked, print);
            Ok(())
        }
    }
}

fn table(activations: &[ActivationView]) {
    let row = |a: &ActivationView| {
        vec![
            a.activation_id.clone(),
            a.license_id.clone(),
            a.generation.to_string(),
            a.activated_at.to_string(),
            time(a.last_heard),
            a.instances.to_string(),
            a.ended.as_ref().map(|ended| ended.code.clone()).unwrap_or_default(),
            a.chain_seq.to_string(),
        ]
    };
    let head =
        ["ACTIVATION", "LICENSE", "GENERATION", "ACTIVATED", "LAST HEARD", "RUNNING", "ENDED", "ENTRIES"];
    Output::table(&head, activations.iter().map(row));
}

fn entries(entries: &[ChainEntryView]) {
    let row = |e: &ChainEntryView| {
        vec![
            e.anchor.to_string(),
            e.seq.to_string(),
            e.at.to_string(),
            e.tenant.clone(),
            e.action.clone(),
            e.hash.clone(),
        ]
    };
    Output::table(&["ANCHOR", "ENTRY", "AT", "TENANT", "ACTION", "SHA-256"], entries.iter().map(row));
}

fn print(activation: &ActivationView) {
    Output::pairs(&pairs(activation));
}

fn pairs(activation: &ActivationView) -> Vec<(&'static str, String)> {
    let ended = activation.ended.as_ref();
    let missing = activation.anchors.iter().map(|anchor| {
        format!(
            "generation {}: {} → {} at {}",
            anchor.generation, anchor.held_seq, anchor.taken_seq, anchor.at
        )
    });
    let mut pairs = vec![
        ("activation", activation.activation_id.clone()),
        ("license", activation.license_id.clone()),
        ("device", activation.device_id.clone().unwrap_or_default()),
        ("device key", activation.device_key.clone()),
        ("generation", activation.generation.to_string()),
        ("activated", activation.activated_at.to_string()),
        ("last heard", time(activation.last_heard)),
        ("running", activation.instances.to_string()),
        ("ended", ended.map(|ended| format!("{} at {}", ended.code, ended.at)).unwrap_or_default()),
        ("grace until", time(ended.map(|ended| ended.grace_until))),
        ("entries", activation.chain_seq.to_string()),
        ("re-anchor asked", time(activation.reanchor_asked_at)),
        ("re-anchored", missing.collect::<Vec<_>>().join(", ")),
    ];
    pairs.retain(|(_, value)| !value.is_empty());
    pairs
}

fn time(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

fn path(id: &str) -> Result<String, Failure> {
    let id = ActivationId::parse(id)
        .map_err(|e| Failure::from(e).fix("give the activation id that `sealgate activation list` shows"))?;
    Ok(format!("/api/v1/activations/{id}"))
}
