//! Where the server listens, and how it stops.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use sealgate_http::Sides;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::assembly::Server;
use crate::connections;
pub use crate::connections::Connections;
use crate::jobs::Ticker;
pub use crate::settings::Settings;

/// How long requests under way may take to finish once the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` is ready. Then it accepts no new request, finishes those under way, and closes the database.
pub async fn serve(
    listener: TcpListener,
    server: Server,
    settings: &Settings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (db, sides) = (server.db().clone(), server.sides());
    let ticker = Ticker::start(server.into_jobs());
    serve_requests(listener, sides, settings, stop).await;
    let closing = async {
        ticker.finish().await;
        db.close().await;
    };
    if tokio::time::timeout(GRACE, closing).await.is_err() {
        tracing::warn!("the database did not answer within {GRACE:?}: work in it was cut off");
    }
    Ok(())
}

async fn serve_requests(
    listener: TcpListener,
    sides: Sides,
    settings: &Settings,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let (stopping, stopped) = oneshot::channel();
    let signal = async move {
        stop.await;
        // The other end is gone only if nobody waits for requests any more.
        let _ = stopping.send(());
    };
    let router = sealgate_http::router(sides, &settings.http);
    let mut serving = pin!(connections::serve(listener, router, settings.connections, signal));
    tokio::select! {
        () = &mut serving => return,
        _ = stopped => {}
    }
    if tokio::time::timeout(GRACE, serving).await.is_err() {
        tracing::warn!("some requests did not finish within {GRACE:?} and were cut off");
    }
}

/// Takes the address, or a free port of it if its port is 0. Returns the address that was taken, too.
pub async fn bind(listen: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Ready at the first interrupt or termination signal. Signals count from this call on, not from the first poll.
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!(target: "sealgate", "stopping: finishing requests under way");
    })
}

/// The system ends a process that writes a file longer than it may (`ulimit -f`, `LimitFSIZE`), unless the process takes the
/// signal. After this call such a write only fails, as on a full disk.
pub fn outlive_long_files() -> std::io::Result<()> {
    let too_long = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    // It stays taken when this goes.
    signal(too_long).map(drop)
}

/// The origins of a server that was not told any: the address that it listens on (`spec/keys.md` §5.8).
pub fn own_origins(address: SocketAddr) -> Vec<String> {
    let mut origins = vec![origin(&address.to_string())];
    if address.ip().is_loopback() {
        origins.push(origin(&format!("localhost:{}", address.port())));
    }
    origins
}

/// The scheme's own port is not written (`spec/keys.md` §5.8).
fn origin(host_and_port: &str) -> String {
    format!("http://{}", host_and_port.strip_suffix(":80").unwrap_or(host_and_port))
}
