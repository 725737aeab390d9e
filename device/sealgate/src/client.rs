//! One program on one device, and the server it asks.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use sealgate_artifact::{
    AboutDevice, Code, DeviceId, DeviceRequest, ForeignKey, LicenseKey, LicenseName, Nonce, Operation,
    StatementId, UnixSeconds, Word,
};
use sealgate_trust::{Accepted, SentRequest, TenantTrust};
use zeroize::Zeroizing;

use crate::clock::Deadline;
use crate::device_key::DeviceKey;
use crate::exchange::{self, Answer, Missing};
use crate::judge::{Judged, Question, Refusal};
use crate::revocations::{Looked, Lookup, RevocationMemory, Slot};
use crate::server::Server;
use crate::state::{Floors, SealingSeed, State};
use crate::statements::Statements;
use crate::trust::Trust;
use crate::{
    ChainStore, Clock, ConfigurationError, Denied, Error, License, Released, RevocationStore, Store,
    Transport, offline, random,
};

/// How often other processes may change the state while an answer is judged.
pub(crate) const ATTEMPTS: usize = 8;

/// Asks the vendor's server whether this device may use a license.
///
/// It works in the calling thread, which waits meanwhile. It may be shared between threads.
pub struct Client {
    pub(crate) trust: Trust,
    /// `None`: it asks nobody.
    pub(crate) server: Option<Server>,
    pub(crate) fingerprint: Option<Word>,
    pub(crate) about: AboutDevice,
    pub(crate) store: Box<dyn Store>,
    pub(crate) chain_store: Option<Arc<dyn ChainStore>>,
    pub(crate) revocation_store: Option<Box<dyn RevocationStore>>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) foreign_keys: bool,
}

/// The state as it was found, and the bytes it was read from.
pub(crate) struct Found {
    pub(crate) state: State,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

/// A request as it was sent.
pub(crate) struct Asked {
    pub(crate) request: DeviceRequest,
    /// The statement's id.
    pub(crate) id: StatementId,
    /// What the client had then, and the server need not send again.
    pub(crate) held: Statements,
}

/// Whether the client says what it has, so that it is not sent again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    All,
    Nothing,
}

impl Says {
    /// The names of what the server need not send.
    pub(crate) fn holds(self, held: &Statements) -> Vec<StatementId> {
        match self {
            Self::All => held.ids(),
            Self::Nothing => vec![],
        }
    }
}

/// What was concluded, and why it could not be remembered where it could not.
pub(crate) struct Concluded<T> {
    pub(crate) verdict: Result<T, Denied>,
    pub(crate) not_kept: Option<ConfigurationError>,
}

/// What `GET /api/v1/trust` brought: asked for at most once in a call, and in its time.
pub(crate) struct Fetched {
    missing: OnceCell<Option<Missing>>,
    pub(crate) deadline: Deadline,
}

impl Fetched {
    fn new(deadline: Deadline) -> Self {
        Self { missing: OnceCell::new(), deadline }
    }
}

/// What a server can say yes to.
trait Yes: Sized {
    const OPERATION: Operation;

    fn judge(
        question: &Question<'_>,
        sent: &SentRequest<'_>,
        answer: &Answer,
        has: Statements,
    ) -> Result<Judged<Self>, Refusal>;

    /// The same yes, of which the state does not know.
    fn not_kept(self, why: &ConfigurationError) -> Self;
}

impl Yes for License {
    const OPERATION: Operation = Operation::Validate;

    fn judge(
        question: &Question<'_>,
        sent: &SentRequest<'_>,
        answer: &Answer,
        has: Statements,
    ) -> Result<Judged<Self>, Refusal> {
        question.judge(sent, answer, has)
    }

    fn not_kept(self, why: &ConfigurationError) -> Self {
        License::not_kept(self, why)
    }
}

impl Yes for Released {
    const OPERATION: Operation = Operation::Release;

    fn judge(
        question: &Question<'_>,
        sent: &SentRequest<'_>,
        answer: &Answer,
        has: Statements,
    ) -> Result<Judged<Self>, Refusal> {
        question.judge_release(sent, answer, has)
    }

    /// What was given back is given back.
    fn not_kept(self, _: &ConfigurationError) -> Self {
        self
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let origin = self.server.as_ref().map(|server| server.origin.as_str());
        f.debug_struct("Client").field("server", &origin).finish_non_exhaustive()
    }
}

impl Client {
    /// Asks whether this device may use the license with this key, and returns the license's rights.
    ///
    /// The key may be given as it was typed or pasted (`spec/license.md` §3.3). A mistyped one is noticed before anything is sent. The
    /// first call makes the device's key, and asks nobody unless the key could be saved. What verified is remembered before it is
    /// returned, of a denial too; where the state cannot be written, a yes has a [note](License::not_remembered). What did not
    /// verify changes nothing of what is remembered.
    pub fn validate_license(&self, key: &str) -> Result<License, Error> {
        self.asked(key, None)
    }

    /// Gives this device's seat of the license with this key back, so that another device can take it at once. The next
    /// [`validate_license`](Self::validate_license) takes one again, if one is free.
    ///
    /// The license allows so many releases a year, else the denial is `allowance_spent`. Who holds no seat is told the same as
    /// who gave one back. What this device holds of the license stays: a file of it verifies as before.
    pub fn release(&self, key: &str) -> Result<Released, Error> {
        self.asked(key, None)
    }

    /// The same for another device of the license, such as one that broke: a [`Denied`] for want of a seat shows some.
    pub fn release_device(&self, key: &str, device: DeviceId) -> Result<Released, Error> {
        self.asked(key, Some(device))
    }

    /// The key as it is sent: in its printed form, or by its symbols where another system made it.
    pub(crate) fn readable(&self, typed: &str) -> Result<Word, Error> {
        let malformed = match LicenseKey::parse(typed) {
            Ok(key) => return Ok(Word::parse(&key.expose()).expect("a key is printed in 34 symbols")),
            Err(malformed) => malformed,
        };
        let is_foreign = self.foreign_keys
            && malformed.code() == Code::LicenseKeyMalformed
            && ForeignKey::parse(typed).is_ok();
        let symbols = is_foreign.then(|| LicenseKey::normalise(typed));
        let word = symbols.and_then(|symbols| Word::parse(&symbols));
        word.ok_or_else(|| Denied::mistyped(malformed.code()).into())
    }

    fn asked<T: Yes>(&self, key: &str, release: Option<DeviceId>) -> Result<T, Error> {
        let key = self.readable(key)?;
        self.in_time(|says, fetched| self.ask((&key, release), says, fetched))
    }

    /// One budget for all that is asked, so that a program that waits knows for how long.
    pub(crate) fn in_time<T>(&self, ask: impl Fn(Says, &Fetched) -> Result<T, Refusal>) -> Result<T, Error> {
        let fetched = Fetched::new(Deadline::after(self.transport.budget()));
        let first = match ask(Says::All, &fetched) {
            Err(Refusal::Held(first)) => first,
            answered => return answered.map_err(Refusal::into_error),
        };
        // What this client has may have been signed anew under the same name: one more question, as who has nothing.
        ask(Says::Nothing, &fetched).map_err(|second| match second.into_error() {
            // spec/online.md §6.4: not shown as "offline".
            Error::Transport(_) => first.into(),
            second => second,
        })
    }

    /// Verifies a license file, and refuses an older version of a license than the newest one that this client saw.
    ///
    /// No server is asked, so nobody says whether the license was revoked since, and no device is counted. The time is the
    /// machine's, never below the one that a server signed last. What verified is remembered as in
    /// [`validate_license`](Self::validate_license).
    pub fn validate_license_file(&self, file: &[u8]) -> Result<License, Error> {
        let clock = self.clock.now();
        let found = RefCell::new(Looked::default());
        let judge = |state: &State| {
            let now = clock.max(self.floors(state).newest());
            let look = |chain: &_, license: &_| {
                let looked = self.look(&state.revocations, chain, Slot::of_license(license), None);
                found.replace(looked.clone());
                looked
            };
            offline::judge_file(&self.trust, (state, self.held(state)), (file, now), look)
                .map_err(Refusal::from)
        };
        let concluded = self.remember(self.state()?, judge).map_err(Refusal::into_error)?;
        // Where it cannot be written, the note says so.
        let _ = self.remember_looked(&found.into_inner());
        Ok(with_note(concluded)?)
    }

    fn ask<T: Yes>(
        &self,
        (key, release): (&Word, Option<DeviceId>),
        says: Says,
        fetched: &Fetched,
    ) -> Result<T, Refusal> {
        let found = self.state()?;
        let name = LicenseName::Key(key.clone());
        let request = DeviceRequest { release, ..self.request(name, T::OPERATION, &found.state.device_key)? };
        let carrier = found.state.device_key.sign(&request).map_err(|_| ConfigurationError::Fingerprint)?;
        let held = self.held(&found.state);
        let server = (self.server()?, &T::OPERATION);
        let body = Zeroizing::new(carrier.encode());
        let answer = exchange::ask(&*self.transport, server, &body, &says.holds(&held), fetched.deadline)?;
        let asked = Asked { request, id: carrier.envelope.id(), held };
        let concluded = self.conclude(found, &asked, &answer, fetched, T::judge)?;
        Ok(with_note(concluded)?)
    }

    pub(crate) fn request(
        &self,
        license: LicenseName,
        operation: Operation,
        device: &DeviceKey,
    ) -> Result<DeviceRequest, ConfigurationError> {
        Ok(DeviceRequest {
            tenant: self.trust.tenant,
            app: self.trust.app,
            license,
            device_key: device.public(),
            fingerprint: self.fingerprint.clone(),
            operation,
            nonce: Nonce::from_random(*random::bits()?),
            client_time: self.clock.now(),
            about: self.about.clone(),
            release: None,
        })
    }

    /// Judges a decision by what is remembered, and remembers what follows.
    pub(crate) fn conclude<T>(
        &self,
        found: Found,
        asked: &Asked,
        answer: &Answer,
        fetched: &Fetched,
        judge: impl Fn(&Question<'_>, &SentRequest<'_>, &Answer, Statements) -> Result<Judged<T>, Refusal>,
    ) -> Result<Concluded<T>, Refusal> {
        let sent = SentRequest::new(&asked.request, asked.id);
        self.remember(found, |state| {
            self.judge(state, (sent.operation, &asked.held), answer, fetched, |question, has| {
                judge(question, &sent, answer, has)
            })
        })
    }

    /// Judges by the state, and remembers what follows. Where another process was faster, judges again by what that one
    /// left.
    pub(crate) fn remember<T>(
        &self,
        mut found: Found,
        judge: impl Fn(&State) -> Result<Judged<T>, Refusal>,
    ) -> Result<Concluded<T>, Refusal> {
        let mut attempts = 1;
        loop {
            let Judged { verdict, memory, effect } = judge(&found.state)?;
            let before = (found.state.accepted(), found.state.revocations.clone());
            let mut next = found.state.after(memory, effect);
            if let Err(denied) = &verdict {
                next.revocations.list(denied.listed());
            }
            // Who deletes the newer copy of the state gets back no keys that were replaced, and nothing that was listed.
            let is_same = before.0 == next.accepted() && before.1 == next.revocations;
            let replace = if is_same { Self::replace } else { Self::replace_all };
            let failed = match replace(self, Some(&found.bytes), &next.encode()) {
                Ok(true) => return Ok(Concluded { verdict, not_kept: None }),
                Ok(false) if attempts == ATTEMPTS => ConfigurationError::StateContended,
                Ok(false) => match self.state() {
                    Ok(newer) => {
                        (found, attempts) = (newer, attempts + 1);
                        continue;
                    }
                    Err(failed) => failed,
                },
                Err(failed) => failed,
            };
            return Ok(Concluded { verdict, not_kept: Some(failed) });
        }
    }

    /// Once with what came; and once with what the server says is missing, if the chain does not verify without it.
    pub(crate) fn judge<T>(
        &self,
        state: &State,
        (operation, held): (&Operation, &Statements),
        answer: &Answer,
        fetched: &Fetched,
        judge: impl Fn(&Question<'_>, Statements) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (floor, clock) = (state.floors_kept().authority, self.clock.now());
        let server = self.server()?;
        let question = Question {
            trust: &self.trust,
            origin: &server.origin,
            operation,
            now: clock.max(floor),
            floor,
            accepted: &self.known_maxima(state),
            licenses: &state.licenses(),
            listed: &|chain, license, proof| self.look(&state.revocations, chain, license, proof).listed,
        };
        let held = held.clone().under(self.held(state).chain);
        let first = match judge(&question, answer.over(held.clone())) {
            Err(Refusal::Chain(first)) => first,
            judged => return judged,
        };
        let fetch = || exchange::trust(&*self.transport, server, &self.trust, fetched.deadline).ok();
        let Some(missing) = fetched.missing.get_or_init(fetch) else {
            return Err(first.into());
        };
        match judge(&question, answer.over(missing.over(held, &self.trust.chain))) {
            Err(Refusal::Chain(_)) => Err(first.into()),
            judged => judged,
        }
    }

    /// What revocation data says of a license, and of the proof that admits the device to it.
    pub(crate) fn look(
        &self,
        memory: &RevocationMemory,
        chain: &TenantTrust,
        license: Slot,
        proof: Option<Slot>,
    ) -> Looked {
        self.lookup(memory).look(chain, license, proof)
    }

    pub(crate) fn lookup<'a>(&'a self, memory: &'a RevocationMemory) -> Lookup<'a> {
        Lookup { store: self.revocation_store.as_deref(), app: self.trust.app, memory }
    }

    /// Whom it asks.
    pub(crate) fn server(&self) -> Result<&Server, ConfigurationError> {
        self.server.as_ref().ok_or(ConfigurationError::ServerMissing)
    }

    /// What the client has before an answer: the newest of its state and its build.
    pub(crate) fn held(&self, state: &State) -> Statements {
        let build = &self.trust.chain;
        match &state.memory {
            Some(memory) => memory.statements.clone().or_newer(build),
            None => Statements::of_build(build),
        }
    }

    /// What nothing older of the chain of keys is believed than, be it from a server or a file.
    pub(crate) fn known_maxima(&self, state: &State) -> Accepted {
        offline::known_maxima(&self.trust, state.accepted(), &self.held(state))
    }

    /// The times below which time does not run, and none of them is before what the keys say that count, whoever brought them. What a
    /// snapshot says is none where every key that signed it is revoked by now (`spec/revocation.md` §5.1 step 5).
    pub(crate) fn floors(&self, state: &State) -> Floors {
        let floors = state.floors_kept();
        // Where nothing says otherwise, time does not run backwards.
        let known = offline::known_whenever(&self.trust, &state.accepted(), &self.held(state));
        let Some(chain) = known else { return floors };
        let signed_at = [chain.keyset().get().issued_at, chain.tenant_keyset().get().issued_at];
        let floors =
            Floors { authority: signed_at.into_iter().fold(floors.authority, UnixSeconds::max), ..floors };
        let snapshot = state.revocations.snapshot.as_ref();
        let counts = snapshot.is_some_and(|taken| chain.has_standing(&taken.maximum));
        if counts { floors } else { floors.without_snapshot() }
    }

    /// The state; where there is none, a new one with a new device key, saved before anybody hears of the key.
    pub(crate) fn state(&self) -> Result<Found, ConfigurationError> {
        for _ in 0..ATTEMPTS {
            if let Some(found) = self.kept()? {
                return Ok(found);
            }
            let state =
                State::new(DeviceKey::from_seed(&*random::bits()?), SealingSeed::new(random::bits()?));
            let bytes = state.encode();
            if self.replace(None, &bytes)? {
                return Ok(Found { state, bytes });
            }
        }
        Err(ConfigurationError::StateContended)
    }

    /// The state, where there is one.
    pub(crate) fn kept(&self) -> Result<Option<Found>, ConfigurationError> {
        let loaded = self.store.load().map_err(|e| ConfigurationError::Store(e.to_string()))?;
        let found = |bytes: Zeroizing<Vec<u8>>| Ok(Found { state: State::decode(&bytes)?, bytes });
        loaded.map(Zeroizing::new).map(found).transpose()
    }

    /// What is odd about the state, though it reads, in a sentence for people; `None`: nothing.
    pub fn state_note(&self) -> Result<Option<String>, ConfigurationError> {
        self.store.note().map_err(|why| ConfigurationError::Store(why.to_string()))
    }

    /// What was looked up, for when the data is lost.
    pub(crate) fn remember_looked(&self, looked: &Looked) -> Result<(), ConfigurationError> {
        for _ in 0..ATTEMPTS {
            let found = if looked.is_nothing() { None } else { self.kept()? };
            let Some(Found { mut state, bytes }) = found else { return Ok(()) };
            let before = state.revocations.clone();
            state.revocations.note(looked);
            let replace = if looked.is_revoked() { Self::replace_all } else { Self::replace };
            if state.revocations == before || replace(self, Some(&bytes), &state.encode())? {
                return Ok(());
            }
        }
        Err(ConfigurationError::StateContended)
    }

    /// Replaces the state, and the older copy, too, so that nothing is left from before. Where only that cannot be written, the state counts
    /// all the same, and the next change writes over it.
    pub(crate) fn replace_all(&self, old: Option<&[u8]>, new: &[u8]) -> Result<bool, ConfigurationError> {
        let is_replaced = self.replace(old, new)?;
        if is_replaced {
            // Where another process was faster, it wrote over the older one.
            let _ = self.replace(Some(new), new);
        }
        Ok(is_replaced)
    }

    pub(crate) fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> Result<bool, ConfigurationError> {
        self.store.replace(old, new).map_err(|e| ConfigurationError::Store(e.to_string()))
    }
}

/// A yes that verified is given even where it cannot be remembered, with a note.
fn with_note<T: Yes>(concluded: Concluded<T>) -> Result<T, Denied> {
    let yes = concluded.verdict?;
    Ok(match concluded.not_kept {
        Some(why) => yes.not_kept(&why),
        None => yes,
    })
}
