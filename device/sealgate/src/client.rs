//! One program on one device, and the server it asks.

use std::cell::OnceCell;

use sealgate_artifact::{
    AboutDevice, Code, DeviceId, DeviceRequest, Envelope, ForeignKey, LicenseKey, LicenseName, Nonce,
    Operation, Word,
};
use zeroize::Zeroizing;

use crate::clock::Deadline;
use crate::device_key::DeviceKey;
use crate::exchange::{self, Answer, Missing};
use crate::judge::{Judged, Question, Refusal};
use crate::server::Server;
use crate::state::State;
use crate::statements::Statements;
use crate::trust::Trust;
use crate::{Clock, ConfigurationError, Denied, Error, License, Released, Store, Transport, offline, random};

/// How often other processes may change the state while an answer is judged.
const ATTEMPTS: usize = 8;

/// Asks the vendor's server whether this device may use a license.
///
/// It works in the calling thread, which waits meanwhile. It may be shared between threads.
pub struct Client {
    pub(crate) trust: Trust,
    pub(crate) server: Server,
    pub(crate) fingerprint: Option<Word>,
    pub(crate) about: AboutDevice,
    pub(crate) store: Box<dyn Store>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) foreign_keys: bool,
}

/// The state as it was found, and the bytes it was read from.
struct Found {
    state: State,
    bytes: Zeroizing<Vec<u8>>,
}

/// A request as it was sent.
struct Asked {
    request: DeviceRequest,
    envelope: Envelope,
    /// What the client had then, and the server need not send again.
    held: Statements,
}

/// Whether the client says what it has, so that it is not sent again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    All,
    Nothing,
}

/// What `GET /api/v1/trust` brought: asked for at most once in a validation, and in its time.
struct Fetched {
    missing: OnceCell<Option<Missing>>,
    deadline: Deadline,
}

impl Fetched {
    fn new(deadline: Deadline) -> Self {
        Self { missing: OnceCell::new(), deadline }
    }
}

/// What a server can say yes to.
trait Yes: Sized {
    const OPERATION: Operation;

    fn judge(question: &Question<'_>, answer: &Answer, has: Statements) -> Result<Judged<Self>, Refusal>;

    /// The same yes, of which the state does not know.
    fn not_kept(self, why: &ConfigurationError) -> Self;
}

impl Yes for License {
    const OPERATION: Operation = Operation::Validate;

    fn judge(question: &Question<'_>, answer: &Answer, has: Statements) -> Result<Judged<Self>, Refusal> {
        question.judge(answer, has)
    }

    fn not_kept(self, why: &ConfigurationError) -> Self {
        License::not_kept(self, why)
    }
}

impl Yes for Released {
    const OPERATION: Operation = Operation::Release;

    fn judge(question: &Question<'_>, answer: &Answer, has: Statements) -> Result<Judged<Self>, Refusal> {
        question.judge_release(answer, has)
    }

    /// What was given back is given back.
    fn not_kept(self, _: &ConfigurationError) -> Self {
        self
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("server", &self.server.origin.as_str()).finish_non_exhaustive()
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
    fn readable(&self, typed: &str) -> Result<Word, Error> {
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
        // One budget for all that is asked, so that a program that waits knows for how long.
        let deadline = Deadline::after(self.transport.budget());
        let fetched = Fetched::new(deadline);
        let first = match self.ask((&key, release), Says::All, &fetched) {
            Err(Refusal::Held(first)) => first,
            answered => return answered.map_err(Refusal::into_error),
        };
        // What this client has may have been signed anew under the same name: one more question, as who has nothing.
        self.ask((&key, release), Says::Nothing, &fetched).map_err(|second| match second.into_error() {
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
        let now = self.clock.now();
        let judge = |state: &State| {
            offline::judge_file(&self.trust, (state, self.held(state)), file, now).map_err(Refusal::from)
        };
        self.remember(self.state()?, judge).map_err(Refusal::into_error)
    }

    fn ask<T: Yes>(
        &self,
        (key, release): (&Word, Option<DeviceId>),
        says: Says,
        fetched: &Fetched,
    ) -> Result<T, Refusal> {
        let found = self.state()?;
        let request = self.request::<T>((key, release), &found.state.device_key)?;
        let envelope = found.state.device_key.sign(&request).map_err(|_| ConfigurationError::Fingerprint)?;
        let held = self.held(&found.state);
        let holds = match says {
            Says::All => held.ids(),
            Says::Nothing => vec![],
        };
        let server = (&self.server, &T::OPERATION);
        let answer = exchange::ask(&*self.transport, server, &envelope, &holds, fetched.deadline)?;
        self.conclude(found, &Asked { request, envelope, held }, &answer, fetched)
    }

    fn request<T: Yes>(
        &self,
        (key, release): (&Word, Option<DeviceId>),
        device: &DeviceKey,
    ) -> Result<DeviceRequest, ConfigurationError> {
        Ok(DeviceRequest {
            tenant: self.trust.tenant,
            app: self.trust.app,
            license: LicenseName::Key(key.clone()),
            device_key: device.public(),
            fingerprint: self.fingerprint.clone(),
            operation: T::OPERATION,
            nonce: Nonce::from_random(*random::bits()?),
            client_time: self.clock.now(),
            about: self.about.clone(),
            release,
        })
    }

    /// Judges the answer by what is remembered, and remembers what follows.
    fn conclude<T: Yes>(
        &self,
        found: Found,
        asked: &Asked,
        answer: &Answer,
        fetched: &Fetched,
    ) -> Result<T, Refusal> {
        let clock = self.clock.now();
        self.remember(found, |state| {
            let floor = state.floors().authority;
            let question = Question {
                trust: &self.trust,
                origin: &self.server.origin,
                request: &asked.request,
                id: asked.envelope.id(),
                now: clock.max(floor),
                floor,
                accepted: &state.accepted(),
                licenses: &state.licenses(),
            };
            self.judge(&question, answer, asked.held.clone().under(self.held(state).chain), fetched)
        })
    }

    /// Judges by the state, and remembers what follows. Where another process was faster, judges again by what that one
    /// left. A yes that verified is given even where it cannot be remembered, with a note.
    fn remember<T: Yes>(
        &self,
        mut found: Found,
        judge: impl Fn(&State) -> Result<Judged<T>, Refusal>,
    ) -> Result<T, Refusal> {
        let mut attempts = 1;
        loop {
            let Judged { verdict, memory } = judge(&found.state)?;
            let next = State { device_key: found.state.device_key, memory: Some(memory) };
            let failed = match self.replace(Some(&found.bytes), &next.encode()) {
                Ok(true) => return Ok(verdict?),
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
            return Ok(verdict?.not_kept(&failed));
        }
    }

    /// Once with what came; and once with what the server says is missing, if the chain does not verify without it.
    fn judge<T: Yes>(
        &self,
        question: &Question<'_>,
        answer: &Answer,
        held: Statements,
        fetched: &Fetched,
    ) -> Result<Judged<T>, Refusal> {
        let first = match T::judge(question, answer, answer.over(held.clone())) {
            Err(Refusal::Chain(first)) => first,
            judged => return judged,
        };
        let fetch = || exchange::trust(&*self.transport, &self.server, &self.trust, fetched.deadline).ok();
        let Some(missing) = fetched.missing.get_or_init(fetch) else {
            return Err(first.into());
        };
        match T::judge(question, answer, answer.over(missing.over(held, &self.trust.chain))) {
            Err(Refusal::Chain(_)) => Err(first.into()),
            judged => judged,
        }
    }

    /// What the client has before an answer: the newest of its state and its build.
    fn held(&self, state: &State) -> Statements {
        let build = &self.trust.chain;
        match &state.memory {
            Some(memory) => memory.statements.clone().or_newer(build),
            None => Statements::of_build(build),
        }
    }

    /// The state; where there is none, a new one with a new device key, saved before anybody hears of the key.
    fn state(&self) -> Result<Found, ConfigurationError> {
        for _ in 0..ATTEMPTS {
            let loaded = self.store.load().map_err(|e| ConfigurationError::Store(e.to_string()))?;
            if let Some(bytes) = loaded.map(Zeroizing::new) {
                return Ok(Found { state: State::decode(&bytes)?, bytes });
            }
            let state = State { device_key: DeviceKey::from_seed(&*random::bits()?), memory: None };
            let bytes = state.encode();
            if self.replace(None, &bytes)? {
                return Ok(Found { state, bytes });
            }
        }
        Err(ConfigurationError::StateContended)
    }

    fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> Result<bool, ConfigurationError> {
        self.store.replace(old, new).map_err(|e| ConfigurationError::Store(e.to_string()))
    }
}
