//! How people name apps, plans and customers: by id, by slug, and by what else the server reads in their place. Nothing else gets
//! into a request: it may be a secret.

use sealgate_artifact::{AppId, CustomerId, LicenseKey, PlanId, Slug};

use crate::client::quoted;
use crate::failure::Failure;

/// The tenant's only app.
pub(crate) const ONLY: &str = "-";

/// A slug, and no license key: one that is typed in lower case has the form of a slug, and a key gets into no URL.
fn is_slug(named: &str) -> bool {
    let groups: Vec<&str> = named.split('-').collect();
    let is_group = |group: &&str| group.len() == 4 && group.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_key = groups.len() == 7 && groups.iter().all(is_group) || LicenseKey::parse(named).is_ok();
    !is_key && Slug::parse(named).is_some()
}

/// An app, or the tenant's only one.
pub(crate) fn app(named: Option<&str>) -> Result<String, Failure> {
    match named {
        None => Ok(ONLY.to_owned()),
        Some(named) => one_app(named),
    }
}

/// The same as a field of a request, which the server fills in.
pub(crate) fn app_field(named: Option<&str>) -> Result<Option<String>, Failure> {
    named.map(one_app).transpose()
}

fn one_app(named: &str) -> Result<String, Failure> {
    match AppId::parse(named) {
        Err(error) if !is_slug(named) => {
            Err(Failure::from(error).fix("give the app id or the slug that `sealgate app list` shows"))
        }
        _ => Ok(named.to_owned()),
    }
}

/// A plan, alone or behind its app and a slash.
pub(crate) fn plan(named: &str) -> Result<String, Failure> {
    let fix = "give the plan id that `sealgate plan list` shows, its slug, or both slugs as in editor/pro";
    let plan = match named.split_once('/') {
        Some((app, plan)) => one_app(app).map(|_| plan).map_err(|failure| failure.fix(fix))?,
        None => named,
    };
    match PlanId::parse(plan) {
        Err(error) if !is_slug(plan) => Err(Failure::from(error).fix(fix)),
        _ => Ok(named.to_owned()),
    }
}

/// A customer, also by the vendor's own name for it.
pub(crate) fn customer(named: &str) -> Result<String, Failure> {
    let fix = "give the customer's id, its slug, its e-mail address, or external:X with your own name for it";
    match CustomerId::parse(named) {
        Err(error) if !is_slug(named) && !named.starts_with("external:") && !is_email(named) => {
            Err(Failure::from(error).fix(fix))
        }
        _ => Ok(named.to_owned()),
    }
}

/// Whether it can be an e-mail address, and no URL with a password in it.
fn is_email(named: &str) -> bool {
    let has_no_other = named.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"/:?".contains(c));
    let parts = named.split_once('@');
    has_no_other
        && parts.is_some_and(|(who, host)| !who.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// Where an app is.
pub(crate) fn app_path(named: Option<&str>) -> Result<String, Failure> {
    app(named).map(|app| format!("/api/v1/apps/{app}"))
}

/// Where a plan is.
pub(crate) fn plan_path(named: &str) -> Result<String, Failure> {
    plan(named).map(|plan| format!("/api/v1/plans/{}", quoted(&plan)))
}

/// Where a customer is.
pub(crate) fn customer_path(named: &str) -> Result<String, Failure> {
    customer(named).map(|customer| format!("/api/v1/customers/{}", quoted(&customer)))
}

#[cfg(test)]
mod tests {
    use super::{app_path, customer_path, plan_path};

    #[test]
    fn nothing_else_gets_into_a_path() {
        assert_eq!(app_path(Some("editor")).ok().as_deref(), Some("/api/v1/apps/editor"));
        assert_eq!(app_path(None).ok().as_deref(), Some("/api/v1/apps/-"));
        assert_eq!(plan_path("editor/pro").ok().as_deref(), Some("/api/v1/plans/editor%2Fpro"));
        assert_eq!(
            customer_path("external:a/../b").ok().as_deref(),
            Some("/api/v1/customers/external%3Aa%2F..%2Fb")
        );
        assert_eq!(
            customer_path("Ada@example.com").ok().as_deref(),
            Some("/api/v1/customers/Ada%40example.com")
        );
        let key = "000G-40R4-0M30-E209-185G-R38E-1YRB";
        let (lower, bare) = (key.to_lowercase(), key.replace('-', "").to_lowercase());
        let mistyped = "000g-40r4-0m30-e209-185g-r38e-1yrx";
        for bad in [
            "..",
            "",
            "a/b/c",
            "/",
            "a/",
            "/a",
            "A",
            key,
            &lower,
            &bare,
            mistyped,
            "sgt_x",
            "a?b",
            "https://a:b@c",
            "@c",
            "a@",
        ] {
            assert!(
                app_path(Some(bad)).is_err() && plan_path(bad).is_err() && customer_path(bad).is_err(),
                "{bad}"
            );
        }
    }
}
