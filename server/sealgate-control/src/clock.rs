//! The clock of this server, and an operator's word that it is right (`spec/http.md` §3.16).

use std::future::{Ready, ready};

use sealgate_artifact::{KeyUse, PublicKey, UnixSeconds};
use sealgate_authority::{AuthorityError, CLOCK_TOLERANCE_SECONDS, Side};
use sealgate_store::table::{self, AuditRow};
use sealgate_store::{Tx, Work};
use sealgate_wire::{AcceptClock, ClockView, Timestamp};
use serde_json::json;

use crate::Caller;
use crate::desk::Desk;

/// The clock of this process. Another process on the same database has its own.
pub struct ServerClock {
    desk: Desk,
    server: Option<PublicKey>,
}

impl ServerClock {
    pub(crate) fn new(desk: Desk, server: Option<PublicKey>) -> Self {
        Self { desk, server }
    }

    /// What the clock shows, and what it should show.
    pub fn show(&self, _: &Caller) -> Ready<Result<ClockView, AuthorityError>> {
        ready(Ok(self.view()))
    }

    /// Takes the clock as right. If it was set once more since the caller looked, nothing is accepted. Doing it again changes
    /// nothing.
    pub async fn accept(&self, caller: &Caller, request: &AcceptClock) -> Result<ClockView, AuthorityError> {
        let watch = self.desk.ids.clock_watch();
        let Some(doubt) = watch.doubt(Side::Vendor) else { return Ok(self.view()) };
        if doubt.set_by().abs_diff(request.set_by) > CLOCK_TOLERANCE_SECONDS {
            return Err(AuthorityError::Invalid {
                field: "set_by",
                why: "what the clock says of itself now",
            });
        }
        let detail = json!({
            "shown": Timestamp(doubt.shown),
            "expected": Timestamp(doubt.expected),
            "set_by": doubt.set_by(),
        });
        let audit = self.desk.audit(
            caller,
            "clock.accepted",
            self.name().unwrap_or_else(|| "clock".to_owned()),
            &detail,
        );
        self.desk.write(caller, Accept { audit, now: doubt.shown }).await?;
        watch.accept(&doubt);
        Ok(self.view())
    }

    fn view(&self) -> ClockView {
        let doubt = self.desk.ids.clock_watch().doubt(Side::Vendor);
        let now = self.desk.ids.now();
        ClockView {
            in_doubt: doubt.is_some(),
            shown: Timestamp(doubt.map_or(now, |doubt| doubt.shown)),
            expected: Timestamp(doubt.map_or(now, |doubt| doubt.expected)),
            set_by: doubt.map_or(0, |doubt| doubt.set_by()),
            server_id: self.name(),
        }
    }

    fn name(&self) -> Option<String> {
        self.server.map(|key| key.id(KeyUse::Server).to_string())
    }
}

struct Accept {
    audit: AuditRow,
    now: UnixSeconds,
}

impl Work for Accept {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        // The next start compares its clock with this.
        table::installation::note_time(tx, self.now).await?;
        Ok(table::audit::insert(tx, &self.audit).await?)
    }
}
