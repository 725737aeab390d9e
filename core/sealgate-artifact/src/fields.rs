//! Takes a payload apart field by field, so that unknown fields are noticed (`spec/envelope.md` §3.4).

use crate::{ArtifactError, UnixSeconds, Value, limits};

/// The members of one payload object that have not been taken yet.
#[derive(Debug)]
pub struct Fields {
    members: Vec<(String, Value)>,
    /// The one critical meaning that is known here, and whether these fields have it.
    critical: Option<(&'static str, bool)>,
}

impl Fields {
    pub(crate) fn new(value: Value) -> Result<Self, ArtifactError> {
        let Value::Object(members) = value else { return Err(invalid("payload", "not an object")) };
        check_names(&members)?;
        Ok(Self { members, critical: None })
    }

    /// The members of an object that stands in a field.
    pub(crate) fn new_in(field: &'static str, value: Value) -> Result<Self, ArtifactError> {
        match value {
            Value::Object(members) => Ok(Self { members, critical: None }),
            _ => Err(invalid(field, "not an object")),
        }
    }

    pub(crate) fn text(&mut self, field: &'static str) -> Result<String, ArtifactError> {
        match self.take(field)? {
            Value::Text(text) => Ok(text),
            _ => Err(invalid(field, "not a string")),
        }
    }

    /// A string, read by `parse`.
    pub(crate) fn parsed<T>(
        &mut self,
        field: &'static str,
        why: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ArtifactError> {
        parse(&self.text(field)?).ok_or_else(|| invalid(field, why))
    }

    pub(crate) fn count(&mut self, field: &'static str) -> Result<u64, ArtifactError> {
        match self.take(field)? {
            Value::Int(n) => u64::try_from(n).map_err(|_| invalid(field, "negative")),
            _ => Err(invalid(field, "not a whole number")),
        }
    }

    pub(crate) fn time(&mut self, field: &'static str) -> Result<UnixSeconds, ArtifactError> {
        UnixSeconds::new(self.count(field)?).ok_or_else(|| invalid(field, "beyond the year 9999"))
    }

    /// A field that must be there and may be `null`.
    pub(crate) fn nullable<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Result<T, ArtifactError>,
    ) -> Result<Option<T>, ArtifactError> {
        let null = self.members.iter().any(|(name, value)| name == field && *value == Value::Null);
        if null { self.take(field).map(|_| None) } else { read(self, field).map(Some) }
    }

    /// A field that may be absent.
    pub(crate) fn optional<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Result<T, ArtifactError>,
    ) -> Result<Option<T>, ArtifactError> {
        let present = self.members.iter().any(|(name, _)| name == field);
        present.then(|| read(self, field)).transpose()
    }

    pub(crate) fn list(&mut self, field: &'static str, limit: usize) -> Result<Vec<Value>, ArtifactError> {
        match self.take(field)? {
            Value::List(items) if items.len() <= limit => Ok(items),
            Value::List(_) => Err(invalid(field, "too many entries")),
            _ => Err(invalid(field, "not a list")),
        }
    }

    /// An object that stands in a field.
    pub(crate) fn object<T>(
        &mut self,
        field: &'static str,
        take: impl FnOnce(Value) -> Result<T, ArtifactError>,
    ) -> Result<T, ArtifactError> {
        take(self.take(field)?).map_err(|error| error.within(field))
    }

    /// `crit` may name `meaning`, and must where these fields have it.
    pub(crate) fn knows_critical(&mut self, meaning: &'static str, is_meant: bool) {
        self.critical = Some((meaning, is_meant));
    }

    /// Refuses unknown fields. `spec/envelope.md` §3.5: `ext` may hold anything, `crit` names what must be known.
    pub(crate) fn finish(mut self) -> Result<(), ArtifactError> {
        if let Ok(ext) = self.take("ext")
            && !matches!(ext, Value::Object(_))
        {
            return Err(invalid("ext", "not an object"));
        }
        let known = self.critical.map(|(meaning, _)| meaning);
        let crit = self.optional("crit", Fields::take)?;
        let named = crit.map_or(Ok(0), |crit| count_in_crit(crit, known))?;
        if named != self.critical.map_or(0, |(_, is_meant)| is_meant.into()) {
            return Err(invalid("crit", "does not name, once, what has a critical meaning here"));
        }
        self.finish_bare()
    }

    /// Refuses everything that was not taken, also `ext` and `crit`.
    pub(crate) fn finish_bare(self) -> Result<(), ArtifactError> {
        match self.members.into_iter().next() {
            Some((name, _)) => Err(ArtifactError::FieldUnknown(name)),
            None => Ok(()),
        }
    }

    pub(crate) fn take(&mut self, field: &'static str) -> Result<Value, ArtifactError> {
        let at = self.members.iter().position(|(name, _)| name == field);
        Ok(self.members.remove(at.ok_or(ArtifactError::FieldMissing(field))?).1)
    }
}

/// `spec/envelope.md` §3.3, at every depth: vendors choose values, never names.
fn check_names(members: &[(String, Value)]) -> Result<(), ArtifactError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    for (name, value) in members {
        if name.is_empty() || name.len() > limits::KEY_BYTES || !name.bytes().all(plain) {
            return Err(ArtifactError::FieldUnknown(name.clone()));
        }
        check_names_within(value)?;
    }
    Ok(())
}

fn check_names_within(value: &Value) -> Result<(), ArtifactError> {
    match value {
        Value::Object(members) => check_names(members),
        Value::List(items) => items.iter().try_for_each(check_names_within),
        _ => Ok(()),
    }
}

/// How often `crit` names the one meaning that is known. Any other is refused.
fn count_in_crit(crit: Value, known: Option<&str>) -> Result<usize, ArtifactError> {
    let Value::List(names) = crit else {
        return Err(invalid("crit", "not a list"));
    };
    if names.is_empty() {
        return Err(invalid("crit", "empty"));
    }
    for name in &names {
        match name {
            Value::Text(name) if Some(name.as_str()) == known => {}
            Value::Text(name) => return Err(ArtifactError::CritUnknown(name.clone())),
            _ => return Err(invalid("crit", "not a list of strings")),
        }
    }
    Ok(names.len())
}

/// An entry of a list that must be a string.
pub(crate) fn text_of(field: &'static str, value: Value) -> Result<String, ArtifactError> {
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(invalid(field, "an entry is not a string")),
    }
}

/// The entries of a list of strings, each read by `parse`, none twice.
pub(crate) fn distinct<T: PartialEq>(
    field: &'static str,
    entries: Vec<Value>,
    parse: impl Fn(&str) -> Result<T, ArtifactError>,
) -> Result<Vec<T>, ArtifactError> {
    let mut list = Vec::with_capacity(entries.len());
    for entry in entries {
        let entry = parse(&text_of(field, entry)?)?;
        if list.contains(&entry) {
            return Err(invalid(field, "an entry appears twice"));
        }
        list.push(entry);
    }
    Ok(list)
}

/// A number. Its own limit keeps it within the profile.
pub(crate) fn int(n: u64) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(limits::INTEGER_BOUND - 1).min(limits::INTEGER_BOUND - 1))
}

pub(crate) fn invalid(field: &'static str, why: &'static str) -> ArtifactError {
    ArtifactError::FieldInvalid { field, why }
}
