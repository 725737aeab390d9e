//! `POST /auth/selfban`: a client says of itself that it was tampered with (`spec/http.md` §2.9).
//!
//! It is a claim, and whoever took the client apart can make it. So it reaches no further than the one who makes it:
//! before a session this device on this license; with a session this device on the whole app; an address for an hour.
//! Each is an entry of the app's list that ends by itself and that the vendor can take away.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use sealgate_artifact::{AppId, Code, EntryId, LicenseKey, UnixSeconds, Word};
use sealgate_authforge::{SelfBanRequest, SelfBanned, Status};
use sealgate_authority::{About, Actor, AuthorityError, Entry, Ids, Source, audit_row, event_row};
use sealgate_rules::Effect;
use sealgate_store::table::{self, AccessRow, AuditRow, EventRow, Listed};
use sealgate_store::{AppEntry, LicenseEntry, Tx, Work};
use serde_json::json;

use super::parts::{AuthForge, SESSION_TOKEN_BYTES};
use crate::asking;

const DEVICE_SECONDS: u64 = 30 * 24 * 60 * 60;
const ADDRESS_SECONDS: u64 = 60 * 60;
/// Entries that clients made of one app, and of one license. Beyond, a report is an event and nothing else: a list
/// that anybody can fill would slow every question down.
const ENTRIES: u64 = 1_000;
const LICENSE_ENTRIES: u64 = 64;

impl AuthForge {
    /// Lists what the client reported, as far as it may.
    pub async fn self_ban(
        &self,
        ask: &SelfBanRequest,
        source: Source<'_>,
    ) -> Result<SelfBanned, AuthorityError> {
        asking::require(is_well_formed(ask))?;
        self.gate.admit(source, || AppId::parse(&ask.app_id).ok())?;
        let mut about = About { device: Some(ask.hwid.clone()), ..About::default() };
        let done = self.ban(ask, source, &mut about).await;
        self.gate.note(source, &about, done)
    }

    async fn ban(
        &self,
        ask: &SelfBanRequest,
        source: Source<'_>,
        about: &mut About,
    ) -> Result<SelfBanned, AuthorityError> {
        let (app, license) = match &ask.session_token {
            Some(token) => self.by_session(ask, token, about).await?,
            None => self.by_key(ask, about).await?,
        };
        self.gate.limiter.license(license.license.id)?;
        let (ids, has_session) = (&self.gate.ids, ask.session_token.is_some());
        let report = Report { ids, ask, app: &app, license: &license, source, has_session };
        let work = BanSelf {
            now: ids.now(),
            entries: report.entries(),
            event: event_row(ids, &license.license, "self_banned", Some(&ask.hwid), source.request_id),
            audit: report.audit(),
        };
        let [for_license, for_app, address] = self.gate.db.write(work).await?;
        Ok(SelfBanned {
            status: Status::Success,
            license_revoked: false,
            hwid_blacklisted: for_license || for_app,
            ip_blacklisted: address,
        })
    }

    async fn by_session(
        &self,
        ask: &SelfBanRequest,
        token: &str,
        about: &mut About,
    ) -> Result<(Arc<AppEntry>, Arc<LicenseEntry>), AuthorityError> {
        let over = || AuthorityError::Refused(Code::SessionExpired);
        let app = self.gate.name_app(&ask.app_id, about).await?;
        let session = self.sessions.open(token, app.app.id, &ask.hwid).ok_or_else(over)?;
        let license = self.gate.db.cached_license_of_id(session.license).await?.ok_or_else(over)?;
        about.license = Some(license.license.id);
        Ok((app, license))
    }

    async fn by_key(
        &self,
        ask: &SelfBanRequest,
        about: &mut About,
    ) -> Result<(Arc<AppEntry>, Arc<LicenseEntry>), AuthorityError> {
        let app = self.gate.prove_app(&ask.app_id, ask.app_secret.as_deref(), about).await?;
        let key = ask.license_key.as_deref().unwrap_or_default();
        let license = self.gate.find_license(&app, key, about).await?;
        if ask.revoke_license == Some(true) {
            return Err(AuthorityError::Refused(Code::SessionRequired));
        }
        Ok((app, license))
    }
}

fn is_well_formed(ask: &SelfBanRequest) -> bool {
    let proof = match (&ask.session_token, &ask.license_key) {
        (Some(token), _) => token.len() <= SESSION_TOKEN_BYTES,
        (None, Some(key)) => LicenseKey::is_typed(key) && ask.nonce.as_deref().is_some_and(asking::is_nonce),
        (None, None) => false,
    };
    proof
        && Word::is_word(&ask.hwid)
        && asking::is_short(Some(&ask.app_id))
        && asking::is_short(ask.app_secret.as_deref())
}

struct Report<'a> {
    ids: &'a Ids,
    ask: &'a SelfBanRequest,
    app: &'a AppEntry,
    license: &'a LicenseEntry,
    source: Source<'a>,
    has_session: bool,
}

impl Report<'_> {
    /// The device for this license, the device for the app, the address.
    fn entries(&self) -> [Option<AccessRow>; 3] {
        let Self { ask, has_session, .. } = self;
        let (device, address) = (ask.blacklist_hwid.unwrap_or(true), ask.blacklist_ip.unwrap_or(true));
        // Revoking was asked for: the license stays, this device is refused for it.
        let for_license = !has_session && device || *has_session && ask.revoke_license.unwrap_or(true);
        let hwid = || Listed::Hwid(ask.hwid.clone());
        [
            for_license.then(|| self.entry(true, hwid(), DEVICE_SECONDS)),
            (*has_session && device).then(|| self.entry(false, hwid(), DEVICE_SECONDS)),
            // Before a session the address is recorded and nothing else: offices share one.
            self.source
                .address
                .filter(|_| *has_session && address)
                .map(|ip| self.entry(false, Listed::Net(one(ip)), ADDRESS_SECONDS)),
        ]
    }

    fn entry(&self, for_license: bool, listed: Listed, seconds: u64) -> AccessRow {
        AccessRow {
            id: self.ids.fresh(EntryId::new),
            tenant: self.app.app.tenant,
            app: self.app.app.id,
            license: for_license.then_some(self.license.license.id),
            source: AccessRow::SELF_BAN.to_owned(),
            effect: Effect::Deny.as_str().to_owned(),
            listed,
            reason: Some("reported by the client itself".to_owned()),
            created_at: self.ids.now(),
            expires_at: Some(self.ids.now().plus(seconds)),
        }
    }

    fn audit(&self) -> AuditRow {
        let detail = json!({
            "app": self.app.app.id.to_string(),
            "hwid": self.ask.hwid,
            "address": self.source.address.map(|ip| ip.to_string()),
            "session": self.has_session,
            "asked_to_revoke": self.ask.revoke_license.unwrap_or(self.has_session),
        });
        let subject = self.license.license.id.to_string();
        let entry = Entry { action: "license.self_banned", subject, detail: &detail };
        audit_row(self.ids, self.app.app.tenant, (&Actor::Client, self.source.request_id), entry)
    }
}

fn one(address: IpAddr) -> IpNet {
    IpNet::from(address.to_canonical())
}

struct BanSelf {
    now: UnixSeconds,
    entries: [Option<AccessRow>; 3],
    event: EventRow,
    audit: AuditRow,
}

impl Work for BanSelf {
    type Output = [bool; 3];
    type Error = AuthorityError;

    /// Which of the entries stand now. A report that adds nothing leaves no second trace.
    async fn run(&self, tx: &mut Tx<'_>) -> Result<[bool; 3], AuthorityError> {
        let (mut standing, mut added) = ([false; 3], false);
        for (entry, stands) in self.entries.iter().zip(&mut standing) {
            let Some(entry) = entry else { continue };
            *stands = table::access::is_standing(&mut *tx, entry, self.now).await?;
            if !*stands && has_room(tx, entry).await? {
                table::access::insert(tx, entry).await?;
                (*stands, added) = (true, true);
            }
        }
        let asked_nothing = self.entries.iter().all(Option::is_none);
        if added || asked_nothing {
            table::events::insert(tx, &self.event).await?;
            table::audit::insert(tx, &self.audit).await?;
        }
        Ok(standing)
    }
}

async fn has_room(tx: &mut Tx<'_>, entry: &AccessRow) -> Result<bool, AuthorityError> {
    let of_license = match entry.license {
        Some(id) => table::access::count_of_license(&mut *tx, entry.app, id).await?,
        None => 0,
    };
    let of_app = table::access::count(&mut *tx, entry.app, AccessRow::SELF_BAN).await?;
    Ok(of_license < LICENSE_ENTRIES && of_app < ENTRIES)
}
