//! `sealgate serve`.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use sealgate_artifact::Code;
use sealgate_authority::ports::System;
use sealgate_server::assembly::{self, TOKEN_FILE};
use sealgate_server::config::{Source, Whence, keys};
use sealgate_server::{Parts, Role, listen};
use tokio::net::TcpListener;

use crate::args::{Global, ServeArgs, resolved};
use crate::commands::serve_facts::Facts;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(global: &Global, args: &ServeArgs, output: &Output) -> Result<(), Failure> {
    let (config, whence) = args.sources(global.config.as_deref())?.config_with_origin()?;
    let mut parts = Parts::new(config)?;
    parts.options.data = resolved(&parts.options.data);
    warn_of_overridden(&whence, global.config.as_deref());
    let runtime =
        tokio::runtime::Runtime::new().map_err(|e| Failure::new(Code::SystemError, e.to_string()))?;
    runtime.block_on(serve(parts, whence.data, output))
}

async fn serve(parts: Parts, data_from: Source, output: &Output) -> Result<(), Failure> {
    let Parts { listen, mut options, serving, limits_are_off, database_may_be_another } = parts;
    let (listener, address) = bind(listen).await?;
    listen::outlive_long_files().map_err(|e| Failure::new(Code::SystemError, e.to_string()))?;
    // Before anybody can know that the server is up: whoever stops it from then on gets a clean end.
    let stop = stop_signal()?;
    if options.origins.is_empty() {
        options.origins = listen::own_origins(address);
    }
    let facts = Facts::of(&options, data_from, address);
    let started = assembly::start(options, Arc::new(System), Arc::new(System)).await?;
    if started.first {
        let token_file = facts.data.join(TOKEN_FILE);
        tracing::info!(target: "sealgate", "first start: made keys, schema, tenant \"default\" and {}", token_file.display());
    }
    facts.log(&started.keys);
    warn_about(facts.role);
    if limits_are_off {
        tracing::warn!(target: "sealgate", "limits are switched off: anyone who can reach this server may try license keys and send requests as often as they like");
    }
    if database_may_be_another {
        tracing::warn!(target: "sealgate", "the database on another machine need not prove that it is the one: whoever is on the way there can read and write everything, and so make licenses");
    }
    let announced = output.announce(
        &serde_json::json!({ "listening": format!("http://{address}") }),
        &format!(
            "listening on http://{address}{}",
            if started.first { facts.next_steps() } else { String::new() }
        ),
    );
    if let Err(error) = announced {
        // Whoever reads only that does not learn the address; customers are served all the same.
        tracing::warn!(target: "sealgate", %error, "listening on http://{address}, which standard output did not take");
    }
    listen::serve(listener, started.server, &serving, stop)
        .await
        .map_err(|e| Failure::new(Code::SystemError, e.to_string()))
}

/// A variable that one exported long ago wins over the file that one names now.
fn warn_of_overridden(whence: &Whence, file: Option<&Path>) {
    let file = file.map(|file| file.display().to_string()).unwrap_or_default();
    let is_overridden = |name: &str| whence.overridden.contains(&name);
    for (variable, name) in
        keys().filter(|key| is_overridden(key.name)).filter_map(|key| Some((key.variable?, key.name)))
    {
        tracing::warn!(target: "sealgate", "{variable} in the environment overrides {name} in {file}");
    }
}

fn warn_about(role: Role) {
    match role {
        Role::All => tracing::warn!(
            target: "sealgate",
            "this process holds every key, including a development root: anyone who steals this machine can make licenses"
        ),
        Role::Authority => tracing::warn!(
            target: "sealgate",
            "this process holds the vendor's keys, including a development root: anyone who steals this machine can make licenses; it does not answer running software"
        ),
        Role::Runtime => tracing::info!(
            target: "sealgate",
            "this process answers running software and cannot make licenses; `sealgate server list` shows whether it is approved"
        ),
    }
}

/// Takes the address, or a free port of it.
pub(crate) async fn bind(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    listen::bind(listen).await.map_err(|e| {
        Failure::new(Code::ConfigInvalid, format!("{listen}: {e}"))
            .fix("choose another --listen; port 0 takes a free one")
    })
}

/// Ready at the first interrupt or termination signal.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    listen::stop_signal().map_err(|e| Failure::new(Code::SystemError, e.to_string()))
}
