//! The license file for machines without a network: the one in use, else those that lie where somebody would put them.

use std::path::Path;

use sealgate::Client;
use sealgate::bundle_search::{BundleSearch, Cause};
use sealgate_artifact::Code;

use super::check::{Check, check};
use super::program::Program;
use crate::commands::bundle;
use crate::commands::bundle::found::{Found, FoundFile};
use crate::commands::bundle::kept::{Kept, KeptState};
use crate::failure::Failure;

/// From then on a person should ask for the next one.
const DAYS: u64 = 7;
const NAME: &str = "bundle";
const PLACES: [&str; 3] =
    ["the folder of the license key", "the folder of this program", "drives that can be taken out"];

pub(super) fn bundle(client: &Client, program: &Program, gone_by: Option<&Kept>) -> Check {
    if let Err(why) = Kept::of(client) {
        return check(NAME, Err(why));
    }
    match gone_by {
        Some(kept) if kept.state == KeptState::Active => in_use(kept),
        None if client.kept_activation().is_ok_and(|held| held.is_some()) => {
            check(NAME, Ok("none is needed: the machine is activated by a server".to_owned()))
        }
        // The check of the license says why the one that is kept does not count.
        kept => match Found::by(client, &search(program)) {
            Ok(found) => judged(&found, kept.is_some()),
            Err(why) => check(NAME, Err(why)),
        },
    }
}

fn in_use(kept: &Kept) -> Check {
    if kept.said.days_left >= DAYS {
        return check(NAME, Ok(format!("one is in use, and ends {}", kept.said.end())));
    }
    let failure = Failure::new(Code::Expired, format!("the one in use ends {}", kept.said.end()));
    let fix = "Ask the vendor for the next one now: `sglic request -o FILE.sgreq`.";
    check(NAME, Err(failure.fix(fix))).into_warning()
}

/// "No valid offline bundle": each cause by its name. Where no license file was ever used, a server may be meant.
fn judged(found: &Found, had_one: bool) -> Check {
    let Some(failure) = found.nothing_valid(&PLACES.map(str::to_owned)) else {
        let paths: Vec<&str> = found.usable().iter().map(|file| file.path.as_str()).collect();
        let failure =
            Failure::new(Code::NotActivated, format!("found, and not activated: {}", paths.join(", ")));
        let fix = "Look at it and activate it: `sglic activate FILE.sglic`.";
        return check(NAME, Err(failure.fix(fix))).into_warning();
    };
    let cause = match found.files.first().and_then(FoundFile::why) {
        None => Cause::Missing,
        Some(first) => Code::parse(&first.code).map_or(Cause::Other, Cause::of),
    };
    let check = check(NAME, Err(failure)).because(cause.as_str());
    if found.files.is_empty() && !had_one { check.into_warning() } else { check }
}

/// Where the program would look: its configured folder comes first.
fn search(program: &Program) -> BundleSearch {
    let folder = program.config.license_file.as_deref().and_then(Path::parent);
    bundle::search(folder.map(Path::to_owned), true)
}
