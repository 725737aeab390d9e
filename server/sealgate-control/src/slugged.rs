//! Slugs beside the ids of what a view names (`spec/http.md` §3.18).

use std::collections::{BTreeSet, HashMap};

use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, Slugged};
use sealgate_wire::{
    AccessView, ApprovalView, AuditView, EventView, LicensePreview, LicenseView, PlanView, ReleaseView,
};

use crate::desk::Desk;
use crate::{Caller, Scope};

/// Of what kind it is, its id, and the place for its slug.
pub(crate) type Place<'a> = (Slugged, Option<String>, &'a mut Option<String>);

/// A view that names apps, plans or customers.
pub(crate) trait Names {
    /// What it names.
    fn places(&mut self) -> Vec<Place<'_>>;
}

/// The view with the slugs of what it names. They are looked up afterwards, and never kept with an answer: a customer's is
/// personal.
pub(crate) async fn named<V: Names>(desk: &Desk, caller: &Caller, view: V) -> Result<V, AuthorityError> {
    let mut views = [view];
    name(desk, caller, &mut views).await?;
    let [view] = views;
    Ok(view)
}

/// The same for many. Whoever sees a license sees the slugs of its app and plan; a customer's are for those who may see
/// customers.
pub(crate) async fn name<V: Names>(
    desk: &Desk,
    caller: &Caller,
    views: &mut [V],
) -> Result<(), AuthorityError> {
    for what in [Slugged::Apps, Slugged::Plans, Slugged::Customers] {
        if what == Slugged::Customers && !caller.scopes.allow(Scope::CustomersRead) {
            continue;
        }
        let slugs = slugs(desk, caller, what, views).await?;
        for (kind, id, slug) in views.iter_mut().flat_map(Names::places) {
            if kind == what {
                *slug = id.and_then(|id| slugs.get(&id).cloned());
            }
        }
    }
    Ok(())
}

async fn slugs<V: Names>(
    desk: &Desk,
    caller: &Caller,
    what: Slugged,
    views: &mut [V],
) -> Result<HashMap<String, String>, AuthorityError> {
    let places = views.iter_mut().flat_map(Names::places);
    let ids: BTreeSet<String> =
        places.filter(|(kind, ..)| *kind == what).filter_map(|(_, id, _)| id).collect();
    let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    Ok(table::slugs::of(&desk.db, caller.tenant, (what, &ids)).await?)
}

impl Names for LicenseView {
    fn places(&mut self) -> Vec<Place<'_>> {
        vec![
            (Slugged::Apps, Some(self.app_id.clone()), &mut self.app),
            (Slugged::Plans, self.plan_id.clone(), &mut self.plan),
            (Slugged::Customers, self.customer_id.clone(), &mut self.customer),
        ]
    }
}

impl Names for LicensePreview {
    fn places(&mut self) -> Vec<Place<'_>> {
        let terms = [&mut self.before, &mut self.after];
        let places = terms.into_iter().flat_map(|terms| {
            [
                (Slugged::Plans, terms.plan_id.clone(), &mut terms.plan),
                (Slugged::Customers, terms.customer_id.clone(), &mut terms.customer),
            ]
        });
        places.collect()
    }
}

impl Names for PlanView {
    fn places(&mut self) -> Vec<Place<'_>> {
        vec![(Slugged::Apps, Some(self.app_id.clone()), &mut self.app)]
    }
}

impl Names for EventView {
    fn places(&mut self) -> Vec<Place<'_>> {
        vec![(Slugged::Apps, self.app_id.clone(), &mut self.app)]
    }
}

impl Names for AccessView {
    fn places(&mut self) -> Vec<Place<'_>> {
        vec![(Slugged::Apps, Some(self.app_id.clone()), &mut self.app)]
    }
}

impl Names for ReleaseView {
    fn places(&mut self) -> Vec<Place<'_>> {
        vec![(Slugged::Apps, Some(self.app_id.clone()), &mut self.app)]
    }
}

impl Names for ApprovalView {
    fn places(&mut self) -> Vec<Place<'_>> {
        vec![(Slugged::Apps, Some(self.app_id.clone()), &mut self.app)]
    }
}

impl Names for AuditView {
    fn places(&mut self) -> Vec<Place<'_>> {
        let what = match self.action.split_once('.') {
            Some(("app", _) | ("license", "issued" | "imported")) => Slugged::Apps,
            Some(("plan", _)) => Slugged::Plans,
            Some(("customer", _)) => Slugged::Customers,
            _ => return vec![],
        };
        vec![(what, Some(self.subject.clone()), &mut self.subject_slug)]
    }
}
