//! Devices that were admitted, and what they recorded (`spec/http.md` §3.19).

use std::fmt;

use sealgate_artifact::{ActivationId, ChainEntry, Code, encode_hex};
use sealgate_authority::AuthorityError;
use sealgate_rules::Rhythm;
use sealgate_store::table::{self, AuditRow, ChainAnchor, Ended, ListedActivation};
use sealgate_store::{Tx, Work};
use sealgate_wire::{
    ActivationEnd, ActivationQuery, ActivationView, ChainAnchorView, ChainEntryView, ChainQuery, Nothing,
    Page, Timestamp,
};
use serde_json::json;

use crate::desk::Desk;
use crate::page::Part;
use crate::{Caller, licenses};

/// Anchors that are shown with an activation.
const ANCHORS: u32 = 100;
/// Batches of a chain that are read together.
const BATCHES: u32 = 2;
/// The largest number that a column holds.
const MOST: u64 = i64::MAX.unsigned_abs();

/// The devices that were admitted.
pub struct Activations {
    desk: Desk,
}

/// An activation, and how many copies of the program run on the device.
type Seen = (ListedActivation, u64);

impl Activations {
    pub(crate) fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// The tenant's activations, newest first; of one license, if given.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &ActivationQuery,
    ) -> Result<Page<ActivationView>, AuthorityError> {
        let license = match &query.license_id {
            Some(id) => Some(licenses::find(&self.desk, caller, id).await?.id),
            None => None,
        };
        let list = license.map_or_else(|| "activations".to_owned(), |id| format!("activations-{id}"));
        let part = Part::new(list, query.cursor.as_deref(), query.limit, ActivationId::parse)?;
        let rows = |after, most| async move {
            let (db, tenant) = (&self.desk.db, caller.tenant);
            let listed = table::activation_list::list(db, tenant, license, after, most).await?;
            self.seen(listed).await
        };
        part.or_count(query.count).read(rows, |(row, _)| row.id, |seen| Ok(view(seen))).await
    }

    /// One of them.
    pub async fn show(&self, caller: &Caller, id: &str) -> Result<ActivationView, AuthorityError> {
        let found = self.find(caller, id).await?;
        let anchors = table::chain_anchors::list(&self.desk.db, found.id, ANCHORS).await?;
        let seen = self.seen(vec![found]).await?;
        let shown = view(seen.first().ok_or(AuthorityError::Refused(Code::NotFound))?);
        Ok(ActivationView { anchors: anchors.iter().map(anchor_view).collect(), ..shown })
    }

    /// Takes what the next heartbeat claims of the chain, and lifts the end that the chain caused (`spec/chain.md` §4.6).
    pub async fn reanchor(
        &self,
        caller: &Caller,
        id: &str,
        _: &Nothing,
    ) -> Result<ActivationView, AuthorityError> {
        let found = self.find(caller, id).await?;
        let detail = json!({
            "license": found.license.to_string(), "device": found.device_key.to_string(),
            "generation": found.generation, "held": found.head.seq,
        });
        let audit = self.desk.audit(caller, "activation.reanchored", found.id.to_string(), &detail);
        self.desk.write(caller, Reanchor { id: found.id, audit }).await?;
        self.show(caller, id).await
    }

    /// The entries of a chain, oldest first.
    pub async fn chain(
        &self,
        caller: &Caller,
        id: &str,
        query: &ChainQuery,
    ) -> Result<Page<ChainEntryView>, AuthorityError> {
        let found = self.find(caller, id).await?;
        let generation = query.generation.unwrap_or(found.generation);
        if generation > MOST {
            let why = "0 to 9,007,199,254,740,991";
            return Err(AuthorityError::Invalid { field: "generation", why });
        }
        let list = format!("chain-{}-{generation}", found.id);
        let part = Part::new(list, query.cursor.as_deref(), query.limit, Place::parse)?;
        let rows = |after, most| self.entries((found.id, generation), after, most);
        part.or_count(query.count)
            .read(rows, |(place, _)| *place, |(place, entry)| Ok(entry_view(*place, entry)))
            .await
    }

    /// Entries behind this place, as many as are wanted, or all that are left.
    async fn entries(
        &self,
        (id, generation): (ActivationId, u64),
        after: Option<Place>,
        most: u32,
    ) -> Result<Vec<(Place, ChainEntry)>, AuthorityError> {
        let mut last = after.unwrap_or_default();
        let mut found = vec![];
        loop {
            let from = (generation, last.anchor, last.batch);
            let batches = table::chain_entries::from(&self.desk.db, id, from, BATCHES).await?;
            let is_last = batches.len() < BATCHES as usize;
            for batch in batches {
                let place = |seq| Place { anchor: batch.anchor, batch: batch.first_seq, seq };
                // What somebody else wrote there is no entry, and hides none.
                for entry in ChainEntry::decode_list(&batch.entries).unwrap_or_default() {
                    if place(entry.seq) > last {
                        last = place(entry.seq);
                        found.push((last, entry));
                    }
                }
                last = last.max(place(u64::MAX));
            }
            if is_last || found.len() >= most as usize {
                found.truncate(most as usize);
                return Ok(found);
            }
        }
    }

    async fn find(&self, caller: &Caller, id: &str) -> Result<ListedActivation, AuthorityError> {
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let id = ActivationId::parse(id).map_err(|_| unknown())?;
        table::activation_list::find(&self.desk.db, caller.tenant, id).await?.ok_or_else(unknown)
    }

    async fn seen(&self, listed: Vec<ListedActivation>) -> Result<Vec<Seen>, AuthorityError> {
        let (db, now) = (&self.desk.db, self.desk.ids.now());
        let mut seen = Vec::with_capacity(listed.len());
        for row in listed {
            let license = db.cached_license_of_id(row.license).await?;
            let running = match license {
                Some(entry) => {
                    let since = now.minus(Rhythm::of(&entry.license.terms.conditions).gone_after());
                    table::instances::running(db, row.id, (None, since)).await?
                }
                None => 0,
            };
            seen.push((row, running));
        }
        Ok(seen)
    }
}

/// An entry's place in the chain of a generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    anchor: u64,
    /// The first number of those that came with it.
    batch: u64,
    seq: u64,
}

impl Place {
    fn parse(text: &str) -> Result<Self, ()> {
        let mut numbers = text.split('-').map(|part| part.parse().ok().filter(|n| *n <= MOST));
        match [(); 4].map(|()| numbers.next()) {
            [Some(Some(anchor)), Some(Some(batch)), Some(Some(seq)), None] => Ok(Self { anchor, batch, seq }),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.anchor, self.batch, self.seq)
    }
}

fn view((row, instances): &Seen) -> ActivationView {
    let end = |ended: Ended| ActivationEnd {
        code: ended.code.to_string(),
        at: Timestamp(ended.at),
        grace_until: Timestamp(ended.grace_until),
    };
    ActivationView {
        activation_id: row.id.to_string(),
        license_id: row.license.to_string(),
        device_id: row.device.map(|id| id.to_string()),
        device_key: row.device_key.to_string(),
        generation: row.generation,
        activated_at: Timestamp(row.activated_at),
        last_heard: row.last_heard.map(Timestamp),
        instances: *instances,
        ended: row.ended.map(end),
        chain_seq: row.head.seq,
        reanchor_asked_at: row.reanchor_asked_at.map(Timestamp),
        anchors: vec![],
    }
}

fn anchor_view(anchor: &ChainAnchor) -> ChainAnchorView {
    ChainAnchorView {
        generation: anchor.generation,
        anchor: anchor.anchor,
        held_seq: anchor.held.seq,
        taken_seq: anchor.taken.seq,
        asked_at: Timestamp(anchor.asked_at),
        at: Timestamp(anchor.at),
    }
}

fn entry_view(place: Place, ChainEntry { seq, record, mac }: &ChainEntry) -> ChainEntryView {
    ChainEntryView {
        anchor: place.anchor,
        seq: *seq,
        at: Timestamp(record.at),
        tenant: record.tenant.as_str().to_owned(),
        action: record.action.as_str().to_owned(),
        hash: encode_hex(&record.hash),
        mac: encode_hex(mac),
    }
}

struct Reanchor {
    id: ActivationId,
    audit: AuditRow,
}

impl Work for Reanchor {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let AuditRow { tenant, at, .. } = self.audit;
        if !table::activation_list::reanchor(tx, tenant, self.id, at).await? {
            return Err(AuthorityError::Refused(Code::NotFound));
        }
        table::audit::insert(tx, &self.audit).await?;
        Ok(())
    }
}
