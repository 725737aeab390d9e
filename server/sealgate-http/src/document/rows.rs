//! One shape of the wire with an example, which the Rust type itself has read.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A shape, and what it looks like.
pub(super) struct Row {
    /// Its name in the document.
    pub(super) name: &'static str,
    /// An example.
    pub(super) example: Value,
    reread: Option<fn(&Value) -> Option<Value>>,
}

impl Row {
    /// The example of a type.
    pub(super) fn of<T: Serialize + DeserializeOwned>(name: &'static str, example: Value) -> Self {
        Self { name, example, reread: Some(reread::<T>) }
    }

    /// The example of a shape that no type both reads and writes.
    pub(super) fn shown(name: &'static str, example: Value) -> Self {
        Self { name, example, reread: None }
    }

    /// Whether there is a type that says which fields are there.
    pub(super) fn has_type(&self) -> bool {
        self.reread.is_some()
    }

    /// What the type makes of a value: read, and written again. `None` where it does not take it, or there is none.
    pub(super) fn reread(&self, value: &Value) -> Option<Value> {
        self.reread?(value)
    }
}

fn reread<T: Serialize + DeserializeOwned>(value: &Value) -> Option<Value> {
    // Through text: bytes that are kept as they are cannot be read from anything else.
    let read: T = serde_json::from_str(&value.to_string()).ok()?;
    serde_json::from_str(&serde_json::to_string(&read).ok()?).ok()
}
