//! What vectors ask of the guard (`spec/guard.md`), as they are written, and the rules' answers.

use sealgate_artifact::{
    AntiTamper, AppId, ClockMode, ClockPolicy, Conditions, Fail, Feature, Freshness, Heartbeat, Integrity,
    License, LicenseId, Limit, MaxDevices, Policy, SeatHold, TenantId, Tier, UnixSeconds, Unknown,
};
use sealgate_rules::{
    Admission, ClockRolledBack, ClockShows, Effective, Ending, Enforced, FREE_FEATURES, Features, Finding,
    Findings, GraceWhy, Held, Known, Lack, Latch, Local, LocalFloor, Moment, Rights, Session, TenantCounts,
    TimeFloors, Timeline,
};
use serde::{Deserialize, Serialize};

/// What is known of the time, and what happens then (`spec/guard.md` §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeAsked {
    /// The newest time under a signature.
    pub signed: u64,
    /// The newest time that the machine's clocks showed, as far as they are believed.
    pub local: u64,
    /// What a doubted clock showed at starts before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubted: Vec<u64>,
    /// The policy's `clock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ShownClock>,
    /// In their order. The first one is a start.
    pub events: Vec<TimeEvent>,
}

/// The policy's `clock`, in the license's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `spec/license.md` §2.18")]
pub struct ShownClock {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// What happens to a program and its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeEvent {
    /// The program starts, and the machine's clock shows this.
    Start(u64),
    /// It ran for so many seconds, and keeps what time it is.
    Ran(u64),
    /// A verified answer to what it has just asked.
    Heard {
        /// The server's time.
        server: u64,
        /// The newest time that keys further up have signed.
        authority: u64,
    },
}

/// All that counts for what a program may do when it starts (`spec/guard.md` §3 and §4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateAsked {
    /// The time; `null` where the clock is further behind than the license tolerates.
    pub now: Option<u64>,
    /// Whether that time is a doubted clock's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubted: bool,
    /// What the program holds; absent where it holds nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<ShownHeld>,
    /// What the check of modules found.
    pub integrity: ShownFinding,
    /// What the sensors found.
    pub tamper: ShownFinding,
    /// What the program's own configuration adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<ShownLocal>,
    /// What an earlier run left behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<ShownLatch>,
}

/// A verified license, and the admission to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the license's own fields, and those of `spec/guard.md` §3")]
pub struct ShownHeld {
    /// The license's identifier. Not `license`: a vector of that name is a license.
    pub license_id: String,
    pub tier: String,
    pub not_before: u64,
    pub expires_at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_days: Option<u32>,
    /// Until when a trial runs, as a verified decision says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_ends: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<ShownPolicy>,
    pub vouched_at: u64,
    /// Whether revocation data lists the license's version or the proof.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub listed: bool,
    /// Whether the data that would say so was imported, and is lost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unseen: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admission: Option<ShownAdmission>,
}

/// A license's policy, in its own words, as far as it counts here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `spec/license.md` §2.13")]
pub struct ShownPolicy {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<ShownHeartbeat>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anti_tamper: Option<ShownAntiTamper>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freshness: Option<ShownFreshness>,
}

/// How often a program must be heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `spec/license.md` §2.15")]
pub struct ShownHeartbeat {
    pub interval: u64,
    pub grace: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_grace: Option<u64>,
}

/// What sensors count as.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "a field of `spec/license.md` §2.17")]
pub struct ShownAntiTamper {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// How old the newest word may be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `spec/license.md` §2.19")]
pub struct ShownFreshness {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restrict: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u64>,
}

/// The vendor's word that a device was admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "what `spec/guard.md` §3.3 and §3.5 name")]
pub struct ShownAdmission {
    pub admitted_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unheard_at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<ShownEnding>,
}

/// What a server said of an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `spec/activation.md` §7.2")]
pub struct ShownEnding {
    pub code: String,
    pub grace_until: u64,
}

/// What a check said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "their names say it")]
pub enum ShownFinding {
    NotSought,
    Nothing,
    Something,
    Unknown,
}

/// What a program's own configuration adds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "what `spec/guard.md` §6.1 names")]
pub struct ShownLocal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<ShownHeartbeat>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hard: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub integrity: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anti_tamper: bool,
}

/// What an earlier run left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "what `spec/guard.md` §4.2 names")]
pub struct ShownLatch {
    /// The code of the reason (§3.2); that of a server's end as the server said it.
    pub code: String,
    /// Whether a server said it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub said: bool,
    pub license_id: String,
    pub license_ends: Option<u64>,
    pub admitted_at: Option<u64>,
}

/// Which features a program has (`spec/guard.md` §7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeaturesAsked {
    /// What works without a license; absent: the usual list of §7.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<Vec<String>>,
    /// What the license lists, where it gives rights.
    pub licensed: Vec<String>,
    /// The names that are asked for.
    pub ask: Vec<String>,
}

/// What the tenants of a program did (`spec/guard.md` §8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantsAsked {
    /// The policy's `tenant_limits`: name and number.
    pub limits: Vec<(String, u64)>,
    /// In their order: tenant, action, and the seconds of a clock that nobody sets.
    pub actions: Vec<(String, String, u64)>,
}

/// `told`, `clock`, `signed`, `local` and `doubted` after all events.
pub(crate) fn time(asked: &TimeAsked) -> String {
    let local = LocalFloor { at: at(asked.local), doubted: asked.doubted.iter().copied().map(at).collect() };
    let mut floors = TimeFloors { signed: at(asked.signed), imported: at(0), local };
    let policy = asked.clock.as_ref().map(clock).unwrap_or_default();
    let (mut timeline, mut boot): (Option<Timeline>, u64) = (None, 0);
    for event in &asked.events {
        match *event {
            TimeEvent::Start(wall) => {
                let told = floors.tell(policy, at(wall));
                timeline = told.ok().map(|moment| Timeline::begin(moment, floors.newest(), boot));
                floors = floors.after_start(policy, at(wall));
            }
            TimeEvent::Ran(seconds) => {
                boot += seconds;
                if let Some(line) = timeline {
                    floors = floors.after_run(line.believed(boot));
                }
            }
            TimeEvent::Heard { server, authority } => {
                let (server, authority) = (at(server), at(authority));
                let now = Moment { at: server.max(authority), clock: ClockShows::Fits };
                let line = timeline.unwrap_or_else(|| Timeline::begin(now, now.at, boot));
                timeline = Some(line.heard(server, authority, boot));
                floors = floors.heard(server, authority);
            }
        }
    }
    let told = timeline.map_or_else(
        || "told=clock_rolled_back".to_owned(),
        |line| {
            let Moment { at, clock } = line.at(boot);
            format!("told={} clock={}", at.get(), shows(clock))
        },
    );
    let doubted: Vec<String> = floors.local.doubted.iter().map(|time| time.get().to_string()).collect();
    let doubted = if doubted.is_empty() { String::new() } else { format!(" doubted={}", doubted.join(",")) };
    format!("{told} signed={} local={}{doubted}", floors.signed.get(), floors.local.at.get())
}

/// The rights of a program that starts so, and what it leaves behind.
pub(crate) fn state(asked: &StateAsked) -> String {
    let license = asked.held.as_ref().map(license);
    let ending = asked.held.as_ref().and_then(|held| held.admission.as_ref()?.ending.as_ref()).map(ending);
    let held = asked.held.as_ref().zip(license.as_ref()).map(|(shown, license)| Held {
        license,
        admission: shown.admission.as_ref().map(|admission| Admission {
            admitted_at: at(admission.admitted_at),
            unheard_at: admission.unheard_at.map(at),
            lease_until: admission.lease_until.map(at),
            ending: ending.as_ref(),
        }),
        trial_ends: shown.trial_ends.map(at),
        is_revoked: shown.listed,
        is_unseen: shown.unseen,
        vouched_at: at(shown.vouched_at),
    });
    let signed = license.as_ref().map(|license| Enforced::of(&license.conditions)).unwrap_or_default();
    let enforced = match (&asked.configuration, &held) {
        (Some(added), Some(_)) => signed.tightened(&local(added)),
        _ => signed,
    };
    let clock = if asked.doubted { ClockShows::Doubtful } else { ClockShows::Fits };
    let rolled_back = ClockRolledBack { known: at(0), shown: at(0) };
    let now = asked.now.map(|now| Moment { at: at(now), clock }).ok_or(rolled_back);
    let findings = Findings { integrity: finding(asked.integrity), tamper: finding(asked.tamper) };
    let known = Known { held, findings, enforced: &enforced, now };
    let session = Session::begin(&known, asked.kept.as_ref().map(latch).as_ref());
    spelled(session.effective(), session.latches())
}

fn spelled(effective: &Effective, kept: &[Latch]) -> String {
    let mut words = vec![];
    let mut put =
        |name: &str, value: Option<String>| words.extend(value.map(|value| format!("{name}={value}")));
    let time = |time: Option<UnixSeconds>| time.map(|time| time.get().to_string());
    put("tier", Some(effective.tier().as_str().to_owned()));
    put("code", effective.lack().map(|lack| lack.code().to_string()));
    let standing = match &effective.rights {
        Rights::License(_) => "license",
        Rights::Grace { until, why, .. } => {
            put("grace_until", time(Some(*until)));
            if let GraceWhy::Ended(code) = why {
                put("ended_by", Some(code.clone()));
            }
            "grace"
        }
        Rights::Free(_) => "free",
        Rights::Blocked(_) => "blocked",
    };
    put("until", time(effective.until));
    put("refresh", time(effective.needs_refresh));
    for latch in kept {
        put("kept", Some(latch.lack.code().to_string()));
    }
    format!("{standing} {}", words.join(" "))
}

/// `yes` or `no` for each name.
pub(crate) fn features(asked: &FeaturesAsked) -> String {
    let free = match &asked.free {
        Some(names) => Features::free(names.iter().map(String::as_str)),
        None => Features::free(FREE_FEATURES.iter().copied()),
    };
    let licensed: Vec<Feature> = asked.licensed.iter().map(Feature::named).collect();
    let has = free.with(&licensed);
    let answers = asked.ask.iter().map(|name| if has.has(name) { "yes" } else { "no" });
    answers.collect::<Vec<_>>().join(" ")
}

/// `yes` for each action, or the seconds until one more may follow.
pub(crate) fn tenants(asked: &TenantsAsked) -> String {
    let limits: Vec<Limit> =
        asked.limits.iter().map(|(name, value)| Limit { name: name.clone(), value: *value }).collect();
    let mut counts = TenantCounts::default();
    let answers = asked.actions.iter().map(|(tenant, action, now)| {
        match counts.count(&limits, (tenant, action), *now) {
            Ok(()) => "yes".to_owned(),
            Err(refused) => refused.wait.to_string(),
        }
    });
    answers.collect::<Vec<_>>().join(" ")
}

fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(seconds).expect("a vector's time is in range")
}

fn shows(clock: ClockShows) -> &'static str {
    match clock {
        ClockShows::Fits => "fits",
        ClockShows::Behind => "behind",
        ClockShows::Doubtful => "doubted",
        ClockShows::Imported => "imported",
    }
}

fn clock(shown: &ShownClock) -> ClockPolicy {
    let mode = shown.mode.as_deref().map(|mode| ClockMode::parse(mode).expect("a vector's mode"));
    ClockPolicy { tolerance: shown.tolerance, mode }
}

fn finding(shown: ShownFinding) -> Finding {
    match shown {
        ShownFinding::NotSought => Finding::NotSought,
        ShownFinding::Nothing => Finding::Nothing,
        ShownFinding::Something => Finding::Something,
        ShownFinding::Unknown => Finding::Unknown,
    }
}

fn id(text: &str) -> LicenseId {
    LicenseId::parse(text).expect("a vector's license")
}

fn ending(shown: &ShownEnding) -> Ending {
    Ending { code: shown.code.clone(), grace_until: at(shown.grace_until) }
}

fn heartbeat(shown: &ShownHeartbeat) -> Heartbeat {
    Heartbeat { interval: shown.interval, grace: shown.grace, longest_grace: shown.longest_grace }
}

fn local(shown: &ShownLocal) -> Local {
    Local {
        heartbeat: shown.heartbeat.as_ref().map(|it| (it.interval, it.grace)),
        is_hard: shown.hard,
        integrity: shown.integrity,
        anti_tamper: shown.anti_tamper,
    }
}

fn latch(shown: &ShownLatch) -> Latch {
    let lack = match shown.code.as_str() {
        said if shown.said => Lack::Ended(said.to_owned()),
        "revoked" => Lack::Revoked,
        "expired" => Lack::Expired,
        "grace_over" => Lack::Unheard,
        "tamper_detected" => Lack::Tampered,
        "unapproved_module" => Lack::Unapproved,
        other => panic!("no reason that is kept: {other}"),
    };
    Latch {
        lack,
        at: at(0),
        license: Some(id(&shown.license_id)),
        license_ends: shown.license_ends.map(at),
        admitted_at: shown.admitted_at.map(at),
    }
}

fn license(shown: &ShownHeld) -> License {
    License {
        tenant: TenantId::from_bytes([1; 16]),
        app: AppId::from_bytes([2; 16]),
        license: id(&shown.license_id),
        version: 1,
        issued_at: at(shown.not_before),
        not_before: at(shown.not_before),
        expires_at: shown.expires_at.map(at),
        tier: Tier::parse(&shown.tier).expect("a vector's tier"),
        features: vec![],
        max_devices: MaxDevices::Unlimited,
        limits: vec![],
        variables: vec![],
        licensee: None,
        trial_days: shown.trial_days,
        conditions: Conditions { policy: shown.policy.as_ref().map(policy), ..Conditions::default() },
    }
}

fn policy(shown: &ShownPolicy) -> Policy {
    fn word<T>(text: Option<&String>, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        text.map(|text| parse(text).expect("a vector's word"))
    }
    Policy {
        heartbeat: shown.heartbeat.as_ref().map(heartbeat),
        seat: word(shown.seat.as_ref(), SeatHold::parse),
        fail: word(shown.fail.as_ref(), Fail::parse),
        integrity: word(shown.integrity.as_ref(), Integrity::parse),
        anti_tamper: shown
            .anti_tamper
            .as_ref()
            .map(|it| AntiTamper { unknown: word(it.unknown.as_ref(), Unknown::parse), agents: vec![] }),
        freshness: shown.freshness.as_ref().map(|it| Freshness {
            warn: it.warn,
            restrict: it.restrict,
            block: it.block,
        }),
        ..Policy::default()
    }
}
