//! License and proof, and the program's files beside the proof's list.

use std::path::Path;

use sealgate::{Activation, Client};

use super::check::{Check, Found, check};
use crate::args::VerifyArgs;
use crate::client::Here;
use crate::commands::compared::Compared;
use crate::commands::held::Standing;
use crate::commands::verify::{files_verified, in_force, no_list};
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

/// The program's files beside the list in the proof. A file that says no version is named, and is no fault.
pub(super) fn modules(here: &Here, client: &Client, root: Option<&Path>) -> Check {
    // Where it does not verify, the check of the license says so.
    let held = files_verified(here, client, &VerifyArgs::default()).ok();
    let listed = held.as_ref().map(Activation::modules);
    let Some(root) = root else {
        let said = match listed.map_or(0, <[_]>::len) {
            0 => "no proof lists files, so none were compared".to_owned(),
            count => {
                format!("the proof lists {count}; --root DIR compares them with the files of the program")
            }
        };
        return check("modules", Ok(said));
    };
    let compared = match Compared::of(root, listed.unwrap_or_default()) {
        Ok(compared) => compared,
        Err(failure) => return check("modules", Err(failure)),
    };
    let found = match listed {
        None => {
            Ok("nothing counts here that could list files, so they were compared with nothing".to_owned())
        }
        Some([]) => Err(no_list()),
        Some(_) => {
            compared.all_listed().map(|count| format!("the proof lists all {count} files of the program"))
        }
    };
    check("modules", found).with_notes(compared.remarks()).with_modules(compared.json())
}
