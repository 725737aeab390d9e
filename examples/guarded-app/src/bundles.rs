//! License files for a machine without a network: they are looked for, shown, and activated by a yes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealgate::bundle_search::{BundleSearch, Candidate, Cause};
use sealgate::container::StageError;
use sealgate::{AskedLicense, BundleError, BundleMachines, Client, Guard, LookedBundle};

pub(crate) struct Bundles {
    client: Arc<Client>,
    search: BundleSearch,
    /// Where files are looked for, for people.
    places: Vec<String>,
    /// What was shown last, and waits for a yes.
    offered: Option<LookedBundle>,
}

impl Bundles {
    /// Looks into this folder, beside the program, and, where that is wanted, at drives that can be taken out.
    pub(crate) fn new(client: Arc<Client>, folder: Option<PathBuf>, own: PathBuf, has_drives: bool) -> Self {
        let mut places: Vec<String> = folder.iter().map(|folder| shown(folder)).collect();
        places.push("the folder of this program".to_owned());
        let mut search =
            folder.into_iter().fold(BundleSearch::new().program_folder(own), BundleSearch::folder);
        if has_drives {
            places.push("the top folder of a drive".to_owned());
        } else {
            search = search.without_drives();
        }
        Self { client, search, places, offered: None }
    }

    /// Looks for files, and offers the first that can be activated here. Where none can, it says why of each.
    pub(crate) fn find(&mut self) -> Vec<String> {
        let found = self.search.find();
        let mut lines = vec![];
        for file in &found.files {
            let looked = self.read(file);
            if let Ok(looked) = &looked
                && looked.is_kept()
                && looked.refusal().is_none()
            {
                continue;
            }
            let (offer, said) = offer(file.path(), looked);
            if offer.is_some() {
                self.offered = offer;
                return said;
            }
            lines.extend(said);
        }
        lines.extend(
            found.overlooked.iter().map(|it| format!("{} was passed over: {}", shown(&it.path), it.why)),
        );
        lines
    }

    /// Shows what is in this file, and offers it.
    pub(crate) fn look(&mut self, file: &Path) -> Vec<String> {
        let (offer, lines) = offer(file, self.client.look_at_bundle(file));
        self.offered = offer;
        lines
    }

    /// Somebody saw what is in the file, and says yes to it.
    pub(crate) fn activate(&mut self, guard: &Guard) -> Result<Vec<String>, String> {
        let Some(looked) = self.offered.take() else {
            return Err("activate: no license file was shown yet; try licenses".to_owned());
        };
        let says = guard.activate_bundle(&looked).map_err(|why| refused(&why))?;
        Ok(vec![format!("activated until {}; the file is not needed any more", says.ends_at)])
    }

    /// Writes a file that asks the vendor for a license.
    pub(crate) fn request(&self, file: &Path) -> Result<Vec<String>, String> {
        let asked = self.client.offline_request(AskedLicense::Unsaid).map_err(|why| why.to_string())?;
        write_new(file, asked.bytes()).map_err(|why| format!("{}: {why}", shown(file)))?;
        Ok(vec![format!("send {} to the vendor, and put what comes back here:", shown(file)), self.places()])
    }

    /// Where a file is found.
    pub(crate) fn places(&self) -> String {
        format!("a file whose name ends in .sglic, in {}", self.places.join(", or "))
    }

    fn read(&self, file: &Candidate) -> Result<LookedBundle, BundleError> {
        let bytes = file.read().map_err(|why| BundleError::File(StageError::Medium(why)))?;
        self.client.look_at_bundle_on(&bytes[..], Some(bytes.len() as u64))
    }
}

/// What is in a file, and the file where it can be activated here.
fn offer(file: &Path, looked: Result<LookedBundle, BundleError>) -> (Option<LookedBundle>, Vec<String>) {
    let of = format!("license file {}", shown(file));
    let looked = match looked {
        Ok(looked) => looked,
        Err(why) => return (None, vec![format!("{of}: {}", refused(&why))]),
    };
    let says = looked.says();
    let machines = match says.machines {
        BundleMachines::Named(count) => format!("for {count} machines that it names"),
        machines => format!("for {} machines", machines.count()),
    };
    let (tier, end) = (says.license.tier().as_str(), says.ends_at);
    let mut lines = vec![format!("{of}: tier {tier}, ends {end}, {machines}")];
    if let Some(why) = looked.refusal() {
        lines.push(refused(why));
        return (None, lines);
    }
    lines.push("Type activate to use it on this machine.".to_owned());
    (Some(looked), lines)
}

/// In one line: what it is, and what helps.
fn refused(why: &BundleError) -> String {
    let cause = Cause::of(why.code());
    format!("{} {} ({})", cause.meaning(), cause.fix(), why.code())
}

/// A name that anybody may have chosen steers no terminal.
fn shown(path: &Path) -> String {
    path.display().to_string().escape_debug().to_string()
}

/// What is there already is not replaced.
#[expect(clippy::disallowed_methods, reason = "this is the adapter to the user's files")]
fn write_new(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}
