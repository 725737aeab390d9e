//! What can happen.

use proptest::prelude::*;

/// Licenses of a run; [`super::world`] says what was sold.
pub(crate) const LICENSES: usize = 5;
/// Device keys of a run.
pub(crate) const KEYS: usize = 2;
/// Hwids that are the text of no key.
pub(crate) const PLAIN: usize = 2;
/// All hwids: those, and one spelled like each device key.
const HWIDS: usize = PLAIN + KEYS;

/// Tokens that a step chooses from. A sequence has fewer, so that each is chosen about as often.
const TOKENS: usize = 240;

/// A device of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Device {
    /// A text, on AuthForge's wire.
    Hwid(usize),
    /// A key, on the native wire.
    Key(usize),
}

impl Device {
    /// The number of its text: a key and the hwid that is spelled like it have the same.
    pub(crate) fn name(self) -> usize {
        match self {
            Self::Hwid(hwid) => hwid,
            Self::Key(key) => PLAIN + key,
        }
    }
}

/// How `/auth/validate` is asked. The same nonce with another manner is another question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Usual,
    /// For a session of twice the length.
    Longer,
    /// Without the app's id.
    Bare,
}

impl Manner {
    pub(crate) fn ttl(self) -> u64 {
        if self == Self::Longer { 7200 } else { 3600 }
    }
}

/// `POST /auth/validate`.
#[derive(Debug, Clone)]
pub(crate) struct Validate {
    pub(crate) license: usize,
    pub(crate) hwid: usize,
    pub(crate) nonce: u8,
    pub(crate) manner: Manner,
}

/// `POST /api/v1/validate`.
#[derive(Debug, Clone)]
pub(crate) struct Online {
    pub(crate) license: usize,
    pub(crate) key: usize,
    pub(crate) nonce: u8,
    /// Whether the license is named by its id instead of its key.
    pub(crate) by_id: bool,
}

/// The proof that a session's owner asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    /// Which of the tokens so far, counted around.
    pub(crate) nth: usize,
    /// Whether a device sends it that it was not given to.
    pub(crate) stolen: bool,
}

impl Token {
    /// The hwid that comes along, where the token was given to `owner`.
    pub(crate) fn sender(self, owner: usize) -> usize {
        (owner + usize::from(self.stolen)) % HWIDS
    }
}

/// How far `POST /auth/selfban` with a session reaches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    pub(crate) license: bool,
    pub(crate) device: bool,
    pub(crate) address: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// What the vendor does to a license.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Suspend,
    Resume,
    Revoke,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Validate(Validate),
    Online(Online),
    Heartbeat(Token, u8),
    /// `POST /auth/selfban` with the license's key.
    Report {
        license: usize,
        hwid: usize,
        revoke: bool,
    },
    ReportInSession(Token, Reach),
    Change(usize, Change),
    Release(usize, Device),
    /// The vendor lists a device's name for the whole app.
    List(Effect, usize),
    /// The vendor takes every entry away, also those that clients made.
    Unlist,
    Advance(u64),
    Restart,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => validate().prop_map(Step::Validate),
        16 => online().prop_map(Step::Online),
        10 => (token(), nonce()).prop_map(|(token, nonce)| Step::Heartbeat(token, nonce)),
        2 => report(),
        2 => (token(), reach()).prop_map(|(token, reach)| Step::ReportInSession(token, reach)),
        3 => (0..LICENSES, change()).prop_map(|(license, change)| Step::Change(license, change)),
        4 => (0..LICENSES, device()).prop_map(|(license, device)| Step::Release(license, device)),
        1 => (effect(), 0..HWIDS).prop_map(|(effect, name)| Step::List(effect, name)),
        3 => Just(Step::Unlist),
        4 => prop_oneof![4 => 1..60_u64, 2 => 118..122_u64, 1 => 3598..3602_u64].prop_map(Step::Advance),
        1 => Just(Step::Restart),
    ]
}

fn nonce() -> impl Strategy<Value = u8> {
    0..2_u8
}

fn validate() -> impl Strategy<Value = Validate> {
    let manner = prop_oneof![6 => Just(Manner::Usual), 1 => Just(Manner::Longer), 1 => Just(Manner::Bare)];
    let parts = (0..LICENSES, 0..HWIDS, nonce(), manner);
    parts.prop_map(|(license, hwid, nonce, manner)| Validate { license, hwid, nonce, manner })
}

fn online() -> impl Strategy<Value = Online> {
    let parts = (0..LICENSES, 0..KEYS, nonce(), prop::bool::weighted(0.3));
    parts.prop_map(|(license, key, nonce, by_id)| Online { license, key, nonce, by_id })
}

fn token() -> impl Strategy<Value = Token> {
    (0..TOKENS, prop::bool::weighted(0.1)).prop_map(|(nth, stolen)| Token { nth, stolen })
}

fn report() -> impl Strategy<Value = Step> {
    let parts = (0..LICENSES, 0..HWIDS, prop::bool::weighted(0.2));
    parts.prop_map(|(license, hwid, revoke)| Step::Report { license, hwid, revoke })
}

fn reach() -> impl Strategy<Value = Reach> {
    let parts = (any::<bool>(), prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    parts.prop_map(|(license, device, address)| Reach { license, device, address })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![4 => Just(Change::Suspend), 5 => Just(Change::Resume), 1 => Just(Change::Revoke)]
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![2 => Just(Effect::Deny), 1 => Just(Effect::Allow)]
}

fn device() -> impl Strategy<Value = Device> {
    prop_oneof![(0..HWIDS).prop_map(Device::Hwid), (0..KEYS).prop_map(Device::Key)]
}
