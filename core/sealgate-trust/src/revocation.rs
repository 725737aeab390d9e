//! What the vendor took back, and keys that sign nothing new (`spec/revocation.md`).

use sealgate_artifact::{KeyState, PublicKey, Shard, Snapshot, TenantId, UnixSeconds, Unverified};

use crate::{Maximum, Signers, TenantTrust, TrustError, Verified, verify};

/// Believes a tenant's word on which revocation data there is (`spec/revocation.md` §4). `before` is what the caller remembers
/// of the snapshot that it took over last.
pub fn verify_snapshot(
    trust: &TenantTrust,
    snapshot: &Unverified<Snapshot>,
    before: Option<&Maximum>,
) -> Result<(Verified<Snapshot>, Maximum), TrustError> {
    let snapshot = verify(snapshot, &trust.snapshotters)?;
    let said = snapshot.get();
    let maximum =
        trust.newest(&snapshot, (said.tenant, said.version, said.issued_at), &trust.snapshotters, before)?;
    Ok((snapshot, maximum))
}

/// Believes a tenant's word on one block of slots (`spec/revocation.md` §3). `before` is what the caller remembers of the shard of
/// this app and block that it took over last.
pub fn verify_shard(
    trust: &TenantTrust,
    shard: &Unverified<Shard>,
    before: Option<&Maximum>,
) -> Result<(Verified<Shard>, Maximum), TrustError> {
    let shard = verify(shard, &trust.sharders)?;
    let said = shard.get();
    let maximum =
        trust.newest(&shard, (said.tenant, said.version, said.issued_at), &trust.sharders, before)?;
    Ok((shard, maximum))
}

/// How far the clocks of those who sign may be apart (`spec/revocation.md` §5.4). Whoever has a retired key can date back anyway: only revoking
/// it stops him.
const CLOCKS_APART: u64 = 86_400;

impl TenantTrust {
    /// `spec/revocation.md` §5.4: the same keys, for what their reader accepted before. That a key was retired since ends nothing of it.
    #[must_use]
    pub fn for_accepted(&self) -> Self {
        let mut accepted = self.clone();
        accepted.judges_retired = false;
        accepted
    }

    /// `spec/revocation.md` §3.3: whether what was remembered of a snapshot or a shard still counts.
    pub fn has_standing(&self, remembered: &Maximum) -> bool {
        remembered.stands(self.sharders.keys(), 1)
    }

    /// `spec/revocation.md` §5.4: a key that was retired signs nothing new.
    pub(crate) fn signed_in_time<T>(
        &self,
        statement: &Verified<T>,
        issued_at: UnixSeconds,
    ) -> Result<(), TrustError> {
        let keyset = self.tenant_keyset().get();
        let is_active = |key: &PublicKey| {
            keyset.keys.iter().any(|listed| listed.public_key == *key && listed.state == KeyState::Active)
        };
        let is_new = self.judges_retired && issued_at > keyset.issued_at.plus(CLOCKS_APART);
        if is_new && !statement.signed_by().iter().any(is_active) {
            Err(TrustError::KeyRetired)
        } else {
            Ok(())
        }
    }

    fn newest<T>(
        &self,
        statement: &Verified<T>,
        (tenant, version, issued_at): (TenantId, u64, UnixSeconds),
        signers: &Signers,
        before: Option<&Maximum>,
    ) -> Result<Maximum, TrustError> {
        self.signed_in_time(statement, issued_at)?;
        let expected = self.tenant_keyset().get().tenant;
        if tenant != expected {
            return Err(TrustError::WrongTenant { expected, found: tenant });
        }
        let this = Maximum::of(version, statement);
        this.against(before.filter(|before| before.stands(signers.keys(), 1)))?;
        Ok(this)
    }
}
