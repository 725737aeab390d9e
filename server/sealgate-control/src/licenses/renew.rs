//! Giving a license another end.

use sealgate_artifact::UnixSeconds;
use sealgate_authority::AuthorityError;
use sealgate_store::table::LicenseRow;
use sealgate_wire::{LicenseView, RenewLicense};
use serde_json::json;

use super::change::{Record, unless_revoked};
use super::list::{Licenses, find};
use super::terms::DAY;
use crate::{Caller, plans};

impl Licenses {
    /// Gives a license another end. Without one, the plan's duration is added to the present end. Each renewal adds it,
    /// however many there are at once.
    pub async fn renew(
        &self,
        caller: &Caller,
        id: &str,
        request: &RenewLicense,
    ) -> Result<LicenseView, AuthorityError> {
        let prepare = || async {
            let license = find(&self.desk, caller, id).await?;
            let renewal = self.renewal(caller, &license, request).await?;
            let end = renewal.end(&license)?;
            let change = move |license: &mut LicenseRow| {
                unless_revoked(license)?;
                license.expires_at = renewal.end(license)?;
                Ok(())
            };
            // If the license has another end when it is locked, this was for nothing and runs again.
            let detail = json!({ "expires_at": end.map(UnixSeconds::get) });
            let record = Record::new("license.renewed", "license_renewed", detail);
            self.prepare_change(caller, &license, (&record, None), change).await
        };
        self.desk.once(caller, prepare).await
    }

    async fn renewal(
        &self,
        caller: &Caller,
        license: &LicenseRow,
        request: &RenewLicense,
    ) -> Result<Renewal, AuthorityError> {
        let now = self.desk.ids.now();
        if let Some(end) = request.expires_at {
            return Ok(Renewal { to: End::Named(end.map(|t| t.0)), now });
        }
        let plan = match license.plan {
            Some(plan) => Some(plans::find(&self.desk, caller, &plan.to_string()).await?),
            None => None,
        };
        let days = plan.and_then(|plan| plan.duration_days).map(u64::from);
        Ok(Renewal { to: End::Later(days.map(|days| days * DAY)), now })
    }
}

/// Another end for a license, requested at a time.
#[derive(Clone, Copy)]
struct Renewal {
    to: End,
    now: UnixSeconds,
}

#[derive(Clone, Copy)]
enum End {
    /// This one; `None` is never.
    Named(Option<UnixSeconds>),
    /// So many seconds after the present end, or after now if that is later. `None` where no plan says how many.
    Later(Option<u64>),
}

impl Renewal {
    /// The end that it gives this license.
    fn end(self, license: &LicenseRow) -> Result<Option<UnixSeconds>, AuthorityError> {
        let invalid = |why| AuthorityError::Invalid { field: "expires_at", why };
        let end = match (self.to, license.expires_at) {
            (End::Named(end), _) => end,
            (End::Later(Some(seconds)), Some(end)) => Some(end.max(self.now).plus(seconds)),
            (End::Later(_), _) => {
                let why = "a time, or null for never: the license has no end or no plan with a duration";
                return Err(invalid(why));
            }
        };
        match end {
            Some(end) if end <= self.now => Err(invalid("a time in the future")),
            end => Ok(end),
        }
    }
}
