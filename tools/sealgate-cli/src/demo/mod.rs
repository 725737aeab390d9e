//! `sealgate demo`: the real server in a temporary folder, and everything it refuses.

mod between;
mod client;
mod steps;
mod story;

use std::path::Path;
use std::sync::Arc;

use sealgate_artifact::Code;
use sealgate_authority::ports::System;
use sealgate_server::assembly::{self, Options, TOKEN_FILE};
use sealgate_server::listen;
use tokio::sync::oneshot;

use crate::args::DemoArgs;
use crate::commands::serve::{bind, stop_signal};
use crate::commands::serve_facts::from_here;
use crate::failure::Failure;
use crate::output::{Output, say};

pub(crate) fn run(args: &DemoArgs, output: &Output) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::new(Code::SystemError, e.to_string());
    let dir = tempfile::Builder::new().prefix("sealgate-demo-").tempdir().map_err(failed)?;
    let runtime = tokio::runtime::Runtime::new().map_err(failed)?;
    runtime.block_on(show(args, dir.path(), output))
}

async fn show(args: &DemoArgs, dir: &Path, output: &Output) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::new(Code::SystemError, e.to_string());
    // From the start on, so that the folder goes away whenever the demo is stopped.
    let stopped_by_hand = stop_signal()?;
    let mut story = story::Story::begin(output);
    let data = dir.join("data");
    let (listener, address) = bind(args.listen).await?;
    // The certificate names what clients ask: those of the demo run on this machine.
    let url = format!("http://{}", from_here(address));
    let options = Options { origins: vec![url.clone()], ..Options::new(data.clone()) };
    let started = assembly::start(options, Arc::new(System), Arc::new(System)).await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let until_stopped = async {
        // Dropping the other end is the signal.
        let _ = stopped.await;
    };
    let server = tokio::spawn(async move {
        let settings = listen::Settings::default();
        listen::serve(listener, started.server, &settings, until_stopped).await
    });
    story.tell(&format!(
        "Made keys, an embedded database and the owner's token in {}; a real server listens on {url}.",
        data.display()
    ));

    // The client blocks, as clients do; the server runs beside it.
    let (told, client_dir, client_url) = (story, dir.to_owned(), url.clone());
    let told = tokio::task::spawn_blocking(move || steps::tell(told, &client_url, &client_dir)).await;
    let story = told.map_err(|e| Failure::new(Code::SystemError, e.to_string()))??;
    story.end();

    if !args.exit {
        invite(&url, &data, output);
        stopped_by_hand.await;
    }
    drop(stop);
    server.await.map_err(|e| Failure::new(Code::SystemError, e.to_string()))?.map_err(failed)
}

fn invite(url: &str, data: &Path, output: &Output) {
    if output.json || output.quiet {
        return;
    }
    say!("\nThe server keeps running. In another terminal:\n");
    say!("  export SEALGATE_URL={url} SEALGATE_DATA={}", data.display());
    say!("  sealgate app list");
    say!("  sealgate license list");
    say!("  curl {url}/healthz");
    say!(
        "\nThe owner's token is in {}. Press Ctrl-C to stop the server and to delete all of this.",
        data.join(TOKEN_FILE).display()
    );
}
