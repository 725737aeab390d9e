//! Questions of whoever looks for the reason of a failure. None of them changes anything.

use sealgate_artifact::{Operation, UnixSeconds};

use crate::clock::Deadline;
use crate::judge::{Question, Refusal};
use crate::offline::known_maxima;
use crate::state::State;
use crate::statements::Statements;
use crate::{Client, Error, exchange};

impl Client {
    /// What time it is: the machine's clock, never below what the vendor's keys signed last.
    pub fn trusted_time(&self) -> Result<UnixSeconds, Error> {
        Ok(self.clock.now().max(self.signed_time()?))
    }

    /// The newest time that the vendor's keys signed and that was accepted here; 1970 before the first. A clock that shows less runs
    /// behind.
    pub fn signed_time(&self) -> Result<UnixSeconds, Error> {
        let epoch = UnixSeconds::new(0).expect("the first second");
        Ok(self.kept()?.map_or(epoch, |found| self.floors(&found.state).newest()))
    }

    /// Asks the server's address for what the vendor vouches for there, and verifies it: the chain of keys, and a certificate for this
    /// address, for activation and for heartbeats. Nothing is remembered.
    ///
    /// Anybody may show a certificate: that the server has its key is only known once it answers a question. This finds an address
    /// that is wrong, a certificate that has run out, and a proxy that answers in the server's place.
    pub fn check_server(&self) -> Result<(), Error> {
        let server = self.server()?;
        let missing =
            exchange::trust(&*self.transport, server, &self.trust, Deadline::after(self.transport.budget()))?;
        let found = self.kept()?;
        let state = found.as_ref().map(|found| &found.state);
        let held = state.map_or_else(|| Statements::of_build(&self.trust.chain), |state| self.held(state));
        let accepted = state.map(State::accepted).unwrap_or_default();
        let accepted = known_maxima(&self.trust, accepted, &held);
        // Only what has just come counts.
        let has = missing.over(Statements { certificate: None, ..held }, &self.trust.chain);
        let licenses = state.map(State::licenses).unwrap_or_default();
        let epoch = UnixSeconds::new(0).expect("the first second");
        let floor = state.map_or(epoch, |state| state.floors_kept().authority);
        for operation in [Operation::Activate, Operation::Heartbeat] {
            let question = Question {
                trust: &self.trust,
                origin: &server.origin,
                operation: &operation,
                now: self.clock.now().max(floor),
                floor,
                accepted: &accepted,
                licenses: &licenses,
                // No license is looked at.
                listed: &|_, _, _| vec![],
            };
            question.shown(true, &has).map_err(Refusal::into_error)?;
        }
        Ok(())
    }
}
