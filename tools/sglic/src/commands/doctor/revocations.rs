//! What the vendor took back, as far as this machine was told.

use sealgate::Client;
use sealgate_artifact::Code;

use super::check::{Check, check};
use super::program::Program;
use crate::client::Here;
use crate::commands::revocations::{Beside, RevocationData};
use crate::commands::verify::revoked;
use crate::failure::Failure;
use crate::files;

const IMPORT: &str = "Import a newer snapshot of the vendor's: `sglic import FILE.sgsnap`, or let the program reach its server.";

pub(super) fn revocations(here: &Here, client: &Client, program: &Program) -> Check {
    // What does not verify is told by the check of the license.
    let configured = program.config.license_json().filter(|file| files::is_there(file));
    let data = Beside::read(here, configured.as_deref(), None);
    let Ok(data) = data.and_then(|beside| RevocationData::beside(client, &beside)) else {
        return check("revocations", Ok("nothing that is held here verifies".to_owned()));
    };
    if data.revoked {
        return check("revocations", Err(revoked(data.is_of_proof_alone)));
    }
    if let Some(missing) = data.missing {
        let failure = Failure::new(Code::RevocationsStale, missing).fix(IMPORT);
        return check("revocations", Err(failure)).into_warning();
    }
    let sentence = data.sentence();
    if data.state == "stale" {
        return check("revocations", Err(Failure::new(Code::RevocationsStale, sentence).fix(IMPORT)))
            .into_warning();
    }
    check("revocations", Ok(sentence))
}
