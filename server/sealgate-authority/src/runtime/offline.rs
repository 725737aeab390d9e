//! `POST /auth/offline/activate`: a file that lasts for ever, for the device that asks (`spec/http.md` §2.10).

use std::sync::Arc;

use sealgate_artifact::{Code, LicenseKey};
use sealgate_authforge::{Machines, OfflineActivateAnswer, OfflineActivateRequest, Status};
use sealgate_rules::{Window, in_force};
use sealgate_store::{AppEntry, EventRow, LicenseEntry, LicenseRow, LifetimeFileRow, Tx, Work, write};

use super::asking::{self, Source};
use super::seat::{Admit, Asking};
use super::validate::{DEVICE_KIND, scope};
use crate::authforge_file::{Minted, mint};
use crate::observed::About;
use crate::{Authority, AuthorityError};

/// Makes the file and keeps it, or gives the one that the device got before, byte for byte.
pub async fn activate_offline(
    a: &Authority,
    ask: &OfflineActivateRequest,
    source: Source<'_>,
) -> Result<OfflineActivateAnswer, AuthorityError> {
    asking::require(is_well_formed(ask))?;
    a.admit_address(source.address)?;
    let mut about = About { device: Some(ask.hwid.clone()), ..About::default() };
    let decided = decide(a, ask, source, &mut about).await;
    asking::note(a, source, &about, decided)
}

fn is_well_formed(ask: &OfflineActivateRequest) -> bool {
    asking::is_text(&ask.license_key)
        && asking::is_text(&ask.hwid)
        && asking::is_nonce(&ask.nonce)
        && asking::is_short(Some(&ask.app_id))
        && asking::is_short(ask.app_secret.as_deref())
}

async fn decide(
    a: &Authority,
    ask: &OfflineActivateRequest,
    source: Source<'_>,
    about: &mut About,
) -> Result<OfflineActivateAnswer, AuthorityError> {
    let app = asking::prove_app(a, &ask.app_id, ask.app_secret.as_deref(), about).await?;
    let now = a.now();
    asking::admit(&app, &ask.hwid, source.address, now)?;
    let license = asking::find_license(a, &app, &ask.license_key, about).await?;
    a.admit_license(license.license.id)?;
    may_last_for_ever(a, &app, &license)?;
    let asking = Asking {
        license: &license,
        device: (DEVICE_KIND, &ask.hwid),
        blocked: !asking::admits_to(&app, &license, &ask.hwid, now),
        now,
        pays: app.app.credits.is_some().then(|| (app.app.id, scope(&license.license, &ask.hwid, &ask.nonce))),
        request_id: source.request_id,
    };
    // The database knows keys by a hash, and this server cannot open those that are sealed for display.
    let key = LicenseKey::parse(&ask.license_key).map_err(|e| AuthorityError::Refused(e.code()))?;
    give(a, &app, &asking, key.expose()).await
}

/// Checks that can be made before anything is signed; the transaction makes those that can change again.
fn may_last_for_ever(a: &Authority, app: &AppEntry, entry: &LicenseEntry) -> Result<(), AuthorityError> {
    if !app.app.lifetime_files {
        return Err(AuthorityError::Refused(Code::LifetimeFilesDisabled));
    }
    still_may(a, &entry.license)
}

fn still_may(a: &Authority, license: &LicenseRow) -> Result<(), AuthorityError> {
    let window = Window { not_before: license.not_before, expires_at: license.expires_at };
    in_force(window, license.revoked_at.is_some(), a.now()).map_err(AuthorityError::Refused)?;
    let refused = match (license.suspended_at, license.expires_at, license.terms.max_devices.seats()) {
        (Some(_), ..) => Code::Blocked,
        (None, Some(_), _) => Code::LicenseNotPerpetual,
        (None, None, None) => Code::LicenseNotCounted,
        (None, None, Some(_)) => return Ok(()),
    };
    Err(AuthorityError::Refused(refused))
}

async fn give(
    a: &Authority,
    app: &Arc<AppEntry>,
    asking: &Asking<'_>,
    key: String,
) -> Result<OfflineActivateAnswer, AuthorityError> {
    let (license, hwid) = (&asking.license.license, asking.device.1);
    let machines = Machines::Bound { hwids: vec![hwid.to_owned()] };
    let Minted { jti, text, name } = mint(a, (&app.app, license, key), machines, None)?;
    let work = KeepFile {
        admit: Admit::new(a, asking),
        file: LifetimeFileRow {
            license: license.id,
            tenant: license.tenant,
            identity: hwid.to_owned(),
            file_id: jti,
            file_sealed: a.secrets.seal_file(&text, (license.id, hwid), a.random()),
            at: asking.now,
        },
        event: a.event_row(license, "lifetime_file_made", Some(hwid), asking.request_id),
    };
    let (file, replay) = a.db.write(work).await?;
    let text = a.secrets.open_file(&file.file_sealed, (license.id, hwid));
    Ok(OfflineActivateAnswer {
        status: Status::Success,
        file: text.ok_or(AuthorityError::Refused(Code::SystemError))?,
        file_name: name,
        jti: file.file_id,
        replay,
    })
}

struct KeepFile {
    admit: Admit,
    file: LifetimeFileRow,
    event: EventRow,
}

impl Work for KeepFile {
    type Output = (LifetimeFileRow, bool);
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Output, AuthorityError> {
        let file = &self.file;
        let locked = write::licenses::lock(tx, file.tenant, file.license).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::LicenseUnknown))?;
        if let Some(known) = write::lifetime_files::find(tx, file.license, &file.identity).await? {
            return Ok((known, true));
        }
        let made = write::lifetime_files::count(tx, file.license).await?;
        if locked.terms.max_devices.seats().is_some_and(|seats| made >= u64::from(seats)) {
            return Err(AuthorityError::Refused(Code::LifetimeFilesSpent));
        }
        self.admit.take(tx).await?;
        write::lifetime_files::insert(tx, file).await?;
        write::records::event(tx, &self.event).await?;
        Ok((file.clone(), false))
    }
}
