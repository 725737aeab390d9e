//! `POST /auth/selfban`: a client says of itself that it was tampered with (`spec/http.md` §2.9).
//!
//! It is a claim, and whoever took the client apart can make it. So it touches the pair of the reporting device and its
//! license, and nothing else of anybody's. Where the vendor switched that on, it lists an address for an hour, too. Each
//! is an entry of the app's list that ends by itself, and that stays away once the vendor took it away.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use sealgate_artifact::{AppId, Code, EntryId, LicenseId, LicenseKey, UnixSeconds, Word};
use sealgate_authforge::{SelfBanRequest, SelfBanned, Status};
use sealgate_authority::seats::facts;
use sealgate_authority::{About, AuthorityError, Ids, Source, event_row};
use sealgate_rules::Effect;
use sealgate_store::table::{self, AccessRow, EventRow, Listed};
use sealgate_store::{AppEntry, LicenseEntry, Tx, Work};

use super::parts::{AuthForge, SESSION_TOKEN_BYTES};
use crate::asking::{self, Asked};

const DEVICE_SECONDS: u64 = 30 * 24 * 60 * 60;
const ADDRESS_SECONDS: u64 = 60 * 60;
/// Entries that clients made of one license. Beyond, and beyond what an app may have, a report is an event and nothing else: a
/// list that anybody can fill would slow every question down.
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
        self.gate.note(Asked::Question, source, &about, done)
    }

    async fn ban(
        &self,
        ask: &SelfBanRequest,
        source: Source<'_>,
        about: &mut About,
    ) -> Result<SelfBanned, AuthorityError> {
        let by = match &ask.session_token {
            Some(token) => self.by_session(ask, token, source, about).await?,
            None => self.by_key(ask, about).await?,
        };
        self.gate.charge(Asked::Question, &by.license.license, &mut false)?;
        let ids = &self.gate.ids;
        let work = BanSelf {
            now: ids.now(),
            session: by.session,
            entries: by.entries(ids, ask),
            event: event_row(ids, &by.license.license, "self_banned", Some(&ask.hwid), source.request_id),
        };
        let [device, address] = self.gate.db.write(work).await?;
        // Counted by license: a client can report as many devices as it likes.
        let reported = About { device: None, ..about.clone() };
        self.gate.note_answer("self_ban_reported", &reported, source.request_id);
        Ok(SelfBanned {
            status: Status::Success,
            license_revoked: false,
            hwid_blacklisted: device,
            ip_blacklisted: address,
        })
    }

    /// A session counts only while its license is in force and its seat is held.
    async fn by_session(
        &self,
        ask: &SelfBanRequest,
        token: &str,
        source: Source<'_>,
        about: &mut About,
    ) -> Result<Reporter, AuthorityError> {
        let over = || AuthorityError::Refused(Code::SessionExpired);
        let app = self.gate.name_app(&ask.app_id, about).await?;
        let session = self.sessions.open(token, app.app.id, &ask.hwid).ok_or_else(over)?;
        let license = self.gate.db.cached_license_of_id(session.license).await?.ok_or_else(over)?;
        about.license = Some(license.license.id);
        let bound = self.seats.holds(&license, &asking::device(&ask.hwid)?).await?;
        self.in_force(&license, bound).map_err(|_| over())?;
        let address = source.address.filter(|ip| app.app.list_reported_addresses && self.may_list(ip));
        Ok(Reporter { app, license, session: Some(session.begin), address })
    }

    async fn by_key(&self, ask: &SelfBanRequest, about: &mut About) -> Result<Reporter, AuthorityError> {
        let app = self.gate.prove_app(&ask.app_id, ask.app_secret.as_deref(), about).await?;
        let key = ask.license_key.as_deref().unwrap_or_default();
        let license = self.gate.find_license(&app, key, about).await?;
        if ask.revoke_license == Some(true) {
            return Err(AuthorityError::Refused(Code::SessionRequired));
        }
        self.in_force(&license, true).map_err(AuthorityError::Refused)?;
        // An office shares its address, and nobody in it has proved to hold a seat.
        Ok(Reporter { app, license, session: None, address: None })
    }

    /// Whether the license gives rights to a device that holds a seat, or does not. Lists do not count: who reports
    /// twice gets the same answer twice.
    fn in_force(&self, license: &LicenseEntry, bound: bool) -> Result<(), Code> {
        let license = &license.license;
        let now = self.gate.ids.now();
        // Who reports does not say how far its trial is, and a report gives no right.
        facts(license, false, (license.devices_used, bound), Some(now)).continues(now)
    }

    /// Nobody's own address: behind a proxy's, or on this machine, there may be everybody.
    fn may_list(&self, address: &IpAddr) -> bool {
        let address = address.to_canonical();
        let is_shared = self.trusted_proxies.iter().any(|net| net.contains(&address));
        !is_shared && !address.is_loopback() && !address.is_unspecified()
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

/// Who reports itself.
struct Reporter {
    app: Arc<AppEntry>,
    license: Arc<LicenseEntry>,
    /// When its session began, if it has one.
    session: Option<UnixSeconds>,
    /// The address that may be listed.
    address: Option<IpAddr>,
}

impl Reporter {
    /// The device for this license, and the address.
    fn entries(&self, ids: &Ids, ask: &SelfBanRequest) -> [Option<AccessRow>; 2] {
        // Revoking was asked for: the license stays, this device is refused for it.
        let revoking = self.session.is_some() && ask.revoke_license.unwrap_or(true);
        let device = revoking || ask.blacklist_hwid.unwrap_or(true);
        let address = self.address.filter(|_| ask.blacklist_ip.unwrap_or(true));
        let license = self.license.license.id;
        let hwid = || Listed::Hwid(ask.hwid.clone());
        [
            device.then(|| self.entry(ids, Some(license), hwid(), DEVICE_SECONDS)),
            address.map(|ip| self.entry(ids, None, Listed::Net(one(ip)), ADDRESS_SECONDS)),
        ]
    }

    fn entry(&self, ids: &Ids, license: Option<LicenseId>, listed: Listed, seconds: u64) -> AccessRow {
        AccessRow {
            id: ids.fresh(EntryId::new),
            tenant: self.app.app.tenant,
            app: self.app.app.id,
            license,
            source: AccessRow::SELF_BAN.to_owned(),
            effect: Effect::Deny.as_str().to_owned(),
            listed,
            reason: Some("reported by the client itself".to_owned()),
            created_at: ids.now(),
            expires_at: Some(ids.now().plus(seconds)),
        }
    }
}

fn one(address: IpAddr) -> IpNet {
    IpNet::from(address.to_canonical())
}

struct BanSelf {
    now: UnixSeconds,
    session: Option<UnixSeconds>,
    entries: [Option<AccessRow>; 2],
    event: EventRow,
}

impl Work for BanSelf {
    type Output = [bool; 2];
    type Error = AuthorityError;

    /// Which of the entries stand now. A report that adds nothing leaves no trace here.
    async fn run(&self, tx: &mut Tx<'_>) -> Result<[bool; 2], AuthorityError> {
        let (mut standing, mut added) = ([false; 2], false);
        for (entry, stands) in self.entries.iter().zip(&mut standing) {
            let Some(entry) = entry else { continue };
            *stands = table::access::is_standing(&mut *tx, entry, self.now).await?;
            if !*stands && self.counts(tx, entry).await? && has_room(tx, entry).await? {
                table::access::insert(tx, entry).await?;
                (*stands, added) = (true, true);
            }
        }
        if added {
            table::events::insert(tx, &self.event).await?;
        }
        Ok(standing)
    }
}

impl BanSelf {
    /// Once the vendor took such an entry away, only a session that began later brings it back. Without a session, it
    /// stays away as long as it would have lasted.
    async fn counts(&self, tx: &mut Tx<'_>, entry: &AccessRow) -> Result<bool, AuthorityError> {
        let Some(pardoned) = table::pardons::find(&mut *tx, entry).await? else { return Ok(true) };
        Ok(match self.session {
            Some(begin) => begin > pardoned,
            None => self.now >= pardoned.plus(DEVICE_SECONDS),
        })
    }
}

async fn has_room(tx: &mut Tx<'_>, entry: &AccessRow) -> Result<bool, AuthorityError> {
    let of_license = match entry.license {
        Some(id) => table::access::count_of_license(&mut *tx, entry.app, id).await?,
        None => 0,
    };
    let of_app = table::access::count(&mut *tx, entry.app, AccessRow::SELF_BAN).await?;
    Ok(of_license < LICENSE_ENTRIES && of_app < table::access::MOST)
}
