//! `sealgate license resign`.

use indicatif::ProgressBar;
use sealgate_wire::{LicensesResigned, ResignLicenses};

use crate::args::ResignArgs;
use crate::client::Client;
use crate::confirm::confirm;
use crate::failure::Failure;
use crate::output::{Output, say};

pub(crate) fn run(client: &Client, args: &ResignArgs, output: &Output) -> Result<(), Failure> {
    assert!(args.all, "clap demands it");
    if !args.yes && !output.json {
        confirm(
            "Sign every license in force again? Machines that ask online then refuse the files that they have.",
            "signing all licenses again makes clients refuse older files",
        )?;
    }
    let bar = if output.json || output.quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    let mut all = LicensesResigned { resigned: 0, next: None };
    let mut after = args.after.clone();
    loop {
        let wish = ResignLicenses { after: after.clone() };
        let part: Result<LicensesResigned, Failure> = client.post("/api/v1/licenses/resign", &wish);
        let part = part.map_err(|failure| match &after {
            Some(id) => failure.fix(format!("go on with: sealgate license resign --all --after {id}")),
            None => failure,
        })?;
        all.resigned += part.resigned;
        bar.set_message(format!("{} licenses signed again", all.resigned));
        bar.tick();
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    bar.finish_and_clear();
    output.result(&all, |all| say!("Licenses signed again: {}.", all.resigned));
    Ok(())
}
