//! Making a bundle: what is judged and signed before the transaction that stores it.

use sealgate_artifact::{
    Bundle, BundleId, Code, Conditions, Device, DeviceId, License, Machines, Policy, UnixSeconds, limits,
};
use sealgate_authority::AuthorityError;
use sealgate_rules as rules;
use sealgate_store::table::{self, BundleDevice, BundleRow, DeviceRow, LicenseRow, TenantRow};
use serde_json::json;

use super::bundles::Offline;
use super::made::{Export, NewBundle};
use super::may::may_make;
use super::request::{Machine, Order, Wanted};
use super::view::{is_live, view};
use crate::Caller;
use crate::keys::{next_version, signed_form};

impl Offline {
    /// Signs the bundle that is ordered, or finds the one that answers the same requests.
    pub(super) async fn prepare(&self, caller: &Caller, order: Order) -> Result<Export, AuthorityError> {
        let (db, now) = (&self.desk.db, self.desk.ids.now());
        let tenant = table::tenants::find(db, caller.tenant).await?;
        let tenant = tenant.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let order = self.in_its_line(order, now).await?;
        let wanted = rules::Wanted { pool: order.machines.pool(), ends_at: order.ends_at };
        let ends_at = may_make(&order.license, &tenant, wanted, now)?;
        if let Some(same) = self.answered(&order, now).await? {
            return Ok(Export::Same(Box::new(view(&same, now))));
        }
        if order.machines.bound().len() > limits::BUNDLE_DEVICES {
            return Err(AuthorityError::Refused(Code::LimitReached));
        }
        let terms = self.terms(&order.license, ends_at, now).await?;
        let made = self.sign(caller, (&order, &tenant), terms).await?;
        Ok(Export::New(Box::new(made)))
    }

    /// `spec/offline.md` §5.4: the request of a machine that a live bundle names joins that one's line.
    async fn in_its_line(&self, order: Order, now: UnixSeconds) -> Result<Order, AuthorityError> {
        let [machine] = order.machines.bound() else { return Ok(order) };
        if order.replaces.is_some() {
            return Ok(order);
        }
        let whose = (machine.key, now);
        let replaces = table::bundles::naming(&self.desk.db, order.license.id, whose).await?;
        Ok(Order { replaces, ..order })
    }

    /// The bundle that answers all of these requests already. §5.4: one that has ended, or was taken back, answers them for good.
    async fn answered(&self, order: &Order, now: UnixSeconds) -> Result<Option<BundleRow>, AuthorityError> {
        let (mut found, mut unanswered) = (vec![], false);
        for machine in order.machines.bound() {
            let Some(request) = machine.request else { continue };
            match table::bundles::answering(&self.desk.db, order.license.id, request).await? {
                Some(bundle) => found.push(bundle),
                None => unanswered = true,
            }
        }
        if found.iter().any(|bundle| !is_live(bundle, now) || bundle.revoked_at.is_some()) {
            return Err(AuthorityError::Refused(Code::RequestSpent));
        }
        let Some(first) = found.pop() else { return Ok(None) };
        if unanswered || found.iter().any(|other| other.id != first.id) {
            let why =
                "requests that no bundle answers: one of them was answered, so its machine makes a new one";
            return Err(AuthorityError::Invalid { field: "requests", why });
        }
        Ok(Some(first))
    }

    /// `spec/offline.md` §3.2: the license's terms as a bundle has them.
    async fn terms(
        &self,
        license: &LicenseRow,
        ends_at: UnixSeconds,
        now: UnixSeconds,
    ) -> Result<License, AuthorityError> {
        if ends_at <= license.not_before {
            let why = "a time after the beginning of the license";
            return Err(AuthorityError::Invalid { field: "valid_until", why });
        }
        let slot = self.signer.slots.draw_for(&[license]).await?.pop();
        let signed = signed_form(license, now)?;
        let policy = signed.conditions.policy.clone();
        let policy = policy.map(|policy| Policy { heartbeat: None, seat: None, ..policy });
        let policy = policy.filter(|policy| *policy != Policy::default());
        let conditions = Conditions { slot, policy, ..signed.conditions.clone() };
        Ok(License { expires_at: Some(ends_at), trial_days: None, conditions, ..signed })
    }

    async fn sign(
        &self,
        caller: &Caller,
        (order, tenant): (&Order, &TenantRow),
        terms: License,
    ) -> Result<NewBundle, AuthorityError> {
        let (db, ids, license) = (&self.desk.db, &self.desk.ids, &order.license);
        let (id, issued_at) = (ids.fresh(BundleId::new), terms.issued_at);
        let last_serial = table::bundles::last_serial(db, license.id).await?;
        let line = order.replaces.as_ref().map(|replaced| replaced.line);
        let (slot, ends_at) = (terms.conditions.slot, terms.expires_at);
        let is_personal = terms.licensee.is_some();
        let most = (issued_at, limits::BUNDLE_REVOKED);
        let bundle = Bundle {
            terms,
            bundle: id,
            // spec/offline.md §3.6.
            serial: next_version(last_serial, issued_at)?,
            line,
            machines: order.machines.signed(),
            request: order.machines.only_request(),
            revoked: table::bundles::listed(db, license.id, most).await?,
            // No journal was received yet that it could acknowledge.
            acknowledged: vec![],
        };
        let carrier = self.signer.sign_bundle(&bundle, tenant.issuer_key)?;
        let row = BundleRow {
            id,
            tenant: license.tenant,
            app: license.app,
            license: license.id,
            serial: bundle.serial,
            version: license.version,
            line: bundle.line(),
            pool: order.machines.pool(),
            machines: u64::from(bundle.machines.count()),
            request: bundle.request,
            replaces: order.replaces.as_ref().map(|replaced| replaced.id),
            statement: carrier.envelope.id(),
            issued_at,
            ends_at: ends_at.unwrap_or(issued_at),
            made_by: caller.actor.to_string(),
            signer: tenant.issuer_key,
            slot: slot.unwrap_or_default(),
            revoked_at: None,
            revoke_reason: None,
            is_personal,
        };
        let devices = order.machines.bound();
        let seat = |machine: &Machine| DeviceRow {
            said: machine.said.clone(),
            ..DeviceRow::new(ids.fresh(DeviceId::new), license, Device::Key(machine.key), issued_at)
        };
        let named = devices.first().filter(|_| devices.len() == 1).map(|machine| machine.key.to_string());
        let detail = json!({
            "license": license.id.to_string(), "serial": row.serial, "machines": row.machines,
            "mode": if row.pool.is_some() { "pool" } else { "bound" },
            "valid_until": row.ends_at.to_string(), "statement": row.statement.to_string(),
            "replaces": row.replaces.map(|id| id.to_string()),
        });
        Ok(NewBundle {
            last_serial,
            statement: carrier.encode(),
            devices: devices.iter().map(BundleDevice::from).collect(),
            seats: devices.iter().map(seat).collect(),
            clock: ids.clock_watch().clone(),
            event: self.desk.event(caller, license, "offline_bundle_exported", named.as_deref()),
            audit: self.desk.audit(caller, "offline_bundle_exported", id.to_string(), &detail),
            row,
        })
    }
}

impl From<&Machine> for BundleDevice {
    fn from(machine: &Machine) -> Self {
        Self { key: machine.key, request: machine.request }
    }
}

impl Wanted {
    pub(super) fn pool(&self) -> Option<u64> {
        if let Self::Pool(pool) = self { Some(*pool) } else { None }
    }

    /// The machines that it names.
    pub(super) fn bound(&self) -> &[Machine] {
        if let Self::Bound(machines) = self { machines } else { &[] }
    }

    /// `spec/offline.md` §3.1: the one request that it answers, where it is for one machine.
    fn only_request(&self) -> Option<sealgate_artifact::StatementId> {
        if let [machine] = self.bound() { machine.request } else { None }
    }

    fn signed(&self) -> Machines {
        match self {
            Self::Bound(machines) => Machines::Bound(machines.iter().map(|machine| machine.key).collect()),
            Self::Pool(pool) => Machines::Pool(u32::try_from(*pool).unwrap_or(u32::MAX)),
        }
    }
}
