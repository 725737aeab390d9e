//! What a program enforces on the machine it runs on (`spec/license.md` §2.13 to §2.20).

use std::ops::RangeInclusive;

use crate::fields::{Fields, distinct, int, invalid};
use crate::terms::{is_text, list_value, optional_list};
use crate::{ArtifactError, Limit, Value, limits};

/// What a program enforces. At least one field is there; without one, its default holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// How often the program must ask its server; `None`: it need not.
    pub heartbeat: Option<Heartbeat>,
    /// How a device holds its seat; `None`: it keeps it.
    pub seat: Option<SeatHold>,
    /// What a failed check of modules at the start does; `None`: as [`Fail::Soft`].
    pub fail: Option<Fail>,
    /// Whether modules are compared with approved ones; `None`: they are not.
    pub integrity: Option<Integrity>,
    /// Whether the program looks for debuggers and the like; `None`: it does not.
    pub anti_tamper: Option<AntiTamper>,
    /// How the machine's clock is judged.
    pub clock: Option<ClockPolicy>,
    /// How old revocation data may be.
    pub freshness: Option<Freshness>,
    /// Rates for each of the program's own tenants: at most 4. The name is how their features begin, the value how many a minute.
    pub tenant_limits: Vec<Limit>,
}

/// How often a program asks its server, and how long it may go without an answer (§2.15). All in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// From one question to the next: 60 to 2,592,000.
    pub interval: u64,
    /// From the last verified answer to the deadline: at least `interval`, at most 31,536,000.
    pub grace: u64,
    /// How far failures may move the deadline: more than `grace`, at most 31,536,000. `None`: not at all.
    pub longest_grace: Option<u64>,
}

/// One word of a field.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every word there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word, as it is signed.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What the word means.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }
    };
}

words! {
    /// How a device holds its seat, where it does not simply keep it.
    SeatHold {
        /// As long as its heartbeats come.
        Lease = "lease",
    }
}

words! {
    /// What a failed check of the program's modules at its start does.
    Fail {
        /// The program does not start.
        Hard = "hard",
        /// The program starts with the tier `free`.
        Soft = "soft",
    }
}

words! {
    /// Whether the program's modules are compared with approved ones (§2.16).
    Integrity {
        /// They are, and without a list the comparison has failed.
        Required = "required",
        /// They are where there is a list.
        WhereListed = "where_listed",
    }
}

words! {
    /// What a sensor that cannot run counts as, where it does not count as one that found nothing.
    Unknown {
        /// As one that found something.
        Tamper = "tamper",
    }
}

words! {
    /// How time is told where the machine's clock is not read.
    ClockMode {
        /// The program counts the time that it runs.
        RunTime = "run_time",
    }
}

/// The search for debuggers and the like (§2.17).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AntiTamper {
    /// What a sensor that cannot run counts as; `None`: as one that found nothing.
    pub unknown: Option<Unknown>,
    /// Monitoring agents that the vendor allows: at most 8 names of 1 to 16 bytes.
    pub agents: Vec<String>,
}

/// How the machine's clock is judged (§2.18). At least one field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockPolicy {
    /// Seconds that it may be behind the newest known time, 0 to 604,800; `None`: [`ClockPolicy::TOLERANCE`].
    pub tolerance: Option<u64>,
    /// How time is told; `None`: the clock is read.
    pub mode: Option<ClockMode>,
}

impl ClockPolicy {
    /// Seconds that a clock may be behind where the license says nothing: a day.
    pub const TOLERANCE: u64 = 86_400;
}

/// How old revocation data may be, in days from 1 to 3,650 (§2.19). At least one field is there; none is less than one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// From then on the program is told; `None`: after [`Freshness::WARN`] days, or with the least of the others.
    pub warn: Option<u64>,
    /// From then on the tier is `free`; `None`: never.
    pub restrict: Option<u64>,
    /// From then on the program does not run; `None`: never.
    pub block: Option<u64>,
}

impl Freshness {
    /// Days until the program is told where the license says nothing.
    pub const WARN: u64 = 14;
}

const INTERVAL: RangeInclusive<u64> = 60..=2_592_000;
const LONGEST: u64 = 31_536_000;

impl Policy {
    pub(crate) fn to_value(&self) -> Value {
        let mut members = vec![];
        let mut push = |name: &str, value: Option<Value>| members.extend(value.map(|v| (name.to_owned(), v)));
        let word = |word: &str| Value::Text(word.to_owned());
        push("heartbeat", self.heartbeat.map(Heartbeat::to_value));
        push("seat", self.seat.map(|s| word(s.as_str())));
        push("fail", self.fail.map(|f| word(f.as_str())));
        push("integrity", self.integrity.map(|i| word(i.as_str())));
        push("anti_tamper", self.anti_tamper.as_ref().map(AntiTamper::to_value));
        push("clock", self.clock.map(ClockPolicy::to_value));
        push("freshness", self.freshness.map(Freshness::to_value));
        push("tenant_limits", (!self.tenant_limits.is_empty()).then(|| list_value(&self.tenant_limits)));
        Value::Object(members)
    }

    /// §2.13.
    pub(crate) fn take(value: Value) -> Result<Self, ArtifactError> {
        let mut fields = Fields::new_in("policy", value)?;
        let policy = Self {
            heartbeat: fields.optional("heartbeat", |f, field| f.object(field, Heartbeat::take))?,
            seat: fields.optional("seat", |f, field| f.parsed(field, "not `lease`", SeatHold::parse))?,
            fail: fields.optional("fail", |f, field| f.parsed(field, "not `hard` or `soft`", Fail::parse))?,
            integrity: fields.optional("integrity", |f, field| {
                f.parsed(field, "not `required` or `where_listed`", Integrity::parse)
            })?,
            anti_tamper: fields.optional("anti_tamper", |f, field| f.object(field, AntiTamper::take))?,
            clock: fields.optional("clock", |f, field| f.object(field, ClockPolicy::take))?,
            freshness: fields.optional("freshness", |f, field| f.object(field, Freshness::take))?,
            tenant_limits: tenant_limits(&mut fields)?,
        };
        if policy == Self::default() {
            return Err(invalid("policy", "says nothing: it needs one of its fields"));
        }
        if policy.seat.is_some() && policy.heartbeat.is_none() {
            return Err(invalid("seat", "a lease, which needs `heartbeat`"));
        }
        fields.finish()?;
        Ok(policy)
    }
}

impl Heartbeat {
    fn to_value(self) -> Value {
        object([
            ("interval", Some(self.interval)),
            ("grace", Some(self.grace)),
            ("longest_grace", self.longest_grace),
        ])
    }

    fn take(value: Value) -> Result<Self, ArtifactError> {
        let mut fields = Fields::new_in("heartbeat", value)?;
        let heartbeat = Self {
            interval: within(&mut fields, "interval", INTERVAL, "not 60 to 2,592,000")?,
            grace: within(&mut fields, "grace", *INTERVAL.start()..=LONGEST, "not 60 to 31,536,000")?,
            longest_grace: fields.optional("longest_grace", |fields, field| {
                within(fields, field, 0..=LONGEST, "not at most 31,536,000")
            })?,
        };
        if heartbeat.grace < heartbeat.interval {
            return Err(invalid("grace", "not at least `interval`"));
        }
        if heartbeat.longest_grace.is_some_and(|longest| longest <= heartbeat.grace) {
            return Err(invalid("longest_grace", "not more than `grace`"));
        }
        fields.finish()?;
        Ok(heartbeat)
    }
}

impl AntiTamper {
    fn to_value(&self) -> Value {
        let mut members = vec![];
        members.extend(
            self.unknown.map(|unknown| ("unknown".to_owned(), Value::Text(unknown.as_str().to_owned()))),
        );
        if !self.agents.is_empty() {
            let agents = self.agents.iter().map(|agent| Value::Text(agent.clone())).collect();
            members.push(("agents".to_owned(), Value::List(agents)));
        }
        Value::Object(members)
    }

    fn take(value: Value) -> Result<Self, ArtifactError> {
        let mut fields = Fields::new_in("anti_tamper", value)?;
        let anti_tamper = Self {
            unknown: fields
                .optional("unknown", |f, field| f.parsed(field, "not `tamper`", Unknown::parse))?,
            agents: fields.optional("agents", agents)?.unwrap_or_default(),
        };
        fields.finish()?;
        Ok(anti_tamper)
    }
}

fn agents(fields: &mut Fields, field: &'static str) -> Result<Vec<String>, ArtifactError> {
    let entries = fields.list(field, limits::AGENTS)?;
    if entries.is_empty() {
        return Err(invalid(field, "an empty list is left out"));
    }
    distinct(field, entries, |agent| {
        let fits = is_text(agent, limits::SHORT_NAME_BYTES);
        fits.then(|| agent.to_owned())
            .ok_or_else(|| invalid(field, "an entry is not 1 to 16 bytes without control characters"))
    })
}

impl ClockPolicy {
    fn to_value(self) -> Value {
        let Value::Object(mut members) = object([("tolerance", self.tolerance)]) else { unreachable!() };
        members.extend(self.mode.map(|mode| ("mode".to_owned(), Value::Text(mode.as_str().to_owned()))));
        Value::Object(members)
    }

    fn take(value: Value) -> Result<Self, ArtifactError> {
        let mut fields = Fields::new_in("clock", value)?;
        let clock = Self {
            tolerance: fields.optional("tolerance", |fields, field| {
                within(fields, field, 0..=604_800, "not 0 to 604,800")
            })?,
            mode: fields.optional("mode", |f, field| f.parsed(field, "not `run_time`", ClockMode::parse))?,
        };
        if clock == Self::default() {
            return Err(invalid("clock", "says nothing: it needs one of its fields"));
        }
        fields.finish()?;
        Ok(clock)
    }
}

impl Freshness {
    fn to_value(self) -> Value {
        object([("warn", self.warn), ("restrict", self.restrict), ("block", self.block)])
    }

    fn take(value: Value) -> Result<Self, ArtifactError> {
        let mut fields = Fields::new_in("freshness", value)?;
        let mut days = |field| {
            fields.optional(field, |fields, field| within(fields, field, 1..=3_650, "not 1 to 3,650"))
        };
        let freshness = Self { warn: days("warn")?, restrict: days("restrict")?, block: days("block")? };
        if freshness == Self::default() {
            return Err(invalid("freshness", "says nothing: it needs one of its fields"));
        }
        let said = [freshness.warn, freshness.restrict, freshness.block];
        if !said.iter().flatten().is_sorted() {
            return Err(invalid(
                "freshness",
                "a later stage begins before an earlier one: `warn`, `restrict`, `block` in this order",
            ));
        }
        fields.finish()?;
        Ok(freshness)
    }
}

/// §2.20.
fn tenant_limits(fields: &mut Fields) -> Result<Vec<Limit>, ArtifactError> {
    const FIELD: &str = "tenant_limits";
    let list: Vec<Limit> = optional_list(fields, FIELD, limits::TENANT_LIMITS)?;
    let fits = |limit: &Limit| {
        limit.name.len() <= limits::SHORT_NAME_BYTES && (1..=limits::RATE).contains(&limit.value)
    };
    if list.iter().all(fits) {
        return Ok(list);
    }
    Err(invalid(FIELD, "an entry is not a name of 1 to 16 bytes and a number from 1 to 10^9"))
}

/// A whole number within a range, or why it is none.
pub(crate) fn within(
    fields: &mut Fields,
    field: &'static str,
    range: RangeInclusive<u64>,
    why: &'static str,
) -> Result<u64, ArtifactError> {
    Some(fields.count(field)?).filter(|n| range.contains(n)).ok_or_else(|| invalid(field, why))
}

/// An object of those numbers that are there.
pub(crate) fn object<const N: usize>(members: [(&str, Option<u64>); N]) -> Value {
    Value::Object(members.into_iter().filter_map(|(name, n)| Some((name.to_owned(), int(n?)))).collect())
}
