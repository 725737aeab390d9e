//! `sealgate server`.

use sealgate_wire::{Nothing, Page, Reason, ServerView};

use crate::args::{Global, ServerCommand};
use crate::client::{Client, quoted};
use crate::commands::clock;
use crate::failure::Failure;
use crate::output::{Output, say};

pub(crate) fn run(global: &Global, command: &ServerCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let path = |id: &str, verb: &str| format!("/api/v1/servers/{}/{verb}", quoted(id));
    let server: ServerView = match command {
        ServerCommand::List => {
            let servers: Page<ServerView> = client.get("/api/v1/servers")?;
            output.result(&servers.items, |servers| table(servers));
            return Ok(());
        }
        ServerCommand::Approve { server_id } => client.post(&path(server_id, "approve"), &Nothing {})?,
        ServerCommand::Revoke { server_id, reason } => {
            client.post(&path(server_id, "revoke"), &Reason { reason: reason.clone() })?
        }
        ServerCommand::AcceptClock(args) => return clock::accept(&client, args, output),
    };
    output.result(&server, |server| {
        table(std::slice::from_ref(server));
        if matches!(command, ServerCommand::Revoke { .. }) {
            say!("\nClients refuse the server once they have the new keyset, or at the latest when its certificate ends.");
        }
    });
    Ok(())
}

fn table(servers: &[ServerView]) {
    let row = |server: &ServerView| {
        vec![
            server.server_id.clone(),
            server.status.clone(),
            server.origins.join(" "),
            server.created_at.to_string(),
        ]
    };
    Output::table(&["SERVER", "STATUS", "FOUND AT", "SEEN SINCE"], servers.iter().map(row));
}
