//! Serving until told to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use sealgate_authority::{Authority, upkeep};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::Settings;

/// Requests under way get so long to finish.
const GRACE: Duration = Duration::from_secs(10);
/// How often rows of the audit log get their numbers (`spec/audit.md` §2.1).
const UPKEEP: Duration = Duration::from_millis(500);
/// Every so many times, certificates are made that are missing or about to end.
const CERTIFYING: u32 = 10;
/// Every so many times, what has served its time is forgotten.
const FORGETTING: u32 = 120;

/// Serves until `stop` is ready; then takes no new request, finishes those under way, and closes the database.
pub async fn serve(
    listener: TcpListener,
    authority: Arc<Authority>,
    settings: &Settings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let signal = async move {
        stop.await;
        // The other end waits only for this.
        let _ = stopping.send(());
    };
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection answers a little later than it could");
        }
    });
    let app = crate::router(Arc::clone(&authority), settings);
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let done = Arc::new(Notify::new());
    let upkeep = tokio::spawn(keep_up(Arc::clone(&authority), Arc::clone(&done)));
    let serving = axum::serve(listener, app).with_graceful_shutdown(signal).into_future();
    let too_late = async {
        if stopped.await.is_ok() {
            tokio::time::timeout(GRACE, std::future::pending::<()>()).await.ok();
        }
    };
    let served = tokio::select! {
        served = serving => served,
        () = too_late => {
            tracing::warn!("requests were still under way after {GRACE:?}");
            Ok(())
        }
    };
    done.notify_one();
    // It ends by itself; a panic inside it was logged by its thread.
    let _ = upkeep.await;
    if let Err(error) = upkeep::write_all_observed(&authority).await {
        tracing::error!(%error, "what was observed last could not be written");
    }
    authority.db().close().await;
    served
}

/// What the server does by itself, until it is done.
async fn keep_up(authority: Arc<Authority>, done: Arc<Notify>) {
    let mut ticks = tokio::time::interval(UPKEEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for n in 1_u32.. {
        tokio::select! {
            _ = ticks.tick() => {}
            () = done.notified() => return,
        }
        if let Err(error) = upkeep::number_audit_rows(&authority).await {
            tracing::error!(%error, "rows of the audit log wait for their numbers");
        }
        if n % CERTIFYING == 0
            && let Err(error) = upkeep::certify_servers(&authority).await
        {
            tracing::error!(%error, "license servers wait for their certificates");
        }
        if let Err(error) = upkeep::write_observed(&authority).await {
            tracing::error!(%error, "what was observed could not be written");
        }
        if n % FORGETTING == 0
            && let Err(error) = upkeep::forget(&authority).await
        {
            tracing::error!(%error, "what has served its time could not be forgotten");
        }
    }
}
