//! Where a page of a search begins: after what has this text and this id.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// One of those whose text is searched.
#[derive(Clone)]
pub(crate) struct Found<I> {
    pub(crate) text: String,
    pub(crate) id: I,
}

impl<I> Found<I> {
    /// Reads what `Display` writes.
    pub(crate) fn parse<E>(cursor: &str, id: impl FnOnce(&str) -> Result<I, E>) -> Result<Self, ()> {
        let (of, text) = cursor.split_once('.').ok_or(())?;
        let text = URL_SAFE_NO_PAD.decode(text).map_err(|_| ())?;
        let text = String::from_utf8(text).map_err(|_| ())?;
        Ok(Self { text, id: id(of).map_err(|_| ())? })
    }
}

impl<I: fmt::Display> fmt::Display for Found<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.id, URL_SAFE_NO_PAD.encode(&self.text))
    }
}
