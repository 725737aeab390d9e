//! The audit log as a stranger checks it.

use sealgate_artifact::decode_hex;
use sealgate_journal::{AuditEntry, Broken, Check, Head};
use sealgate_wire::AuditExport;
use serde_json::json;

use crate::User;

impl User {
    /// Exports the whole log and follows its chain: the number of rows, or where it is broken.
    pub fn check_audit(&self) -> Result<u64, Broken> {
        let (mut check, mut after) = (Check::default(), 0);
        loop {
            let answer = self.api("GET", &format!("/api/v1/audit/export?after={after}"), &json!(null));
            let part: AuditExport = serde_json::from_value(answer.expect(200)).expect("the documented form");
            for row in &part.items {
                let entry = AuditEntry {
                    tenant: &part.tenant_id,
                    id: &row.audit_id,
                    at: row.at.0.get(),
                    actor: &row.actor,
                    action: &row.action,
                    subject: &row.subject,
                    detail: &row.detail,
                    request_id: &row.request_id,
                };
                let hash = decode_hex(row.hash.as_deref().expect("is numbered")).expect("a hash");
                check.follow(row.seq.expect("is numbered"), &hash, &entry)?;
                after = row.seq.expect("is numbered");
            }
            if part.items.is_empty() || after == part.head.seq {
                let head = Head { seq: part.head.seq, hash: decode_hex(&part.head.hash).expect("a hash") };
                return check.finish(&head).map(|head| head.seq);
            }
        }
    }
}
