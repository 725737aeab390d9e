//! What a license grants in the vendor's own words: features, limits, variables, and to whom (`spec/license.md` §2.6 to
//! §2.10).

use crate::fields::{Fields, int, invalid};
use crate::{ArtifactError, Value, limits};

/// A feature that a license grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// 1 to 32 bytes without control characters, compared byte by byte.
    pub name: String,
    /// What the license says about it: 1 to 64 bytes without control characters.
    pub value: Option<String>,
}

impl Feature {
    /// A feature without a value.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), value: None }
    }
}

/// A number that the program keeps to, such as the most projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// 1 to 32 bytes without control characters.
    pub name: String,
    /// 0 to 2^53 − 1.
    pub value: u64,
}

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableValue {
    /// True or false.
    Flag(bool),
    /// A whole number strictly inside ±2^53.
    Number(i64),
    /// Text without control characters. A vendor's number with a fraction is text, too, such as `0.5`.
    Text(String),
}

/// What a vendor hands to the running program under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// 1 to 64 bytes without control characters.
    pub name: String,
    /// What stands there.
    pub value: VariableValue,
}

/// For whom a license is, as far as the vendor lets it say so. At least one of the three is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Licensee {
    /// A person's name.
    pub name: Option<String>,
    /// An organisation's name.
    pub company: Option<String>,
    /// An address to write to. Nobody checked it.
    pub email: Option<String>,
}

impl Licensee {
    /// Whether it names nobody. A license does not carry such a one.
    pub fn is_empty(&self) -> bool {
        self.parts().iter().all(|(_, text)| text.is_none())
    }

    fn parts(&self) -> [(&'static str, &Option<String>); 3] {
        [("name", &self.name), ("company", &self.company), ("email", &self.email)]
    }

    pub(crate) fn to_value(&self) -> Value {
        let part = |(name, text): (&str, &Option<String>)| {
            text.as_ref().map(|text| (name.to_owned(), Value::Text(text.clone())))
        };
        Value::Object(self.parts().into_iter().filter_map(part).collect())
    }

    /// `spec/license.md` §2.10.
    pub(crate) fn take(value: Value) -> Result<Self, ArtifactError> {
        let mut fields = Fields::new_in("licensee", value)?;
        let word = |fields: &mut Fields, field| {
            let read = |text: &str| is_text(text, limits::LICENSEE_BYTES).then(|| text.to_owned());
            fields.parsed(field, "not 1 to 128 bytes without control characters", read)
        };
        let licensee = Self {
            name: fields.optional("name", word)?,
            company: fields.optional("company", word)?,
            email: fields.optional("email", word)?,
        };
        if licensee.is_empty() {
            return Err(invalid("licensee", "names nobody"));
        }
        fields.finish()?;
        Ok(licensee)
    }
}

impl Feature {
    pub(crate) fn to_value(&self) -> Value {
        match &self.value {
            None => Value::Text(self.name.clone()),
            Some(value) => pair(&self.name, Value::Text(value.clone())),
        }
    }

    /// `spec/license.md` §2.6: a name, or a pair of name and value.
    pub(crate) fn take(value: Value) -> Result<Self, ArtifactError> {
        let (name, value) = match value {
            Value::Text(name) => (name, None),
            entry => match pair_of("features", entry)? {
                (name, Value::Text(value)) if is_text(&value, limits::FEATURE_VALUE_BYTES) => {
                    (name, Some(value))
                }
                _ => {
                    return Err(invalid(
                        "features",
                        "a value is not 1 to 64 bytes without control characters",
                    ));
                }
            },
        };
        if is_text(&name, limits::FEATURE_BYTES) {
            return Ok(Self { name, value });
        }
        Err(invalid("features", "an entry is not a name of 1 to 32 bytes without control characters"))
    }
}

impl Limit {
    pub(crate) fn to_value(&self) -> Value {
        pair(&self.name, int(self.value))
    }

    /// `spec/license.md` §2.8.
    pub(crate) fn take(value: Value) -> Result<Self, ArtifactError> {
        let (name, value) = pair_of("limits", value)?;
        match (is_text(&name, limits::FEATURE_BYTES), value) {
            (true, Value::Int(n)) if n >= 0 => Ok(Self { name, value: n.unsigned_abs() }),
            (true, _) => Err(invalid("limits", "a value is not a whole number from 0 on")),
            (false, _) => {
                Err(invalid("limits", "an entry is not a name of 1 to 32 bytes without control characters"))
            }
        }
    }
}

impl Variable {
    pub(crate) fn to_value(&self) -> Value {
        let value = match &self.value {
            VariableValue::Flag(flag) => Value::Bool(*flag),
            VariableValue::Number(n) => Value::Int(*n),
            VariableValue::Text(text) => Value::Text(text.clone()),
        };
        pair(&self.name, value)
    }

    /// `spec/license.md` §2.9.
    pub(crate) fn take(value: Value) -> Result<Self, ArtifactError> {
        let (name, value) = pair_of("variables", value)?;
        let value = match value {
            Value::Bool(flag) => VariableValue::Flag(flag),
            Value::Int(n) => VariableValue::Number(n),
            Value::Text(text) if !text.chars().any(char::is_control) => VariableValue::Text(text),
            _ => {
                let why = "a value is not text without control characters, a whole number, true or false";
                return Err(invalid("variables", why));
            }
        };
        if is_text(&name, limits::VARIABLE_NAME_BYTES) {
            return Ok(Self { name, value });
        }
        Err(invalid("variables", "an entry is not a name of 1 to 64 bytes without control characters"))
    }
}

/// One entry of a list in which every name stands once.
pub(crate) trait Named: Sized {
    fn name(&self) -> &str;
    fn take(value: Value) -> Result<Self, ArtifactError>;
    fn to_value(&self) -> Value;
}

macro_rules! named {
    ($($kind:ident)*) => {$(
        impl Named for $kind {
            fn name(&self) -> &str {
                &self.name
            }

            fn take(value: Value) -> Result<Self, ArtifactError> {
                Self::take(value)
            }

            fn to_value(&self) -> Value {
                self.to_value()
            }
        }
    )*};
}

named!(Feature Limit Variable);

/// Entries, each name once.
pub(crate) fn named_list<T: Named>(
    field: &'static str,
    entries: Vec<Value>,
) -> Result<Vec<T>, ArtifactError> {
    let mut list: Vec<T> = Vec::with_capacity(entries.len());
    for entry in entries {
        let entry = T::take(entry)?;
        if list.iter().any(|other| other.name() == entry.name()) {
            return Err(invalid(field, "an entry appears twice"));
        }
        list.push(entry);
    }
    Ok(list)
}

/// An optional list, absent where it would be empty (`spec/license.md` §1).
pub(crate) fn optional_list<T: Named>(
    fields: &mut Fields,
    field: &'static str,
    most: usize,
) -> Result<Vec<T>, ArtifactError> {
    let read = |fields: &mut Fields, field| {
        let entries = fields.list(field, most)?;
        if entries.is_empty() {
            Err(invalid(field, "an empty list is left out"))
        } else {
            named_list(field, entries)
        }
    };
    Ok(fields.optional(field, read)?.unwrap_or_default())
}

pub(crate) fn list_value<T: Named>(list: &[T]) -> Value {
    Value::List(list.iter().map(Named::to_value).collect())
}

fn pair(name: &str, value: Value) -> Value {
    Value::List(vec![Value::Text(name.to_owned()), value])
}

fn pair_of(field: &'static str, value: Value) -> Result<(String, Value), ArtifactError> {
    let wrong = || invalid(field, "an entry is not a pair of a name and a value");
    let Value::List(pair) = value else { return Err(wrong()) };
    match <[Value; 2]>::try_from(pair) {
        Ok([Value::Text(name), value]) => Ok((name, value)),
        _ => Err(wrong()),
    }
}

/// 1 to so many bytes without control characters: it is shown in terminals.
pub(crate) fn is_text(text: &str, bytes: usize) -> bool {
    (1..=bytes).contains(&text.len()) && !text.chars().any(char::is_control)
}
