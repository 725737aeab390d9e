//! License and proof, and the program's files beside the lists of what is approved.

use std::path::Path;

use sealgate::Client;

use super::check::{Check, Found, check};
use super::program::Program;
use crate::args::VerifyArgs;
use crate::client::Here;
use crate::commands::compared::Compared;
use crate::commands::held::Standing;
use crate::commands::verify::{Listed, files_verified, in_force, license_file, no_list};
use crate::failure::Failure;

/// Seed failures: a proof that does not fit, and a license that was revoked.
pub(super) fn license(here: &Here, client: &Client) -> Found {
    let args = VerifyArgs::default();
    let activation = files_verified(here, client, &args)?;
    in_force(&activation, client.trusted_time()?)?;
    let until = activation.rights_until();
    match Standing::of(&activation, client.trusted_time()?) {
        Standing::Grace => {
            let code = activation.ended_by().unwrap_or_default();
            let fix = "Restore a valid license with the vendor before then, and activate again.";
            Err(Failure::of_code(code, format!("the license ends here at {until}")).fix(fix))
        }
        _ => Ok(format!("license and proof verify, and count until {until}")),
    }
}

/// The program's files beside the lists of the proof and of the installed release. A file that says no version is named, and is no fault.
pub(super) fn modules(here: &Here, client: &Client, program: &Program, root: Option<&Path>) -> Check {
    let args = VerifyArgs::default();
    // Where it does not verify, the check of the license says so.
    let held = files_verified(here, client, &args).ok();
    let beside = program.config.license_json().unwrap_or_else(|| license_file(here, &args));
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
        Some(_) => compared
            .all_listed()
            .map(|count| format!("all {count} files of the program are listed as approved")),
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
