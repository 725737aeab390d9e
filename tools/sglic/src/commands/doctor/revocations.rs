//! What the vendor took back, as far as this machine was told.

use sealgate::Client;
use sealgate_artifact::Code;

use super::check::{Check, check};
use super::program::Program;
use crate::client::Here;
use crate::commands::revocations::{Beside, IMPORT, RevocationData};
use crate::commands::verify::revoked;
use crate::failure::Failure;
use crate::files;

pub(super) fn revocations(client: &Client, beside: &Beside) -> Check {
    match RevocationData::beside(client, beside) {
        Ok(data) => {
            judged(&data).with_notes(data.not_looked_up.iter().map(|why| format!("not looked up: {why}")))
        }
        Err(why) => check("revocations", Err(why)),
    }
}

fn judged(data: &RevocationData) -> Check {
    if data.revoked {
        return check("revocations", Err(revoked(data.is_of_activation_alone, Some(data))));
    }
    if let Some(why) = data.stale() {
        return check("revocations", Err(why)).with_notes(data.missing.clone());
    }
    if let Some(missing) = &data.missing {
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

/// What lies beside the program where it is configured, else where `activate` wrote it.
pub(super) fn beside(here: &Here, program: &Program) -> Beside {
    match program.config.license_json().filter(|file| files::is_there(file)) {
        Some(license) => Beside::placed(&license, &program.proof_file()),
        None => Beside::read(here, None, None).unwrap_or_default(),
    }
}
