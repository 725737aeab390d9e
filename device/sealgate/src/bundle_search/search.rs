//! Looks at one place after another, each in a thread of its own: a drive that hangs holds nobody.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealgate_container::Purpose;

use super::disk::{Disk, Listing, Sized, System};
use super::found::{Candidate, Candidates, Overlooked, Source, Why};
use crate::wait;

/// Files that are taken of a place.
const FILES: usize = 64;
/// Drives that are looked at.
const DRIVES: usize = 16;
/// A stick that was just put in needs a moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks for license files for a machine without a network, in this order: files that somebody named, the folder of the configuration,
/// the folder of the program, and the roots of drives that can be taken out. It only lists what may be one; show a person what is in
/// it before you activate anything (`spec/offline.md` §4.5).
///
/// Without a further word drives alone are looked at. They are found on Linux: what the system says can be taken out or is plugged in by
/// USB, and whatever is mounted below `/media` and `/run/media`.
///
/// A drive that does not answer costs five seconds, and its thread goes on until it does; the same search does not ask it again before.
#[derive(Clone)]
pub struct BundleSearch {
    named: Vec<PathBuf>,
    folder: Option<PathBuf>,
    beside: Option<PathBuf>,
    has_drives: bool,
    patience: Duration,
    disk: Arc<dyn Disk>,
    hanging: Arc<Mutex<BTreeSet<Place>>>,
}

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    source: Source,
    path: PathBuf,
}

impl Place {
    /// Whether looking at one is looking at the other. A folder that is named as a file is none.
    fn is_like(&self, other: &Self) -> bool {
        let is_file = |place: &Self| place.source == Source::Named;
        self.path == other.path && is_file(self) == is_file(other)
    }
}

impl Default for BundleSearch {
    fn default() -> Self {
        Self::new()
    }
}

impl BundleSearch {
    /// Looks at drives alone, until it is told of a folder.
    pub fn new() -> Self {
        Self::on(Arc::new(System))
    }

    fn on(disk: Arc<dyn Disk>) -> Self {
        Self {
            named: vec![],
            folder: None,
            beside: None,
            has_drives: true,
            patience: PATIENCE,
            disk,
            hanging: Arc::default(),
        }
    }

    /// Looks at this file first. It may be called more than once.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.named.push(path.into());
        self
    }

    /// Looks into this folder before the program's own.
    #[must_use]
    pub fn folder(self, path: impl Into<PathBuf>) -> Self {
        Self { folder: Some(path.into()), ..self }
    }

    /// Looks into this folder, where the program's executable file lies.
    #[must_use]
    pub fn program_folder(self, path: impl Into<PathBuf>) -> Self {
        Self { beside: Some(path.into()), ..self }
    }

    /// Does not look into the program's own folder.
    #[must_use]
    pub fn without_program_folder(self) -> Self {
        Self { beside: None, ..self }
    }

    /// Does not look at drives.
    #[must_use]
    pub fn without_drives(self) -> Self {
        Self { has_drives: false, ..self }
    }

    /// Waits so long for all places together.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Looks. It takes no longer than the patience, whatever hangs.
    pub fn find(&self) -> Candidates {
        let mut found = Candidates::default();
        let places = self.places(&mut found);
        let work = |place: &Place| self.looking(place.clone());
        let listed = wait::all_within(self.patience, places.iter().map(work).collect());
        for (place, listed) in places.iter().zip(listed) {
            self.take(&mut found, place, listed.unwrap_or(Err(Why::Silent)));
        }
        found
    }

    fn places(&self, found: &mut Candidates) -> Vec<Place> {
        let of = |source| move |path: &PathBuf| Place { source, path: path.clone() };
        let named = self.named.iter().map(of(Source::Named));
        let folder = self.folder.iter().map(of(Source::Folder));
        let beside = self.beside.iter().map(of(Source::BesideProgram));
        let drives = if self.has_drives { self.disk.drives() } else { vec![] };
        let beyond = drives.get(DRIVES..).unwrap_or_default().iter();
        let beyond = beyond.map(|path| Overlooked {
            path: path.clone(),
            source: Source::Drive,
            why: Why::TooManyDrives,
        });
        found.overlooked.extend(beyond);
        let drives = drives.iter().take(DRIVES).map(of(Source::Drive));
        let mut places: Vec<Place> = vec![];
        for place in named.chain(folder).chain(beside).chain(drives) {
            if !places.iter().any(|first| first.is_like(&place)) {
                places.push(place);
            }
        }
        places
    }

    /// The work of one thread. A place where an earlier one still hangs gets no second one.
    fn looking(&self, place: Place) -> impl FnOnce() -> Result<Listing, Why> + Send + 'static {
        let (disk, looked_at) = (self.disk.clone(), LookedAt::first(&self.hanging, &place));
        move || {
            let Some(_until_done) = looked_at else { return Err(Why::Silent) };
            let listed = match place.source {
                Source::Named => {
                    disk.size(&place.path).map(|file| Listing { files: vec![file], has_more: false })
                }
                source => disk.list(&place.path, source.links()),
            };
            listed.map_err(Why::Unreadable)
        }
    }

    fn take(&self, found: &mut Candidates, place: &Place, listed: Result<Listing, Why>) {
        let Place { source, path } = place;
        let mut overlook = |path: &Path, why| {
            found.overlooked.push(Overlooked { path: path.to_owned(), source: *source, why });
        };
        let listing = match listed {
            Ok(listing) => listing,
            Err(why) => return overlook(path, why),
        };
        let is_file = |file: &Sized| (1..=Purpose::License.most_bytes()).contains(&file.bytes);
        let (files, others): (Vec<Sized>, Vec<Sized>) = listing.files.into_iter().partition(is_file);
        others.iter().take(FILES).for_each(|file| overlook(&file.path, Why::Size(file.bytes)));
        if listing.has_more || files.len() > FILES {
            overlook(path, Why::TooMany);
        }
        for file in files.into_iter().take(FILES) {
            if !found.files.iter().any(|first| first.path == file.path) {
                let (disk, patience) = (self.disk.clone(), self.patience);
                found.files.push(Candidate {
                    path: file.path,
                    source: *source,
                    bytes: file.bytes,
                    disk,
                    patience,
                });
            }
        }
    }
}

impl std::fmt::Debug for BundleSearch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { named, folder, beside, has_drives, patience, .. } = self;
        f.debug_struct("BundleSearch")
            .field("named", named)
            .field("folder", folder)
            .field("beside", beside)
            .field("has_drives", has_drives)
            .field("patience", patience)
            .finish_non_exhaustive()
    }
}

/// A place where a thread is under way, for as long as it is.
struct LookedAt {
    place: Place,
    hanging: Arc<Mutex<BTreeSet<Place>>>,
}

impl LookedAt {
    /// `None` where one is already.
    fn first(hanging: &Arc<Mutex<BTreeSet<Place>>>, place: &Place) -> Option<Self> {
        let is_first = locked(hanging).insert(place.clone());
        is_first.then(|| Self { place: place.clone(), hanging: hanging.clone() })
    }
}

impl Drop for LookedAt {
    fn drop(&mut self) {
        locked(&self.hanging).remove(&self.place);
    }
}

fn locked(hanging: &Mutex<BTreeSet<Place>>) -> MutexGuard<'_, BTreeSet<Place>> {
    // A set of paths is whole whenever nobody writes to it.
    hanging.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
