//! `sealgate serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use sealgate_artifact::Code;
use sealgate_authority::Role;
use sealgate_authority::ports::System;
use sealgate_server::assembly::{self, Options, TOKEN_FILE, unlock};
use sealgate_server::listen;
use sealgate_signer::Unlock;
use tokio::net::TcpListener;

use crate::args::{Global, ServeArgs};
use crate::commands::config::{self, Config};
use crate::commands::limits::{LimitsConfig, Profile};
use crate::failure::Failure;
use crate::output::{Output, say};

struct Settings {
    data: PathBuf,
    listen: SocketAddr,
    database: Option<String>,
    unlock: Unlock,
    limits: LimitsConfig,
    role: Role,
    origins: Vec<String>,
    http: sealgate_http::Settings,
}

pub(crate) fn run(global: &Global, args: &ServeArgs, output: &Output) -> Result<(), Failure> {
    let settings = settings(global, args)?;
    let runtime =
        tokio::runtime::Runtime::new().map_err(|e| Failure::new(Code::SystemError, e.to_string()))?;
    runtime.block_on(serve(settings, output))
}

async fn serve(settings: Settings, output: &Output) -> Result<(), Failure> {
    let Settings { data, listen, database, unlock, limits, role, origins, http } = settings;
    let (listener, address) = bind(listen).await?;
    // Before anybody can know that the server is up: whoever stops it then gets a clean end.
    let stop = stop_signal()?;
    let options = Options {
        data: data.clone(),
        database,
        unlock,
        limits: limits.limits(),
        role,
        origins: if origins.is_empty() { listen::own_origins(address) } else { origins },
    };
    let started = assembly::start(options, Arc::new(System), Arc::new(System)).await?;
    if started.first {
        tracing::info!(target: "sealgate", "first start: made keys, schema, tenant \"default\" and {}", data.join(TOKEN_FILE).display());
    }
    warn_about(role);
    if limits.profile == Profile::DangerOff {
        tracing::warn!(target: "sealgate", "limits are switched off: whoever reaches this server may guess and ask without end");
    }
    output.result(&serde_json::json!({ "listening": format!("http://{address}") }), |_| {
        say!("listening on http://{address}");
    });
    let served = listen::serve(listener, started.authority, &http, stop).await;
    served.map_err(|e| Failure::new(Code::SystemError, e.to_string()))
}

fn warn_about(role: Role) {
    match role {
        Role::All => tracing::warn!(
            target: "sealgate",
            "one development root, and Authority and server in one process: whoever steals this machine can make licenses"
        ),
        Role::Authority => tracing::warn!(
            target: "sealgate",
            "one development root: whoever steals this machine can make licenses; it answers no running software"
        ),
        Role::Runtime => tracing::info!(
            target: "sealgate",
            "answers running software, and can make no license; `sealgate server list` shows whether it is approved"
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

fn settings(global: &Global, args: &ServeArgs) -> Result<Settings, Failure> {
    let config = global.config.as_deref().map(Config::read).transpose()?.unwrap_or_default();
    let http = sealgate_http::Settings { trusted_proxies: config.proxies()? };
    let data = global.data.clone().or(config.data).ok_or_else(|| {
        Failure::new(Code::ConfigInvalid, "no data directory was given").fix("give --data DIR")
    })?;
    let origins = if args.origins.is_empty() { config.origins } else { args.origins.clone() };
    config::check_origins(&origins)?;
    Ok(Settings {
        role: args.role.into(),
        origins,
        data,
        limits: config.limits,
        listen: args.listen.or(config.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
        // An empty variable is an unset one.
        database: args.database.clone().filter(|url| !url.is_empty()).or(config.database),
        unlock: unlock(args.passphrase_file.as_deref())?,
        http,
    })
}
