//! What a snapshot's file says, as far as it is believed (`spec/revocation.md` §5.1).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealgate_artifact::{Carrier, Code, PublicKey, Root, Shard, TenantId, UnixSeconds, Unverified};
use sealgate_authority::{AuthorityError, broken};
use sealgate_container::{Container, ContainerError, Parts, Purpose};
use sealgate_store::{Db, table};
use sealgate_trust::{
    Accepted, Imported, Roots, SnapshotParts, SnapshotReader, TenantTrust, TrustError, Verified,
};

use super::chain::Chain;
use crate::keys::first_version;

/// Seconds that a version may be ahead of the time. Whoever has a stolen key could wind versions up to their end.
const AHEAD: u64 = 366 * 24 * 60 * 60;

/// What a file says, as far as it was believed.
pub(super) struct Taken {
    pub(super) imported: Imported,
    /// The file's keys, verified without regard to newer ones: what they say has ended has ended.
    pub(super) trust: Option<TenantTrust>,
    pub(super) shards: Vec<(Verified<Shard>, Carrier)>,
}

impl Taken {
    /// Goes through the steps of `spec/revocation.md` §5.1, with the installation's own roots. What verifies signatures runs beside the
    /// threads that answer requests.
    pub(super) async fn read(
        db: &Db,
        tenant: TenantId,
        file: Vec<u8>,
        now: UnixSeconds,
    ) -> Result<Self, AuthorityError> {
        let container = Container::read(&file).map_err(|error| AuthorityError::Refused(error.code()))?;
        if container.purpose() != Purpose::Snapshot {
            return Err(AuthorityError::Refused(Code::KindUnexpected));
        }
        let own = Chain::read(db, tenant).await?;
        let roots = pinned(&table::roots::list(db).await?)?;
        let sought = Arc::new(Sought { roots, own, tenant, container, file, now });
        let first = sought.clone();
        let mut taken = beside(move || first.take(Memory::Own)).await?.map_err(refused)?;
        // spec/revocation.md §7.3: the database may have published keysets since that lack the lost keys.
        if taken.imported.refusal.as_ref().is_some_and(|why| why.code() == Code::SignatureInvalid) {
            let again = beside(move || sought.take(Memory::None)).await?.map_err(refused)?;
            if again.imported.snapshot.is_some() && !again.has_signer_that_is_over(db).await? {
                taken = again;
            }
        }
        none_is_ahead(taken.versions(), now)?;
        Ok(taken)
    }

    /// spec/revocation.md §7.3: whether one of the signers was revoked here, or left a keyset here.
    async fn has_signer_that_is_over(&self, db: &Db) -> Result<bool, AuthorityError> {
        let snapshot = self.imported.snapshot.iter().map(|(snapshot, _)| snapshot.signed_by());
        let shards = self.shards.iter().map(|(shard, _)| shard.signed_by());
        let keyset = self.trust.iter().map(|trust| trust.tenant_keyset().signed_by());
        let signers: BTreeSet<[u8; 32]> =
            snapshot.chain(shards).chain(keyset).flatten().map(|key| *key.as_bytes()).collect();
        for signer in signers {
            if table::keys::is_over(db, PublicKey::from_bytes(signer)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn versions(&self) -> impl Iterator<Item = u64> {
        let snapshot = self.imported.snapshot.iter().map(|(snapshot, _)| snapshot.get().version);
        snapshot.chain(self.shards.iter().map(|(shard, _)| shard.get().version))
    }
}

/// `spec/revocation.md` §7.8. Versions rise with the minutes. One that is far ahead would be the last that anybody takes.
fn none_is_ahead(mut versions: impl Iterator<Item = u64>, now: UnixSeconds) -> Result<(), AuthorityError> {
    let latest = first_version(now.plus(AHEAD));
    if versions.any(|version| version > latest) {
        return Err(AuthorityError::Refused(Code::VersionAhead));
    }
    Ok(())
}

/// Why a file is not taken over.
enum Unfit {
    Container(ContainerError),
    Trust(TrustError),
}

impl From<ContainerError> for Unfit {
    fn from(error: ContainerError) -> Self {
        Self::Container(error)
    }
}

/// Does what takes a while beside the threads that answer requests.
pub(super) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AuthorityError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| broken("what ran beside requests broke off"))
}

fn refused(unfit: Unfit) -> AuthorityError {
    AuthorityError::Refused(match unfit {
        Unfit::Container(error) => error.code(),
        Unfit::Trust(error) => error.code(),
    })
}

/// A file, and by what it is judged.
struct Sought {
    roots: Roots,
    own: Chain,
    tenant: TenantId,
    container: Container,
    file: Vec<u8>,
    now: UnixSeconds,
}

/// Which keysets the file's are compared with.
#[derive(Clone, Copy, PartialEq)]
enum Memory {
    /// The database's.
    Own,
    /// None: only root statements count.
    None,
}

impl Sought {
    fn take(&self, memory: Memory) -> Result<Taken, Unfit> {
        let Self { roots, tenant, now, .. } = self;
        // What the database holds may have ended since: then the file's own keys have to do.
        let known = TenantTrust::verify(roots, &self.own.bytes(), Some(*tenant), &Accepted::default(), *now);
        let known = known.ok();
        let accepted = known.as_ref().map(|known| known.accepted().clone()).unwrap_or_default();
        let (known, accepted) = match memory {
            Memory::Own => (known.as_ref(), accepted),
            Memory::None => (None, Accepted { keyset: None, tenant_keyset: None, ..accepted }),
        };
        let reader = SnapshotReader {
            roots,
            tenant: *tenant,
            app: None,
            known,
            accepted: &accepted,
            // A database that came back older may have signed newer ones since: they do not say what it forgot.
            snapshot: None,
            shards: &BTreeMap::new(),
            now: *now,
        };
        take_with(&reader, &self.container, &self.file)
    }
}

fn take_with(reader: &SnapshotReader<'_>, container: &Container, file: &[u8]) -> Result<Taken, Unfit> {
    let parts = || {
        Parts::new(container, |entry| {
            // It was read from these very bytes.
            Ok::<_, Unfit>(entry.contents(file).unwrap_or_default().to_vec())
        })
    };
    let said = parts().snapshot()?;
    let statements = SnapshotParts::of(said.snapshot, &said.roots, (&said.keyset, &said.tenant_keyset))
        .map_err(Unfit::Trust)?;
    let mut carriers: BTreeMap<_, Carrier> = BTreeMap::new();
    let shards = parts().shards().map(|shard| {
        let shard = shard?;
        carriers.insert(shard.envelope.id(), shard.clone());
        Ok::<_, Unfit>(shard)
    });
    let mut kept = vec![];
    let imported = reader.import(&statements, shards, |shard, _| {
        kept.push(shard.clone());
        Ok(())
    })?;
    let with_carrier = |shard: Verified<Shard>| {
        let carrier = carriers.remove(&shard.id())?;
        Some((shard, carrier))
    };
    let shards = kept.into_iter().filter_map(with_carrier).collect();
    let verified = || {
        let (roots, nothing) = (reader.roots, Accepted::default());
        TenantTrust::verify(roots, &statements.chain, Some(reader.tenant), &nothing, reader.now).ok()
    };
    let trust = imported.chain.clone().or_else(verified);
    Ok(Taken { imported, trust, shards })
}

/// The roots of the oldest root statement that the database has: the way to all later ones begins there.
fn pinned(roots: &[Vec<u8>]) -> Result<Roots, AuthorityError> {
    let first = roots.first().ok_or_else(|| broken("there is no root statement"))?;
    let root = Unverified::<Root>::decode(first)?.danger_peek()?;
    Roots::pin(root.keys, root.threshold, Some(root.version))
        .map_err(|error| broken(format!("stored roots: {error}")))
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::{Code, UnixSeconds};

    use super::none_is_ahead;

    #[test]
    fn versions_are_at_most_a_year_ahead() {
        let now = UnixSeconds::new(1_800_000_000).expect("in range");
        let year = 366 * 24 * 60;
        assert!(none_is_ahead([1, 30_000_000, 30_000_000 + year].into_iter(), now).is_ok());
        let refused = none_is_ahead([1, 30_000_001 + year].into_iter(), now).expect_err("too far");
        assert_eq!(refused.code(), Code::VersionAhead);
    }
}
