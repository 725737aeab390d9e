//! Serving until told to stop.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use sealgate_authority::Authority;
use tokio::net::TcpListener;

/// Requests under way get so long to finish.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` is ready; then takes no new request, finishes those under way, and closes the database.
pub async fn serve(
    listener: TcpListener,
    authority: Arc<Authority>,
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
    let app = crate::router(Arc::clone(&authority));
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
    authority.db().close().await;
    served
}
