//! Which licenses a person means: those that are named, or those that match.

use std::collections::HashSet;

use sealgate_artifact::{Code, LicenseId};
use sealgate_wire::{LicensePreview, LicenseView, UpdateLicense, When};

use super::deeds::{Deed, Then};
use crate::again::Again;
use crate::args::{ListLicensesArgs, ManyArgs};
use crate::client::{Client, NamedLicense, filters};
use crate::failure::Failure;
use crate::files;
use crate::names;
use crate::streams::{self, DASH, Item, MOST};

/// A license that is meant, as it was seen if it was.
pub(crate) struct Target {
    pub(crate) id: LicenseId,
    pub(crate) seen: Option<LicenseView>,
    /// The version that it had then: what a person confirmed is done to that one only.
    pub(crate) version: Option<u64>,
    /// Whether it stands on the command line, and in no list.
    pub(crate) is_by_hand: bool,
    place: String,
}

/// Who is meant. From then on nobody comes or goes: what a person confirms is what is done.
pub(crate) enum Chosen {
    /// One that was named, and nothing else.
    One(LicenseId),
    Many {
        targets: Vec<Target>,
        /// So many match, and it cannot be done to them.
        left_out: usize,
    },
}

impl Chosen {
    pub(crate) fn read(client: &Client, args: &ManyArgs, deed: &Deed) -> Result<Self, Failure> {
        if args.keys.is_empty() && args.from.is_none() {
            return matching(client, &args.filter, deed);
        }
        let items = items(args)?;
        let read = |(item, is_by_hand): (Item, bool)| match NamedLicense::read(&item.text) {
            Ok(named) => Ok((named, item.place, is_by_hand)),
            Err(failure) => Err(at(&item.place, failure)),
        };
        let named = items.into_iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
        let is_one = named.len() == 1 && args.from.is_none() && !args.care.preview;
        let mut targets: Vec<Target> = vec![];
        let mut met = HashSet::new();
        for (named, place, is_by_hand) in named {
            let target = match named {
                NamedLicense::Id(id) => Target { id, seen: None, version: None, is_by_hand, place },
                NamedLicense::Other(wanted) => {
                    // The only one needs no number.
                    let of_one = |failure| if is_one { failure } else { at(&place, failure) };
                    let seen = client.look_up(&wanted).map_err(of_one)?;
                    let (id, version) = (LicenseId::parse(&seen.license_id)?, Some(seen.version));
                    Target { id, seen: Some(seen), version, is_by_hand, place }
                }
            };
            if met.insert(target.id) {
                targets.push(target);
            }
        }
        match &targets[..] {
            [only] if is_one => Ok(Self::One(only.id)),
            _ => {
                // A line that names no license changes nothing at all.
                targets.iter_mut().try_for_each(|target| target.look(client))?;
                Ok(Self::Many { targets, left_out: 0 })
            }
        }
    }
}

impl Target {
    /// Sees it, where the token may. One that only writes learns its version, and that it is there.
    fn look(&mut self, client: &Client) -> Result<(), Failure> {
        if self.version.is_some() {
            return Ok(());
        }
        let path = format!("/api/v1/licenses/{}", self.id);
        let told = |failure| at(&self.place, failure);
        if let Some(seen) = client.get_if_allowed::<LicenseView>(&path).map_err(told)? {
            (self.version, self.seen) = (Some(seen.version), Some(seen));
            return Ok(());
        }
        match client.post::<LicensePreview>(&format!("{path}/preview"), &UpdateLicense::default()) {
            Ok(preview) => self.version = Some(preview.version),
            Err(failure) if failure.code == Code::LicenseRevoked.as_str() => {}
            Err(failure) => return Err(told(failure)),
        }
        Ok(())
    }
}

/// What was named on the command line, on standard input and in a file, and whether it was on the command line itself.
fn items(args: &ManyArgs) -> Result<Vec<(Item, bool)>, Failure> {
    let dashes = args.keys.iter().filter(|key| *key == DASH).count();
    let from_input = usize::from(args.from.as_deref().is_some_and(streams::is_dash));
    if dashes + from_input > 1 {
        let why = "- is given twice, and there is one standard input";
        return Err(Failure::new(Code::MalformedRequest, why).fix("give - once"));
    }
    let listed = |item: Item| (item, false);
    let mut items = vec![];
    for (n, key) in args.keys.iter().enumerate() {
        if key == DASH {
            items.extend(streams::items_of_input()?.into_iter().map(listed));
        } else {
            items.push((Item { text: key.clone(), place: format!("KEY {}", n + 1) }, true));
        }
    }
    if let Some(path) = &args.from {
        items.extend(files::items(path)?.into_iter().map(listed));
    }
    if items.is_empty() { Err(streams::nothing("the list")) } else { Ok(items) }
}

/// With where it stands: a key is not repeated.
fn at(place: &str, failure: Failure) -> Failure {
    Failure {
        message: format!("{place}: {}; nothing was changed", failure.message.trim_end_matches('.')),
        ..failure
    }
}

/// Those to which it cannot be done are left out.
fn matching(client: &Client, filter: &ListLicensesArgs, deed: &Deed) -> Result<Chosen, Failure> {
    // From a variable that is not set, say. It would match every license.
    if let Some((flag, _)) =
        named(filter).into_iter().find(|(_, text)| text.as_deref().is_some_and(|t| t.trim().is_empty()))
    {
        let why = format!("{flag}: an empty text matches more than anybody means");
        return Err(Failure::new(Code::MalformedRequest, why).fix("give the text, or leave the flag out"));
    }
    let found = listed(client, filter)?;
    if found.len() > MOST {
        let why = format!("more than {MOST} licenses match");
        return Err(Failure::new(Code::MalformedRequest, why).fix("narrow it down with another flag"));
    }
    let all = found.len();
    let mut targets = vec![];
    for license in found {
        if !matches!(deed.then(&license), Then::Refused(_)) {
            let id = LicenseId::parse(&license.license_id)?;
            let (version, place) = (Some(license.version), id.to_string());
            targets.push(Target { id, seen: Some(license), version, is_by_hand: false, place });
        }
    }
    Ok(Chosen::Many { left_out: all - targets.len(), targets })
}

/// All licenses that match.
pub(crate) fn listed(client: &Client, args: &ListLicensesArgs) -> Result<Vec<LicenseView>, Failure> {
    client.get_all(&format!("/api/v1/licenses?limit=200{}", query(args)?))
}

/// The filter as the rest of a query.
pub(crate) fn query(args: &ListLicensesArgs) -> Result<String, Failure> {
    let when = |when: &Option<When>| when.as_ref().map(|when| when.as_str().to_owned());
    Ok(filters(&[
        ("app_id", &names::app_field(args.app.as_deref())?),
        ("plan_id", &args.plan.as_deref().map(names::plan).transpose()?),
        ("customer_id", &args.customer.as_deref().map(names::customer).transpose()?),
        ("device", &args.device),
        ("status", &args.status),
        ("tier", &args.tier),
        ("label", &args.label),
        ("text", &args.text),
        ("ends_after", &when(&args.ends_after)),
        ("ends_before", &when(&args.ends_before)),
        ("sort", &args.sort),
        ("never_seen", &args.never_seen.then(|| true.to_string())),
    ]))
}

/// The same filter, as one types it.
pub(crate) fn flags(again: Again, filter: &ListLicensesArgs) -> Again {
    let again = named(filter).iter().fold(again, |again, (flag, text)| again.flag(flag, text.as_deref()));
    again.switch("--never-seen", filter.never_seen)
}

fn named(filter: &ListLicensesArgs) -> [(&'static str, Option<String>); 11] {
    let when = |when: &Option<When>| when.as_ref().map(|when| when.as_str().to_owned());
    [
        ("--app", filter.app.clone()),
        ("--plan", filter.plan.clone()),
        ("--customer", filter.customer.clone()),
        ("--device", filter.device.clone()),
        ("--status", filter.status.clone()),
        ("--tier", filter.tier.clone()),
        ("--label", filter.label.clone()),
        ("--text", filter.text.clone()),
        ("--ends-after", when(&filter.ends_after)),
        ("--ends-before", when(&filter.ends_before)),
        ("--sort", filter.sort.clone()),
    ]
}
