//! The root statement: who the roots are (`spec/keys.md` §5.6).

use crate::fields::{Fields, int, invalid, text_of};
use crate::{ArtifactError, Attachments, Kind, PublicKey, Statement, UnixSeconds, Value, limits};

/// The root keys of one moment, signed by themselves and by those before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Exactly one more than the last.
    pub version: u64,
    /// When it was signed.
    pub issued_at: UnixSeconds,
    /// From this time on its keys verify nothing, unless a later root statement follows it.
    pub expires_at: UnixSeconds,
    /// How many of its keys must sign: 1 to their number.
    pub threshold: usize,
    /// The root keys, 1 to 12. That none stands twice is for the verifier to say.
    pub keys: Vec<PublicKey>,
}

impl Statement for Root {
    const KIND: Kind = Kind::Root;

    fn take(fields: &mut Fields, _: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let version = fields.count("version")?;
        if version == 0 {
            return Err(invalid("version", "root statements count from 1"));
        }
        let (issued_at, expires_at) = (fields.time("issued_at")?, fields.time("expires_at")?);
        let threshold = fields.count("threshold")?;
        let keys = fields.list("keys", limits::ROOT_KEYS)?.into_iter();
        let keys: Vec<_> =
            keys.map(|key| PublicKey::parse(&text_of("keys", key)?)).collect::<Result<_, _>>()?;
        match usize::try_from(threshold) {
            Ok(threshold) if (1..=keys.len()).contains(&threshold) => {
                Ok(Self { version, issued_at, expires_at, threshold, keys })
            }
            _ => Err(invalid("threshold", "not 1 to the number of keys")),
        }
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let keys = self.keys.iter().map(|key| Value::Text(key.to_string()));
        vec![
            ("version", int(self.version)),
            ("issued_at", int(self.issued_at.get())),
            ("expires_at", int(self.expires_at.get())),
            ("threshold", int(self.threshold as u64)),
            ("keys", Value::List(keys.collect())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Root;
    use crate::{PublicKey, Statement, UnixSeconds, limits};

    proptest! {
        /// Any root statement that can be signed is read back the same.
        #[test]
        fn what_is_written_is_read(
            version in 1..1u64 << 53,
            times in (0..=limits::LAST_SECOND, 0..=limits::LAST_SECOND),
            keys in prop::collection::btree_set(any::<[u8; 32]>(), 1..=limits::ROOT_KEYS),
            threshold in 1..=limits::ROOT_KEYS,
        ) {
            let root = Root {
                version,
                issued_at: UnixSeconds::new(times.0).expect("in range"),
                expires_at: UnixSeconds::new(times.1).expect("in range"),
                threshold: threshold.min(keys.len()),
                keys: keys.into_iter().map(PublicKey::from_bytes).collect(),
            };
            prop_assert_eq!(Root::from_payload(&root.to_payload(), &[]), Ok(root));
        }
    }
}
