//! License files on AuthForge's wire, made by the vendor (`spec/http.md` §3.14).

use std::sync::Arc;

use sealgate_artifact::{Code, Device, Hwid, UnixSeconds};
use sealgate_authforge::{ActivationRequest, Machines};
use sealgate_authority::authforge_file::{Draft, Mint, Minted};
use sealgate_authority::seats::{TakeSeat, standing};
use sealgate_authority::{AuthorityError, Side, broken};
use sealgate_rules::Leaving;
use sealgate_store::table::{self, AppRow, AuditRow, EventRow, LicenseRow};
use sealgate_store::{Tx, Work};
use sealgate_trust::Signer;
use sealgate_wire::{AuthforgeFile, MakeAuthforgeFile, Timestamp};
use serde_json::json;

use super::export::{barred, refused};
use super::list::find;
use crate::desk::Desk;
use crate::ends::{Calendar, From};
use crate::{Caller, VendorSecrets, check, named};

/// Makes license files for clients that were written for AuthForge.
pub struct AuthforgeFiles {
    desk: Desk,
    mint: Mint,
    secrets: Arc<VendorSecrets>,
}

impl AuthforgeFiles {
    pub(crate) fn new(desk: Desk, signer: Arc<dyn Signer>, secrets: Arc<VendorSecrets>) -> Self {
        let mint = Mint::new(signer, desk.ids.clone(), Side::Vendor);
        Self { desk, mint, secrets }
    }

    /// Makes a file. A device that it names takes a seat, as if it had asked online.
    pub async fn make(
        &self,
        caller: &Caller,
        id: &str,
        request: &MakeAuthforgeFile,
    ) -> Result<AuthforgeFile, AuthorityError> {
        self.desk.once(caller, || self.prepare(caller, id, request)).await
    }

    async fn prepare(
        &self,
        caller: &Caller,
        id: &str,
        request: &MakeAuthforgeFile,
    ) -> Result<MakeFile, AuthorityError> {
        let license = find(&self.desk, caller, id).await?;
        let app = named::app(&self.desk, caller, &license.app.to_string()).await?;
        let now = self.desk.ids.now();
        let barred = barred(&self.desk.db, &license).await?;
        let leaving = Leaving::AuthforgeFile { offline: barred.is_empty() };
        standing(&license).may_leave(leaving, now).map_err(|code| refused(code, barred))?;
        let end = end(&app, &license, request, (&self.desk.calendar, now))?;
        let hwid = device(&app, request)?;
        let name = hwid.as_ref().map(|hwid| hwid.as_str().to_owned());
        let machines = name.clone().map_or(Machines::Any, |hwid| Machines::Bound { hwids: vec![hwid] });
        let key = self.secrets.open_license_key(&license.key_sealed, license.id);
        let key = key.ok_or_else(|| broken("a sealed license key does not open"))?;
        let draft = Draft { app: &app, license: &license, key, machines, expires_at: end };
        let minted = self.mint.make(draft)?;
        let detail = json!({ "jti": minted.jti, "hwid": name, "expires_at": end.map(Timestamp) });
        let audit = self.desk.audit(caller, "license.authforge_file_made", license.id.to_string(), &detail);
        let seat = hwid.map(Device::Hwid);
        Ok(MakeFile {
            audit,
            event: self.desk.event(caller, &license, "authforge_file_made", name.as_deref()),
            seat: seat.map(|device| TakeSeat::given(&self.desk.ids, &license, &device, &caller.request_id)),
            answer: answer(minted, end),
            leaving,
            now,
            license,
        })
    }
}

fn answer(minted: Minted, end: Option<UnixSeconds>) -> AuthforgeFile {
    let Minted { jti, text, name } = minted;
    AuthforgeFile { file: text, file_name: name, jti, expires_at: end.map(Timestamp) }
}

/// A file never outlives its license. It lasts forever only where the vendor accepted what that means.
fn end(
    app: &AppRow,
    license: &LicenseRow,
    request: &MakeAuthforgeFile,
    (calendar, now): (&Calendar, UnixSeconds),
) -> Result<Option<UnixSeconds>, AuthorityError> {
    let end = match &request.expires_at {
        Some(Some(when)) => Some(calendar.end(when, (From::now(now), now))?.at),
        Some(None) => None,
        None => license.expires_at,
    };
    let invalid = |why| AuthorityError::Invalid { field: "expires_at", why };
    match (end, license.expires_at) {
        (None, Some(_)) => Err(invalid("not after the end of the license")),
        (Some(end), Some(last)) if end > last => Err(invalid("not after the end of the license")),
        (Some(end), _) if end <= now => Err(AuthorityError::Over { field: "expires_at", at: end, now }),
        (None, None) if !app.lifetime_files => Err(AuthorityError::Refused(Code::LifetimeFilesDisabled)),
        _ => Ok(end),
    }
}

/// The device that the file is for; `None` for every device.
fn device(app: &AppRow, request: &MakeAuthforgeFile) -> Result<Option<Hwid>, AuthorityError> {
    let invalid = |field, why| AuthorityError::Invalid { field, why };
    let hwid = match (&request.hwid, request.any, &request.request) {
        (Some(hwid), None | Some(false), None) => hwid.clone(),
        (None, Some(true), None) => return Ok(None),
        (None, None | Some(false), Some(text)) => {
            let why = "no activation request that is whole";
            let request = ActivationRequest::parse(text).map_err(|_| invalid("request", why))?;
            if request.app_id != app.id.to_string() {
                return Err(invalid("request", "a request for another app"));
            }
            request.hwid
        }
        _ => return Err(invalid("hwid", "exactly one of hwid, any and request")),
    };
    check::hwid(&hwid).map(Some)
}

struct MakeFile {
    license: LicenseRow,
    leaving: Leaving,
    now: UnixSeconds,
    seat: Option<TakeSeat>,
    answer: AuthforgeFile,
    audit: AuditRow,
    event: EventRow,
}

impl Work for MakeFile {
    type Output = AuthforgeFile;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<AuthforgeFile, AuthorityError> {
        let locked = table::licenses::lock(tx, self.license.tenant, self.license.id).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::NotFound))?;
        // It may have been suspended or revoked since the file was prepared, or got another end or key.
        standing(&locked).may_leave(self.leaving, self.now).map_err(AuthorityError::Refused)?;
        let app = table::apps::find(&mut *tx, locked.tenant, locked.app).await?;
        let may_last = |app: AppRow| app.lifetime_files || self.answer.expires_at.is_some();
        let is_other = locked.version != self.license.version || locked.key_hash != self.license.key_hash;
        if is_other || !app.is_some_and(may_last) {
            return Err(AuthorityError::Superseded);
        }
        if let Some(seat) = &self.seat {
            seat.take(tx).await?;
        }
        table::events::insert(tx, &self.event).await?;
        table::audit::insert(tx, &self.audit).await?;
        Ok(self.answer.clone())
    }
}
