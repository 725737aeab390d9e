//! What a program enforces: what its license says, and what its own configuration adds (`spec/guard.md` §6).

use sealgate_artifact::{
    AntiTamper, ClockPolicy, Conditions, Fail, Freshness, Heartbeat, Integrity, Limit, SeatHold, Unknown,
};

/// What is enforced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enforced {
    /// How often the program must be heard; `None`: it need not.
    pub heartbeat: Option<Heartbeat>,
    /// Whether the device has rights only while it holds a seat that is lent.
    pub is_lease: bool,
    /// Whether a failed check of modules keeps the program from starting.
    pub is_hard: bool,
    /// Whether modules are compared; `None`: they are not.
    pub integrity: Option<Integrity>,
    /// Whether the program looks for debuggers and the like; `None`: it does not.
    pub anti_tamper: Option<AntiTamper>,
    /// How the machine's clock is judged.
    pub clock: ClockPolicy,
    /// How old the newest word that the license was not taken back may be.
    pub freshness: Freshness,
    /// Rates of the program's own tenants.
    pub tenant_limits: Vec<Limit>,
}

/// What a program's own configuration adds. It only ever narrows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Local {
    /// How often to ask, and how long to go without an answer, in seconds.
    pub heartbeat: Option<(u64, u64)>,
    /// A failed check of modules keeps the program from starting.
    pub is_hard: bool,
    /// Modules are compared where there is a list.
    pub integrity: bool,
    /// The program looks for debuggers and the like.
    pub anti_tamper: bool,
}

impl Enforced {
    /// What a license says, else the defaults.
    pub fn of(conditions: &Conditions) -> Self {
        let Some(policy) = &conditions.policy else { return Self::default() };
        Self {
            heartbeat: policy.heartbeat,
            is_lease: policy.seat == Some(SeatHold::Lease),
            is_hard: policy.fail == Some(Fail::Hard),
            integrity: policy.integrity,
            anti_tamper: policy.anti_tamper.clone(),
            clock: policy.clock.unwrap_or_default(),
            freshness: policy.freshness.unwrap_or_default(),
            tenant_limits: policy.tenant_limits.clone(),
        }
    }

    /// `spec/guard.md` §6.1: the same with what the configuration adds: shorter times, harder consequences, more checks. What the license asks for it
    /// cannot take away.
    #[must_use]
    pub fn tightened(self, local: &Local) -> Self {
        let heartbeat = match (self.heartbeat, local.heartbeat) {
            (Some(signed), Some((interval, grace))) => {
                let interval = signed.interval.min(interval.max(MINUTE));
                // A grace below the interval would end the rights of a program that is heard each time.
                Some(Heartbeat {
                    interval,
                    grace: signed.grace.min(grace.max(interval)),
                    longest_grace: None,
                })
            }
            (Some(signed), None) => Some(signed),
            (None, local) => local.map(|(interval, grace)| {
                let interval = interval.max(MINUTE);
                Heartbeat { interval, grace: grace.max(interval), longest_grace: None }
            }),
        };
        Self {
            heartbeat,
            is_hard: self.is_hard || local.is_hard,
            integrity: self.integrity.or(local.integrity.then_some(Integrity::WhereListed)),
            anti_tamper: self.anti_tamper.or(local.anti_tamper.then(AntiTamper::default)),
            ..self
        }
    }

    /// Whether a sensor that cannot run counts as one that found something.
    pub fn doubts_sensors(&self) -> bool {
        self.anti_tamper.as_ref().is_some_and(|it| it.unknown == Some(Unknown::Tamper))
    }

    /// Whether the vendor allows a monitoring agent of this name.
    pub fn allows_agent(&self, name: &str) -> bool {
        self.anti_tamper.as_ref().is_some_and(|it| it.agents.iter().any(|agent| agent == name))
    }
}

/// Nobody asks more often, in seconds.
const MINUTE: u64 = 60;
