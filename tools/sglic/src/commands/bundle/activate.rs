//! `sglic activate FILE.sglic`, and `sglic import FILE.sglic`.

use std::io::Read;
use std::path::Path;

use sealgate::{Client, LookedBundle};
use serde::Serialize;

use super::refused;
use super::said::Said;
use crate::args::Global;
use crate::client::Here;
use crate::confirm;
use crate::failure::Failure;
use crate::output::{Output, pairs};

#[derive(Serialize)]
struct Activated {
    purpose: &'static str,
    #[serde(flatten)]
    said: Said,
    /// Whether the machine was activated by this very file before.
    already: bool,
    /// The bundle that it went by until now.
    replaces: Option<String>,
}

/// Shows what is in the file, asks, and activates this machine by it.
pub(crate) fn file(global: &Global, file: &Path, output: Output) -> Result<(), Failure> {
    let here = Here::find(global)?;
    let client = here.offline(global)?;
    if file.as_os_str() == "-" {
        return medium(global, (&here, &client), std::io::stdin().lock(), output);
    }
    let of = file.display().to_string();
    let looked = client.look_at_bundle(file);
    let looked = looked.map_err(|error| refused::failure(&error, &of, Some(file)))?;
    ask(global, (&here, &client), (&looked, &of), output)
}

/// The same of what comes on standard input.
pub(crate) fn medium(
    global: &Global,
    (here, client): (&Here, &Client),
    medium: impl Read,
    output: Output,
) -> Result<(), Failure> {
    let of = "standard input";
    let looked = client.look_at_bundle_on(medium, None);
    let looked = looked.map_err(|error| refused::failure(&error, of, None))?;
    ask(global, (here, client), (&looked, of), output)
}

/// `spec/offline.md` §4.5: a person sees what is in it; only a yes activates it.
pub(super) fn ask(
    global: &Global,
    (here, client): (&Here, &Client),
    (looked, of): (&LookedBundle, &str),
    output: Output,
) -> Result<(), Failure> {
    let said = Said::of(looked.says(), client.trusted_time()?);
    if let Some(failure) = refused::of_looked(looked, &said, of) {
        return Err(failure);
    }
    let replaces = looked.replaces().map(|before| before.bundle.to_string());
    let already = looked.is_kept();
    if !already {
        let mut shown = vec![("file", of.to_owned()), ("app", here.pinned.trust.app().to_string())];
        shown.extend(said.lines());
        shown.push(("this machine", "the file is for it".to_owned()));
        shown.extend(
            looked.replaces().map(|before| ("replaces", format!("the one that ends {}", before.ends_at))),
        );
        output.progress(&pairs(&shown));
        let why = "a license file is activated once somebody has seen what is in it";
        confirm::ask(global, "Activate this machine by this file?", why)?;
        let activated = client.activate_bundle(looked);
        activated.map_err(|error| refused::failure(&error, of, None))?;
    }
    let result = Activated { purpose: "license", said, already, replaces };
    output.result(&result, |result| {
        let how =
            if result.already { "already, by this file" } else { "yes; the file is not needed any more" };
        let mut lines = vec![("activated", how.to_owned())];
        lines.extend(result.said.lines());
        pairs(&lines)
    });
    Ok(())
}
