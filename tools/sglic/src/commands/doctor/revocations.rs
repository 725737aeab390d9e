//! What the vendor took back, as far as this machine was told.

use sealgate::Client;
use sealgate_artifact::Code;

use super::check::{Check, check};
use crate::commands::revocations::RevocationData;
use crate::commands::verify::revoked;
use crate::failure::Failure;

const IMPORT: &str = "Import a newer snapshot of the vendor's: `sglic import FILE.sgsnap`, or let the program reach its server.";

pub(super) fn revocations(client: &Client) -> Check {
    // What does not verify is told by the check of the license.
    let Ok(data) = RevocationData::of(client) else {
        return check("revocations", Ok("nothing that is held here verifies".to_owned()));
    };
    if data.revoked {
        return check("revocations", Err(revoked()));
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
