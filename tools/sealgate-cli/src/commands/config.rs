//! `sealgate check-config`.

use std::path::Path;

use sealgate_server::config::Sources;

use crate::failure::Failure;
use crate::output::{Output, say};

pub(crate) fn check(path: &Path, output: &Output) -> Result<(), Failure> {
    let described = Sources::of_file(path)?.describe()?;
    output.result(&described, |_| say!("{}: can be used", path.display()));
    Ok(())
}
