//! Under which conditions licenses give their rights, as vendors set them (`spec/http.md` §3.9).

use sealgate_artifact::{ArtifactError, Conditions};
use sealgate_authority::AuthorityError;
use sealgate_store::table::Terms;
use sealgate_wire::{
    self as wire, Allowances, AllowancesChange, ConditionsChange, OfflineChange, OfflinePermit,
};

/// The conditions after a change. What a license could not say is refused.
pub(crate) fn changed(
    before: &Conditions,
    change: &ConditionsChange<'_>,
) -> Result<Conditions, AuthorityError> {
    if !change.is_any() {
        return Ok(before.clone());
    }
    let mut wish = wire::Conditions::of(before);
    if let Some(policy) = change.policy {
        wish.policy = policy.cloned();
    }
    if let Some(most) = change.max_instances {
        wish.max_instances = most;
    }
    if let Some(offline) = change.offline {
        wish.offline = offline.map(|change| permit(wish.offline, change)).transpose()?.flatten();
    }
    if let Some(allowances) = change.allowances {
        wish.allowances = allowances.and_then(|change| allowed(wish.allowances, change));
    }
    let checked = Conditions::try_from(&wish).map_err(|error| unfit(&error))?;
    // The server gives these, whatever a vendor wishes. Each version gets a slot of its own when it is signed.
    Ok(Conditions { pool_epoch: before.pool_epoch, slot: before.slot, ..checked })
}

fn permit(
    before: Option<OfflinePermit>,
    change: OfflineChange,
) -> Result<Option<OfflinePermit>, AuthorityError> {
    if change == OfflineChange::default() {
        return Ok(before);
    }
    let days = change.days.or(before.map(|before| before.days)).ok_or_else(|| AuthorityError::Unfit {
        field: "offline.days".to_owned(),
        why: "1 to 3,650, and needed: the plan or license says no days yet".to_owned(),
    })?;
    Ok(Some(OfflinePermit {
        days,
        pool: change.pool.unwrap_or_else(|| before?.pool),
        journal_days: change.journal_days.unwrap_or_else(|| before?.journal_days),
    }))
}

/// Allowances that say nothing are none.
fn allowed(before: Option<Allowances>, change: AllowancesChange) -> Option<Allowances> {
    let before = before.unwrap_or_default();
    let after = Allowances {
        releases: change.releases.unwrap_or(before.releases),
        replacements: change.replacements.unwrap_or(before.replacements),
    };
    Some(after).filter(|after| *after != Allowances::default())
}

fn unfit(error: &ArtifactError) -> AuthorityError {
    let (field, why) = error.in_field().unwrap_or_else(|| ("conditions".to_owned(), error.to_string()));
    AuthorityError::Unfit { field, why }
}

/// A trial gives rights only together with a server's decision (`spec/license.md` §2.11), so it never goes to machines without a
/// network.
pub(crate) fn unless_trial(terms: &Terms, change: &ConditionsChange<'_>) -> Result<(), AuthorityError> {
    if terms.trial.is_some() && terms.conditions.offline.is_some() && change.offline.is_some() {
        let why = "null: a license that is a trial never goes to machines without a network";
        return Err(AuthorityError::Invalid { field: "offline", why });
    }
    Ok(())
}

/// What a license with a policy says besides.
const CRIT: &str = r#","crit":["policy"]"#;

/// The conditions that a request sets, each with how many bytes it takes.
pub(crate) fn given(
    conditions: &Conditions,
    change: &ConditionsChange<'_>,
) -> [(&'static str, bool, usize); 4] {
    let alone = |part: Conditions| part.to_text().len();
    [
        (
            "policy",
            change.policy.is_some(),
            alone(Conditions { policy: conditions.policy.clone(), ..Conditions::default() }) + CRIT.len(),
        ),
        (
            "max_instances",
            change.max_instances.is_some(),
            alone(Conditions { max_instances: conditions.max_instances, ..Conditions::default() }),
        ),
        (
            "offline",
            change.offline.is_some(),
            alone(Conditions { offline: conditions.offline, ..Conditions::default() }),
        ),
        (
            "allowances",
            change.allowances.is_some(),
            alone(Conditions { allowances: conditions.allowances, ..Conditions::default() }),
        ),
    ]
}

/// Whether machines without a network get less by the second than by the first.
pub(crate) fn offline_is_less(before: &Conditions, after: &Conditions) -> bool {
    let Some(before) = before.offline else { return false };
    after.offline.is_none_or(|after| {
        after.days < before.days
            || after.pool.unwrap_or(0) < before.pool.unwrap_or(0)
            || after.journal_days.unwrap_or(u64::MAX) < before.journal_days.unwrap_or(u64::MAX)
    })
}

/// Whether the customer may do less alone by the second than by the first.
pub(crate) fn allowances_are_less(before: &Conditions, after: &Conditions) -> bool {
    let replacements =
        |conditions: &Conditions| conditions.allowances.and_then(|allowed| allowed.replacements).unwrap_or(0);
    after.releases() < before.releases() || replacements(after) < replacements(before)
}

/// The longest of what is given.
pub(crate) fn longest(parts: impl IntoIterator<Item = (&'static str, bool, usize)>) -> Option<&'static str> {
    let given = parts.into_iter().filter(|(_, is_given, _)| *is_given);
    given.max_by_key(|(.., bytes)| *bytes).map(|(field, ..)| field)
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::Conditions;
    use sealgate_authority::AuthorityError;
    use sealgate_wire::{AllowancesChange, ConditionsChange, OfflineChange};

    use super::changed;

    fn after(before: &str, change: &ConditionsChange<'_>) -> Result<String, (String, String)> {
        let before = Conditions::parse(before).expect("conditions");
        changed(&before, change).map(|conditions| conditions.to_text()).map_err(|error| match error {
            AuthorityError::Unfit { field, why } => (field, why),
            other => panic!("{other}"),
        })
    }

    #[test]
    fn parts_that_are_not_named_stay() {
        let offline =
            |change| ConditionsChange { offline: Some(Some(change)), ..ConditionsChange::default() };
        let days = OfflineChange { days: Some(9), ..OfflineChange::default() };
        let no_pool = OfflineChange { pool: Some(None), ..OfflineChange::default() };
        let before = r#"{"offline":{"days":5,"pool":7},"allowances":{"releases":1,"replacements":2}}"#;
        let rest = r#","allowances":{"releases":1,"replacements":2}}"#;
        assert_eq!(after(before, &offline(days)), Ok(format!(r#"{{"offline":{{"days":9,"pool":7}}{rest}"#)));
        assert_eq!(after(before, &offline(no_pool)), Ok(format!(r#"{{"offline":{{"days":5}}{rest}"#)));
        assert_eq!(
            after("{}", &offline(no_pool)).map_err(|(field, _)| field),
            Err("offline.days".to_owned())
        );
        assert_eq!(after("{}", &offline(OfflineChange::default())), Ok("{}".to_owned()));
        let spent = AllowancesChange { releases: Some(None), replacements: None };
        let change =
            |spent| ConditionsChange { allowances: Some(Some(spent)), ..ConditionsChange::default() };
        assert_eq!(
            after(before, &change(spent)),
            Ok(r#"{"offline":{"days":5,"pool":7},"allowances":{"replacements":2}}"#.to_owned())
        );
        assert_eq!(after(r#"{"allowances":{"releases":3}}"#, &change(spent)), Ok("{}".to_owned()));
    }

    #[test]
    fn what_the_server_gives_stays() {
        let before = r#"{"max_instances":2,"pool_epoch":3,"slot":4}"#;
        let change = ConditionsChange { max_instances: Some(None), ..ConditionsChange::default() };
        assert_eq!(after(before, &change), Ok(r#"{"pool_epoch":3,"slot":4}"#.to_owned()));
    }

    /// No number is cut until it fits.
    #[test]
    fn the_largest_number_is_too_large() {
        let change = ConditionsChange { max_instances: Some(Some(u64::MAX)), ..ConditionsChange::default() };
        assert_eq!(after("{}", &change), Err(("max_instances".to_owned(), "not 1 to 1,000".to_owned())));
    }
}
