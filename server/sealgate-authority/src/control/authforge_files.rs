//! License files on AuthForge's wire, made by the vendor (`spec/http.md` §3.14).

use sealgate_artifact::{Code, UnixSeconds};
use sealgate_authforge::{ActivationRequest, Machines};
use sealgate_rules::{Window, in_force};
use sealgate_store::{AppRow, AuditRow, EventRow, LicenseRow, Tx, Work, write};
use sealgate_wire::{AuthforgeFile, MakeAuthforgeFile, Timestamp};
use serde_json::json;

use super::{apps, check, export, licenses};
use crate::authforge_file::{Minted, mint};
use crate::runtime::Admit;
use crate::{Authority, AuthorityError, Caller};

/// Makes a file. A device that it names takes a seat, as if it had asked online.
pub async fn make_authforge_file(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &MakeAuthforgeFile,
) -> Result<AuthforgeFile, AuthorityError> {
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    let license = licenses::find(a, caller, id).await?;
    let app = apps::find(a, caller, &license.app.to_string()).await?;
    export::may_go_offline(a, caller, &license).await?;
    let window = Window { not_before: license.not_before, expires_at: license.expires_at };
    in_force(window, false, a.now()).map_err(AuthorityError::Refused)?;
    let end = end(&app, &license, wish, a.now())?;
    let hwid = device(&app, wish)?;
    let machines = hwid.clone().map_or(Machines::Any, |hwid| Machines::Bound { hwids: vec![hwid] });
    let key = a.secrets.open_license_key(&license.key_sealed, license.id);
    let key = key.ok_or(AuthorityError::Refused(Code::SystemError))?;
    let minted = mint(a, (&app, &license, key), machines, end)?;
    let detail = json!({ "jti": minted.jti, "hwid": hwid, "expires_at": end.map(UnixSeconds::get) });
    let work = MakeFile {
        audit: a.audit_row(caller, "license.authforge_file_made", license.id.to_string(), &detail),
        event: a.event_row(&license, "authforge_file_made", hwid.as_deref(), &caller.request_id),
        seat: hwid.map(|hwid| Admit::by_vendor(a, &license, &hwid, &caller.request_id)),
        answer: answer(minted, end),
        license,
    };
    a.commit_once(caller, work).await
}

fn answer(minted: Minted, end: Option<UnixSeconds>) -> AuthforgeFile {
    let Minted { jti, text, name } = minted;
    AuthforgeFile { file: text, file_name: name, jti, expires_at: end.map(Timestamp) }
}

/// A file never outlives its license, and lasts for ever only where the vendor accepted what that means.
fn end(
    app: &AppRow,
    license: &LicenseRow,
    wish: &MakeAuthforgeFile,
    now: UnixSeconds,
) -> Result<Option<UnixSeconds>, AuthorityError> {
    let end = wish.expires_at.map_or(license.expires_at, |end| end.map(|t| t.0));
    let invalid = |why| AuthorityError::Invalid { field: "expires_at", why };
    match (end, license.expires_at) {
        (None, Some(_)) => Err(invalid("not after the end of the license")),
        (Some(end), Some(last)) if end > last => Err(invalid("not after the end of the license")),
        (Some(end), _) if end <= now => Err(invalid("a time in the future")),
        (None, None) if !app.lifetime_files => Err(AuthorityError::Refused(Code::LifetimeFilesDisabled)),
        _ => Ok(end),
    }
}

/// The device that the file is for; `None` for every device.
fn device(app: &AppRow, wish: &MakeAuthforgeFile) -> Result<Option<String>, AuthorityError> {
    let invalid = |field, why| AuthorityError::Invalid { field, why };
    let hwid = match (&wish.hwid, wish.any, &wish.request) {
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
    check::hwid(&hwid).map(|()| Some(hwid))
}

struct MakeFile {
    license: LicenseRow,
    seat: Option<Admit>,
    answer: AuthforgeFile,
    audit: AuditRow,
    event: EventRow,
}

impl Work for MakeFile {
    type Output = AuthforgeFile;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<AuthforgeFile, AuthorityError> {
        let locked = write::licenses::lock(tx, self.license.tenant, self.license.id).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::NotFound))?;
        if locked.revoked_at.is_some() {
            return Err(AuthorityError::Refused(Code::LicenseRevoked));
        }
        if let Some(seat) = &self.seat {
            seat.take(tx).await?;
        }
        write::records::event(tx, &self.event).await?;
        write::records::audit(tx, &self.audit).await?;
        Ok(self.answer.clone())
    }
}
