//! `stream`: whether a large update is whole, beside SHA-256 of the same file by the same library; and the same with the private copy that
//! an import makes.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Error, Read, Result, Write};
use std::path::Path;
use std::time::Instant;

use sealgate::container::{EntryName, Head, Layout, Purpose, Staged, check};
use sealgate_container::Writer;
use sha2::{Digest, Sha256};

use crate::report;
use crate::server::memory;

/// `measures.md`.
const GOAL: f64 = 0.90;
const MEMORY_MIB: f64 = 32.0;
/// What the program beside it reads at once, as the adapter does.
const PIECE_BYTES: usize = 128 * 1024;

pub fn run(package: u64, rounds: u32) -> Result<()> {
    let place = tempfile::tempdir()?;
    let path = place.path().join("update.sgupd");
    write(&path, package)?;
    let bytes = std::fs::metadata(&path)?.len();
    let (mut plain, mut checked, mut staged) = (vec![], vec![], vec![]);
    // The first round warms up.
    for round in 0..=rounds {
        let each = [
            speed(bytes, || hash(&path))?,
            speed(bytes, || check(File::open(&path)?, Some(bytes)).map(drop).map_err(Error::other))?,
            speed(bytes, || {
                Staged::copy_file(&path, &place.path().join("import"), |_, _| ())
                    .map(drop)
                    .map_err(Error::other)
            })?,
        ];
        if round > 0 {
            plain.push(each[0]);
            checked.push(each[1]);
            staged.push(each[2]);
        }
    }
    report::ratio("stream", "MB/s", &checked, &plain, GOAL);
    report::ratio("stream-with-copy", "MB/s", &staged, &plain, None);
    let (_, peak) = memory(std::process::id())?;
    report::figure_with_goal("stream-memory", "MiB", &[peak as f64 / 1024.0], MEMORY_MIB);
    Ok(())
}

/// An update with a package of so many bytes, which are never all in memory.
fn write(path: &Path, package: u64) -> Result<()> {
    let statement = [&[0, 2, 1][..], b"{}", &[0; 64]].concat();
    let names = [EntryName::Release, EntryName::Root, EntryName::Keyset, EntryName::TenantKeyset];
    let heads = names.map(|name| Head { name, length: statement.len() as u64 });
    let heads = heads.into_iter().chain([Head { name: EntryName::Package, length: package }]);
    let layout = Layout::new(Purpose::Update, heads).map_err(Error::other)?;
    let (mut writer, mut file) = (Writer::new(&layout), BufWriter::new(File::create(path)?));
    file.write_all(writer.header())?;
    let mut put = |bytes: &[u8]| {
        writer.push(bytes).map_err(Error::other)?;
        file.write_all(bytes)
    };
    names.iter().try_for_each(|_| put(&statement))?;
    let mut piece = vec![0; PIECE_BYTES];
    let mut left = package;
    while left > 0 {
        let some = usize::try_from(left).map_or(piece.len(), |left| left.min(piece.len()));
        piece.fill_with(|| fastrand::u8(..));
        put(&piece[..some])?;
        left -= some as u64;
    }
    file.write_all(&writer.finish().map_err(Error::other)?)?;
    file.into_inner()?.sync_all()
}

/// Millions of bytes a second.
fn speed(bytes: u64, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    work()?;
    Ok(bytes as f64 / begun.elapsed().as_secs_f64() / 1e6)
}

/// The least that can be done: read the file and hash it.
fn hash(path: &Path) -> Result<()> {
    let (mut file, mut piece, mut sha256) = (File::open(path)?, vec![0; PIECE_BYTES], Sha256::new());
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            black_box(sha256.finalize());
            return Ok(());
        }
        sha256.update(&piece[..read]);
    }
}
