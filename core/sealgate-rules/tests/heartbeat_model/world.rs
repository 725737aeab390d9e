//! All that may happen: to a device and a copy of its state, a network, a database, and what the vendor does.

use std::collections::{BTreeMap, BTreeSet};

use sealgate_artifact::UnixSeconds;
use sealgate_rules::Ending;
use stateright::{Model, Property};

use crate::server::{
    Answer, Break, Db, End, Fault, GRACE, Judged, Last, Question, Request, Said, Shows, Trace, Work, Written,
};

/// How much may happen.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether something happens, apart from the others"
)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Heartbeats of one generation.
    pub(crate) beats: u8,
    pub(crate) generations: u8,
    /// Whether the vendor revokes and denies, while time passes.
    pub(crate) ends: bool,
    pub(crate) copies: bool,
    pub(crate) restores: bool,
    /// Whether what was sent before the database came back may arrive after it.
    pub(crate) is_late: bool,
    pub(crate) instances: u8,
}

pub(crate) struct World {
    bounds: Bounds,
    broken: Option<Break>,
}

/// A program with its state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Party {
    author: u8,
    generation: u8,
    first_nonce: u8,
    instance: Option<u8>,
    seq: u8,
    nonce: u8,
    under_way: Option<Request>,
    last: Option<Last>,
    end: Option<End>,
    /// It was refused for this reason, and goes on no more.
    stopped: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    db: Db,
    backup: Option<Db>,
    was_restored: bool,
    works: Vec<Work>,
    parties: Vec<Party>,
    asked: BTreeSet<Question>,
    answers: BTreeSet<Answer>,
    now: u8,
    /// Which requests of which author were judged, after the state was copied.
    heard: BTreeMap<u8, u8>,
    trace: Trace,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Send(usize),
    /// A copy names an instance that nobody has, and shows what it holds.
    Forge(usize),
    Read(Question),
    Write(usize),
    Crash(usize),
    Deliver(usize, Answer),
    Copy,
    Activate {
        is_answer_lost: bool,
    },
    Revoke,
    Deny,
    Tick,
    Backup,
    Restore,
}

const NOBODYS: u8 = 200;
/// Copies and activations draw their numbers with the server.
const LAST_TIME: u8 = 1;

impl World {
    pub(crate) fn new(bounds: Bounds, broken: Option<Break>) -> Self {
        Self { bounds, broken }
    }

    fn judge(&self, state: &mut State, question: Question) {
        match state.db.judge(question, state.now, (self.broken, self.bounds.instances), &mut state.trace) {
            Judged::Answer(said) => state.answer(question, said),
            Judged::Write(work) => {
                if self.broken == Some(Break::AnswersFirst) {
                    let mut unwritten = state.db.clone();
                    let said = unwritten.write(&work, None, self.bounds.instances, &mut state.trace);
                    if let Written::Counts(said) = said {
                        state.answer(question, said);
                    }
                }
                state.works.push(work);
                state.works.sort();
            }
        }
    }

    fn write(&self, state: &mut State, work: &Work) {
        match state.db.write(work, self.broken, self.bounds.instances, &mut state.trace) {
            Written::Counts(said) => state.answer(work.question, said),
            // Judged again.
            Written::Adopted | Written::Superseded => self.judge(state, work.question),
        }
    }

    /// Whether the device, if nothing more is lost and nobody else does anything, gets an answer with which it goes on, by sending
    /// the bytes that are under way, and by showing what it holds where that is wanted.
    fn goes_on(&self, state: &State) -> bool {
        let device = &state.parties[0];
        if let Some(code) = device.stopped {
            return code == "superseded";
        }
        if device.generation < state.db.generation {
            return true;
        }
        let (mut db, mut trace) = (state.db.clone(), state.trace.clone());
        let request = device.under_way.unwrap_or_else(|| device.next());
        let mut question = Question { request, shows: None };
        for _ in 0..4 {
            match db.judge(question, state.now, (None, self.bounds.instances), &mut trace) {
                Judged::Answer(Said::Goes(_)) => return true,
                Judged::Answer(Said::Refused("state_wanted")) if question.shows.is_none() => {
                    question.shows = Some(device.shows());
                }
                Judged::Answer(Said::Refused(_)) => return false,
                Judged::Write(work) => match db.write(&work, None, self.bounds.instances, &mut trace) {
                    Written::Counts(_) => return true,
                    Written::Adopted => {}
                    Written::Superseded => return false,
                },
            }
        }
        false
    }
}

impl Party {
    fn next(&self) -> Request {
        Request {
            generation: self.generation,
            instance: self.instance,
            seq: self.seq + 1,
            nonce: self.nonce,
            author: self.author,
        }
    }

    fn shows(&self) -> Shows {
        Shows { first_nonce: self.first_nonce, last: self.last }
    }

    /// Whether the end that was told before moved back.
    fn take(&mut self, last: Last) -> bool {
        self.under_way = None;
        (self.instance, self.seq, self.nonce, self.last) =
            (Some(last.instance), last.seq, last.nonce, Some(last));
        let before = self.end.take();
        let Some(end) = last.end else { return false };
        let ending = |end: End| Ending {
            code: end.code.to_owned(),
            grace_until: UnixSeconds::new(end.until.into()).expect("in range"),
        };
        let now = ending(end).after(before.map(ending).as_ref());
        let until = u8::try_from(now.grace_until.get()).expect("small");
        self.end = Some(End { until, ..end });
        before.is_some_and(|before| until > before.until)
    }
}

impl State {
    fn answer(&mut self, question: Question, said: Said) {
        let request = question.request;
        let is_judged = !matches!(said, Said::Refused("state_wanted" | "superseded"));
        if is_judged && request.author > 0 && request.instance != Some(NOBODYS) {
            self.heard.insert(request.author, request.generation);
        }
        // Nobody else believes it.
        if self.parties.iter().any(|party| party.under_way == Some(request)) {
            self.answers.insert(Answer { request, has_shown: question.shows.is_some(), said });
        }
    }

    fn deliver(&mut self, n: usize, answer: Answer) {
        let party = &mut self.parties[n];
        match answer.said {
            Said::Goes(last) => {
                if party.take(last) {
                    self.trace.faults.insert(Fault::EndMoved);
                }
            }
            Said::Refused("state_wanted") if !answer.has_shown => {
                self.asked.insert(Question { request: answer.request, shows: Some(party.shows()) });
            }
            Said::Refused(code) => {
                party.under_way = None;
                party.stopped = Some(code);
            }
        }
        let parties = &self.parties;
        self.answers.retain(|answer| parties.iter().any(|party| party.under_way == Some(answer.request)));
    }

    fn activate(&mut self, is_answer_lost: bool) {
        self.trace.fresh += 1;
        self.db.generation += 1;
        self.db.first_nonce = self.trace.fresh;
        self.db.ended = None;
        self.db.instances.clear();
        self.db.told.clear();
        if !is_answer_lost {
            let device = &mut self.parties[0];
            let fresh = Party::new(device.author, self.db.generation, self.trace.fresh);
            *device = fresh;
        }
    }
}

impl Party {
    fn new(author: u8, generation: u8, nonce: u8) -> Self {
        Self {
            author,
            generation,
            first_nonce: nonce,
            instance: None,
            seq: 0,
            nonce,
            under_way: None,
            last: None,
            end: None,
            stopped: None,
        }
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let db = Db {
            generation: 1,
            first_nonce: 1,
            ended: None,
            instances: BTreeMap::new(),
            revoked_at: None,
            is_denied: false,
            effects: BTreeSet::new(),
            counted: BTreeMap::new(),
            told: BTreeMap::new(),
        };
        vec![State {
            db,
            backup: None,
            was_restored: false,
            works: vec![],
            parties: vec![Party::new(0, 1, 1)],
            asked: BTreeSet::new(),
            answers: BTreeSet::new(),
            now: 0,
            heard: BTreeMap::new(),
            trace: Trace { fresh: 1, faults: BTreeSet::new(), is_noticed: false, has_adopted: false },
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let bounds = self.bounds;
        for (n, party) in state.parties.iter().enumerate() {
            if party.stopped.is_none() && party.seq < bounds.beats {
                actions.push(Action::Send(n));
            }
            if n > 0 && bounds.restores && party.last.is_some() && party.under_way.is_none() {
                actions.push(Action::Forge(n));
            }
            let answers = state.answers.iter().filter(|answer| party.under_way == Some(answer.request));
            actions.extend(answers.map(|answer| Action::Deliver(n, *answer)));
        }
        if state.works.len() < 2 {
            actions.extend(state.asked.iter().map(|question| Action::Read(*question)));
        }
        actions.extend((0..state.works.len()).flat_map(|n| [Action::Write(n), Action::Crash(n)]));
        if bounds.copies && state.parties.len() == 1 {
            actions.push(Action::Copy);
        }
        if state.db.generation < bounds.generations && state.parties[0].generation == state.db.generation {
            actions.extend([false, true].map(|is_answer_lost| Action::Activate { is_answer_lost }));
        }
        if bounds.ends && state.db.revoked_at.is_none() {
            actions.push(Action::Revoke);
        }
        if bounds.ends && !state.db.is_denied {
            actions.push(Action::Deny);
        }
        if bounds.ends && state.now < LAST_TIME {
            actions.push(Action::Tick);
        }
        if bounds.restores && !state.was_restored {
            actions.push(if state.backup.is_none() { Action::Backup } else { Action::Restore });
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Send(n) => {
                // The bytes that are under way, if there are some.
                let request = state.parties[n].under_way.unwrap_or_else(|| state.parties[n].next());
                state.parties[n].under_way = Some(request);
                state.asked.insert(Question { request, shows: None });
            }
            Action::Forge(n) => {
                let request = Request { instance: Some(NOBODYS), ..state.parties[n].next() };
                state.asked.insert(Question { request, shows: Some(state.parties[n].shows()) });
            }
            Action::Read(question) => self.judge(&mut state, question),
            Action::Write(n) => {
                let work = state.works.remove(n);
                self.write(&mut state, &work);
            }
            Action::Crash(n) => drop(state.works.remove(n)),
            Action::Deliver(n, answer) => state.deliver(n, answer),
            Action::Copy => {
                let copy = Party { author: 2, ..state.parties[0].clone() };
                state.parties[0].author = 1;
                state.parties.push(copy);
            }
            Action::Activate { is_answer_lost } => state.activate(is_answer_lost),
            Action::Revoke => state.db.revoked_at = Some(state.now),
            Action::Deny => state.db.is_denied = true,
            Action::Tick => state.now += 1,
            Action::Backup => state.backup = Some(state.db.clone()),
            Action::Restore => {
                state.db = state.backup.take()?;
                state.was_restored = true;
                state.works.clear();
                if !self.bounds.is_late {
                    state.asked.clear();
                    state.answers.clear();
                }
            }
        }
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        fn never(state: &State, fault: Fault) -> bool {
            !state.trace.faults.contains(&fault)
        }
        let mut properties = vec![
            Property::always("an effect happens once", |_, state: &State| never(state, Fault::EffectTwice)),
            Property::always("two requests never count for one number", |_, state| {
                never(state, Fault::TwoRequests)
            }),
            Property::always("no more instances than the license allows", |_, state| {
                never(state, Fault::TooMany)
            }),
            Property::always("an end never moves", |_, state| never(state, Fault::EndMoved)),
            Property::always("a superseded generation never counts", |_, state| {
                never(state, Fault::Superseded)
            }),
            Property::always("a known end is never forgotten", |_, state| never(state, Fault::EndForgotten)),
            Property::always("nothing older is taken over", |_, state| never(state, Fault::OlderTaken)),
            Property::always("an honest device goes on", |world: &Self, state| {
                world.bounds.copies || world.goes_on(state)
            }),
            Property::always("a copy is noticed when both were heard", |world: &Self, state: &State| {
                let both =
                    state.heard.get(&1).is_some_and(|generation| state.heard.get(&2) == Some(generation));
                world.bounds.instances > 1 || state.was_restored || state.trace.is_noticed || !both
            }),
        ];
        if self.bounds.copies && self.bounds.instances == 1 {
            properties
                .push(Property::sometimes("a copy is noticed", |_, state: &State| state.trace.is_noticed));
        }
        if self.bounds.restores {
            properties.push(Property::sometimes("something is taken over", |_, state: &State| {
                state.trace.has_adopted
            }));
        }
        properties
    }
}

const _: () = assert!(GRACE > LAST_TIME);
