//! `POST /api/v1/validate` and its siblings: may this device use this license now, be admitted to it, or give its seat back,
//! under signature on both sides (`spec/online.md` §7, §9; `spec/activation.md` §4, §5)?

use std::sync::Arc;

use sealgate_artifact::{
    AboutDevice, ActivationRequest, AppId, Code, Decision, Device, DeviceRequest, LicenseName, Module,
    Operation, Outcome, StatementId, UnixSeconds, Unverified, Variable, Word, encode_hex,
};
use sealgate_authority::seats::{self, Asking};
use sealgate_authority::{About, AuthorityError, Source, as_json, stored};
use sealgate_rules::machine_named;
use sealgate_store::table::{self, Said};
use sealgate_store::{AppEntry, LicenseEntry};
use sealgate_trust::{
    TrustError, Verified, sign_statement, verify_activation_request, verify_device_request,
};
use sealgate_wire::{ModuleView, OnlineAnswer, OnlineQuestion, variables};

use super::activate::Activated;
use super::approval::unapproved;
use super::desk::{HOLDS, Online};
use super::release::{Leaving, release};
use super::seats_shown::seats_shown;
use crate::asking::{self, Asked};
use crate::identity::TrustBundle;
use crate::replay::digest;

/// What a device asked, with its signature verified.
enum Request {
    Plain(Verified<DeviceRequest>),
    /// The device asks to be admitted.
    Activation(Verified<ActivationRequest>),
}

impl Request {
    fn verify(operation: &Operation, bytes: &[u8]) -> Result<Self, TrustError> {
        if *operation == Operation::Activate {
            verify_activation_request(bytes).map(Self::Activation)
        } else {
            verify_device_request(bytes).map(Self::Plain)
        }
    }

    /// The app that a question names. Nobody has verified it; it decides nothing but where a refusal is counted.
    fn named_app(operation: &Operation, bytes: &[u8]) -> Option<AppId> {
        if *operation == Operation::Activate {
            Some(Unverified::<ActivationRequest>::decode(bytes).ok()?.danger_peek().ok()?.asks.app)
        } else {
            Some(Unverified::<DeviceRequest>::decode(bytes).ok()?.danger_peek().ok()?.app)
        }
    }

    fn asks(&self) -> &DeviceRequest {
        match self {
            Self::Plain(request) => request.get(),
            Self::Activation(request) => &request.get().asks,
        }
    }

    fn id(&self) -> StatementId {
        match self {
            Self::Plain(request) => request.id(),
            Self::Activation(request) => request.id(),
        }
    }

    fn modules(&self) -> &[Module] {
        match self {
            Self::Plain(_) => &[],
            Self::Activation(request) => &request.get().modules,
        }
    }
}

/// What was decided, at the time at which the question counts as asked.
struct Decided {
    outcome: Outcome,
    used: Option<u64>,
    /// How many seats there are, where none was left.
    seats: Option<u64>,
    at: UnixSeconds,
    license: Option<Arc<LicenseEntry>>,
    /// The carrier of an activation proof.
    proof: Option<Vec<u8>>,
}

impl Online {
    /// Decides whether the device may use the license, takes a seat and a credit if one is needed, and signs: a no as well as
    /// a yes.
    pub async fn validate(
        &self,
        ask: &OnlineQuestion,
        source: Source<'_>,
    ) -> Result<OnlineAnswer, AuthorityError> {
        self.ask(&Operation::Validate, ask, source).await
    }

    /// Admits the device to the license, and proves it (`spec/activation.md` §4.3, §4.6).
    pub async fn admit(
        &self,
        ask: &OnlineQuestion,
        source: Source<'_>,
    ) -> Result<OnlineAnswer, AuthorityError> {
        self.ask(&Operation::Activate, ask, source).await
    }

    /// Ends the device's activation, and gives its seat back (`spec/activation.md` §5).
    pub async fn deactivate(
        &self,
        ask: &OnlineQuestion,
        source: Source<'_>,
    ) -> Result<OnlineAnswer, AuthorityError> {
        self.ask(&Operation::Deactivate, ask, source).await
    }

    /// Gives a seat back, as often as the license allows, and signs.
    pub async fn release(
        &self,
        ask: &OnlineQuestion,
        source: Source<'_>,
    ) -> Result<OnlineAnswer, AuthorityError> {
        self.ask(&Operation::Release, ask, source).await
    }

    async fn ask(
        &self,
        operation: &Operation,
        ask: &OnlineQuestion,
        source: Source<'_>,
    ) -> Result<OnlineAnswer, AuthorityError> {
        asking::require(ask.holds.len() <= HOLDS)?;
        let bytes = ask.request.get().as_bytes();
        self.gate.admit(source, || Request::named_app(operation, bytes))?;
        let request = Request::verify(operation, bytes).map_err(|e| AuthorityError::Refused(e.code()))?;
        asking::require(request.asks().operation == *operation && may_name(request.asks()))?;
        let device = Device::Key(request.asks().device_key);
        let (mut in_time, mut paid) = (self.gate.in_time(), false);
        let (about, bundle, allowed) = loop {
            in_time.begin()?;
            // What an earlier try found may not be so any more.
            let mut about = About { device: Some(device.name().into_owned()), ..About::default() };
            // A certificate that was withdrawn since proves nothing: it is as old as what is decided, not older.
            let (bundle, allowed) = match in_time.rests_on(self.identity.bundle(request.asks().tenant).await)
            {
                Ok(bundle) => {
                    let decided = self.decide((&request, &device), source, &mut about, &mut paid).await;
                    let allowed = async { self.signed(&bundle, &request, decided?, &ask.holds).await }.await;
                    (Some(bundle), allowed)
                }
                Err(refused) => (None, Err(refused)),
            };
            if matches!(allowed, Err(AuthorityError::Superseded)) {
                self.gate.db.read_changes().await?;
                continue;
            }
            if in_time.is_over(&allowed) {
                break (about, bundle, allowed);
            }
        };
        // This server cannot speak for a tenant that is not here: that no is unsigned.
        let Some(bundle) = bundle else { return allowed };
        match self.gate.note(Asked::Question, source, &about, allowed) {
            // spec/online.md §7.4: every other no says nothing about rights, and is not signed.
            Err(AuthorityError::Refused(code)) if code.is_decision() => {
                let denied = async {
                    let decided = self.denied(code, &about);
                    let answer = self.signed(&bundle, &request, decided, &ask.holds).await?;
                    let seats = seats_shown(&self.gate.db, request.asks(), (code, &about)).await?;
                    let unapproved = self.unapproved((code, &about), request.modules()).await?;
                    Ok(OnlineAnswer { seats, unapproved, ..answer })
                };
                in_time.at_last(denied.await)
            }
            // That a seat was given back stands in an event of its own.
            allowed if gives_back(operation) => allowed,
            allowed => allowed.inspect(|_| self.note(request.asks(), &device, &about, source)),
        }
    }

    fn note(&self, request: &DeviceRequest, device: &Device, about: &About, source: Source<'_>) {
        self.gate.note_answer("validated", about, source.request_id);
        if let Some(license) = about.license {
            self.gate.saw(license, device, &said(request));
        }
    }

    fn denied(&self, code: Code, about: &About) -> Decided {
        let outcome = Outcome::Denied { license: about.license, code: code.to_string(), retry_after: None };
        let (used, seats) = about.no_seat.unzip();
        Decided { outcome, used, seats, at: self.gate.ids.now(), license: None, proof: None }
    }

    async fn decide(
        &self,
        (request, device): (&Request, &Device),
        source: Source<'_>,
        about: &mut About,
        paid: &mut bool,
    ) -> Result<Decided, AuthorityError> {
        let (gate, asked, name) = (&self.gate, request.asks(), &*device.name());
        let now = gate.ids.now();
        let app = gate.db.cached_app(asked.app).await?.filter(|entry| entry.app.tenant == asked.tenant);
        let app = app.ok_or(AuthorityError::Refused(Code::AppUnknown))?;
        about.owner = Some((app.app.tenant, app.app.id));
        let app = asking::answering(app)?;
        asking::app_admits(&app, (name, source.address), now, about)?;
        let license = match self.find_license(&app, asked, device, about).await {
            Err(AuthorityError::Refused(Code::LicenseUnknown)) if gives_back(&asked.operation) => {
                self.given_back(&app, request.id(), about).await?
            }
            found => found?,
        };
        gate.charge(Asked::Question, &license.license, paid)?;

        let nonce = asked.nonce.as_bytes();
        let scope = digest(&[b"online", license.license.id.as_bytes(), name.as_bytes(), nonce]);
        let question = *request.id().as_bytes().first_chunk().expect("a digest has 32 bytes");
        let first = self.replays.not_replayed(scope, question, (gate.ids.moment(), gate.ids.elapsed()));
        let first = first.map_err(AuthorityError::Refused)?;
        if gives_back(&asked.operation) {
            let who = asked.release.map_or_else(|| Leaving::Asking(device.clone()), Leaving::Named);
            let request = (request.id(), source.request_id);
            let used = release((&gate.db, &gate.ids), &license.license, who, request).await?;
            let outcome = Outcome::allowed(license.license.id, license.license.statement);
            return Ok(Decided {
                outcome,
                used: Some(used),
                seats: None,
                at: first.seconds(),
                license: None,
                proof: None,
            });
        }
        let asking = Asking {
            license: &license,
            device,
            said: &said(asked),
            app: Some(&app),
            // spec/online.md §7.7: one that names no machine counts as none.
            machine: machine_named(asked.fingerprint.as_ref().map(Word::as_str)),
            blocked: !asking::license_admits(&app, &license, name, now),
            now,
            pays: app.app.credits.is_some().then_some((app.app.id, scope)),
            request_id: source.request_id,
        };
        let admitted = match request {
            Request::Activation(request) => {
                let activated = self.activate(request, &asking).await;
                activated.map(|Activated { admitted, proof }| (admitted, Some(proof)))
            }
            Request::Plain(_) => self.seats.admit(&asking).await.map(|admitted| (admitted, None)),
        };
        let (admitted, proof) = admitted.inspect_err(|why| about.no_seat = no_seat(why, &license))?;
        let outcome = Outcome::Allowed {
            license: license.license.id,
            license_statement: license.license.statement,
            trial_ends: seats::told_end(&license.license, admitted.trial_ends, first.seconds()),
            variables: signed_variables(&app.app.variables)?,
        };
        let (used, at) = (Some(admitted.used), first.seconds());
        Ok(Decided { outcome, used, seats: None, at, license: Some(license), proof })
    }

    async fn find_license(
        &self,
        app: &AppEntry,
        asked: &DeviceRequest,
        device: &Device,
        about: &mut About,
    ) -> Result<Arc<LicenseEntry>, AuthorityError> {
        match &asked.license {
            LicenseName::Key(key) => self.gate.find_license(app, key, about).await,
            LicenseName::Id(id) => {
                let found = match self.gate.db.cached_license_of_id(*id).await? {
                    Some(entry) if self.holds(&entry, device).await? => Some(entry),
                    Some(entry) if self.may_deactivate(&entry, asked).await? => Some(entry),
                    _ => None,
                };
                asking::of_app(found, app, about)
            }
        }
    }

    /// The license of which this very request gave a seat back: who named it by its id has none any more, and asks again because
    /// the answer was lost.
    async fn given_back(
        &self,
        app: &AppEntry,
        request: StatementId,
        about: &mut About,
    ) -> Result<Arc<LicenseEntry>, AuthorityError> {
        let found = match table::devices::given_back_by(&self.gate.db, request).await? {
            Some(license) => self.gate.db.cached_license_of_id(license).await?,
            None => None,
        };
        asking::of_app(found, app, about)
    }

    /// spec/activation.md §5.1: the seat of a device may have been a lease that is over, and its activation goes on.
    async fn may_deactivate(
        &self,
        entry: &LicenseEntry,
        asked: &DeviceRequest,
    ) -> Result<bool, AuthorityError> {
        if asked.operation != Operation::Deactivate {
            return Ok(false);
        }
        let known = table::activations::find(&self.gate.db, entry.license.id, asked.device_key).await?;
        let is_over =
            |known: table::ActivationRow| known.ended.is_some_and(|ended| ended.code == Code::NotActivated);
        Ok(known.is_some_and(|known| !is_over(known)))
    }

    async fn holds(&self, entry: &LicenseEntry, device: &Device) -> Result<bool, AuthorityError> {
        Ok(self.seats.holds(entry, device).await? || self.seats.holds_now(entry, device).await?)
    }

    async fn signed(
        &self,
        bundle: &TrustBundle,
        request: &Request,
        decided: Decided,
        holds: &[String],
    ) -> Result<OnlineAnswer, AuthorityError> {
        let asked = request.asks();
        let decision = Decision {
            tenant: asked.tenant,
            app: asked.app,
            device_key: asked.device_key,
            operation: asked.operation.clone(),
            request: request.id(),
            nonce: asked.nonce,
            issued_at: decided.at,
            outcome: decided.outcome,
            devices_used: decided.used,
            max_devices: decided.seats,
        };
        let decision = sign_statement(&*self.signer, &decision, &[self.identity.key()])?.encode();
        let lacks = |id: StatementId| !holds.iter().any(|held| *held == id.to_string());
        let license = match decided.license.filter(|entry| lacks(entry.license.statement)) {
            Some(entry) => Some(self.license_statement(&entry).await?),
            None => None,
        };
        Ok(OnlineAnswer {
            decision: as_json(decision)?,
            certificate: bundle.certificate.unless_held(&lacks),
            keyset: bundle.keyset.unless_held(&lacks),
            tenant_keyset: bundle.tenant_keyset.unless_held(&lacks),
            license,
            proof: decided.proof.map(as_json).transpose()?,
            unapproved: vec![],
            seats: vec![],
        })
    }

    /// Which modules are not approved, for whoever was refused for them.
    async fn unapproved(
        &self,
        (code, about): (Code, &About),
        modules: &[Module],
    ) -> Result<Vec<ModuleView>, AuthorityError> {
        let (Code::UnapprovedModule, Some(license)) = (code, about.license) else { return Ok(vec![]) };
        let Some(entry) = self.gate.db.cached_license_of_id(license).await? else { return Ok(vec![]) };
        let unapproved = unapproved(&self.gate.db, &entry.license, modules).await?;
        Ok(unapproved.into_iter().map(module_view).collect())
    }
}

/// `spec/online.md` §9.1: only who gives a seat back names another device, and only with the license's key.
fn may_name(request: &DeviceRequest) -> bool {
    let is_of_key = matches!(request.license, LicenseName::Key(_));
    request.release.is_none() || request.operation == Operation::Release && is_of_key
}

/// Whether a seat is given back.
fn gives_back(operation: &Operation) -> bool {
    matches!(operation, Operation::Release | Operation::Deactivate)
}

fn module_view(module: Module) -> ModuleView {
    let Module { name, sha256, version, signer } = module;
    ModuleView { name, sha256: encode_hex(&sha256), version, signer }
}

/// What the device says of itself.
fn said(request: &DeviceRequest) -> Said {
    let AboutDevice { name, platform, product_version } = request.about.clone();
    let fingerprint = request.fingerprint.as_ref().map(ToString::to_string);
    Said { name, platform, product_version, fingerprint }
}

/// Devices and seats of a license that has no seat left. What was read may be a second old: at least all seats are taken.
fn no_seat(why: &AuthorityError, entry: &LicenseEntry) -> Option<(u64, u64)> {
    let seats = u64::from(entry.license.terms.max_devices.seats()?);
    let is_full = matches!(why, AuthorityError::Refused(Code::DeviceLimit));
    is_full.then(|| (entry.license.devices_used.max(seats), seats))
}

/// The app's variables as a decision carries them.
fn signed_variables(text: &str) -> Result<Vec<Variable>, AuthorityError> {
    if text == "{}" { Ok(vec![]) } else { stored(text).map(variables) }
}
