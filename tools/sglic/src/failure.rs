//! What went wrong, for people and for programs.

use sealgate::{ConfigurationError, Denied, Error, Module, TransportError, UnverifiedSeat};
use sealgate_artifact::{Code, encode_hex};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// How a machine is activated.
const ACTIVATE: &str = "activate it: `sglic activate --key - --server URL`";

/// A failure of the program: a stable code, a sentence, and the fix where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fix: Option<String>,
    /// What else programs may want to know.
    #[serde(flatten)]
    pub(crate) more: Map<String, Value>,
    /// The same for people, a line each.
    #[serde(skip)]
    pub(crate) lines: Vec<String>,
}

impl Failure {
    /// With the fix that the code has.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        let fix = code.fix().map(str::to_owned);
        Self { code: code.to_string(), message: message.into(), fix, more: Map::new(), lines: vec![] }
    }

    /// A code that came from a server, which this version may not know.
    pub(crate) fn of_code(code: &str, message: impl Into<String>) -> Self {
        let fix = match Code::parse(code) {
            // What the code's own sentence says, the SDK has done.
            Some(Code::StateWanted) => Some("Activate this machine again: `sglic activate --key - --again`."),
            known => known.and_then(Code::fix),
        };
        let fix = fix.unwrap_or("Ask the vendor about this license.");
        Self {
            code: code.to_owned(),
            message: message.into(),
            fix: Some(fix.to_owned()),
            more: Map::new(),
            lines: vec![],
        }
    }

    /// What a verb works with is not there.
    pub(crate) fn not_activated() -> Self {
        Self::new(Code::NotActivated, "this machine holds no activation").fix(ACTIVATE)
    }

    /// A person was asked, and said no: nothing failed, and nothing was done.
    pub(crate) fn declined() -> Self {
        Self {
            code: String::new(),
            message: "nothing was changed".to_owned(),
            fix: None,
            more: Map::new(),
            lines: vec![],
        }
    }

    pub(crate) fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// 1 for a code that this version does not know, and for a no.
    pub(crate) fn exit_code(&self) -> u8 {
        Code::parse(&self.code).map_or(1, Code::exit_code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure =
            Self { fix: Some(fix(&error).to_owned()), ..Self::of_code(error.code(), error.to_string()) };
        match error {
            Error::License(denied) => denial(failure, &denied),
            _ => failure,
        }
    }
}

impl From<ConfigurationError> for Failure {
    fn from(error: ConfigurationError) -> Self {
        Error::from(error).into()
    }
}

/// The SDK speaks to whoever builds a program, and here a person uses one.
fn fix(error: &Error) -> &'static str {
    match error {
        Error::Configuration(ConfigurationError::TrustMissing | ConfigurationError::TrustInvalid(_)) => {
            "Give --trust FILE: the trust.json that the vendor gave you."
        }
        Error::Configuration(ConfigurationError::PlainHttp) => {
            "Use https://, or add --danger-plain-http if you trust the network."
        }
        Error::Configuration(ConfigurationError::StateDamaged) => {
            "Restore the state folder, or remove it and activate again: the machine then counts as a new device."
        }
        Error::Configuration(ConfigurationError::Transport(_)) => "Check --proxy, and the PEM in --ca.",
        Error::Transport(TransportError::TlsUntrusted(_)) => {
            "If a proxy of this network opens TLS, give its authority with --ca FILE, or have it leave the server's address out; else \
             check the server's certificate and this machine's clock."
        }
        Error::License(denied) if denied.code == Code::LicenseKeyMalformed.as_str() => {
            "Type the key again as it was issued."
        }
        Error::License(denied) if denied.code == Code::DeviceLimit.as_str() => {
            "Run `sglic deactivate` on a machine that needs its seat no more, or ask the vendor to release it, or for more seats."
        }
        Error::License(denied) if denied.code == Code::UnapprovedModule.as_str() => {
            "Use the files as the vendor published them. Or ask the vendor, who has this list now, to publish this build or to approve these \
             modules for this license; then activate again with the same list."
        }
        error => error.fix(),
    }
}

fn denial(mut failure: Failure, denied: &Denied) -> Failure {
    if !denied.unverified_modules().is_empty() {
        let modules = || denied.unverified_modules().iter();
        failure = failure.with("modules", modules().map(module).collect());
        failure.lines.extend(modules().map(module_line));
    }
    if let Some(used) = denied.devices_used.filter(|_| denied.max_devices.is_some()) {
        failure = failure.with("devices_used", used.into()).with("max_devices", denied.max_devices.into());
    }
    if !denied.unverified_seats.is_empty() {
        let seats = || denied.unverified_seats.iter();
        failure = failure.with("seats", seats().map(seat).collect());
        failure.lines.extend(seats().map(seat_line));
    }
    failure
}

/// A device that has a seat, for a person who looks for one that is not used any more. Nobody signed it.
fn seat(seat: &UnverifiedSeat) -> Value {
    json!({
        "device_id": seat.device_id.to_string(),
        "name": seat.name,
        "last_seen": seat.last_seen.map(|time| time.to_string()),
    })
}

/// The id is what the vendor releases the seat by.
fn seat_line(seat: &UnverifiedSeat) -> String {
    let name = seat.name.as_deref().unwrap_or("-");
    let seen = seat.last_seen.map_or_else(|| "-".to_owned(), |time| time.to_string());
    format!("has a seat: {name}  device {}  last seen {seen}", seat.device_id)
}

/// For programs.
pub(crate) fn module(module: &Module) -> Value {
    json!({
        "name": module.name,
        "sha256": encode_hex(&module.sha256),
        "version": module.version,
        "signer": module.signer,
    })
}

/// What the vendor asks for who is to approve it.
pub(crate) fn module_line(module: &Module) -> String {
    let or_none = |text: &Option<String>| text.as_deref().unwrap_or("-").to_owned();
    let (version, signer) = (or_none(&module.version), or_none(&module.signer));
    format!("{}  version {version}  signer {signer}  sha256 {}", module.name, encode_hex(&module.sha256))
}
