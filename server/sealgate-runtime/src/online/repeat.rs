//! The very request that was answered before (`spec/activation.md` §7.4, point 3).

use sealgate_artifact::HeartbeatAnswer;
use sealgate_authority::{AuthorityError, Source};
use sealgate_trust::verify_own_answer;

use super::desk::Online;
use super::known::{Decided, Known, Request};

/// spec/keys.md §4.3: so long before its start a certificate is taken. One that was made since vouches for no answer that is older.
const TAKEN_SECONDS: u64 = 86_400;

impl Online {
    /// The answer that was given before, as this server can say it. Where no client would believe that any more, it is judged again
    /// what is in force now.
    pub(super) async fn repeat(
        &self,
        known: Known,
        request: &Request,
        source: Source<'_>,
    ) -> Result<Decided, AuthorityError> {
        let answer = known.instance.as_ref().map(|instance| instance.answer.clone()).unwrap_or_default();
        let age = |said: &HeartbeatAnswer| known.now.get().abs_diff(said.issued_at.get());
        let is_taken = |said: &HeartbeatAnswer| said.request == request.id() && age(said) < TAKEN_SECONDS;
        let own = verify_own_answer(&answer, vec![self.identity.key()]);
        if let Some(own) = own.ok().filter(|own| is_taken(own.get())) {
            return Ok(known.told(own.get(), answer));
        }
        // Nothing that stands in the database is signed unseen.
        let (servers, _) = self.own_keys().await?;
        let others = verify_own_answer(&answer, servers).ok().filter(|others| is_taken(others.get()));
        let Some(others) = others else { return self.count(known, request, source).await };
        let answer = self.sign_beat(others.get())?;
        Ok(known.told(others.get(), answer))
    }
}
