//! Which licenses of a list somebody wants (`spec/http.md` §3.2).

use std::collections::HashMap;

use sealgate_artifact::{AppId, Code, CustomerId, LicenseId, PlanId, Tier, UnixSeconds, limits};
use sealgate_authority::seats::standing;
use sealgate_authority::{AuthorityError, stored};
use sealgate_rules::Status;
use sealgate_store::Db;
use sealgate_store::table::{self, CustomerRow, LicenseRow};
use sealgate_wire::{LicenseQuery, Licensee};

use super::terms::customer;
use crate::ends::Calendar;
use crate::words::{self, Words, composed};

/// What every license of the list fulfils.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) app: Option<AppId>,
    pub(super) customer: Option<CustomerId>,
    /// How its label begins.
    pub(super) label: Option<String>,
    /// When it ends.
    pub(super) ends: Ends,
    plan: Option<PlanId>,
    tier: Option<Tier>,
    status: Option<Status>,
    words: Option<Words>,
    /// Whether the words may stand in what is known of the customer.
    in_customers: bool,
    /// Only those that no device ever used.
    never_seen: bool,
    now: UnixSeconds,
}

/// A license of a list; whether a device ever gave a seat of it back, and who bought it, where somebody asks for that.
pub(super) struct Used {
    pub(super) license: LicenseRow,
    released: bool,
    customer: Option<CustomerRow>,
}

/// Later than the first and no later than the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) after: Option<UnixSeconds>,
    pub(super) last: Option<UnixSeconds>,
}

/// Every order, with its name.
pub(crate) const ORDERS: [(&str, Order); 2] = [("newest", Order::Newest), ("end", Order::End)];

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Newest,
    End,
}

impl Wanted {
    pub(super) fn read(
        query: &LicenseQuery,
        sees_customers: bool,
        (calendar, now): (&Calendar, UnixSeconds),
    ) -> Result<Self, AuthorityError> {
        let moment =
            |field, when: &Option<_>| when.as_ref().map(|when| calendar.moment(field, when, now)).transpose();
        let after = moment("ends_after", &query.ends_after)?;
        let last = moment("ends_before", &query.ends_before)?;
        let unknown = |_| AuthorityError::Refused(Code::NotFound);
        Ok(Self {
            app: query.app_id.as_deref().map(AppId::parse).transpose().map_err(unknown)?,
            customer: query.customer_id.as_deref().map(customer).transpose()?,
            label: query.label.as_deref().map(composed),
            ends: Ends { after, last },
            plan: query.plan_id.as_deref().map(PlanId::parse).transpose().map_err(unknown)?,
            tier: named(query.tier.as_ref(), "tier", "free, licensed or enterprise", Tier::parse)?,
            status: named(
                query.status.as_ref(),
                "status",
                "active, suspended, expired or revoked",
                Status::parse,
            )?,
            words: query.text.as_deref().map(Words::read).transpose()?,
            in_customers: query.text.is_some() && sees_customers,
            never_seen: query.never_seen.unwrap_or(false),
            now,
        })
    }

    /// The licenses with what is to be known of their use and of who bought them.
    pub(super) async fn used(&self, db: &Db, licenses: Vec<LicenseRow>) -> Result<Vec<Used>, AuthorityError> {
        let customers = self.customers(db, &licenses).await?;
        let unused = |license: &&LicenseRow| self.never_seen && license.devices_used == 0;
        let asked: Vec<LicenseId> = licenses.iter().filter(unused).map(|license| license.id).collect();
        let released = table::release_days::of_any(db, &asked).await?;
        let used = |license: LicenseRow| Used {
            released: released.contains(&license.id),
            customer: license.customer.and_then(|id| customers.get(&id).cloned()),
            license,
        };
        Ok(licenses.into_iter().map(used).collect())
    }

    async fn customers(
        &self,
        db: &Db,
        licenses: &[LicenseRow],
    ) -> Result<HashMap<CustomerId, CustomerRow>, AuthorityError> {
        let Some(first) = licenses.first().filter(|_| self.in_customers) else { return Ok(HashMap::new()) };
        let ids = licenses.iter().filter_map(|license| license.customer).collect();
        let found = table::customers::some(db, first.tenant, &ids).await?;
        Ok(found.into_iter().map(|customer| (customer.id, customer)).collect())
    }

    /// Whether it is one of them, whatever a walk has asked already.
    pub(super) fn has(&self, Used { license, released, customer }: &Used) -> Result<bool, AuthorityError> {
        let is_one = self.app.is_none_or(|id| id == license.app)
            && self.customer.is_none_or(|id| Some(id) == license.customer)
            && self.plan.is_none_or(|id| Some(id) == license.plan)
            && self.tier.is_none_or(|tier| tier == license.terms.tier)
            && self.status.is_none_or(|status| status == standing(license).status(self.now))
            && words::begins(license.label.as_deref(), self.label.as_deref())
            && (!self.never_seen || license.devices_used == 0 && !released)
            && self.ends.have(license.expires_at);
        Ok(is_one && self.words_are_in(license, customer.as_ref())?)
    }

    fn words_are_in(
        &self,
        license: &LicenseRow,
        customer: Option<&CustomerRow>,
    ) -> Result<bool, AuthorityError> {
        let Some(words) = &self.words else { return Ok(true) };
        let licensee: Licensee = stored(&license.licensee)?;
        let own = [&license.label, &license.external_id, &licensee.name, &licensee.company, &licensee.email];
        let bought_by = customer.map(|who| [&who.name, &who.company, &who.email, &who.external_id]);
        let texts = own.into_iter().chain(bought_by.into_iter().flatten());
        Ok(words.are_in(texts.flatten().map(String::as_str)))
    }
}

impl Ends {
    pub(super) fn are_asked_for(self) -> bool {
        self.after.is_some() || self.last.is_some()
    }

    /// The bounds of a walk by ends.
    pub(super) fn bounds(self) -> (UnixSeconds, UnixSeconds) {
        let at = |seconds| UnixSeconds::new(seconds).expect("in range");
        (self.after.unwrap_or(at(0)), self.last.unwrap_or(at(limits::LAST_SECOND)))
    }

    fn have(self, end: Option<UnixSeconds>) -> bool {
        let (after, last) = self.bounds();
        !self.are_asked_for() || end.is_some_and(|end| after < end && end <= last)
    }
}

impl Order {
    /// By end where ends are asked for, unless somebody says otherwise, or a device's licenses are listed.
    pub(super) fn read(query: &LicenseQuery, ends: Ends) -> Result<Self, AuthorityError> {
        let order = |text: &str| ORDERS.into_iter().find(|(word, _)| *word == text).map(|(_, order)| order);
        let wished = named(query.sort.as_ref(), "sort", "newest or end", order)?;
        if query.device.is_some() && wished == Some(Self::End) {
            let why = "newest, where the licenses of a device are listed";
            return Err(AuthorityError::Invalid { field: "sort", why });
        }
        let usual = if ends.are_asked_for() && query.device.is_none() { Self::End } else { Self::Newest };
        Ok(wished.unwrap_or(usual))
    }
}

/// Where a page of a list by ends begins: after this end and id.
#[derive(Debug, Clone, Copy)]
pub(super) struct EndPlace {
    pub(super) at: UnixSeconds,
    pub(super) id: LicenseId,
}

impl EndPlace {
    /// Reads what `Display` writes.
    pub(super) fn parse(text: &str) -> Result<Self, ()> {
        let (id, at) = text.split_once('.').ok_or(())?;
        let at = at.parse().ok().and_then(UnixSeconds::new).ok_or(())?;
        Ok(Self { at, id: LicenseId::parse(id).map_err(drop)? })
    }
}

impl std::fmt::Display for EndPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.id, self.at.get())
    }
}

fn named<T>(
    text: Option<&String>,
    field: &'static str,
    why: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, AuthorityError> {
    let read = |text: &String| parse(text).ok_or(AuthorityError::Invalid { field, why });
    text.map(read).transpose()
}
