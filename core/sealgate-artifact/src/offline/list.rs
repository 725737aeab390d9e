//! Lists that stand in a payload while they are short, and beside it from then on (`spec/offline.md` §3.4).

use crate::attachments::reference;
use crate::fields::{Fields, invalid};
use crate::{ArtifactError, Attachments, Value, json, limits};

/// A list's entries, to be written.
pub(super) struct Listed(pub(super) Vec<Value>);

impl Listed {
    fn is_attached(&self) -> bool {
        self.0.len() > limits::BUNDLE_ENTRIES
    }

    fn text(&self) -> Vec<u8> {
        Value::List(self.0.clone()).to_string().into_bytes()
    }

    /// What stands in the payload; `None` where there is nothing to say.
    pub(super) fn member(self, field: &'static str) -> Option<(&'static str, Value)> {
        let value = if self.is_attached() { reference(&self.text()) } else { Value::List(self.0) };
        (value != Value::List(vec![])).then_some((field, value))
    }

    /// What stands beside it.
    pub(super) fn attachment(self) -> Option<Vec<u8>> {
        self.is_attached().then(|| self.text())
    }
}

/// The entries of a list of 1 to `most`. One list has one form: short ones are in the payload, long ones attached.
pub(super) fn take_list(
    fields: &mut Fields,
    field: &'static str,
    attachments: &mut Attachments<'_>,
    most: usize,
) -> Result<Vec<Value>, ArtifactError> {
    let (list, counts) = match fields.take(field)? {
        attached @ Value::Object(_) => {
            (json::parse(attachments.take(field, attached)?)?, limits::BUNDLE_ENTRIES + 1..=most)
        }
        list => (list, 1..=limits::BUNDLE_ENTRIES),
    };
    match list {
        Value::List(entries) if counts.contains(&entries.len()) => Ok(entries),
        Value::List(_) => Err(invalid(field, "too many entries, or too few")),
        _ => Err(invalid(field, "not a list")),
    }
}
