//! Reading JSON bodies: bounded, and with a code for everything that can be wrong.

use axum::extract::Request;
use http_body_util::BodyExt;
use sealgate_artifact::Code;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// spec/http.md §1.3: no request needs more.
const BODY_BYTES: usize = 64 * 1024;
/// spec/http.md §1.3: no request nests deeper. Blocks readers of any kind from being led down without end.
const DEPTH: u32 = 32;
/// A body that is too large is still read this far, unkept, so that the sender hears why it was refused instead of a
/// broken connection.
const DRAIN_BYTES: usize = 16 * 1024 * 1024;

/// Why there is no value: a code, and what the reader of JSON found.
pub(crate) struct Unreadable {
    pub(crate) code: Code,
    pub(crate) why: String,
}

/// Reads a JSON body. The content type is not asked for: some clients send none.
pub(crate) async fn read<T: DeserializeOwned>(request: Request) -> Result<T, Unreadable> {
    parse(&collect(request.into_body()).await?)
}

/// What the bytes of a body say.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    let unreadable = |why| Unreadable { code: Code::MalformedRequest, why };
    if is_too_deep(bytes) {
        return Err(unreadable(format!("nested more than {DEPTH} deep")));
    }
    let value = serde_json::from_slice(bytes).map_err(|e| unreadable(describe(&e)))?;
    // The reader would take a list for an object, its values in the order of the fields.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(unreadable("not an object".to_owned()));
    }
    Ok(value)
}

/// The same, and every object in what was read was written as one: inside, too, the reader would take a list.
pub(crate) fn parse_strictly<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, Unreadable> {
    let value: T = parse(bytes)?;
    let (written, read) = (serde_json::from_slice(bytes), serde_json::to_value(&value));
    if written.is_ok_and(|written| read.is_ok_and(|read| has_the_objects_of(&written, &read))) {
        return Ok(value);
    }
    Err(Unreadable { code: Code::MalformedRequest, why: "a list where an object belongs".to_owned() })
}

fn has_the_objects_of(written: &Value, read: &Value) -> bool {
    match (written, read) {
        (Value::Object(a), Value::Object(b)) => {
            a.iter().all(|(name, value)| b.get(name).is_none_or(|read| has_the_objects_of(value, read)))
        }
        (Value::Array(a), Value::Array(b)) => a.iter().zip(b).all(|(a, b)| has_the_objects_of(a, b)),
        (Value::Array(_), Value::Object(_)) => false,
        _ => true,
    }
}

/// The bytes of a body that is not too large.
pub(crate) async fn collect(mut body: axum::body::Body) -> Result<Vec<u8>, Unreadable> {
    let mut kept = Vec::new();
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let cut_off = |_| Unreadable { code: Code::MalformedRequest, why: "the body was cut off".to_owned() };
        let Ok(data) = frame.map_err(cut_off)?.into_data() else { continue };
        seen += data.len();
        if seen <= BODY_BYTES {
            kept.extend_from_slice(&data);
        } else if seen > DRAIN_BYTES {
            break;
        }
    }
    if seen <= BODY_BYTES {
        return Ok(kept);
    }
    Err(Unreadable { code: Code::BodyTooLarge, why: format!("more than {BODY_BYTES} bytes") })
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

/// Where and what kind of mistake, never the text around it: bodies hold secrets.
fn describe(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let kind = match error.classify() {
        Category::Syntax | Category::Io => "not JSON",
        Category::Eof => "the JSON text ends too early",
        Category::Data => "a field is missing, unknown, or of a wrong type or value",
    };
    format!("{kind}, at line {} column {}", error.line(), error.column())
}
