//! `sglic verify`.

use std::path::{Path, PathBuf};

use sealgate::{Activation, Client, Denied, DeniedBy, Error, Module};
use sealgate_artifact::Code;

use super::bundle::kept::Kept;
use super::compared::Compared;
use super::held::{Held, PRESENT, Standing, counts_no_more, deadline, held};
use super::revocations::{Beside, IMPORT, RevocationData};
use crate::args::{Global, VerifyArgs};
use crate::client::Here;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, pairs};
use crate::settings::{Settings, license_beside, release_beside};

pub(crate) fn run(global: &Global, args: &VerifyArgs, output: Output) -> Result<(), Failure> {
    let here = Here::find(global)?;
    let client = here.offline(global)?;
    let names_files = args.proof.is_some() || args.license.is_some();
    if let Some(kept) = Kept::gone_by(&client)?.filter(|_| !names_files) {
        return by_bundle(&kept, args, output);
    }
    let activation = files_verified(&here, &client, args)?;
    in_force(&client, &activation)?;
    let files = Beside::of(activation.license_carrier().to_vec(), activation.proof_carrier().to_vec());
    let data = RevocationData::beside(&client, &files)?;
    if let Some(why) = data.stale() {
        return Err(why);
    }
    let all_listed =
        |root: &Path| Listed::of(&client, &activation, &license_file(&here, args))?.names_all(root);
    let files = args.root.as_deref().map(all_listed).transpose()?;
    let held = Held::with(&client, &activation, data)?;
    output.result(&held, |held| {
        let mut lines = vec![("valid", "license and proof are the vendor's, and of this machine".to_owned())];
        lines.extend(held.lines());
        lines.extend(files.map(|files| ("files", files_listed(files))));
        pairs(&lines)
    });
    Ok(())
}

/// The same of a machine that goes by a license file: it was verified anew.
fn by_bundle(kept: &Kept, args: &VerifyArgs, output: Output) -> Result<(), Failure> {
    kept.counts()?;
    if args.root.is_some() {
        let fix = "leave --root out";
        return Err(Failure::new(Code::CheckFailed, "a license file lists no files of the program").fix(fix));
    }
    output.result(kept, |kept| {
        let mut lines = vec![("valid", "the license file is the vendor's, and for this machine".to_owned())];
        lines.extend(kept.lines());
        pairs(&lines)
    });
    Ok(())
}

/// What the vendor approved here: the proof's list, and that of the release whose statement lies beside the license
/// (`spec/activation.md` §9.4).
pub(crate) struct Listed {
    pub(crate) modules: Vec<Module>,
    /// How many of them a release lists.
    pub(crate) released: usize,
}

impl Listed {
    pub(crate) fn of(client: &Client, activation: &Activation, license: &Path) -> Result<Self, Failure> {
        let release = release_beside(license);
        let released = match files::read_if_there(&release)? {
            None => vec![],
            Some(statement) => client.release_modules(&statement).map_err(|error| {
                let failure = Failure::from(error);
                let message = format!("{}: {}", release.display(), failure.message);
                Failure { message, ..failure }.fix(RELEASE)
            })?,
        };
        let count = released.len();
        let modules = activation.modules().iter().cloned().chain(released).collect();
        Ok(Self { modules, released: count })
    }

    /// How many files the program has, if each is listed. Lists that are empty say nothing about files.
    fn names_all(&self, root: &Path) -> Result<usize, Failure> {
        if self.modules.is_empty() {
            return Err(no_list());
        }
        Compared::of(root, &self.modules)?.all_listed()
    }
}

const ITS_OWN: &str = "A program that activated itself keeps its proof in its state, and leaves no files: `sglic doctor --root DIR` judges that. Name files with --license and --proof.";
const RELEASE: &str = "Put the statement of the installed release there (`sealgate release show ID --statement`, which the vendor has), or remove the file.";

/// How many files are listed, in words.
pub(crate) fn files_listed(files: usize) -> String {
    if files == 1 {
        return "the 1 file is listed as approved".to_owned();
    }
    format!("all {files} are listed as approved")
}

/// Files were to be compared with a proof that lists none.
pub(crate) fn no_list() -> Failure {
    let fix = "`sglic manifest collect --root DIR`, then `sglic activate --key - --manifest manifest.json`";
    Failure::new(Code::CheckFailed, "the proof has no list of files: the machine was activated without one")
        .fix(fix)
}

/// License and proof as they lie on the disk.
pub(crate) fn files_verified(here: &Here, client: &Client, args: &VerifyArgs) -> Result<Activation, Failure> {
    let (proof, license) = (proof_file(here, args), license_file(here, args));
    if held(client)?.is_none() && args.proof.is_none() {
        return Err(Failure::not_activated());
    }
    let read = |file: &Path| {
        let is_its_own = here.settings == Settings::default() && args.proof.is_none();
        files::read(file).map_err(|why| if is_its_own { why.fix(ITS_OWN) } else { why })
    };
    let (license_bytes, proof_bytes) = (read(&license)?, read(&proof)?);
    client.verify_activation_files(&license_bytes, &proof_bytes).map_err(|error| {
        let (failure, fix) = match (&error, counts_no_more(&error)) {
            (_, Some(failure)) => (failure, None),
            (Error::License(denied), _) if is_listed(denied) => {
                let data = RevocationData::of(client).ok();
                (revoked(denied.is_of_activation_alone(), data.as_ref()), None)
            }
            _ => {
                let fix = fix(&error);
                (Failure::from(error), fix)
            }
        };
        let message = format!("{} with {}: {}", proof.display(), license.display(), failure.message);
        let failure = Failure { message, ..failure };
        fix.into_iter().fold(failure, Failure::fix)
    })
}

/// Imported data says so, and no server.
fn is_listed(denied: &Denied) -> bool {
    denied.by == DeniedBy::State && denied.code == Code::Revoked.as_str()
}

/// A no says by itself what would put it right; what does not verify, and what was never admitted, another activation does.
fn fix(error: &Error) -> Option<&'static str> {
    match error {
        Error::License(denied) if denied.code == Code::RevocationsStale.as_str() => Some(IMPORT),
        Error::License(denied) if denied.code != Code::NotActivated.as_str() => None,
        _ => Some("activate this machine: `sglic activate --key -`"),
    }
}

fn proof_file(here: &Here, args: &VerifyArgs) -> PathBuf {
    args.proof.as_deref().map_or_else(|| here.settings.proof(&here.folder), files::resolved)
}

/// Where the license lies.
pub(crate) fn license_file(here: &Here, args: &VerifyArgs) -> PathBuf {
    args.license.as_deref().map_or_else(|| license_beside(&proof_file(here, args)), files::resolved)
}

/// Imported revocation data lists the license, or its activation.
pub(crate) fn revoked(is_of_activation_alone: bool, data: Option<&RevocationData>) -> Failure {
    let newest = data.and_then(RevocationData::newest);
    let newest = newest.map_or_else(String::new, |newest| format!(" ({newest})"));
    if is_of_activation_alone {
        let message = format!("imported revocation data lists this activation, and not the license{newest}");
        return Failure::new(Code::Revoked, message).fix("Activate again: `sglic activate --key -`.");
    }
    let message = format!(
        "imported revocation data lists this version of the license: the license was revoked, or its terms changed{newest}"
    );
    Failure::new(Code::Revoked, message).fix(PRESENT)
}

/// Whether what verified still counts.
pub(crate) fn in_force(client: &Client, activation: &Activation) -> Result<(), Failure> {
    let deadline = deadline(client, activation)?;
    let at = deadline.map_or_else(String::new, |at| format!(" at {at}"));
    match Standing::of(activation, deadline, client.trusted_time()?) {
        Standing::Active | Standing::Grace => Ok(()),
        Standing::Expired => Err(Failure::new(Code::Expired, "the license has expired")),
        Standing::Revoked => Err(revoked(false, None)),
        Standing::KeyRevoked => {
            Err(Failure::new(Code::SignatureInvalid, Standing::KeyRevoked.sentence()).fix(PRESENT))
        }
        Standing::Stale => Err(Failure::new(Code::RevocationsStale, Standing::Stale.sentence()).fix(IMPORT)),
        Standing::Overdue => {
            let message = format!("no heartbeat was answered, and the grace was over{at}");
            Err(Failure::new(Code::CheckFailed, message).fix("reach the server: `sglic heartbeat`"))
        }
        Standing::Ended => {
            let code = activation.ended_by().unwrap_or_default();
            let fix = "Restore a valid license with the vendor, then activate again for a new proof.";
            Err(Failure::of_code(code, format!("the license ended here, and the grace was over{at}"))
                .fix(fix))
        }
    }
}
