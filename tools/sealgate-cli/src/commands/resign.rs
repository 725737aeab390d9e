//! `sealgate license resign`.

use indicatif::ProgressBar;
use sealgate_wire::{LicensesResigned, ResignLicenses};

use crate::args::ResignArgs;
use crate::client::Client;
use crate::confirm::Consent;
use crate::failure::{Failure, interrupted};
use crate::output::{Output, say};

pub(crate) fn run(client: &Client, args: &ResignArgs, output: &Output) -> Result<(), Failure> {
    assert!(args.all, "clap demands it");
    Consent::new(args.yes, output).ask(
        "Sign every license in force again? Machines that ask online then refuse the files that they have.",
        "signing all licenses again makes clients refuse older files",
    )?;
    let bar = if output.json || output.quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    let mut all = LicensesResigned { resigned: 0, next: None };
    let (mut after, mut parts) = (args.after.clone(), 0);
    loop {
        let wish = ResignLicenses { after: after.clone() };
        let part: Result<LicensesResigned, Failure> = client.post("/api/v1/licenses/resign", &wish);
        let part = part.map_err(|failure| {
            let from = after.as_ref().map(|id| format!(" --after {id}")).unwrap_or_default();
            interrupted(failure, parts, || format!("sealgate license resign --all{from}"))
        })?;
        parts += 1;
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
