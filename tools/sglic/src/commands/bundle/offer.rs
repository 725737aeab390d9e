//! `sglic activate` without a file: looks for license files, and offers them.

use std::path::PathBuf;

use sealgate::bundle_search::BundleSearch;
use sealgate_artifact::Code;
use sealgate_terminal::says_yes;

use super::activate;
use super::found::{Found, FoundFile};
use crate::args::{Global, PlacesArgs};
use crate::client::Here;
use crate::confirm;
use crate::failure::Failure;
use crate::output::{Output, pairs};

/// Looks, offers, and activates what a person says yes to.
pub(crate) fn offer(global: &Global, here: &Here, args: &PlacesArgs, output: Output) -> Result<(), Failure> {
    let client = here.offline(global)?;
    output.progress("looking for license files");
    let found = Found::by(&client, &search(args.folder.clone(), !args.no_drives))?;
    if let Some(failure) = found.nothing_valid(&places(args)) {
        return Err(failure);
    }
    let usable = found.usable();
    let chosen = match usable[..] {
        // It is activated already: that is said, and nobody is asked.
        [] => found.files.iter().find(|file| file.is_kept()),
        [only] => Some(only),
        _ => Some(choice(global, &usable, output)?),
    };
    let looked = chosen.and_then(|file| Some((&file.is.as_ref().ok()?.0, file.path.as_str())));
    let looked = looked.expect("each that counts was looked at, and one does");
    activate::ask(global, (here, &client), looked, output)
}

/// Where files are looked for.
pub(crate) fn search(folder: Option<PathBuf>, has_drives: bool) -> BundleSearch {
    let search = folder.into_iter().fold(BundleSearch::new(), BundleSearch::folder);
    let search = own_folder().into_iter().fold(search, BundleSearch::program_folder);
    if has_drives { search } else { search.without_drives() }
}

/// Where this program lies; `None` where the system does not tell.
fn own_folder() -> Option<PathBuf> {
    std::env::current_exe().ok()?.parent().map(PathBuf::from)
}

/// The same in words.
fn places(args: &PlacesArgs) -> Vec<String> {
    let folder = args.folder.as_ref().map(|folder| folder.display().to_string());
    let drives = (!args.no_drives).then(|| "drives that can be taken out".to_owned());
    folder.into_iter().chain(["the folder of this program".to_owned()]).chain(drives).collect()
}

/// Which of several licenses is meant, nobody but a person can say.
fn choice<'a>(global: &Global, usable: &[&'a FoundFile], output: Output) -> Result<&'a FoundFile, Failure> {
    let names: Vec<&str> = usable.iter().map(|file| file.path.as_str()).collect();
    if global.yes || global.json {
        let message = format!("files of {} licenses fit: {}", usable.len(), names.join(", "));
        return Err(Failure::new(Code::MalformedRequest, message)
            .fix("name the one that is meant: `sglic activate FILE.sglic`"));
    }
    confirm::somebody_is_there("several license files fit")?;
    for file in usable {
        let Ok((_, said)) = &file.is else { continue };
        let mut lines = vec![("file", file.path.clone())];
        lines.extend(said.lines());
        output.progress(&pairs(&lines));
        if says_yes("Is it this one?") {
            return Ok(file);
        }
    }
    Err(Failure::declined())
}
