//! Files that somebody names: what one is that is not what it was named for.

use std::path::Path;

use sealgate::Foreign;
use sealgate_artifact::{Carrier, Kind, Statement, Unverified};

use crate::failure::Failure;
use crate::files;

/// What a file holds that is named as a statement of this kind. Whether it verifies is not asked.
pub(crate) fn read<T: Statement>(file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = files::read(&files::resolved(file))?;
    let of_kind = Unverified::<T>::decode(&bytes).and_then(|claim| claim.danger_peek().map(drop));
    match of_kind {
        Ok(()) => Ok(bytes),
        Err(why) => {
            let is = what(&bytes).map_or_else(|| why.to_string(), |is| format!("this is {is}"));
            let message =
                format!("{}: {is}, and no statement of the kind `{}`", file.display(), T::KIND.as_str());
            Err(Failure::new(why.code(), message)
                .fix("name the file as it was handed out, or leave the flag out"))
        }
    }
}

/// What these bytes are; `None` where nothing speaks for anything.
pub(crate) fn what(bytes: &[u8]) -> Option<String> {
    let statement = Carrier::decode(bytes).ok();
    let kind = |carrier: &Carrier| {
        Kind::ALL.into_iter().find(|kind| kind.payload_type() == carrier.envelope.payload_type())
    };
    match statement.as_ref().and_then(kind) {
        Some(kind) => Some(format!("a statement of the kind `{}`", kind.as_str())),
        None => Foreign::of(bytes).map(|is| is.what().to_owned()),
    }
}
