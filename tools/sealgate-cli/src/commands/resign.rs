//! `sealgate license resign`.

use sealgate_wire::{LicensesResigned, ResignLicenses};

use crate::args::ResignArgs;
use crate::client::Client;
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::output::{Output, say};
use crate::parts::Parts;
use crate::signals;

pub(crate) fn run(client: &Client, args: &ResignArgs, output: &Output) -> Result<(), Failure> {
    assert!(args.all, "clap demands it");
    Consent::new(args.yes, output).ask(
        "Sign every license in force again? Machines that ask online then refuse the files that they have.",
        "signing all licenses again makes clients refuse older files",
    )?;
    let mut parts = Parts::new("licenses signed again", output);
    let mut all = LicensesResigned { resigned: 0, next: None };
    let mut after = args.after.clone();
    loop {
        let wish = ResignLicenses { after: after.clone() };
        let send = |()| client.post("/api/v1/licenses/resign", &wish);
        let part: Result<LicensesResigned, Failure> = signals::none_came().and_then(send);
        let part =
            part.map_err(|failure| parts.stopped(failure, || again(client, args, after.as_deref())))?;
        parts.add(part.resigned);
        all.resigned += part.resigned;
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    parts.finish();
    output.result(&all, |all| say!("Licenses signed again: {}.", all.resigned));
    Ok(())
}

fn again(client: &Client, args: &ResignArgs, after: Option<&str>) -> String {
    let again = client.again("license resign").word("--all").flag("--after", after);
    again.switch("--yes", args.yes).into()
}
