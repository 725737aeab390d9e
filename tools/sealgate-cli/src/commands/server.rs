//! `sealgate server`.

use sealgate_artifact::{KeyUse, PublicKey};
use sealgate_wire::{ApproveServer, Reason, ServerView};

use crate::args::{Global, ServerCommand};
use crate::client::{Client, quoted};
use crate::commands::by_file::BY_FILE;
use crate::commands::{clock, lists};
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::output::{Output, say};

pub(crate) fn run(global: &Global, command: &ServerCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let path = |id: &str, verb: &str| format!("/api/v1/servers/{}/{verb}", quoted(id));
    let server: ServerView = match command {
        ServerCommand::List(part) => {
            let none = "no servers of role `runtime` yet; each lists itself at its first start";
            return lists::print(&client, ("/api/v1/servers", "", none), part, output, table);
        }
        ServerCommand::Approve { server_id, yes } => {
            let seen: ServerView = client.get(&format!("/api/v1/servers/{}", quoted(server_id)))?;
            look_at(&seen, *yes, output)?;
            let seen = ApproveServer { origins: seen.origins, activation_key: seen.activation_key };
            client.post(&path(server_id, "approve"), &seen)?
        }
        ServerCommand::Revoke { server_id, reason } => {
            client.post(&path(server_id, "revoke"), &Reason { reason: reason.clone() })?
        }
        ServerCommand::AcceptClock(args) => return clock::accept(&client, args, output),
    };
    output.result(&server, |server| {
        table(std::slice::from_ref(server));
        if matches!(command, ServerCommand::Revoke { .. }) {
            say!("\nClients refuse the server once they have the new keyset, or at the latest when its certificate ends. {BY_FILE}");
        }
    });
    Ok(())
}

/// Shows the server and where it says that it is found, and asks.
fn look_at(server: &ServerView, yes: bool, output: &Output) -> Result<(), Failure> {
    let seen = std::slice::from_ref(server);
    if yes && !output.json && !output.quiet {
        table(seen);
    }
    let question = "Does your server's log say these ids, and is it found there?";
    let why = "an approved server answers your customers at the origins that it reports";
    Consent::new(yes, output).ask_seen(|| Ok(text(seen)), question, why)
}

fn table(servers: &[ServerView]) {
    say!("{}", text(servers));
}

/// The id of the key with which the server signs activation proofs, as `keys list` shows it.
fn activation(server: &ServerView) -> String {
    let Some(key) = server.activation_key.as_deref().and_then(|key| PublicKey::parse(key).ok()) else {
        return "-".to_owned();
    };
    let id = key.id(KeyUse::Activation);
    // Another server that is not approved says enough by its status.
    if server.status == "approved" && server.activation_approved_at.is_none() {
        format!("{id} (to be approved)")
    } else {
        id.to_string()
    }
}

fn text(servers: &[ServerView]) -> String {
    let row = |server: &ServerView| {
        vec![
            server.server_id.clone(),
            server.status.clone(),
            server.origins.join(" "),
            server.created_at.to_string(),
            activation(server),
        ]
    };
    Output::table_text(
        &["SERVER", "STATUS", "FOUND AT", "SEEN SINCE", "ACTIVATION KEY"],
        servers.iter().map(row),
    )
}
