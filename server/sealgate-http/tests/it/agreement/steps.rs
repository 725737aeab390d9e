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

/// What running software asks.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
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
}

/// What the vendor does.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    Change(usize, Change),
    Release(usize, Device),
    /// Lists a device's name for the whole app.
    List(Effect, usize),
    /// Takes every entry away, also those that clients made.
    Unlist,
    /// Sells a license, or grants credits, under an idempotency key.
    Order(u8),
    Grant(u8),
}

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Arrives,
    /// It is lost on the way, and the same is asked again.
    Lost,
    /// The connection breaks as soon as the question was sent. It may have been carried out or not, and is asked again.
    Cut,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// To the server of that number, counted around. `at_once`: before that server has read what others changed.
    Ask {
        at: usize,
        at_once: bool,
        delivery: Delivery,
        ask: Ask,
    },
    /// What was asked last is asked again, of that server.
    Again {
        at: usize,
        at_once: bool,
    },
    Deed(Delivery, Deed),
    /// Time passes, for everybody.
    Advance(u64),
    /// That server's clock is set to be so many seconds ahead, or behind. 0: it is right again.
    Set(usize, i64),
    /// An operator looks at the clock of the server that serves the vendor, and accepts it unless it is wrong by days.
    Accept,
    /// That server does what is due by its clock.
    Work(usize),
    /// The database is copied aside.
    Keep,
    /// The database comes back as it was then.
    GoBack,
    Restart(usize),
    /// All clocks are right again, and a minute has passed.
    Settle,
}

/// How far clocks are set wrong.
const JUMPS: [i64; 4] = [-3600, 600, 8 * 86_400, 100 * 86_400];

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        50 => (server(), prop::bool::weighted(0.2), delivery(), ask())
            .prop_map(|(at, at_once, delivery, ask)| Step::Ask { at, at_once, delivery, ask }),
        8 => (server(), prop::bool::weighted(0.3)).prop_map(|(at, at_once)| Step::Again { at, at_once }),
        16 => (delivery(), deed()).prop_map(|(delivery, deed)| Step::Deed(delivery, deed)),
        4 => prop_oneof![4 => 1..60_u64, 2 => 118..122_u64, 1 => 3598..3602_u64].prop_map(Step::Advance),
        5 => (server(), prop_oneof![3 => prop::sample::select(&JUMPS), 2 => Just(0)])
            .prop_map(|(at, ahead)| Step::Set(at, ahead)),
        3 => Just(Step::Accept),
        6 => server().prop_map(Step::Work),
        2 => Just(Step::Keep),
        2 => Just(Step::GoBack),
        1 => server().prop_map(Step::Restart),
        1 => Just(Step::Settle),
    ]
}

fn server() -> impl Strategy<Value = usize> {
    0..2_usize
}

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![8 => Just(Delivery::Arrives), 1 => Just(Delivery::Lost), 1 => Just(Delivery::Cut)]
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        20 => validate().prop_map(Ask::Validate),
        16 => online().prop_map(Ask::Online),
        10 => (token(), nonce()).prop_map(|(token, nonce)| Ask::Heartbeat(token, nonce)),
        2 => report(),
        2 => (token(), reach()).prop_map(|(token, reach)| Ask::ReportInSession(token, reach)),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (0..LICENSES, change()).prop_map(|(license, change)| Deed::Change(license, change)),
        4 => (0..LICENSES, device()).prop_map(|(license, device)| Deed::Release(license, device)),
        1 => (effect(), 0..HWIDS).prop_map(|(effect, name)| Deed::List(effect, name)),
        3 => Just(Deed::Unlist),
        3 => (0..3_u8).prop_map(Deed::Order),
        4 => (0..2_u8).prop_map(Deed::Grant),
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

fn report() -> impl Strategy<Value = Ask> {
    let parts = (0..LICENSES, 0..HWIDS, prop::bool::weighted(0.2));
    parts.prop_map(|(license, hwid, revoke)| Ask::Report { license, hwid, revoke })
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
