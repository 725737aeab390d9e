//! Plans whose licenses are tried (`spec/http.md` §3.9).

use sealgate_artifact::{Code, limits};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, LicenseRow, Trial, TrialPer, Trying};
use sealgate_store::{Read, Tx};
use sealgate_wire as wire;

/// Reads what a vendor wishes.
pub(crate) fn parse(trial: wire::Trial) -> Result<Trial, AuthorityError> {
    if !(1..=limits::TRIAL_DAYS).contains(&trial.days) {
        return Err(AuthorityError::Invalid { field: "trial", why: "days from 1 to 3,650" });
    }
    let per = match trial.per {
        wire::TrialPer::Device => TrialPer::Device,
        wire::TrialPer::Customer => TrialPer::Customer,
    };
    Ok(Trial { days: trial.days, per })
}

pub(crate) fn view(trial: Trial) -> wire::Trial {
    let per = match trial.per {
        TrialPer::Device => wire::TrialPer::Device,
        TrialPer::Customer => wire::TrialPer::Customer,
    };
    wire::Trial { days: trial.days, per }
}

/// A trial of each customer's own needs one.
pub(crate) fn has_customer(license: &LicenseRow) -> Result<(), AuthorityError> {
    if is_of_customer(license) && license.customer.is_none() {
        let why = "the customer: there is one trial for each";
        return Err(AuthorityError::Invalid { field: "customer_id", why });
    }
    Ok(())
}

/// Whether there is one of it for each customer.
pub(crate) fn is_of_customer(license: &LicenseRow) -> bool {
    license.terms.trial.is_some_and(|trial| trial.per == TrialPer::Customer)
}

/// Whether the customer's one trial of the app is this license's, or there was none: else `trial_used`.
pub(crate) async fn is_free(on: impl Read, license: &LicenseRow) -> Result<(), AuthorityError> {
    let Some(customer) = license.customer.filter(|_| is_of_customer(license)) else { return Ok(()) };
    let known = table::trials::find(on, license.app, Trying::Customer(&customer.to_string())).await?;
    if known.is_none_or(|known| known.license == license.id) {
        return Ok(());
    }
    Err(AuthorityError::Refused(Code::TrialUsed))
}

/// Notes the customer's one trial of the app: `trial_used` if there was another. It begins with the first use.
pub(crate) async fn reserve(tx: &mut Tx<'_>, license: &LicenseRow) -> Result<(), AuthorityError> {
    let Some(customer) = license.customer.filter(|_| is_of_customer(license)) else { return Ok(()) };
    let customer = customer.to_string();
    let who = Trying::Customer(&customer);
    if table::trials::begin(tx, license, who, license.created_at).await? {
        return Ok(());
    }
    is_free(&mut *tx, license).await
}
