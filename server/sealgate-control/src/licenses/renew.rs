//! Giving a license another end.

use sealgate_artifact::UnixSeconds;
use sealgate_authority::AuthorityError;
use sealgate_store::table::LicenseRow;
use sealgate_wire::{LicensePreview, LicenseView, RenewLicense, Timestamp, When};
use serde_json::json;

use super::change::{Record, unless_changed, unless_revoked};
use super::list::{Licenses, find};
use super::preview::foreseen;
use crate::duration::{Duration, End};
use crate::ends::{Calendar, From};
use crate::standing::may_act;
use crate::{Caller, named, slugged};

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
            let change = move |license: &mut LicenseRow| renewal.renew(license);
            // If the license has another end when it is locked, this was for nothing and runs again.
            let detail = json!({ "expires_at": end.map(|end| Timestamp(end.at)) });
            let record = Record::new("license.renewed", "license_renewed", detail);
            self.prepare_change(caller, &license, (&record, None), change).await
        };
        let renewed = self.desk.once(caller, prepare).await?;
        slugged::named(&self.desk, caller, renewed).await
    }

    /// What a renewal with this request would change now. Refuses what the renewal would refuse.
    pub async fn preview_renewal(
        &self,
        caller: &Caller,
        id: &str,
        request: &RenewLicense,
    ) -> Result<LicensePreview, AuthorityError> {
        let license = find(&self.desk, caller, id).await?;
        let mut next = license.clone();
        self.renewal(caller, &license, request).await?.renew(&mut next)?;
        // A POST, and yet it reads: its caller may have been revoked meanwhile.
        may_act(&self.desk.db, caller, self.desk.ids.now()).await?;
        slugged::named(&self.desk, caller, foreseen(&license, &next, 0)?).await
    }

    async fn renewal(
        &self,
        caller: &Caller,
        license: &LicenseRow,
        request: &RenewLicense,
    ) -> Result<Renewal, AuthorityError> {
        let (now, calendar) = (self.desk.ids.now(), self.desk.calendar.clone());
        let seen = request.if_version;
        if let Some(end) = &request.expires_at {
            return Ok(Renewal { to: Wish::Named(end.clone()), seen, now, calendar });
        }
        let plan = match license.plan {
            Some(plan) => Some(named::plan(&self.desk, caller, &plan.to_string(), None).await?),
            None => None,
        };
        let lasts = plan.and_then(|plan| plan.duration).as_deref().and_then(Duration::parse);
        Ok(Renewal { to: Wish::Later(lasts), seen, now, calendar })
    }
}

/// Another end for a license, requested at a time.
#[derive(Clone)]
struct Renewal {
    to: Wish,
    /// The version of the license that the caller saw, if it is to be renewed as it was then.
    seen: Option<u64>,
    now: UnixSeconds,
    calendar: Calendar,
}

#[derive(Clone)]
enum Wish {
    /// This end; `None` is never.
    Named(Option<When>),
    /// So long after the present end, or after now if that is later. `None` where no plan says how long.
    Later(Option<Duration>),
}

impl Renewal {
    fn renew(&self, license: &mut LicenseRow) -> Result<(), AuthorityError> {
        unless_revoked(license)?;
        unless_changed(license, self.seen)?;
        let end = self.end(license)?;
        (license.expires_at, license.end_day) = (end.map(|end| end.at), end.map(|end| end.day));
        Ok(())
    }

    /// The end that it gives this license.
    fn end(&self, license: &LicenseRow) -> Result<Option<End>, AuthorityError> {
        // It would give nothing: a trial ends so many days after its first use (spec/http.md §3.2).
        if license.terms.trial.is_some() {
            let why = "a trial is not renewed; another plan sells it, or begins a longer one, and a change of `expires_at` moves its last day";
            return Err(AuthorityError::Invalid { field: "license_id", why });
        }
        // What ended before begins anew now, and so does its day.
        let from = match license.expires_at {
            Some(end) if self.now <= end => From { at: end, day: license.end_day },
            _ => From::now(self.now),
        };
        match (&self.to, license.expires_at) {
            (Wish::Named(None), _) => Ok(None),
            (Wish::Named(Some(when)), _) => self.calendar.end(when, (from, self.now)).map(Some),
            (Wish::Later(Some(duration)), Some(_)) => Ok(Some(self.calendar.after(*duration, from))),
            (Wish::Later(_), _) => {
                let why = "give one, or null for never: the license has no end or no plan with a duration";
                Err(AuthorityError::Invalid { field: "expires_at", why })
            }
        }
    }
}
