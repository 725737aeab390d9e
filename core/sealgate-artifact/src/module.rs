//! Modules: the files that a program consists of (`spec/activation.md` §2).

use crate::attachments::reference;
use crate::fields::{Fields, invalid};
use crate::{ArtifactError, Attachments, Value, hex, json, limits};

/// One file of a program. What a file does not say of itself is absent; nobody guesses it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Module {
    /// Its file name, without folders.
    pub name: String,
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
    /// The version that stands in it.
    pub version: Option<String>,
    /// Who signed it, as it says itself.
    pub signer: Option<String>,
}

impl Module {
    /// Whether somebody may approve, list or report such a module (`spec/activation.md` §2.2).
    pub fn is_well_formed(&self) -> bool {
        let is_short = |text: &String| is_text(text, limits::VERSION_BYTES);
        is_name(&self.name) && self.version.iter().chain(&self.signer).all(is_short)
    }

    /// Reads the list that an attachment holds.
    pub fn list_of_text(field: &'static str, text: &[u8]) -> Result<Vec<Self>, ArtifactError> {
        let Value::List(entries) = json::parse(text)? else { return Err(invalid(field, "not a list")) };
        if !(1..=limits::MODULES).contains(&entries.len()) {
            return Err(invalid(field, "not 1 to 1,024 modules"));
        }
        let list = entries.into_iter().map(|entry| module(field, entry)).collect::<Result<Vec<_>, _>>()?;
        let key = |module: &Self| (module.name.clone(), module.sha256);
        if list.windows(2).any(|two| key(&two[0]) >= key(&two[1])) {
            return Err(invalid(field, "modules do not rise by name and digest"));
        }
        Ok(list)
    }

    /// The text of an attachment for a list that is not empty. The list is put into its order.
    pub fn text_of_list(list: &[Self]) -> Vec<u8> {
        let mut list: Vec<&Self> = list.iter().collect();
        list.sort();
        list.dedup_by(|a, b| (&a.name, &a.sha256) == (&b.name, &b.sha256));
        Value::List(list.into_iter().map(Self::to_value).collect()).to_string().into_bytes()
    }

    fn to_value(&self) -> Value {
        let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
        Value::List(vec![
            Value::Text(self.name.clone()),
            Value::Text(hex::encode(&self.sha256)),
            text(&self.version),
            text(&self.signer),
        ])
    }
}

/// The field `modules`: absent where there are none.
pub(crate) fn modules(
    fields: &mut Fields,
    attachments: &mut Attachments<'_>,
) -> Result<Vec<Module>, ArtifactError> {
    let list = fields.optional("modules", |fields, field| {
        Module::list_of_text(field, attachments.take(field, fields.take(field)?)?)
    });
    list.map(Option::unwrap_or_default)
}

/// What a payload says of its list.
pub(crate) fn modules_member(list: &[Module]) -> Option<(&'static str, Value)> {
    (!list.is_empty()).then(|| ("modules", reference(&Module::text_of_list(list))))
}

fn module(field: &'static str, entry: Value) -> Result<Module, ArtifactError> {
    let malformed = || invalid(field, "an entry is not [name, digest, version, signer]");
    let Value::List(parts) = entry else { return Err(malformed()) };
    let [Value::Text(name), Value::Text(sha256), version, signer] =
        <[Value; 4]>::try_from(parts).map_err(|_| malformed())?
    else {
        return Err(malformed());
    };
    let text = |value: Value| match value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        _ => Err(malformed()),
    };
    let sha256 = hex::decode(&sha256).ok_or_else(malformed)?;
    let module = Module { name, sha256, version: text(version)?, signer: text(signer)? };
    if module.is_well_formed() {
        Ok(module)
    } else {
        Err(invalid(field, "a text of an entry is not of its form"))
    }
}

fn is_name(name: &str) -> bool {
    is_text(name, limits::MODULE_NAME_BYTES) && !name.contains(['/', '\\']) && !matches!(name, "." | "..")
}

fn is_text(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Module;
    use crate::limits;

    prop_compose! {
        fn modules()(
            name in "[a-z.]{3,9}",
            sha256 in any::<[u8; 32]>(),
            version in prop::option::of("[0-9.]{1,64}"),
            signer in prop::option::of("[0-9a-f]{16}"),
        ) -> Module {
            Module { name, sha256, version, signer }
        }
    }

    proptest! {
        /// Any list is read back the same, but for its order.
        #[test]
        fn a_list_is_read_as_it_was_written(mut list in prop::collection::vec(modules(), 1..20)) {
            let read = Module::list_of_text("modules", &Module::text_of_list(&list));
            list.sort();
            prop_assert_eq!(read, Ok(list));
        }
    }

    #[test]
    fn the_longest_list_fits_into_an_attachment() {
        let module = |n: usize| Module {
            name: format!("{n:04}-{}", "x".repeat(59)),
            sha256: [7; 32],
            version: Some("1".repeat(32)),
            signer: Some("f".repeat(32)),
        };
        let list: Vec<Module> = (0..limits::MODULES).map(module).collect();
        let text = Module::text_of_list(&list);
        assert!(text.len() <= limits::ATTACHMENT_BYTES, "{}", text.len());
        assert_eq!(Module::list_of_text("modules", &text).map(|list| list.len()), Ok(limits::MODULES));
    }

    #[test]
    fn what_is_no_module_is_refused() {
        let sha256 = "0".repeat(64);
        let good = format!(r#"[["a","{sha256}",null,"s"]]"#);
        assert!(Module::list_of_text("modules", good.as_bytes()).is_ok());
        for bad in [
            "{}".to_owned(),
            "[]".to_owned(),
            r#"["a"]"#.to_owned(),
            good.replace("\"a\"", "\"a/b\""),
            good.replace("\"a\"", "\"..\""),
            good.replace("\"a\"", "\"\""),
            good.replace("\"a\"", "1"),
            good.replace("null", "1"),
            good.replace("null", "\"\""),
            good.replace("\"s\"", "\"\\u0000\""),
            good.replace(",\"s\"", ""),
            good.replace(&sha256, &"0".repeat(63)),
            format!("[{0},{0}]", &good[1..good.len() - 1]),
        ] {
            assert!(Module::list_of_text("modules", bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
