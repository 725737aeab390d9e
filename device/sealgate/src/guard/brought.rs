//! What is read of what a program holds once a heartbeat was answered.

use sealgate_artifact::{Module, UnixSeconds};

use super::events::GuardCounters;
use super::material::{Files, Material};
use crate::state::epoch;
use crate::{Beat, Client, Error};

/// What was read once a heartbeat was answered.
pub(super) struct Brought {
    pub(super) authority: UnixSeconds,
    pub(super) material: Option<Material>,
    pub(super) released: Vec<Module>,
}

impl Brought {
    pub(super) fn by<'b>(
        beat: &'b Result<Beat, Error>,
        client: &Client,
        (files, counters): (&Files, &GuardCounters),
    ) -> Result<(&'b Beat, Self), &'b Error> {
        let beat = beat.as_ref()?;
        let brought = Self {
            authority: client.signed_floors().map_or_else(|_| epoch(), |floors| floors.authority),
            material: counted(client.material(files), counters),
            // The key that signed it may be listed no more.
            released: released(client, files, counters),
        };
        Ok((beat, brought))
    }
}

/// Whether it answers what an earlier call had sent.
pub(super) fn is_old(beat: &Result<Beat, Error>) -> bool {
    beat.as_ref().is_ok_and(|beat| !beat.asked_now)
}

/// The modules of the release that is installed. One that does not verify is told, and approves nothing.
pub(super) fn released(client: &Client, files: &Files, counters: &GuardCounters) -> Vec<Module> {
    let Some(statement) = &files.release else { return vec![] };
    client.release_modules(statement).unwrap_or_else(|why| {
        counters.integrity_failed(&format!("the release's statement approves nothing: {why}"));
        vec![]
    })
}

/// What does not verify is told, and counts as nothing.
pub(super) fn counted(loaded: Result<Option<Material>, Error>, counters: &GuardCounters) -> Option<Material> {
    loaded.unwrap_or_else(|why| {
        counters.unreadable("what is held does not count", &why);
        None
    })
}
