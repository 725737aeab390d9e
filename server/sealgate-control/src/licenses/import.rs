//! Licenses that come from elsewhere, many in one request, each once for ever (`spec/http.md` §3.2).

use std::collections::{BTreeMap, BTreeSet};

use sealgate_artifact::{AppId, Code, CustomerId, Device, LicenseId, PublicKey, TenantId};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, AuditRow, KeyDigestRow, KeyHash, LicenseKeyRow, RowName, TakenKey};
use sealgate_store::{Tx, Work};
use sealgate_wire::{ImportLicenses, ImportedRow, LicensesImported, Timestamp};
use serde_json::json;

use super::import_late::{Late, Latecomers};
use super::import_row::{NewImport, devices};
use super::list::Licenses;
use crate::{Caller, Scope, named, trial};

const AT_ONCE: usize = 200;
const NAME_CHARS: usize = 128;

const IMPORTED: &str = "imported";
const THERE: &str = "there";
const REFUSED: &str = "refused";
/// What becomes of a row.
pub(crate) const OUTCOMES: [&str; 3] = [IMPORTED, THERE, REFUSED];

impl Licenses {
    /// Makes a license from every row that can be one and was none before, in one transaction, and says of each row what became
    /// of it.
    pub async fn import(
        &self,
        caller: &Caller,
        request: &ImportLicenses,
    ) -> Result<LicensesImported, AuthorityError> {
        check(request)?;
        let devices: usize = request.rows.iter().map(|row| row.hwids.len()).sum();
        let _turn = self.desk.turn(caller, request.rows.len() + devices).await;
        let mut imported = if request.dry_run == Some(true) {
            let rows = self.prepare_import(caller, request).await?;
            self.desk.write(caller, OnlyLook(rows)).await?
        } else {
            self.desk.once(caller, || self.prepare_import(caller, request)).await?
        };
        if !caller.scopes.allow(Scope::LicensesRead) {
            hide_others(&mut imported);
        }
        Ok(imported)
    }

    async fn prepare_import(
        &self,
        caller: &Caller,
        request: &ImportLicenses,
    ) -> Result<ImportRows, AuthorityError> {
        let app = named::app(&self.desk, caller, &request.app_id).await?;
        let tenant = table::tenants::find(&self.desk.db, caller.tenant).await?;
        let tenant = tenant.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let mut keys = self.foreign_keys(&request.rows).into_iter();
        // A row that becomes no license leaves its slot to others.
        let slots = self.signer.slots.draw((tenant.id, app.id), None, request.rows.len()).await?;
        let mut rows = Vec::new();
        for (row, slot) in request.rows.iter().zip(slots) {
            let key = keys.next().unwrap_or(Ok(None));
            let made = match key {
                Ok(key) => self.new_import(caller, (&app, &tenant), (row, key), slot).await,
                Err(refusal) => Err(refusal),
            };
            let made = match made {
                Err(error) if !is_about_the_row(&error) => return Err(error),
                Err(error) => Err(refused(&error)),
                Ok(made) => Ok(Box::new(made)),
            };
            rows.push(Prepared {
                name: self.shared.imported_row(app.id, &row.name),
                id: row.license_id.as_deref().and_then(|id| LicenseId::parse(id).ok()),
                key: row.license_key.as_deref().map(|typed| self.shared.license_key(typed)),
                devices: devices(&row.hwids),
                made,
            });
            tokio::task::yield_now().await;
        }
        let detail = json!({ "app": app.id.to_string(), "rows": rows.len() });
        Ok(ImportRows {
            app: app.id,
            issuer: (tenant.id, tenant.issuer_key),
            audit: self.desk.audit(caller, "license.imported", app.id.to_string(), &detail),
            latecomers: Latecomers::new(&self.desk.ids, &caller.request_id),
            rows,
        })
    }
}

fn check(request: &ImportLicenses) -> Result<(), AuthorityError> {
    let invalid = |why| Err(AuthorityError::Invalid { field: "rows", why });
    if !(1..=AT_ONCE).contains(&request.rows.len()) {
        return invalid("1 to 200");
    }
    let names: BTreeSet<&str> = request.rows.iter().map(|row| row.name.as_str()).collect();
    if names.len() < request.rows.len() || names.iter().any(|name| !(1..=NAME_CHARS).contains(&name.len())) {
        return invalid("each with a name of 1 to 128 bytes, no two of which are the same");
    }
    let ids: Vec<&String> = request.rows.iter().filter_map(|row| row.external_id.as_ref()).collect();
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        return invalid("no two with the same external_id");
    }
    Ok(())
}

/// Whether another row may still do. What stands in the way of every row ends the request.
fn is_about_the_row(error: &AuthorityError) -> bool {
    match error {
        AuthorityError::Refused(code) => {
            matches!(code, Code::NotFound | Code::TrialUsed | Code::LimitReached | Code::TermsTooLarge)
        }
        other => !other.is_failure(),
    }
}

/// A refusal of one row.
fn refused(error: &AuthorityError) -> ImportedRow {
    let field = match error {
        AuthorityError::ExternalIdTaken(_) => Some("external_id"),
        AuthorityError::Refused(Code::TrialUsed | Code::LimitReached) => Some("customer_id"),
        AuthorityError::Unknown { what: "plan", .. } | AuthorityError::PlanOfOther { .. } => Some("plan_id"),
        other => other.field(),
    };
    // Where all of it together is too long, that is no one field's fault.
    let field = field.filter(|field| *field != "licenses");
    let other = match error {
        AuthorityError::ExternalIdTaken(other) => Some(other.to_string()),
        _ => None,
    };
    ImportedRow {
        license_id: other,
        code: Some(error.code().to_string()),
        field: field.map(str::to_owned),
        message: Some(error.public_message()),
        ..of(REFUSED)
    }
}

fn of(outcome: &str) -> ImportedRow {
    ImportedRow {
        outcome: outcome.to_owned(),
        license_id: None,
        license_key: None,
        expires_at: None,
        devices_added: None,
        devices_left_out: None,
        code: None,
        field: None,
        message: None,
    }
}

/// Which licenses there were is nothing for a caller who may not see licenses.
fn hide_others(imported: &mut LicensesImported) {
    for row in imported.rows.iter_mut().filter(|row| row.outcome != IMPORTED) {
        row.license_id = None;
        if row.code.as_deref() == Some(Code::ExternalIdTaken.as_str()) {
            row.message = Some(Code::ExternalIdTaken.meaning().to_owned());
        }
    }
}

/// A row as it may be written.
struct Prepared {
    name: RowName,
    /// That of its license where it comes from, which may be here.
    id: Option<LicenseId>,
    key: Option<KeyHash>,
    devices: Result<Vec<Device>, AuthorityError>,
    made: Result<Box<NewImport>, ImportedRow>,
}

/// What the database says of the rows before any is written.
struct Known {
    rows: BTreeMap<RowName, LicenseId>,
    ids: BTreeSet<LicenseId>,
    external_ids: BTreeMap<String, LicenseId>,
    keys: BTreeMap<[u8; 32], TakenKey>,
    /// Keys of rows that were judged before.
    given: BTreeSet<[u8; 32]>,
    /// How many licenses customers get in this transaction.
    bought: BTreeMap<CustomerId, u64>,
    /// Customers whose one trial of the app is among the rows.
    tried: BTreeSet<CustomerId>,
}

/// What becomes of a row: what the caller is told, and the devices that get seats of a license that is there.
struct Judged {
    told: ImportedRow,
    late: Late,
}

struct ImportRows {
    app: AppId,
    issuer: (TenantId, PublicKey),
    rows: Vec<Prepared>,
    latecomers: Latecomers,
    audit: AuditRow,
}

impl Prepared {
    /// The license that there is of it already: the one that was made from it, or that it was written from.
    fn license(&self, known: &Known) -> Option<LicenseId> {
        let made = known.rows.get(&self.name).copied();
        let by_id = || self.id.filter(|id| known.ids.contains(id));
        let by_key = || {
            let taken = self.key.and_then(|key| known.keys.get(&key.0));
            taken.filter(|taken| taken.is_own).map(|taken| taken.license)
        };
        made.or_else(by_id).or_else(by_key)
    }
}

impl ImportRows {
    async fn known(&self, tx: &mut Tx<'_>) -> Result<Known, AuthorityError> {
        let tenant = self.issuer.0;
        let names: Vec<RowName> = self.rows.iter().map(|row| row.name).collect();
        let made = || self.rows.iter().filter_map(|row| row.made.as_ref().ok());
        let ids: Vec<&str> = made().filter_map(|made| made.new.license.external_id.as_deref()).collect();
        let keys: Vec<KeyHash> = self.rows.iter().filter_map(|row| row.key).collect();
        let there: Vec<LicenseId> = self.rows.iter().filter_map(|row| row.id).collect();
        let taken = table::foreign_keys::taken(tx, self.app, &keys).await?;
        Ok(Known {
            rows: table::imported_rows::named(tx, tenant, &names).await?.into_iter().collect(),
            ids: table::licenses::among(tx, tenant, &there).await?.into_iter().collect(),
            external_ids: table::licenses::by_external_ids(tx, tenant, &ids).await?.into_iter().collect(),
            keys: taken.into_iter().map(|(key, taken)| (key.0, taken)).collect(),
            given: BTreeSet::new(),
            bought: BTreeMap::new(),
            tried: BTreeSet::new(),
        })
    }

    /// What becomes of each row, of which nothing is written yet.
    async fn judge(&self, tx: &mut Tx<'_>) -> Result<Vec<Judged>, AuthorityError> {
        let (tenant, key) = self.issuer;
        if !table::tenants::has_issuer(&mut *tx, tenant, key).await? {
            return Err(AuthorityError::Superseded);
        }
        let mut known = self.known(tx).await?;
        let there: Vec<Option<LicenseId>> = self.rows.iter().map(|row| row.license(&known)).collect();
        let devices = |row: &'_ Prepared| row.devices.as_ref().is_ok_and(|devices| !devices.is_empty());
        let late = there.iter().zip(&self.rows).filter(|(_, row)| devices(row));
        self.latecomers.lock(tx, tenant, late.filter_map(|(license, _)| *license).collect()).await?;
        let mut judged = Vec::new();
        for (row, there) in self.rows.iter().zip(there) {
            let mut late = Late::default();
            let told = match (there, &row.made) {
                (Some(license), _) => {
                    late = self.latecomers.of(tx, (tenant, license), &row.devices).await?;
                    late.told(ImportedRow { license_id: Some(license.to_string()), ..of(THERE) })
                }
                (None, Err(refusal)) => refusal.clone(),
                (None, Ok(made)) => match made.may_be_made(tx, &mut known).await {
                    Err(error) if is_about_the_row(&error) => made.refused(&error, &known),
                    judged => judged.map(|()| of(IMPORTED))?,
                },
            };
            judged.push(Judged { told, late });
        }
        Ok(judged)
    }

    async fn write(
        &self,
        tx: &mut Tx<'_>,
        made: &[(RowName, &NewImport)],
        late: u64,
    ) -> Result<(), AuthorityError> {
        let licenses: Vec<_> = made.iter().map(|(_, made)| (&made.new.license, &made.new.signed)).collect();
        table::licenses::insert_all(tx, &licenses).await?;
        let names: Vec<_> = made.iter().map(|(name, made)| (*name, made.new.license.id)).collect();
        table::imported_rows::insert_all(tx, self.issuer.0, &names).await?;
        let keys: Vec<_> = made.iter().filter_map(|(_, made)| made.foreign_key()).collect();
        table::foreign_keys::insert_all(tx, &keys).await?;
        let digests: Vec<_> = made.iter().flat_map(|(_, made)| made.key_digests()).collect();
        table::key_digests::insert_all(tx, &digests).await?;
        let mut events = Vec::new();
        for (_, made) in made {
            trial::reserve(tx, &made.new.license).await?;
            events.push(&made.new.event);
            for (device, event) in &made.devices {
                table::devices::take_seat(tx, &made.new.license, device).await?;
                events.push(event);
            }
        }
        table::events::insert_all(tx, &events).await?;
        table::audit::insert(tx, &self.audit_of(made, late)).await?;
        Ok(())
    }

    /// What the audit log keeps of it: how many came, and where they begin.
    fn audit_of(&self, made: &[(RowName, &NewImport)], late: u64) -> AuditRow {
        let devices = made.iter().map(|(_, made)| made.devices.len() as u64).sum::<u64>();
        let detail = json!({
            "app": self.app.to_string(),
            "first": made.first().map(|(_, made)| made.new.license.id.to_string()),
            "count": made.len(),
            "foreign_keys": made.iter().filter(|(_, made)| made.key.is_some()).count(),
            "devices": devices + late,
        });
        AuditRow { detail: detail.to_string(), ..self.audit.clone() }
    }
}

impl Work for ImportRows {
    type Output = LicensesImported;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<LicensesImported, AuthorityError> {
        let mut made: Vec<(RowName, &NewImport)> = Vec::new();
        let (mut rows, mut late) = (Vec::new(), 0);
        for (judged, row) in self.judge(tx).await?.into_iter().zip(&self.rows) {
            let Judged { told: mut outcome, late: seats } = judged;
            if !seats.is_empty() {
                let taken = seats.take(tx).await?;
                late += taken.added();
                outcome = taken.told(outcome);
            }
            if let (IMPORTED, Ok(new)) = (outcome.outcome.as_str(), &row.made) {
                outcome.license_id = Some(new.new.license.id.to_string());
                outcome.license_key = Some(new.new.key.expose());
                outcome.expires_at = new.new.license.expires_at.map(Timestamp);
                made.push((row.name, new));
            }
            rows.push(outcome);
        }
        if !made.is_empty() || late > 0 {
            self.write(tx, &made, late).await?;
        }
        Ok(LicensesImported { rows })
    }
}

/// The same without a change.
struct OnlyLook(ImportRows);

impl Work for OnlyLook {
    type Output = LicensesImported;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<LicensesImported, AuthorityError> {
        let judged = self.0.judge(tx).await?;
        Ok(LicensesImported { rows: judged.into_iter().map(|judged| judged.told).collect() })
    }
}

impl NewImport {
    async fn may_be_made(&self, tx: &mut Tx<'_>, known: &mut Known) -> Result<(), AuthorityError> {
        let license = &self.new.license;
        if let Some(other) = license.external_id.as_ref().and_then(|id| known.external_ids.get(id)) {
            return Err(AuthorityError::ExternalIdTaken(*other));
        }
        if self.key.is_some_and(|key| known.keys.contains_key(&key.0) || known.given.contains(&key.0)) {
            let why = "a key that no license of the app has or had";
            return Err(AuthorityError::Invalid { field: "license_key", why });
        }
        trial::is_free(&mut *tx, license).await?;
        if let Some(customer) = license.customer {
            if trial::is_of_customer(license) && known.tried.contains(&customer) {
                return Err(AuthorityError::Refused(Code::TrialUsed));
            }
            let more = known.bought.get(&customer).unwrap_or(&0) + 1;
            self.buyer.is_still_so(tx, license.tenant, more).await?;
            known.bought.insert(customer, more);
            if trial::is_of_customer(license) {
                known.tried.insert(customer);
            }
        }
        // The next row with the same key is too late.
        known.given.extend(self.key.map(|key| key.0));
        Ok(())
    }

    /// A refusal that says, too, which license has the key.
    fn refused(&self, error: &AuthorityError, known: &Known) -> ImportedRow {
        let mut told = refused(error);
        if told.field.as_deref() == Some("license_key") {
            let taken = self.key.and_then(|key| known.keys.get(&key.0));
            told.license_id = taken.map(|taken| taken.license.to_string());
        }
        told
    }

    /// Of our key, and of the one from elsewhere.
    fn key_digests(&self) -> impl Iterator<Item = KeyDigestRow> {
        let own = self.new.key_digest();
        [Some(own), self.key_digest.map(|digest| KeyDigestRow { digest, ..own })].into_iter().flatten()
    }

    fn foreign_key(&self) -> Option<LicenseKeyRow> {
        let license = &self.new.license;
        self.key.map(|key_hash| LicenseKeyRow {
            key_hash,
            app: license.app,
            tenant: license.tenant,
            license: license.id,
        })
    }
}
