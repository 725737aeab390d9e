//! `sealgate check-config`.

use std::path::Path;

use sealgate_server::config::Sources;

use crate::failure::Failure;
use crate::output::{Output, say};
use crate::streams::is_dash;

pub(crate) fn check(path: &Path, output: &Output) -> Result<(), Failure> {
    // The server opens it.
    let path = if is_dash(path) { Path::new("/dev/stdin") } else { path };
    let described = Sources::of_file(path)?.describe()?;
    output.result(&described, |_| say!("{}: can be used", path.display()));
    Ok(())
}
