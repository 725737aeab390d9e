//! Connections: how many there are, how long each may be silent, and what each may hold (`docs/design.md`, "Connections").
//!
//! Whoever can connect can be silent, send half a request, or send it a byte at a time. None of that may cost others
//! their answers.

mod bounds;
mod descriptors;
mod state;
mod table;
mod turn;
mod watched;

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub use bounds::Connections;
use table::{Slot, Table};
use turn::Turns;
use watched::{WatchedBody, WatchedStream};

/// What a connection may hold of a request's head, in bytes; an answer waits in as much. Blocks memory exhaustion by
/// heads that never end.
const BUFFER_BYTES: usize = 16 * 1024;

/// Serves until `stop` is ready. Then it takes no new connection, and waits until the requests under way are answered.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    settings: Connections,
    stop: impl Future<Output = ()>,
) {
    let table = Arc::new(Table::new(settings, descriptors::allow(settings.most)));
    let (stopping, stopped) = watch::channel(());
    tokio::select! {
        () = accept(&listener, &table, &router, &stopped) => {}
        () = table.close_what_is_late() => {}
        () = stop => {}
    }
    drop(listener);
    drop(stopped);
    // Each connection that is left has one end of this; all of them hear it, and the last one ends it.
    stopping.send_replace(());
    stopping.closed().await;
}

async fn accept(listener: &TcpListener, table: &Arc<Table>, router: &Router, stopped: &watch::Receiver<()>) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                table.could_not_accept(&error).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection answers a little later than it could");
        }
        let slot = table.make_room().await;
        tokio::spawn(converse(stream, peer, slot, router.clone(), stopped.clone()));
    }
}

/// One connection, until either side closes it.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    slot: Slot,
    router: Router,
    mut stopped: watch::Receiver<()>,
) {
    let state = Arc::clone(&slot.state);
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request| answer(&router, &slot, peer, request));
    let io = TokioIo::new(WatchedStream::new(stream, Arc::clone(&state)));
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(io, service);
    let (mut connection, turns) = (pin!(connection), Turns::new());
    let mut is_stopping = false;
    loop {
        tokio::select! {
            biased;
            ended = poll_fn(|cx| turns.take(connection.as_mut(), cx)) => {
                if let Err(error) = ended {
                    tracing::trace!(%error, "a connection ended");
                }
                return;
            }
            () = state.is_closed() => return,
            _ = stopped.changed(), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

fn answer(
    router: &TowerToHyperService<Router>,
    slot: &Slot,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Body>, std::convert::Infallible>> + use<> {
    let state = Arc::clone(&slot.state);
    let goes_on = state.head_is_here(&request);
    let mut request = request.map(|body| Body::new(WatchedBody::new(body, Arc::clone(&state))));
    request.extensions_mut().insert(ConnectInfo(peer));
    let answering = goes_on.then(|| router.call(request));
    async move {
        let Some(answering) = answering else {
            // It is being closed: nothing may begin that nobody will hear of.
            return std::future::pending().await;
        };
        let answered = answering.await;
        state.is_answered();
        answered
    }
}
