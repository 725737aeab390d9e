//! License and proof, and the program's files beside the lists of what is approved.

use std::path::Path;

use sealgate::{Activation, Client};
use sealgate_artifact::Code;

use super::check::{Check, Found, check};
use super::program::Program;
use crate::args::VerifyArgs;
use crate::client::Here;
use crate::commands::bundle::kept::Kept;
use crate::commands::compared::Compared;
use crate::commands::heartbeat::meaning;
use crate::commands::held::{Standing, deadline, held};
use crate::commands::revocations::RevocationData;
use crate::commands::verify::{
    Listed, files_listed, files_verified, in_force, license_file, no_list, revoked,
};
use crate::failure::Failure;
use crate::settings::Settings;

/// Seed failures: a proof that does not fit, and a license that was revoked.
pub(super) fn license(here: &Here, client: &Client, program: &Program, bundle: Option<&Kept>) -> Found {
    if let Some(kept) = bundle {
        return kept.counts();
    }
    let activation = activation(here, client).map_err(|why| program.not_activated(why))?;
    in_force(client, &activation)?;
    let data = RevocationData::of(client)?;
    if data.revoked {
        return Err(revoked(data.is_of_activation_alone, Some(&data)));
    }
    if let Some(why) = data.stale() {
        return Err(why);
    }
    let deadline = deadline(client, &activation)?;
    let until = deadline.map_or_else(String::new, |until| format!(" until {until}"));
    match Standing::of(&activation, deadline, client.trusted_time()?) {
        Standing::Grace => {
            let code = activation.ended_by().unwrap_or_default();
            let why = meaning(code);
            let failure = Failure::of_code(code, format!("{why}; everything works{until}"));
            // This ends one activation, and the license stays valid.
            if code == Code::ChainMismatch.as_str() {
                return Err(failure);
            }
            Err(failure.fix("Restore a valid license with the vendor before then, and activate again."))
        }
        _ => Ok(format!("license and proof verify, and count{until}")),
    }
}

/// What is held: as it lies in the files that `sglic` wrote, or, where a program of the vendor's activated itself, in its state alone.
fn activation(here: &Here, client: &Client) -> Result<Activation, Failure> {
    if here.settings == Settings::default()
        && let Some(held) = held(client)?
    {
        return Ok(held);
    }
    files_verified(here, client, &VerifyArgs::default())
}

/// The program's files beside the lists of the proof and of the installed release. A file that says no version is named, and is no fault.
pub(super) fn modules(here: &Here, client: &Client, program: &Program, root: Option<&Path>) -> Check {
    // Where it does not verify, the check of the license says so.
    let held = activation(here, client).ok();
    let beside = program.config.license_json().unwrap_or_else(|| license_file(here, &VerifyArgs::default()));
    let listed = match held.map(|held| Listed::of(client, &held, &beside)).transpose() {
        Ok(listed) => listed,
        Err(failure) => return check("modules", Err(failure)),
    };
    let Some(root) = root else {
        return check("modules", Ok(unlooked(listed.as_ref())));
    };
    let modules = listed.as_ref().map(|listed| listed.modules.as_slice());
    let compared = match Compared::of(root, modules.unwrap_or_default()) {
        Ok(compared) => compared,
        Err(failure) => return check("modules", Err(failure)),
    };
    let found = match modules {
        None => {
            Ok("nothing counts here that could list files, so they were compared with nothing".to_owned())
        }
        Some([]) => Err(no_list()),
        Some(_) => {
            compared.all_listed().map(|count| format!("of the program's files, {}", files_listed(count)))
        }
    };
    check("modules", found).with_notes(compared.remarks()).with_modules(compared.json())
}

fn unlooked(listed: Option<&Listed>) -> String {
    let (all, released) = listed.map_or((0, 0), |listed| (listed.modules.len(), listed.released));
    let by = match (all - released, released) {
        (0, 0) => return "neither a proof nor a release lists files, so none were compared".to_owned(),
        (proof, 0) => format!("the proof lists {proof}"),
        (0, released) => format!("the release lists {released}"),
        (proof, released) => format!("the proof lists {proof}, the release {released}"),
    };
    format!("{by}; --root DIR compares them with the files of the program")
}
