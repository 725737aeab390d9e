//! The rows of the audit log as entries of a chain (`spec/audit.md`).

use crate::Entry;

/// What one row of the audit log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditEntry<'a> {
    /// The tenant whose log it is.
    pub tenant: &'a str,
    /// The row's id.
    pub id: &'a str,
    /// When it happened, in Unix seconds.
    pub at: u64,
    /// Who did it.
    pub actor: &'a str,
    /// What was done.
    pub action: &'a str,
    /// What it was done to.
    pub subject: &'a str,
    /// The particulars, as the text that is stored.
    pub detail: &'a str,
    /// The id of the request that caused it.
    pub request_id: &'a str,
}

impl Entry for AuditEntry<'_> {
    const CONTEXT: &'static [u8] = b"sealgate-audit-v1\0";

    fn at(&self) -> u64 {
        self.at
    }

    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let Self { tenant, id, actor, action, subject, detail, request_id, at: _ } = self;
        [tenant, id, actor, action, subject, detail, request_id].into_iter().map(|text| text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::AuditEntry;
    use crate::Head;

    /// Logs in the field have these hashes. The two were computed apart from this code, by `spec/audit.md` §2.1.
    #[test]
    fn hashes_never_change() {
        let entry = AuditEntry {
            tenant: "t",
            id: "i",
            at: 1_800_000_000,
            actor: "a",
            action: "license.issued",
            subject: "",
            detail: r#"{"n":1}"#,
            request_id: "r",
        };
        let first = Head::EMPTY.append(&entry);
        let half = |bytes: &[u8]| u128::from_be_bytes(bytes.try_into().expect("16 bytes"));
        let hex = |head: Head| format!("{:032x}{:032x}", half(&head.hash[..16]), half(&head.hash[16..]));
        assert_eq!(
            (first.seq, hex(first)),
            (1, "44153f0cc3cf33feaa91937fa7493769cc75db46ff28b32bb13bf493a07049e0".to_owned())
        );
        assert_eq!(
            hex(first.append(&AuditEntry { subject: "s", ..entry })),
            "f3a7a7b342301dab6f52c94135dbc981291ac791304719d7490a60bc9e777e3a"
        );
    }
}
