//! What is asked for: a vendor's order, or a machine's request (`spec/offline.md` §5.4).

use base64::{Engine, engine::general_purpose::STANDARD};
use sealgate_artifact::{
    BundleId, Code, LicenseHint, LicenseId, OfflineRequest, PublicKey, StatementId, UnixSeconds,
};
use sealgate_authority::AuthorityError;
use sealgate_container::{Container, ContainerError, Parts, Purpose};
use sealgate_store::table::{self, BundleRow, LicenseRow, Said};
use sealgate_trust::{TrustError, verify_offline_request};
use sealgate_wire::{BundleMode, ExportBundle, RespondOffline, When};

use super::bundles::Offline;
use super::view::is_live;
use crate::{Caller, licenses};

/// Requests that one bundle answers.
const REQUESTS: usize = 256;

/// A bundle that is wanted.
pub(super) struct Order {
    pub(super) license: LicenseRow,
    pub(super) machines: Wanted,
    /// The bundle that it replaces, of the same line.
    pub(super) replaces: Option<BundleRow>,
    pub(super) ends_at: Option<UnixSeconds>,
}

/// For which machines.
pub(super) enum Wanted {
    Bound(Vec<Machine>),
    Pool(u64),
}

/// A machine that a bundle is to name.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) key: PublicKey,
    /// Its request; `None` where the bundle that is replaced names it.
    pub(super) request: Option<StatementId>,
    /// What it says of itself.
    pub(super) said: Said,
}

/// A machine's request that was verified.
struct Asked {
    machine: Machine,
    request: OfflineRequest,
}

impl Offline {
    /// What a vendor orders for a license.
    pub(super) async fn order(
        &self,
        caller: &Caller,
        license: LicenseRow,
        request: &ExportBundle,
    ) -> Result<Order, AuthorityError> {
        let invalid = |field, why| Err(AuthorityError::Invalid { field, why });
        if request.requests.len() > REQUESTS {
            return invalid("requests", "at most 256");
        }
        let mut machines = vec![];
        for file in &request.requests {
            let asked = read("requests", caller, file)?;
            self.is_of(&license, &asked).await?;
            machines.push(asked.machine);
        }
        let replaces = match &request.replaces {
            Some(id) => Some(self.replaced(&license, id).await?),
            None => None,
        };
        let is_pool = replaces.as_ref().map_or(request.pool.is_some(), |replaced| replaced.pool.is_some());
        let mode = if is_pool { BundleMode::Pool } else { BundleMode::Bound };
        match request.mode.unwrap_or(mode) {
            asked if replaces.is_some() && asked != mode => {
                return invalid("replaces", "a bundle of the same mode");
            }
            BundleMode::Pool if !machines.is_empty() => {
                return invalid("requests", "none for a pool, which names no machine");
            }
            BundleMode::Bound if request.pool.is_some() => {
                return invalid("pool", "absent for a bound bundle, which names its machines");
            }
            _ => {}
        }
        let machines = if request.mode.unwrap_or(mode) == BundleMode::Pool {
            let pool = request.pool.map(u64::from).or(replaces.as_ref().and_then(|replaced| replaced.pool));
            match pool {
                Some(pool @ 1..=1_000_000) => Wanted::Pool(pool),
                _ => return invalid("pool", "1 to 1,000,000 machines"),
            }
        } else {
            Wanted::Bound(self.with_replaced(machines, replaces.as_ref()).await?)
        };
        Ok(Order { license, machines, replaces, ends_at: self.end(request.valid_until.as_ref())? })
    }

    /// What a machine asks for, and of which license.
    pub(super) async fn order_of_request(
        &self,
        caller: &Caller,
        respond: &RespondOffline,
    ) -> Result<(LicenseId, Order), AuthorityError> {
        // spec/http.md §3.3: what is another tenant's is not there, whatever the file says.
        let named = match &respond.license_id {
            Some(id) => Some(licenses::find(&self.desk, caller, id).await?),
            None => None,
        };
        let asked = read("request", caller, &respond.request)?;
        let license = match (self.hinted(caller, &asked.request).await?, named) {
            (Some(hinted), None) => hinted,
            (Some(hinted), Some(named)) if hinted.id == named.id => hinted,
            (None, Some(named)) if asked.request.license.is_none() && named.app == asked.request.app => named,
            (None, None) if asked.request.license.is_none() => {
                let why = "the request names no license, so say which one it is for";
                return Err(AuthorityError::Invalid { field: "license_id", why });
            }
            _ => return Err(AuthorityError::Refused(Code::NotFound)),
        };
        let (id, machines) = (license.id, Wanted::Bound(vec![asked.machine]));
        let ends_at = self.end(respond.valid_until.as_ref())?;
        Ok((id, Order { license, machines, replaces: None, ends_at }))
    }

    /// The license that a request names, if the tenant's app has it.
    async fn hinted(
        &self,
        caller: &Caller,
        request: &OfflineRequest,
    ) -> Result<Option<LicenseRow>, AuthorityError> {
        let (db, tenant) = (&self.desk.db, caller.tenant);
        let id = match request.license {
            None => None,
            Some(LicenseHint::Id(id)) => Some(id),
            Some(LicenseHint::KeyDigest(digest)) => {
                let digest = self.shared.key_digest(&digest);
                table::key_digests::find(db, (tenant, request.app), digest).await?
            }
        };
        let Some(id) = id else { return Ok(None) };
        let found = table::licenses::find(db, tenant, id).await?;
        Ok(found.filter(|license| license.app == request.app))
    }

    /// `spec/offline.md` §5.4: a request that names another license, or is of another app, is not answered by one of this.
    async fn is_of(&self, license: &LicenseRow, asked: &Asked) -> Result<(), AuthorityError> {
        let is_hinted = match asked.request.license {
            None => true,
            Some(LicenseHint::Id(id)) => id == license.id,
            Some(LicenseHint::KeyDigest(digest)) => {
                let (whose, digest) = ((license.tenant, license.app), self.shared.key_digest(&digest));
                table::key_digests::find(&self.desk.db, whose, digest).await? == Some(license.id)
            }
        };
        if is_hinted && asked.request.app == license.app {
            return Ok(());
        }
        Err(AuthorityError::Refused(Code::NotFound))
    }

    /// The live bundle of the license that is to be replaced.
    async fn replaced(&self, license: &LicenseRow, id: &str) -> Result<BundleRow, AuthorityError> {
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let id = BundleId::parse(id).map_err(|_| unknown())?;
        let found = table::bundles::find(&self.desk.db, license.tenant, id).await?;
        let found = found.filter(|row| row.license == license.id).ok_or_else(unknown)?;
        if is_live(&found, self.desk.ids.now()) {
            return Ok(found);
        }
        Err(AuthorityError::Invalid { field: "replaces", why: "a bundle that has not ended" })
    }

    /// The machines that ask, and those of the bundle that is replaced.
    async fn with_replaced(
        &self,
        asking: Vec<Machine>,
        replaced: Option<&BundleRow>,
    ) -> Result<Vec<Machine>, AuthorityError> {
        let mut keys = std::collections::BTreeSet::new();
        if !asking.iter().all(|machine| keys.insert(*machine.key.as_bytes())) {
            return Err(AuthorityError::Invalid { field: "requests", why: "each machine once" });
        }
        let mut machines = asking;
        if let Some(replaced) = replaced {
            let devices = table::bundles::devices(&self.desk.db, replaced.id).await?;
            let others = devices.into_iter().filter(|device| keys.insert(*device.key.as_bytes()));
            machines.extend(others.map(|device| Machine {
                key: device.key,
                request: None,
                said: Said::default(),
            }));
        }
        if machines.is_empty() {
            let why = "at least one machine asks, or the bundle replaces one, or is for a pool";
            return Err(AuthorityError::Invalid { field: "requests", why });
        }
        Ok(machines)
    }

    fn end(&self, when: Option<&When>) -> Result<Option<UnixSeconds>, AuthorityError> {
        let Some(when) = when else { return Ok(None) };
        let now = self.desk.ids.now();
        let at = self.desk.calendar.moment("valid_until", when, now)?;
        if at <= now {
            return Err(AuthorityError::Over { field: "valid_until", at, now });
        }
        Ok(Some(at))
    }
}

/// A machine's file, in base64.
fn read(field: &'static str, caller: &Caller, file: &str) -> Result<Asked, AuthorityError> {
    let most = usize::try_from(Purpose::Request.most_bytes()).unwrap_or(usize::MAX);
    let file = Some(file).filter(|file| file.len() <= most.div_ceil(3) * 4);
    let file = file.and_then(|file| STANDARD.decode(file).ok());
    let file = file.ok_or(AuthorityError::Invalid { field, why: "a file of at most 16 KiB, in base64" })?;
    let refused = |error: ContainerError| AuthorityError::Refused(error.code());
    let container = Container::read(&file).map_err(refused)?;
    if container.purpose() != Purpose::Request {
        return Err(AuthorityError::Refused(Code::KindUnexpected));
    }
    let contents = |entry: &sealgate_container::Entry| {
        Ok::<_, ContainerError>(entry.contents(&file).unwrap_or_default().to_vec())
    };
    let main = Parts::new(&container, contents).main().map_err(refused)?;
    let verified = verify_offline_request(&main.encode());
    let verified = verified.map_err(|error| AuthorityError::Refused(error.code()))?;
    let (request, id) = (verified.get().clone(), verified.id());
    if request.tenant != caller.tenant {
        let wrong = TrustError::WrongTenant { expected: caller.tenant, found: request.tenant };
        return Err(AuthorityError::Refused(wrong.code()));
    }
    let about = request.about.clone();
    let said = Said {
        name: about.name,
        platform: about.platform,
        product_version: about.product_version,
        fingerprint: request.fingerprint.as_ref().map(ToString::to_string),
    };
    let machine = Machine { key: request.device_key, request: Some(id), said };
    Ok(Asked { machine, request })
}
