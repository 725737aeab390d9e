//! Files that are looked at and judged.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use sealgate_artifact::{Code, PublicKey};

use crate::failure::Failure;

#[derive(ClapArgs)]
pub(crate) struct InspectArgs {
    /// A license file, a trust.json, a container such as a snapshot, or the envelope of any other statement; - reads standard input
    pub(crate) file: PathBuf,
    /// Print the bare DSSE envelope, for other programs; of a container each statement's, one a line
    #[arg(long)]
    pub(crate) dsse: bool,
}

#[derive(ClapArgs)]
pub(crate) struct VerifyArgs {
    /// The license file or container, or - for standard input, with --trust; you may also give it last, after the roots
    #[arg(required_unless_present = "root")]
    pub(crate) file: Option<PathBuf>,
    /// All root keys that you trust, in base64; the rest of the chain is read from FILE.trust
    #[arg(long, value_name = "PUB", num_args = 1.., conflicts_with = "trust")]
    pub(crate) root: Vec<String>,
    /// How many of the root keys must have signed
    #[arg(long, value_name = "N", default_value_t = 1, requires = "root")]
    pub(crate) threshold: usize,
    /// A trust.json instead of --root: the roots, keysets, tenant and app that a build pins; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
}

impl VerifyArgs {
    /// The file and the roots: the last word behind `--root` is the file where none stands before.
    pub(crate) fn file_and_roots(&self) -> Result<(PathBuf, Vec<PublicKey>), Failure> {
        let (file, roots) = match (&self.file, &self.root[..]) {
            (Some(file), roots) => (file.clone(), roots),
            (None, [roots @ .., file]) if !roots.is_empty() => (PathBuf::from(file), roots),
            (None, _) => {
                let message = "a license file and at least one root are needed";
                return Err(
                    Failure::new(Code::MalformedRequest, message).fix("sealgate verify FILE --root PUB")
                );
            }
        };
        let read = |text: &String| {
            PublicKey::parse(text).map_err(|e| {
                Failure::new(Code::MalformedRequest, format!("--root {text}: {e}"))
                    .fix("give root keys in base64; `sealgate verify --help` shows how")
            })
        };
        Ok((file, roots.iter().map(read).collect::<Result<_, _>>()?))
    }
}
