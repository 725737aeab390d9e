//! From pinned roots to the issuers of one tenant: each level is verified by the same function (`spec/keys.md` §4).

use sealgate_artifact::{
    Code, Envelope, Keyset, Kind, PublicKey, Root, TenantId, TenantKeyset, UnixSeconds, Unverified,
};

use crate::memory::{Accepted, Maximum};
use crate::verify::admit_keys;
use crate::{KeyWindow, Roots, Signers, TrustError, Verified, verify, window};

/// The statements of a chain as they were received. Nothing in them is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainBytes {
    /// Root statements, oldest first.
    pub roots: Vec<Vec<u8>>,
    /// The keyset.
    pub keyset: Vec<u8>,
    /// The tenant keyset.
    pub tenant_keyset: Vec<u8>,
}

impl ChainBytes {
    /// What a file carries, and what the reader knows in the place of each level that it does not carry (`spec/offline.md` §4.2, step 2).
    /// `None` where neither has a level.
    pub fn of_file(
        roots: &[Envelope],
        (keyset, tenant_keyset): (Option<&Envelope>, Option<&Envelope>),
        known: Option<&Self>,
    ) -> Option<Self> {
        let level = |carried: Option<&Envelope>, known: Option<&Vec<u8>>| {
            carried.map(Envelope::encode).or_else(|| known.cloned())
        };
        let carried = (!roots.is_empty()).then(|| roots.iter().map(Envelope::encode).collect());
        Some(Self {
            roots: carried.or_else(|| known.map(|known| known.roots.clone()))?,
            keyset: level(keyset, known.map(|known| &known.keyset))?,
            tenant_keyset: level(tenant_keyset, known.map(|known| &known.tenant_keyset))?,
        })
    }
}

/// The keys of a file, judged by a reader that may know newer ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileKeys {
    /// What is to be remembered in the place of what the reader knew; `None`: the reader knows newer keys.
    pub taken: Option<TenantTrust>,
    /// The keys that count.
    pub trust: TenantTrust,
}

/// The verified chain from pinned roots down to those who sign for one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantTrust {
    root: Verified<Root>,
    keyset: Verified<Keyset>,
    tenant_keyset: Verified<TenantKeyset>,
    accepted: Accepted,
    /// Every key of every level: none of them may be a server's.
    pub(crate) known: Vec<PublicKey>,
    pub(crate) certifiers: Signers,
    pub(crate) issuers: Signers,
    pub(crate) bundlers: Signers,
    pub(crate) acknowledgers: Signers,
    pub(crate) anchorers: Signers,
    pub(crate) activators: Signers,
    pub(crate) updaters: Signers,
    pub(crate) sharders: Signers,
    pub(crate) snapshotters: Signers,
    /// Whether a retired key is asked when it signed.
    pub(crate) judges_retired: bool,
}

impl TenantTrust {
    /// Verifies root statements, keyset and tenant keyset, in that order, at the one time `now`.
    ///
    /// `tenant` is the tenant the caller expects; `None` accepts whichever the authority vouches for, for tools that
    /// show a person what a file is. `accepted` is what the caller remembers, or nothing.
    pub fn verify(
        roots: &Roots,
        chain: &ChainBytes,
        tenant: Option<TenantId>,
        accepted: &Accepted,
        now: UnixSeconds,
    ) -> Result<Self, TrustError> {
        let root = roots.follow(&chain.roots, accepted.root.as_ref(), now)?;

        let keyset = verify(&Unverified::<Keyset>::decode(&chain.keyset)?, &root.keyset_signers())?;
        window::check(KeyWindow::Keyset, keyset.get().issued_at, keyset.get().expires_at, now)?;
        let of_keyset = Maximum::of(keyset.get().version, &keyset);
        let last = root.last.get();
        of_keyset.against(standing(accepted.keyset.as_ref(), &last.keys, last.threshold))?;
        let known = admit_keys(&root.seen, keyset.get().keys.iter().map(|k| k.public_key))?;
        let authorities = Signers::of_keyset(Kind::TenantKeyset, &keyset.get().keys);

        let tenant_keyset = verify(&Unverified::<TenantKeyset>::decode(&chain.tenant_keyset)?, &authorities)?;
        let found = tenant_keyset.get().tenant;
        if let Some(expected) = [tenant, accepted.tenant].into_iter().flatten().find(|t| *t != found) {
            return Err(TrustError::WrongTenant { expected, found });
        }
        window::check(KeyWindow::Keyset, tenant_keyset.get().issued_at, tenant_keyset.get().expires_at, now)?;
        let of_tenant = Maximum::of(tenant_keyset.get().version, &tenant_keyset);
        of_tenant.against(standing(accepted.tenant_keyset.as_ref(), authorities.keys(), 1))?;
        let known = admit_keys(&known, tenant_keyset.get().keys.iter().map(|k| k.public_key))?;

        Ok(Self {
            certifiers: Signers::of_keyset(Kind::ServerCertificate, &keyset.get().keys),
            issuers: Signers::of_keyset(Kind::License, &tenant_keyset.get().keys),
            bundlers: Signers::of_keyset(Kind::Bundle, &tenant_keyset.get().keys),
            acknowledgers: Signers::of_keyset(Kind::Acknowledgement, &tenant_keyset.get().keys),
            anchorers: Signers::of_keyset(Kind::ReAnchor, &tenant_keyset.get().keys),
            activators: Signers::of_keyset(Kind::ActivationProof, &tenant_keyset.get().keys),
            updaters: Signers::of_keyset(Kind::Release, &tenant_keyset.get().keys),
            sharders: Signers::of_keyset(Kind::Shard, &tenant_keyset.get().keys),
            snapshotters: Signers::of_keyset(Kind::Snapshot, &tenant_keyset.get().keys),
            root: root.last,
            keyset,
            tenant_keyset,
            accepted: Accepted {
                tenant: Some(found),
                root: Some(root.fact),
                keyset: Some(of_keyset),
                tenant_keyset: Some(of_tenant),
            },
            known,
            judges_retired: true,
        })
    }

    /// `spec/revocation.md` §5.1, step 2: the keys of a file; where all that is wrong with them is that the reader accepted newer ones,
    /// those that it knows (`known`, verified at `now`) go on counting.
    pub fn verify_file(
        roots: &Roots,
        chain: &ChainBytes,
        tenant: Option<TenantId>,
        (accepted, known): (&Accepted, Option<&Self>),
        now: UnixSeconds,
    ) -> Result<FileKeys, TrustError> {
        let verify = |accepted| Self::verify(roots, chain, tenant, accepted, now);
        match verify(accepted) {
            Ok(trust) => Ok(FileKeys { taken: Some(trust.clone()), trust }),
            Err(why) => match known.filter(|_| why.code() == Code::VersionRollback) {
                // A list that goes back by itself is no chain.
                Some(known) => {
                    verify(&Accepted::default()).map(|_| FileKeys { taken: None, trust: known.clone() })
                }
                None => Err(why),
            },
        }
    }

    /// The last root statement.
    pub fn root(&self) -> &Verified<Root> {
        &self.root
    }

    /// The installation's keyset.
    pub fn keyset(&self) -> &Verified<Keyset> {
        &self.keyset
    }

    /// The tenant's keyset.
    pub fn tenant_keyset(&self) -> &Verified<TenantKeyset> {
        &self.tenant_keyset
    }

    /// What to remember from now on instead of what was remembered before.
    pub fn accepted(&self) -> &Accepted {
        &self.accepted
    }
}

fn standing<'a>(
    maximum: Option<&'a Maximum>,
    trusted: &[PublicKey],
    threshold: usize,
) -> Option<&'a Maximum> {
    maximum.filter(|m| m.stands(trusted, threshold))
}
