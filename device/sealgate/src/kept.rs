//! How what a state remembers stands in its text.

use serde_json::value::RawValue;

/// What is there does not read.
pub(crate) struct Unreadable;

/// What is there must read; what is not, need not.
pub(crate) fn read<T, U>(
    there: Option<T>,
    how: impl FnOnce(T) -> Option<U>,
) -> Result<Option<U>, Unreadable> {
    there.map(|there| how(there).ok_or(Unreadable)).transpose()
}

/// As it is kept: what was verified or made here is JSON.
pub(crate) fn json_of(bytes: &[u8]) -> Box<RawValue> {
    let text = String::from_utf8(bytes.to_vec()).expect("it was verified or made here, so it is JSON");
    RawValue::from_string(text).expect("it was verified or made here, so it is JSON")
}

pub(crate) fn bytes_of(text: Box<RawValue>) -> Vec<u8> {
    String::from(Box::<str>::from(text)).into_bytes()
}
