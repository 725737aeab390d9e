//! Reading JSON bodies: bounded, and with a code for everything that can be wrong.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::Extensions;
use http_body_util::BodyExt;
use sealgate_artifact::Code;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::misfit::Misfit;

/// spec/http.md §1.3: no request needs more.
pub(crate) const BODY_BYTES: usize = 64 * 1024;
/// spec/http.md §1.3: but those that may bring attachments, such as modules or entries of a chain.
pub(crate) const LONG_BODY_BYTES: usize = 1024 * 1024;
/// spec/http.md §1.3: but one that brings a file.
pub(crate) const FILE_BODY_BYTES: usize = 24 * 1024 * 1024;
/// Longer bodies than [`BODY_BYTES`] that a server reads at once. Blocks memory exhaustion by connections that trickle them:
/// what comes beyond waits at its sender.
const LONG_BODIES: usize = 128;
/// Bodies with files that a server reads at once. Blocks the same.
const FILE_BODIES: usize = 2;
/// spec/http.md §1.3: no request nests deeper. Blocks readers of any kind from being led down without end.
const DEPTH: u32 = 32;
/// A body that is too large is still read this far, unkept, so that the sender hears why it was refused instead of a
/// broken connection.
const DRAIN_BYTES: usize = 32 * 1024 * 1024;

/// The turns of long bodies: every request of a server comes with them.
#[derive(Clone)]
pub(crate) struct LongBodies {
    long: Arc<Semaphore>,
    files: Arc<Semaphore>,
}

impl LongBodies {
    /// Of a server.
    pub(crate) fn new() -> Self {
        let turns = |most| Arc::new(Semaphore::new(most));
        Self { long: turns(LONG_BODIES), files: turns(FILE_BODIES) }
    }

    /// Those of the server that received a request.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().expect("every request comes with them")
    }

    /// The bytes of a body that is not longer than `most`.
    pub(crate) async fn collect(&self, most: usize, body: axum::body::Body) -> Result<Vec<u8>, Unreadable> {
        let turns = if most > LONG_BODY_BYTES { &self.files } else { &self.long };
        gather(most, body, Some(turns)).await
    }
}

/// Why there is no value: a code, and what the reader of JSON found.
pub(crate) struct Unreadable {
    pub(crate) code: Code,
    pub(crate) misfit: Misfit,
}

impl Unreadable {
    fn whole(code: Code, why: String) -> Self {
        Self { code, misfit: Misfit { field: None, why } }
    }
}

/// Reads a JSON body. The content type is not asked for: some clients send none.
pub(crate) async fn read<T: DeserializeOwned>(request: Request) -> Result<T, Unreadable> {
    parse(&collect(request.into_body()).await?)
}

/// The same for a request that may bring attachments.
pub(crate) async fn read_long<T: DeserializeOwned>(request: Request) -> Result<T, Unreadable> {
    let turns = LongBodies::of(request.extensions());
    parse(&turns.collect(LONG_BODY_BYTES, request.into_body()).await?)
}

/// What the bytes of a body say.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    let unreadable = |why| Unreadable::whole(Code::MalformedRequest, why);
    if is_too_deep(bytes) {
        return Err(unreadable(format!("nested more than {DEPTH} deep")));
    }
    let is_object = bytes.trim_ascii_start().first() == Some(&b'{');
    let no_object = || unreadable("not an object".to_owned());
    let is_json = || serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    // The reader of a closed word takes `null` for no JSON at all.
    let is_no_word = |e: &serde_json::Error| e.to_string().starts_with("expected value") && is_json();
    let value = serde_json::from_slice(bytes).map_err(|e| match describe(&e) {
        _ if !is_object && is_json() => no_object(),
        Some(why) if !is_no_word(&e) => unreadable(why),
        _ => Unreadable { code: Code::MalformedRequest, misfit: Misfit::of::<T>(bytes) },
    })?;
    // The reader would take a list for an object, its values in the order of the fields.
    if is_object { Ok(value) } else { Err(no_object()) }
}

/// The same, and every object in what was read was written as one: inside, too, the reader would take a list.
pub(crate) fn parse_strictly<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, Unreadable> {
    let value: T = parse(bytes)?;
    let (Ok(written), Ok(read)) = (serde_json::from_slice(bytes), serde_json::to_value(&value)) else {
        return Err(Unreadable::whole(Code::MalformedRequest, "it cannot be read twice".to_owned()));
    };
    match list_for_object(&written, &read) {
        None => Ok(value),
        Some(field) => {
            let misfit = Misfit { field: Some(field), why: "an object".to_owned() };
            Err(Unreadable { code: Code::MalformedRequest, misfit })
        }
    }
}

/// Where a list was written that was read as an object.
fn list_for_object(written: &Value, read: &Value) -> Option<String> {
    match (written, read) {
        (Value::Object(a), Value::Object(b)) => a.iter().find_map(|(name, value)| {
            let below = list_for_object(value, b.get(name)?)?;
            Some(if below.is_empty() || below.starts_with('[') {
                format!("{name}{below}")
            } else {
                format!("{name}.{below}")
            })
        }),
        (Value::Array(a), Value::Array(b)) => a.iter().zip(b).enumerate().find_map(|(at, (a, b))| {
            let below = list_for_object(a, b)?;
            let dot = if below.is_empty() || below.starts_with('[') { "" } else { "." };
            Some(format!("[{at}]{dot}{below}"))
        }),
        (Value::Array(_), Value::Object(_)) => Some(String::new()),
        _ => None,
    }
}

/// The bytes of a body that is not too large.
pub(crate) async fn collect(body: axum::body::Body) -> Result<Vec<u8>, Unreadable> {
    gather(BODY_BYTES, body, None).await
}

async fn gather(
    most: usize,
    mut body: axum::body::Body,
    turns: Option<&Semaphore>,
) -> Result<Vec<u8>, Unreadable> {
    let mut kept = Vec::new();
    let mut seen = 0;
    let mut turn = None;
    while let Some(frame) = body.frame().await {
        let cut_off = |_| Unreadable::whole(Code::MalformedRequest, "the body was cut off".to_owned());
        let Ok(data) = frame.map_err(cut_off)?.into_data() else { continue };
        seen += data.len();
        if seen <= most {
            if let (None, Some(turns)) = (&turn, turns.filter(|_| seen > BODY_BYTES)) {
                turn = Some(turns.acquire().await.expect("nobody closes it"));
            }
            kept.extend_from_slice(&data);
        } else if seen > DRAIN_BYTES {
            break;
        }
    }
    if seen <= most {
        return Ok(kept);
    }
    Err(Unreadable::whole(Code::BodyTooLarge, format!("more than {most} bytes")))
}

/// Whether brackets outside strings nest deeper than any request needs. The reader of JSON does not look into fields
/// that it ignores; this does.
fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return true;
        }
    }
    false
}

/// What keeps the text from being JSON, and where, never the text around it: bodies hold secrets. [`None`] if it is JSON of another
/// shape.
fn describe(error: &serde_json::Error) -> Option<String> {
    use serde_json::error::Category;
    let kind = match error.classify() {
        Category::Syntax | Category::Io => "not JSON",
        Category::Eof => "the JSON text ends too early",
        Category::Data => return None,
    };
    Some(format!("{kind}, at line {} column {}", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use axum::body::{Body, Bytes};
    use http_body_util::{BodyExt, Full};

    use super::{
        BODY_BYTES, FILE_BODIES, FILE_BODY_BYTES, LONG_BODIES, LONG_BODY_BYTES, LongBodies, collect,
    };

    fn long() -> Full<Bytes> {
        Full::new(vec![b' '; BODY_BYTES + 1].into())
    }

    #[test]
    fn no_more_than_so_many_long_bodies_are_held_at_once() {
        let mut context = Context::from_waker(Waker::noop());
        let turns = LongBodies::new();
        let mut trickling: Vec<_> = (0..LONG_BODIES)
            .map(|_| Body::new(long().with_trailers(std::future::pending())))
            .map(|body| Box::pin(turns.collect(LONG_BODY_BYTES, body)))
            .collect();
        for body in &mut trickling {
            assert!(body.as_mut().poll(&mut context).is_pending(), "its sender stops");
        }
        let mut next = pin!(turns.collect(LONG_BODY_BYTES, Body::new(long())));
        assert!(next.as_mut().poll(&mut context).is_pending(), "all that came, and it waits for its turn");
        let short = Body::new(Full::new(Bytes::from_static(b"{}")));
        assert!(pin!(collect(short)).poll(&mut context).is_ready(), "short ones do not wait");
        let refused = pin!(collect(Body::new(long()))).poll(&mut context);
        assert!(refused.is_ready(), "nor do those that are too long");
        trickling.pop();
        assert!(next.as_mut().poll(&mut context).is_ready());
    }

    /// Files are longer than long bodies, so fewer of them are held; neither waits for the other.
    #[test]
    fn fewer_files_are_held_at_once() {
        let mut context = Context::from_waker(Waker::noop());
        let turns = LongBodies::new();
        let body = || Body::new(long().with_trailers(std::future::pending()));
        let mut trickling: Vec<_> =
            (0..FILE_BODIES).map(|_| Box::pin(turns.collect(FILE_BODY_BYTES, body()))).collect();
        for body in &mut trickling {
            assert!(body.as_mut().poll(&mut context).is_pending());
        }
        let mut next = pin!(turns.collect(FILE_BODY_BYTES, Body::new(long())));
        assert!(next.as_mut().poll(&mut context).is_pending());
        assert!(pin!(turns.collect(LONG_BODY_BYTES, Body::new(long()))).poll(&mut context).is_ready());
        trickling.pop();
        assert!(next.as_mut().poll(&mut context).is_ready());
    }
}
