//! The server: two replicas over one database.

use std::collections::{BTreeMap, BTreeSet};

use sealgate_artifact::{Code, InstanceId, Nonce, StatementId, UnixSeconds};
use sealgate_rules::{self as rules, Beat, Heard, HeldActivation, HeldBeat, OutOfForce, Shown, hear};

/// A rule that the server does not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// Writes what counts without asking whether somebody was faster.
    Overwrites,
    /// Begins an instance without asking whether the very request began one meanwhile.
    BeginsTwice,
    /// Answers before it writes.
    AnswersFirst,
    /// Counts the grace of an end anew in each answer.
    LaterEnd,
    /// Stores an activation without asking whether it was ended meanwhile.
    OverwritesEnd,
    /// Takes over what is shown without asking whether something newer was written meanwhile.
    AdoptsOverNewer,
    /// Takes over the generation alone, and forgets that it was ended.
    AdoptsWithoutEnd,
    /// Takes over a newer generation, and keeps the instances of the older one.
    AdoptsBesideOlder,
    /// Takes over the answer of another instance than the one that asks.
    AdoptsAnother,
}

/// A signed request. Two parties that say the same otherwise differ in `author`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Request {
    pub(crate) generation: u8,
    pub(crate) instance: Option<u8>,
    pub(crate) seq: u8,
    pub(crate) nonce: u8,
    pub(crate) author: u8,
}

/// The answer that a party verified last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Last {
    pub(crate) instance: u8,
    pub(crate) seq: u8,
    pub(crate) nonce: u8,
    pub(crate) request: Request,
    pub(crate) end: Option<End>,
}

/// A request as it is sent. What is shown is signed by the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Question {
    pub(crate) request: Request,
    pub(crate) shows: Option<Shows>,
}

/// The nonce of the proof that a party holds, and the last answer that counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Shows {
    pub(crate) first_nonce: u8,
    pub(crate) last: Option<Last>,
}

/// Why rights end, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct End {
    pub(crate) code: &'static str,
    pub(crate) until: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Said {
    Goes(Last),
    Refused(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Answer {
    pub(crate) request: Request,
    pub(crate) has_shown: bool,
    pub(crate) said: Said,
}

/// What somebody did that must not happen. It lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Fault {
    EffectTwice,
    TwoRequests,
    EndMoved,
    Superseded,
    EndForgotten,
    OlderTaken,
    TooMany,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Db {
    pub(crate) generation: u8,
    pub(crate) first_nonce: u8,
    pub(crate) ended: Option<End>,
    pub(crate) instances: BTreeMap<u8, Last>,
    /// The license: when it was revoked, and whether the device is denied.
    pub(crate) revoked_at: Option<u8>,
    pub(crate) is_denied: bool,
    /// For the properties: what counted, and which ends were told.
    pub(crate) effects: BTreeSet<Request>,
    pub(crate) counted: BTreeMap<(u8, u8, u8), Request>,
    pub(crate) told: BTreeMap<&'static str, u8>,
}

/// What a replica decided and did not write yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Work {
    pub(crate) question: Question,
    generation: u8,
    ended_before: Option<End>,
    before: Option<Last>,
    deed: Deed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Deed {
    Count(Option<End>),
    Adopt(Shows),
}

pub(crate) enum Judged {
    Answer(Said),
    Write(Work),
}

pub(crate) enum Written {
    Counts(Said),
    Adopted,
    /// Somebody was faster.
    Superseded,
}

/// Numbers for what the real server draws at random, and faults.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Trace {
    pub(crate) fresh: u8,
    pub(crate) faults: BTreeSet<Fault>,
    pub(crate) is_noticed: bool,
    pub(crate) has_adopted: bool,
}

pub(crate) const GRACE: u8 = 5;

impl Db {
    pub(crate) fn judge(
        &self,
        question: Question,
        now: u8,
        (broken, limit): (Option<Break>, u8),
        trace: &mut Trace,
    ) -> Judged {
        let said = question.request;
        let before = match said.instance {
            Some(id) => self.instances.get(&id).copied(),
            None => self.instances.values().find(|held| held.request == said).copied(),
        };
        let running = self.instances.keys().filter(|id| Some(**id) != said.instance).count();
        let activation = HeldActivation {
            generation: self.generation.into(),
            first_nonce: nonce(self.first_nonce),
            has_room: running < usize::from(limit),
        };
        let held = before.map(|held| HeldBeat {
            seq: held.seq.into(),
            next: nonce(held.nonce),
            request: id(held.request),
        });
        let beat = Beat {
            generation: said.generation.into(),
            instance: said.instance.map(instance),
            seq: said.seq.into(),
            nonce: nonce(said.nonce),
            request: id(said),
        };
        let heard = hear(&activation, held.as_ref(), &beat);
        trace.is_noticed |= heard.hints_at_clone();
        let write = |deed| {
            Judged::Write(Work {
                question,
                generation: self.generation,
                ended_before: self.ended,
                before,
                deed,
            })
        };
        match heard {
            Heard::Repeat => Judged::Answer(Said::Goes(before.expect("what is repeated is held"))),
            Heard::Begins | Heard::Counts => write(Deed::Count(self.end(now, broken))),
            Heard::Refused(Code::StateWanted) => {
                let Some(state) = question.shows else {
                    return Judged::Answer(Said::Refused("state_wanted"));
                };
                let shown = Shown {
                    generation: said.generation.into(),
                    last: state.last.map(|last| (instance(last.instance), last.seq.into())),
                };
                let shown = if broken == Some(Break::AdoptsAnother) {
                    shown
                } else {
                    shown.to(said.instance.map(instance))
                };
                if !shown.is_newer(Some((self.generation.into(), before.map(|before| before.seq.into())))) {
                    return Judged::Answer(Said::Refused("nonce_replayed"));
                }
                write(Deed::Adopt(Shows { last: state.last.filter(|_| shown.last.is_some()), ..state }))
            }
            Heard::Refused(code) => Judged::Answer(Said::Refused(code.as_str())),
        }
    }

    /// `count.rs`, `ended`.
    fn end(&self, now: u8, broken: Option<Break>) -> Option<End> {
        let code = match (self.revoked_at, self.is_denied) {
            (Some(_), _) => Code::Revoked,
            (None, true) => Code::Blocked,
            (None, false) => return None,
        };
        let counts_anew = broken == Some(Break::LaterEnd);
        let revoked_at = self.revoked_at.filter(|_| !counts_anew).map(seconds);
        let told = self.ended.filter(|_| !counts_anew).map(|told| rules::End {
            code: Code::parse(told.code).expect("a code"),
            at: seconds(told.until - GRACE),
            grace_until: seconds(told.until),
        });
        let license = OutOfForce { revoked_at, ..OutOfForce::default() };
        let end = rules::End::of(code, license, (told, seconds(now)), GRACE.into());
        let until = u8::try_from(end.grace_until.get()).expect("small");
        Some(End { code: code.as_str(), until })
    }

    /// One transaction.
    pub(crate) fn write(
        &mut self,
        work: &Work,
        broken: Option<Break>,
        limit: u8,
        trace: &mut Trace,
    ) -> Written {
        if self.generation != work.generation {
            return Written::Superseded;
        }
        let said = work.question.request;
        match &work.deed {
            Deed::Count(end) => {
                let held = work.before.and_then(|before| self.instances.get(&before.instance)).copied();
                let running = self.instances.keys().filter(|id| Some(**id) != said.instance).count();
                let has_begun = broken != Some(Break::BeginsTwice)
                    && self.instances.values().any(|held| held.request == said);
                let is_current = if work.before.is_some() {
                    held == work.before
                } else {
                    running < usize::from(limit) && !has_begun
                };
                if !is_current && broken != Some(Break::Overwrites) {
                    return Written::Superseded;
                }
                let changes_end = *end != work.ended_before;
                if changes_end && self.ended != work.ended_before && broken != Some(Break::OverwritesEnd) {
                    return Written::Superseded;
                }
                if let (Some(before), Some(end)) = (self.ended, end)
                    && end.until > before.until
                {
                    trace.faults.insert(Fault::EndMoved);
                }
                if changes_end {
                    self.ended = *end;
                }
                Written::Counts(Said::Goes(self.count(work, *end, limit, trace)))
            }
            Deed::Adopt(shows) => {
                if self.ended != work.ended_before {
                    return Written::Superseded;
                }
                if let Some(last) = shows.last {
                    let held = self.instances.get(&last.instance).map_or(0, |held| held.seq);
                    if held >= last.seq {
                        if !matches!(broken, Some(Break::AdoptsOverNewer | Break::AdoptsAnother)) {
                            return Written::Superseded;
                        }
                        trace.faults.insert(Fault::OlderTaken);
                    }
                }
                self.adopt(said.generation, *shows, broken, trace);
                Written::Adopted
            }
        }
    }

    fn count(&mut self, work: &Work, end: Option<End>, limit: u8, trace: &mut Trace) -> Last {
        let said = work.question.request;
        trace.fresh += 2;
        let instance = said.instance.unwrap_or(trace.fresh);
        let last = Last { instance, seq: said.seq, nonce: trace.fresh - 1, request: said, end };
        self.instances.insert(instance, last);
        if !self.effects.insert(said) {
            trace.faults.insert(Fault::EffectTwice);
        }
        if self
            .counted
            .insert((said.generation, instance, said.seq), said)
            .is_some_and(|before| before != said)
        {
            trace.faults.insert(Fault::TwoRequests);
        }
        if work.before.is_none() && self.instances.len() > usize::from(limit) {
            trace.faults.insert(Fault::TooMany);
        }
        if said.generation < self.generation {
            trace.faults.insert(Fault::Superseded);
        }
        if let Some(end) = end
            && *self.told.entry(end.code).or_insert(end.until) != end.until
        {
            trace.faults.insert(Fault::EndMoved);
        }
        last
    }

    fn adopt(&mut self, generation: u8, shows: Shows, broken: Option<Break>, trace: &mut Trace) {
        let knew = (self.revoked_at, self.ended);
        if generation != self.generation {
            self.ended = None;
            if broken != Some(Break::AdoptsBesideOlder) {
                self.instances.clear();
            }
        }
        if broken == Some(Break::AdoptsWithoutEnd) {
            (self.revoked_at, self.ended) = (None, None);
        }
        if knew.0.is_some() && self.revoked_at.is_none()
            || generation == self.generation && knew.1 != self.ended
        {
            trace.faults.insert(Fault::EndForgotten);
        }
        (self.generation, self.first_nonce) = (generation, shows.first_nonce);
        if let Some(last) = shows.last {
            self.instances.insert(last.instance, last);
        }
        trace.has_adopted = true;
    }
}

fn seconds(n: u8) -> UnixSeconds {
    UnixSeconds::new(n.into()).expect("in range")
}

fn nonce(n: u8) -> Nonce {
    Nonce::from_random([n; 16])
}

fn instance(n: u8) -> InstanceId {
    InstanceId::from_bytes([n; 16])
}

fn id(of: Request) -> StatementId {
    let mut bytes = [0; 32];
    bytes[..6].copy_from_slice(&[
        of.generation,
        of.instance.map_or(0, |_| 1),
        of.instance.unwrap_or(0),
        of.seq,
        of.nonce,
        of.author,
    ]);
    StatementId::from_bytes(bytes)
}
