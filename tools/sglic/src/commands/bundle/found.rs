//! License files that lie where somebody would put them, and what each is.

use std::path::Path;

use sealgate::bundle_search::{BundleSearch, Candidate, Overlooked, Source, Why};
use sealgate::container::StageError;
use sealgate::{BundleError, Client, LookedBundle};
use serde_json::{Value, json};

use super::refused;
use super::said::Said;
use crate::failure::Failure;

/// What a search came to.
pub(crate) struct Found {
    /// Each file that was found, in the order in which they are to be tried.
    pub(crate) files: Vec<FoundFile>,
    /// Places that were passed over, and why, for people.
    pub(crate) overlooked: Vec<String>,
}

/// A file, and what it is.
pub(crate) struct FoundFile {
    pub(crate) path: String,
    source: Source,
    pub(crate) is: Result<(LookedBundle, Said), BundleError>,
}

impl Found {
    /// Looks for files, and at each of them. Nothing is activated.
    pub(crate) fn by(client: &Client, search: &BundleSearch) -> Result<Self, Failure> {
        let found = search.find();
        let now = client.trusted_time()?;
        let look = |candidate: &Candidate| {
            let is = looked(client, candidate).map(|looked| {
                let said = Said::of(looked.says(), now);
                (looked, said)
            });
            FoundFile { path: candidate.path().display().to_string(), source: candidate.source(), is }
        };
        let overlooked = found.overlooked.iter().filter(|it| !is_absent_folder(it));
        let overlooked = overlooked.map(|it| format!("{}: {}", it.path.display(), it.why)).collect();
        Ok(Self { files: found.files.iter().map(look).collect(), overlooked })
    }

    /// Files that can be activated here, and are not: of each license the newest.
    pub(crate) fn usable(&self) -> Vec<&FoundFile> {
        let mut newest: Vec<&FoundFile> = vec![];
        for file in self.files.iter().filter(|file| file.is_usable()) {
            let rank = |file: &FoundFile| file.says().map(|says| (says.license.id(), says.serial));
            let (Some((license, serial)), of) = (rank(file), rank) else { continue };
            match newest.iter_mut().find(|other| of(other).is_some_and(|(id, _)| id == license)) {
                Some(other) if of(other).is_some_and(|(_, other)| other < serial) => *other = file,
                Some(_) => {}
                None => newest.push(file),
            }
        }
        newest
    }

    /// "No valid license file": why each that was found does not count. `None` where one does.
    pub(crate) fn nothing_valid(&self, places: &[String]) -> Option<Failure> {
        let why: Vec<(&FoundFile, Failure)> =
            self.files.iter().map(|file| Some((file, file.why()?))).collect::<Option<_>>()?;
        let mut failure = match why.first() {
            None => refused::nothing_found(places),
            Some((_, first)) => {
                let message = match why.len() {
                    1 => format!("no valid license file: {}", first.message),
                    count => format!("no valid license file: {count} were found, and none counts"),
                };
                Failure { message, lines: vec![], ..first.clone() }
            }
        };
        if why.len() > 1 {
            failure.lines.extend(why.iter().map(|(_, why)| line(why)));
        }
        failure.lines.extend(self.overlooked.iter().map(|it| format!("passed over: {it}")));
        Some(failure.with("found", self.json()))
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        self.files.iter().map(FoundFile::json).collect()
    }
}

impl FoundFile {
    /// Whether it can be activated here, and is not.
    pub(crate) fn is_usable(&self) -> bool {
        self.is.as_ref().is_ok_and(|(looked, _)| looked.refusal().is_none() && !looked.is_kept())
    }

    /// Whether it is the one by which the machine is activated.
    pub(crate) fn is_kept(&self) -> bool {
        self.is.as_ref().is_ok_and(|(looked, _)| looked.refusal().is_none() && looked.is_kept())
    }

    fn says(&self) -> Option<&sealgate::BundleSays> {
        self.is.as_ref().ok().map(|(looked, _)| looked.says())
    }

    /// Why it does not count.
    pub(crate) fn why(&self) -> Option<Failure> {
        match &self.is {
            Err(error) => Some(refused::failure(error, &self.path, Some(Path::new(&self.path)))),
            Ok((looked, said)) => refused::of_looked(looked, said, &self.path),
        }
    }

    fn json(&self) -> Value {
        let why = self.why();
        let said = self.is.as_ref().ok().map(|(_, said)| refused::json(said));
        json!({
            "path": self.path,
            "source": self.source.as_str(),
            "bundle": said,
            "code": why.as_ref().map(|why| why.code.clone()),
            "cause": why.as_ref().and_then(|why| why.more.get("cause").cloned()),
            "message": why.as_ref().map(|why| why.message.clone()),
            "fix": why.and_then(|why| why.fix),
        })
    }
}

/// One line of a list: the file, why it does not count, and what to do.
fn line(why: &Failure) -> String {
    let fix = why.fix.as_deref().unwrap_or_default();
    format!("{} ({}). {fix}", why.message.trim_end_matches('.'), why.code)
}

/// `spec/container.md` §5.2: read once, and within the time that a drive gets.
fn looked(client: &Client, candidate: &Candidate) -> Result<LookedBundle, BundleError> {
    let bytes = candidate.read().map_err(|error| BundleError::File(StageError::Medium(error)))?;
    client.look_at_bundle_on(&bytes[..], Some(bytes.len() as u64))
}

/// A folder that may be named and needs not be there.
fn is_absent_folder(overlooked: &Overlooked) -> bool {
    let is_absent =
        matches!(&overlooked.why, Why::Unreadable(why) if why.kind() == std::io::ErrorKind::NotFound);
    is_absent && overlooked.source != Source::Named
}

#[cfg(test)]
mod tests {
    use sealgate::bundle_search::Cause;

    use super::super::refused;

    #[test]
    fn that_nothing_was_found_names_the_places() {
        let failure = refused::nothing_found(&["/media/a".to_owned(), "beside sglic".to_owned()]);
        assert!(failure.message.contains("/media/a, beside sglic"), "{}", failure.message);
        assert_eq!(failure.more["cause"], Cause::Missing.as_str());
    }
}
