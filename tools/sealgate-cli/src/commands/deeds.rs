//! What can be done to many licenses alike: renew, suspend, resume, revoke.

use sealgate_artifact::LicenseId;
use sealgate_wire::{LicenseView, ResumeLicense, StopLicense, When};

use super::by_file::BY_FILE;
use super::license_renew::{self, NewEnd};
use crate::again::Again;
use crate::args::RenewArgs;
use crate::client::{Client, request_name};
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::output::say;

const ONLINE: &str = "Online, it is refused from now on. A device that is activated hears it at its next heartbeat, and keeps its rights until the \
    grace is over.";

/// What is done to a license.
pub(crate) enum Deed<'a> {
    Renew { args: &'a RenewArgs, name: String },
    Suspend(Option<&'a String>),
    Resume,
    Revoke(Option<&'a String>),
}

/// What it would do to one.
pub(crate) enum Then {
    Change(String),
    /// It is so already.
    Same,
    /// It stays as it is, because of this.
    Refused(String),
}

impl<'a> Deed<'a> {
    /// A renewal under a name: what is repeated under it is done once.
    pub(crate) fn renew(args: &'a RenewArgs) -> Self {
        Self::Renew { args, name: args.idempotency_key.clone().unwrap_or_else(request_name) }
    }

    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Self::Renew { .. } => "renew",
            Self::Suspend(_) => "suspend",
            Self::Resume => "resume",
            Self::Revoke(_) => "revoke",
        }
    }

    /// What was done to it.
    pub(crate) fn participle(&self) -> &'static str {
        match self {
            Self::Renew { .. } => "renewed",
            Self::Suspend(_) => "suspended",
            Self::Resume => "resumed",
            Self::Revoke(_) => "revoked",
        }
    }

    /// What was done to several.
    pub(crate) fn done(&self) -> &'static str {
        match self {
            Self::Renew { .. } => "licenses renewed",
            Self::Suspend(_) => "licenses suspended",
            Self::Resume => "licenses resumed",
            Self::Revoke(_) => "licenses revoked",
        }
    }

    /// The question whether to do it to so many, such as "7 licenses".
    pub(crate) fn question(&self, licenses: &str) -> String {
        match self {
            Self::Renew { .. } => format!("Renew {licenses}?"),
            Self::Suspend(_) => format!("Suspend {licenses}?"),
            Self::Resume => format!("End the suspension of {licenses}?"),
            Self::Revoke(_) => format!("Revoke {licenses} for good? It cannot be undone."),
        }
    }

    /// Asks what must be asked even about a single license. The version that was seen, where one was.
    pub(crate) fn asked_of_one(
        &self,
        client: &Client,
        id: LicenseId,
        consent: Consent,
    ) -> Result<Option<u64>, Failure> {
        match self {
            Self::Renew { args, .. } => license_renew::asked_if_less(client, (id, args), consent),
            Self::Suspend(_) | Self::Resume | Self::Revoke(_) => Ok(None),
        }
    }

    /// Does it to one, unless it changed since it was seen.
    pub(crate) fn done_to(
        &self,
        client: &Client,
        (id, seen): (LicenseId, Option<u64>),
    ) -> Result<LicenseView, Failure> {
        let path = format!("/api/v1/licenses/{id}/{}", self.verb());
        let stop = |reason: Option<&String>| StopLicense { reason: reason.cloned(), if_version: seen };
        match self {
            Self::Renew { args, name } => {
                license_renew::renew(client, (id, args), seen, Some(name_for(name, id)))
            }
            Self::Suspend(why) | Self::Revoke(why) => client.post_once(&path, &stop(*why)),
            Self::Resume => client.post(&path, &ResumeLicense { if_version: seen }),
        }
    }

    /// The end that a renewal gives this license, as the server foresees it.
    pub(super) fn new_end(
        &self,
        client: &Client,
        (id, seen): (LicenseId, Option<u64>),
    ) -> Result<Option<NewEnd>, Failure> {
        match self {
            Self::Renew { args, .. } => NewEnd::of(client, args, (id, seen)).map(Some),
            Self::Suspend(_) | Self::Resume | Self::Revoke(_) => Ok(None),
        }
    }

    /// Why some of the licenses that match are left out, as in "are revoked".
    pub(crate) fn left_out(&self) -> &'static str {
        match self {
            Self::Renew { .. } => "are revoked or trials",
            Self::Suspend(_) | Self::Resume | Self::Revoke(_) => "are revoked",
        }
    }

    /// What becomes of a license as it was seen.
    pub(crate) fn then(&self, license: &LicenseView) -> Then {
        let (is_revoked, is_suspended) = (license.revoked_at.is_some(), license.suspended_at.is_some());
        match self {
            Self::Revoke(_) if is_revoked => Then::Same,
            Self::Revoke(_) => Then::Change("revoked".to_owned()),
            _ if is_revoked => Then::Refused("it is revoked".to_owned()),
            Self::Suspend(_) if is_suspended => Then::Same,
            Self::Suspend(_) => Then::Change("suspended".to_owned()),
            Self::Resume if is_suspended => Then::Change("not suspended".to_owned()),
            Self::Resume => Then::Same,
            Self::Renew { .. } if license.trial.is_some() => Then::Refused("it is a trial".to_owned()),
            Self::Renew { .. } => Then::Change("renewed".to_owned()),
        }
    }

    /// What a person has to know afterwards.
    pub(crate) fn hint(&self) {
        match self {
            Self::Revoke(_) => say!(
                "\n{ONLINE}\n{BY_FILE} Without it, a license's file and an activation work there until they end."
            ),
            Self::Suspend(_) => say!(
                "\n{ONLINE}\nMachines without a network are not told of a suspension: there, a license's file and an activation work until they end."
            ),
            Self::Renew { .. } => say!("\nWhere a license is used offline, hand out its file again."),
            Self::Resume => {}
        }
    }

    /// The flags of the same deed.
    pub(crate) fn again(&self, again: Again) -> Again {
        match self {
            Self::Renew { args, name } => {
                let when = args.expires.as_ref().map(|date| date.0.as_ref().map_or("never", When::as_str));
                again.flag("--expires", when).flag("--idempotency-key", Some(name))
            }
            Self::Suspend(why) | Self::Revoke(why) => again.flag("--reason", why.map(String::as_str)),
            Self::Resume => again,
        }
    }
}

/// The name under which a license is renewed, alone or as one of several: so a renewal under one name is done once.
fn name_for(name: &str, id: LicenseId) -> String {
    format!("{name}.{id}")
}
