//! The file that gets the keys of new licenses, as they come.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use sealgate_artifact::{Code, LicenseKey};
use sealgate_wire::ImportedRow;

use super::cells::defused;
use super::row::Line;
use crate::failure::Failure;
use crate::files;

const HEADER: [&str; 8] =
    ["line", "license_id", "license_key", "external_id", "label", "expires", "customer", "email"];

pub(super) struct KeysFile {
    path: PathBuf,
    file: File,
    /// Licenses that stand in it.
    known: HashSet<String>,
}

impl KeysFile {
    /// Goes on with what is there: an import that was interrupted has written its first keys.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |e: &dyn std::fmt::Display| {
            Failure::new(Code::FileUnreadable, format!("{}: {e}", path.display())).fix("choose another -o")
        };
        let (file, there) = files::append_private(path).map_err(|e| failed(&e))?;
        let mut keys = Self { path: path.to_owned(), file, known: HashSet::new() };
        keys.lock(there.len() as u64)?;
        if there.is_empty() {
            keys.write(&records(&[HEADER.map(str::to_owned).into()]))?;
            return Ok(keys);
        }
        if !there.starts_with(HEADER.join(",").as_bytes()) {
            return Err(failed(&"it is there, and holds no keys of an import"));
        }
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&there[..]);
        let records: Vec<csv::ByteRecord> = reader.byte_records().flatten().collect();
        let cut = records.last().filter(|last| !has_its_key(last));
        let text = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
        let whole = records.iter().filter(|record| Some(*record) != cut);
        keys.known = whole.filter_map(|record| record.get(1).map(text)).collect();
        // The last run may have ended in the middle of a line.
        if let Some(begin) = cut.and_then(csv::ByteRecord::position).map(csv::Position::byte) {
            keys.file.set_len(begin).map_err(|e| failed(&e))?;
        } else if !there.ends_with(b"\n") {
            keys.write(b"\n")?;
        }
        Ok(keys)
    }

    /// Adds licenses. One that was there before, and not in this file, stands there without its key.
    pub(super) fn add(&mut self, done: &[(&Line, ImportedRow)]) -> Result<(), Failure> {
        let mut rows = Vec::new();
        for (line, became) in done {
            let Some(id) = became.license_id.as_ref().filter(|id| !self.known.contains(*id)) else {
                continue;
            };
            let text = |text: &Option<String>| text.as_deref().map(defused).unwrap_or_default();
            rows.push(vec![
                line.number.to_string(),
                id.clone(),
                became.license_key.clone().unwrap_or_default(),
                text(&line.row.external_id),
                text(&line.row.label),
                became.expires_at.map(|at| at.to_string()).unwrap_or_default(),
                text(
                    &line
                        .buyer
                        .as_ref()
                        .map_or_else(|| line.row.customer_id.clone(), |buyer| buyer.name.clone()),
                ),
                text(&email(line)),
            ]);
            self.known.insert(id.clone());
        }
        if rows.is_empty() { Ok(()) } else { self.write(&records(&rows)) }
    }

    /// Two imports at once would write into each other's lines, and each miss what the other one knows.
    fn lock(&self, read: u64) -> Result<(), Failure> {
        let is_locked = matches!(self.file.try_lock(), Err(TryLockError::WouldBlock));
        let is_longer = self.file.metadata().is_ok_and(|there| there.is_file() && there.len() != read);
        if !is_locked && !is_longer {
            return Ok(());
        }
        let why = format!("{}: another import writes it", self.path.display());
        Err(Failure::new(Code::FileUnreadable, why).fix("wait until that one ends, or choose another -o"))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.file.write_all(bytes).and_then(|()| match self.file.sync_data() {
            // A pipe has no disk below it.
            Err(e) if e.kind() == std::io::ErrorKind::InvalidInput => Ok(()),
            synced => synced,
        });
        written.map_err(|e| {
            let why = format!("{}: {e}", self.path.display());
            Failure::new(Code::FileUnreadable, why).fix("make room, and run the same command again")
        })
    }
}

/// Where the key can be sent to.
fn email(line: &Line) -> Option<String> {
    let of_buyer = line.buyer.as_ref().and_then(|buyer| buyer.email.clone());
    of_buyer.or_else(|| line.row.licensee.as_ref().and_then(|licensee| licensee.email.clone()))
}

/// Whether a line came as far as behind its key. A key that was on its way is not there at all.
fn has_its_key(record: &csv::ByteRecord) -> bool {
    let key = record.get(2).and_then(|key| std::str::from_utf8(key).ok());
    key.is_some_and(|key| LicenseKey::parse(key).is_ok() || key.is_empty() && record.len() == HEADER.len())
}

/// Rows as CSV.
pub(super) fn records<T: AsRef<[u8]>>(rows: &[Vec<T>]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("memory takes what is written");
    }
    writer.into_inner().expect("memory takes what is written")
}
