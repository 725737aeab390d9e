//! The conditions of plans and licenses: as flags say them, and as people read them.

use std::path::Path;

use sealgate_artifact::{Code, Value, parse_json};
use sealgate_wire::{Allowances, AllowancesChange, OfflineChange, OfflinePermit, Policy, UpdateLicense};
use serde::Serialize;

use crate::again::Again;
use crate::args::conditions::{ConditionsArgs, NONE, OrNone};
use crate::failure::Failure;
use crate::files;
use crate::streams::is_dash;

/// What the flags wish for, as a change of a license that changes nothing else. Reads the policy.
pub(super) fn wish(args: &ConditionsArgs) -> Result<UpdateLicense, Failure> {
    let number = |value: Option<OrNone>| value.map(|value| value.0);
    let allowances =
        AllowancesChange { releases: number(args.releases), replacements: number(args.replacements) };
    let wish = UpdateLicense {
        policy: args.policy.as_deref().map(policy).transpose()?,
        max_instances: number(args.max_instances),
        allowances: Some(Some(allowances)).filter(|_| allowances != AllowancesChange::default()),
        ..UpdateLicense::default()
    };
    with_offline(wish, args)
}

fn with_offline(wish: UpdateLicense, args: &ConditionsArgs) -> Result<UpdateLicense, Failure> {
    let (pool, journal_days) = (args.offline_pool.map(|n| n.0), args.offline_journal_days.map(|n| n.0));
    let days = match args.offline_days {
        Some(OrNone(None)) if pool.or(journal_days).is_some_and(|n| n.is_some()) => {
            let why = "--offline-days none takes the rest of the permission away, too";
            return Err(Failure::new(Code::MalformedRequest, why)
                .fix("give it alone, or the days, as in --offline-days 90"));
        }
        Some(OrNone(None)) => return Ok(UpdateLicense { offline: Some(None), ..wish }),
        Some(OrNone(days)) => days,
        None => None,
    };
    let change = OfflineChange { days, pool, journal_days };
    let offline = Some(Some(change)).filter(|_| change != OfflineChange::default());
    Ok(UpdateLicense { offline, ..wish })
}

/// The same for a plan that does not exist yet: what is taken away was never there.
pub(super) fn permit(wish: &UpdateLicense) -> Result<Option<OfflinePermit>, Failure> {
    let Some(OfflineChange { days, pool, journal_days }) = wish.offline.flatten() else { return Ok(None) };
    match days {
        Some(days) => {
            Ok(Some(OfflinePermit { days, pool: pool.flatten(), journal_days: journal_days.flatten() }))
        }
        None if pool.flatten().or(journal_days.flatten()).is_none() => Ok(None),
        None => {
            let why = "--offline-pool and --offline-journal-days say more of a permission, and there is none";
            Err(Failure::new(Code::MalformedRequest, why).fix("give the days, too, as in --offline-days 90"))
        }
    }
}

/// The allowances of a plan that does not exist yet.
pub(super) fn allowances(wish: &UpdateLicense) -> Option<Allowances> {
    let AllowancesChange { releases, replacements } = wish.allowances.flatten()?;
    let said = Allowances { releases: releases.flatten(), replacements: replacements.flatten() };
    Some(said).filter(|said| *said != Allowances::default())
}

/// The policy of a file; `None` for `none`. A file of that name is `./none`.
fn policy(path: &Path) -> Result<Option<Policy>, Failure> {
    if path.as_os_str() == NONE {
        return Ok(None);
    }
    let unusable = |why: String| {
        Failure::new(Code::FileUnreadable, format!("{}: {why}", path.display()))
            .fix(r#"write JSON as in {"heartbeat": {"interval": 3600, "grace": 86400}}; the operator's guide lists the fields, and spec/license.md §2.13 says them exactly"#)
    };
    let bytes = files::read(path).map_err(|e| {
        let fix = "give the path of a JSON file with the policy, or - for standard input";
        Failure::new(Code::FileUnreadable, format!("{}: {e}", path.display())).fix(fix)
    })?;
    let said: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| unusable(e.to_string()))?;
    let policy: Policy = serde_json::from_slice(&bytes).map_err(|e| unusable(e.to_string()))?;
    // The reader would take a list for an object, its values in the order of the fields.
    if serde_json::to_value(&policy).ok() != Some(said) {
        return Err(unusable("a list stands where an object must".to_owned()));
    }
    Ok(Some(policy))
}

/// The flags of a command that goes on, and whether it needs the same standard input.
pub(super) fn again(again: Again, args: &ConditionsArgs) -> (Again, bool) {
    let text = |value: Option<OrNone>| value.map(|value| value.to_string());
    let numbers = [
        ("--max-instances", text(args.max_instances)),
        ("--offline-days", text(args.offline_days)),
        ("--offline-pool", text(args.offline_pool)),
        ("--offline-journal-days", text(args.offline_journal_days)),
        ("--releases", text(args.releases)),
        ("--replacements", text(args.replacements)),
    ];
    let path = args.policy.as_ref().map(|path| path.display().to_string());
    let again = match path.as_deref() {
        Some("-") => again.word("--policy").word("-"),
        path => again.flag("--policy", path),
    };
    let again = numbers.iter().fold(again, |again, (flag, value)| again.flag(flag, value.as_deref()));
    (again, args.policy.as_deref().is_some_and(is_dash))
}

/// Policies, and what else has fields, in a line for people: `heartbeat interval=3600 grace=86400; seat=lease`. Nothing where there
/// is none.
pub(super) fn line(said: Option<&impl Serialize>) -> String {
    let written = said.map(|said| serde_json::to_string(said).expect("texts and numbers can be written"));
    let Some(Ok(Value::Object(fields))) = written.map(|text| parse_json(text.as_bytes())) else {
        return String::new();
    };
    let field = |(name, value): &(String, Value)| match value {
        Value::Object(inner) => {
            let inner = inner.iter().map(|(name, value)| format!(" {name}={}", plain(value)));
            format!("{name}{}", inner.collect::<String>())
        }
        value => format!("{name}={}", plain(value)),
    };
    fields.iter().map(field).collect::<Vec<_>>().join("; ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::List(items) => items.iter().map(item).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// A pair of a name and a number, or a name.
fn item(value: &Value) -> String {
    match value {
        Value::List(pair) => pair.iter().map(plain).collect::<Vec<_>>().join("="),
        other => plain(other),
    }
}

/// Conditions as people call them and read them.
pub(super) fn pairs(
    policy: Option<&Policy>,
    max_instances: Option<u64>,
    offline: Option<&OfflinePermit>,
    allowances: Option<&Allowances>,
) -> Vec<(&'static str, String)> {
    vec![
        ("policy", line(policy)),
        ("instances", instances(max_instances)),
        ("offline", line(offline)),
        ("releases", format!("{} per seat and year", releases(allowances))),
        ("replacements", replacements(allowances)),
    ]
}

/// Nothing where it is the default, one.
pub(super) fn instances(most: Option<u64>) -> String {
    most.map_or_else(String::new, |most| format!("{most} on a device"))
}

fn releases(allowances: Option<&Allowances>) -> u64 {
    let said = allowances.and_then(|allowed| allowed.releases);
    said.unwrap_or(sealgate_artifact::Allowances::RELEASES)
}

fn replacements(allowances: Option<&Allowances>) -> String {
    let said = allowances.and_then(|allowed| allowed.replacements);
    said.map_or_else(String::new, |most| format!("{most} per year"))
}

/// Allowances in a line.
pub(super) fn allowed(allowances: Option<&Allowances>) -> String {
    let replaced = replacements(allowances);
    let replaced = if replaced.is_empty() { String::new() } else { format!(", replacements {replaced}") };
    format!("releases {} per seat and year{replaced}", releases(allowances))
}

#[cfg(test)]
mod tests {
    use sealgate_wire::Policy;

    #[test]
    fn a_policy_is_a_line() {
        let text = r#"{"heartbeat":{"interval":60,"grace":90},"seat":"lease","anti_tamper":{"agents":["a","b"]},
                       "clock":{"mode":"run_time"},"tenant_limits":[["render",5],["mail",7]]}"#;
        let policy: Policy = serde_json::from_str(text).expect("a policy");
        let line = "heartbeat interval=60 grace=90; seat=lease; anti_tamper agents=a,b; clock mode=run_time; \
                    tenant_limits=render=5,mail=7";
        assert_eq!(super::line(Some(&policy)), line);
        let silent: Policy = serde_json::from_str(r#"{"anti_tamper":{}}"#).expect("a policy");
        assert_eq!(super::line(Some(&silent)), "anti_tamper");
        assert_eq!(super::line(None::<&Policy>), "");
    }
}
