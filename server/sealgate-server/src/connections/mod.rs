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
use watched::{WatchedAnswer, WatchedBody, WatchedStream};

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
    tokio::select! {
        () = stopping.closed() => {}
        () = table.close_what_is_late() => {}
    }
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
) -> impl Future<Output = Result<Response<WatchedAnswer>, std::convert::Infallible>> + use<> {
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
        state.answer_begins();
        answered.map(|answer| answer.map(|body| WatchedAnswer::new(body, state)))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::sync::Mutex;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use axum::routing::get;
    use hyper::body::{Bytes, Frame};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::mpsc;
    use tokio::time::timeout;

    use super::{Arc, Body, Connections, Router, TcpListener, TcpStream, serve};

    /// Nothing here takes as long; a test that would wait for ever fails instead.
    const LONG: Duration = Duration::from_mins(1);
    const SHORT: Duration = Duration::from_millis(200);

    /// What a test sends as the body of an answer.
    struct Fed(mpsc::Receiver<Bytes>);

    impl hyper::body::Body for Fed {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.poll_recv(cx).map(|part| part.map(|part| Ok(Frame::data(part))))
        }
    }

    /// A server whose `/fed` answers, once, with what is sent here.
    async fn serve_fed(settings: Connections) -> (std::net::SocketAddr, mpsc::Sender<Bytes>) {
        let (sender, parts) = mpsc::channel(1);
        let parts = Arc::new(Mutex::new(Some(parts)));
        let answer = move || {
            let parts = parts.lock().expect("no holder of this lock panics").take();
            std::future::ready(Body::new(Fed(parts.expect("it is asked once"))))
        };
        let router =
            Router::new().route("/fed", get(answer)).route("/plain", get(|| std::future::ready("plain")));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it has one");
        tokio::spawn(serve(listener, router, settings, std::future::pending()));
        (address, sender)
    }

    async fn ask(address: std::net::SocketAddr, path: &str) -> TcpStream {
        let mut connection = TcpStream::connect(address).await.expect("the server listens");
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        connection.write_all(request.as_bytes()).await.expect("the server reads");
        connection
    }

    #[tokio::test]
    async fn who_takes_a_long_answer_is_not_idle() {
        let settings = Connections { head: LONG, idle: SHORT, still: LONG, ..Connections::default() };
        let (address, feed) = serve_fed(settings).await;
        let mut taking = ask(address, "/fed").await;
        feed.send(Bytes::from_static(b"the first part")).await.expect("it is taken");
        let mut came = Vec::new();
        while !came.ends_with(b"the first part\r\n") {
            came.push(timeout(LONG, taking.read_u8()).await.expect("comes").expect("is there"));
        }
        // Meanwhile one that is idle was closed.
        let mut answer = String::new();
        let mut idle = ask(address, "/plain").await;
        timeout(LONG, idle.read_to_string(&mut answer)).await.expect("is closed").expect("is text");
        assert!(answer.ends_with("plain"), "{answer}");
        feed.send(Bytes::from_static(b"the last part")).await.expect("it is still there");
        drop(feed);
        // And now this one is idle.
        timeout(LONG, taking.read_to_end(&mut came)).await.expect("is closed").expect("comes");
        assert!(came.ends_with(b"the last part\r\n0\r\n\r\n"), "{}", String::from_utf8_lossy(&came));
    }

    #[tokio::test]
    async fn who_takes_nothing_of_its_answer_is_closed() {
        let settings = Connections { head: LONG, idle: LONG, still: SHORT, ..Connections::default() };
        let (address, feed) = serve_fed(settings).await;
        let still = ask(address, "/fed").await;
        let part = Bytes::from(vec![0; 64 * 1024]);
        let closed = async { while feed.send(part.clone()).await.is_ok() {} };
        timeout(LONG, closed).await.expect("it is closed");
        drop(still);
    }
}
