//! `POST /auth/offline/activate`: a file that lasts forever, for the device that asks (`spec/http.md` §2.10).

use sealgate_artifact::{AppId, Code, LicenseId, LicenseKey, UnixSeconds, Word};
use sealgate_authforge::{Machines, OfflineActivateAnswer, OfflineActivateRequest, Status};
use sealgate_authority::authforge_file::{Draft, Minted, file_name};
use sealgate_authority::seats::{Asking, TakeSeat, facts};
use sealgate_authority::secrets::FilePlace;
use sealgate_authority::{About, AuthorityError, Source, broken, event_row};
use sealgate_rules::Leaving;
use sealgate_store::table::{self, EventRow, LicenseRow, LifetimeFileRow, Said};
use sealgate_store::{AppEntry, Tx, Work};

use super::parts::AuthForge;
use crate::asking::{self, Asked};
use crate::replay::digest;

impl AuthForge {
    /// Makes the file and keeps it, or gives the file that the device got before, byte for byte.
    pub async fn activate_offline(
        &self,
        ask: &OfflineActivateRequest,
        source: Source<'_>,
    ) -> Result<OfflineActivateAnswer, AuthorityError> {
        asking::require(is_well_formed(ask))?;
        self.gate.admit(source, || AppId::parse(&ask.app_id).ok())?;
        let (mut in_time, mut paid) = (self.gate.in_time(), false);
        let (about, decided) = loop {
            in_time.begin()?;
            // What an earlier try found may not be so any more.
            let mut about = About { device: Some(ask.hwid.clone()), ..About::default() };
            let decided = self.activate(ask, source, &mut about, &mut paid).await;
            // A file that was made too late is kept, and given only to who may have it when it is asked for again.
            if in_time.is_over(&decided) {
                break (about, decided);
            }
        };
        self.gate.note(Asked::Question, source, &about, decided)
    }

    async fn activate(
        &self,
        ask: &OfflineActivateRequest,
        source: Source<'_>,
        about: &mut About,
        paid: &mut bool,
    ) -> Result<OfflineActivateAnswer, AuthorityError> {
        let device = asking::device(&ask.hwid)?;
        let app = self.gate.prove_app(&ask.app_id, ask.app_secret.as_deref(), about).await?;
        let now = self.gate.ids.now();
        asking::app_admits(&app, (&ask.hwid, source.address), now, about)?;
        let license = self.gate.find_license(&app, &ask.license_key, about).await?;
        self.gate.charge(Asked::Question, &license.license, paid)?;
        may_last_for_ever(app.app.lifetime_files, &license.license, now)?;
        // Not as a validation names its question: who paid for that one has not paid for a file.
        let question: [&[u8]; 4] =
            [b"offline", license.license.id.as_bytes(), ask.hwid.as_bytes(), ask.nonce.as_bytes()];
        let paid = || (app.app.id, digest(&question));
        let asking = Asking {
            license: &license,
            device: &device,
            said: &Said::default(),
            // spec/online.md §11.2: an `hwid` is the client's own text.
            app: None,
            machine: Some(&ask.hwid),
            blocked: !asking::license_admits(&app, &license, &ask.hwid, now),
            now,
            pays: app.app.credits.is_some().then(paid),
            request_id: source.request_id,
        };
        // The database knows keys by a hash, and this server cannot open those that are sealed for display.
        // One from elsewhere has no printed form but the one that was typed.
        let key = LicenseKey::parse(&ask.license_key)
            .map_or_else(|_| ask.license_key.trim().to_owned(), |key| key.expose());
        self.give(&app, (&asking, &ask.hwid), key).await
    }

    async fn give(
        &self,
        app: &AppEntry,
        (asking, hwid): (&Asking<'_>, &str),
        key: String,
    ) -> Result<OfflineActivateAnswer, AuthorityError> {
        let (ids, license) = (&self.gate.ids, &asking.license.license);
        let machines = Machines::Bound { hwids: vec![hwid.to_owned()] };
        let place = FilePlace { license: license.id, key: &key, device: hwid };
        let draft = Draft { app: &app.app, license, key: key.clone(), machines, expires_at: None };
        let Minted { jti, text, name } = match self.mint.make(draft) {
            // Nothing new is signed, and what the device has already is as good as before.
            Err(AuthorityError::Refused(Code::ClockInDoubt)) => return self.kept(place).await,
            made => made?,
        };
        let work = KeepFile {
            seat: TakeSeat::asked(ids, asking),
            file: LifetimeFileRow {
                license: license.id,
                tenant: license.tenant,
                identity: hwid.to_owned(),
                file_id: jti,
                file_sealed: self.gate.secrets.seal_file(&text, place, ids.random()),
                at: asking.now,
            },
            event: event_row(ids, license, "lifetime_file_made", Some(hwid), asking.request_id),
        };
        let made = OfflineActivateAnswer {
            status: Status::Success,
            jti: work.file.file_id.clone(),
            file: text,
            file_name: name.clone(),
            replay: false,
        };
        let (file, replay) = self.gate.db.write(work).await?;
        match self.gate.secrets.open_file(&file.file_sealed, place) {
            // The one that the device got before holds the former key: it gets one like it with the key that it knows now.
            None if self.had_other_keys(license.id).await? => Ok(made),
            _ => self.answer_file(place, file, (name, replay)),
        }
    }

    async fn had_other_keys(&self, license: LicenseId) -> Result<bool, AuthorityError> {
        Ok(table::former_keys::count_of(&self.gate.db, license).await? > 0)
    }

    /// The file that the device got before.
    async fn kept(&self, place: FilePlace<'_>) -> Result<OfflineActivateAnswer, AuthorityError> {
        let known = table::lifetime_files::find(&self.gate.db, place.license, place.device).await?;
        let file = known.ok_or(AuthorityError::Refused(Code::ClockInDoubt))?;
        let opens = self.gate.secrets.open_file(&file.file_sealed, place).is_some();
        if !opens && self.had_other_keys(place.license).await? {
            return Err(AuthorityError::Refused(Code::ClockInDoubt));
        }
        self.answer_file(place, file, (file_name(place.key), true))
    }

    fn answer_file(
        &self,
        place: FilePlace<'_>,
        file: LifetimeFileRow,
        (file_name, replay): (String, bool),
    ) -> Result<OfflineActivateAnswer, AuthorityError> {
        let text = self.gate.secrets.open_file(&file.file_sealed, place);
        Ok(OfflineActivateAnswer {
            status: Status::Success,
            file: text.ok_or_else(|| broken("a kept file does not open"))?,
            file_name,
            jti: file.file_id,
            replay,
        })
    }
}

fn is_well_formed(ask: &OfflineActivateRequest) -> bool {
    LicenseKey::is_typed(&ask.license_key)
        && Word::is_word(&ask.hwid)
        && asking::is_nonce(&ask.nonce)
        && asking::is_short(Some(&ask.app_id))
        && asking::is_short(ask.app_secret.as_deref())
}

/// Before anything is signed; and again inside the transaction, because the license may have changed meanwhile.
fn may_last_for_ever(enabled: bool, license: &LicenseRow, now: UnixSeconds) -> Result<(), AuthorityError> {
    let file = Leaving::LifetimeFile { enabled, max_devices: license.terms.max_devices };
    // A trial that could still begin now: it ends, and that is why.
    let standing = facts(license, false, (0, true), Some(now)).license;
    standing.may_leave(file, now).map_err(AuthorityError::Refused)
}

struct KeepFile {
    seat: TakeSeat,
    file: LifetimeFileRow,
    event: EventRow,
}

impl Work for KeepFile {
    type Output = (LifetimeFileRow, bool);
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Output, AuthorityError> {
        let file = &self.file;
        let locked = table::licenses::lock(tx, file.tenant, file.license).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::LicenseUnknown))?;
        if let Some(known) = table::lifetime_files::find(&mut *tx, file.license, &file.identity).await? {
            return Ok((known, true));
        }
        may_last_for_ever(true, &locked, file.at)?;
        let made = table::lifetime_files::count(&mut *tx, file.license).await?;
        if locked.terms.max_devices.seats().is_some_and(|seats| made >= u64::from(seats)) {
            return Err(AuthorityError::Refused(Code::LifetimeFilesSpent));
        }
        self.seat.take(tx).await?;
        table::lifetime_files::insert(tx, file, made).await?;
        table::events::insert(tx, &self.event).await?;
        Ok((file.clone(), false))
    }
}
