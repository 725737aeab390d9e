//! Trust that the vendor stamped into this program: `trust.json`, its length as eight bytes (little-endian) and [`MARK`], behind the
//! end of the executable file. Whoever can change that file can change all that the program does.
#![expect(clippy::disallowed_methods, reason = "the program reads its own file")]

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The last bytes of a stamped program.
const MARK: &[u8; 16] = b"sglic trust v1\0\n";
const TAIL: [u8; 24] = [0; 24];
/// A `trust.json` has a few KiB. Blocks memory exhaustion by a file that only looks stamped.
const MOST: u64 = 1024 * 1024;

/// The stamp, if there is one.
pub(crate) fn read() -> io::Result<Option<Vec<u8>>> {
    // On Linux the file that runs, also where another took its place since.
    let own = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    of(&mut File::open(own)?)
}

fn of(program: &mut (impl Read + Seek)) -> io::Result<Option<Vec<u8>>> {
    let end = program.seek(SeekFrom::End(0))?;
    let Some(tail_at) = end.checked_sub(TAIL.len() as u64) else { return Ok(None) };
    program.seek(SeekFrom::Start(tail_at))?;
    let mut tail = TAIL;
    program.read_exact(&mut tail)?;
    let (length, mark) = tail.split_first_chunk::<8>().expect("it has 24 bytes");
    if mark != MARK {
        return Ok(None);
    }
    let length = u64::from_le_bytes(*length);
    let begin = tail_at.checked_sub(length).filter(|_| length <= MOST);
    let begin = begin.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the stamp is damaged"))?;
    program.seek(SeekFrom::Start(begin))?;
    let mut stamp = Vec::new();
    program.take(length).read_to_end(&mut stamp)?;
    Ok(Some(stamp))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{MARK, of};

    fn stamped(length: u64) -> Vec<u8> {
        [b"program{}".as_slice(), &length.to_le_bytes(), MARK].concat()
    }

    #[test]
    fn a_stamp_is_what_stands_behind_the_program() {
        assert_eq!(of(&mut Cursor::new(b"".as_slice())).expect("read"), None);
        assert_eq!(of(&mut Cursor::new([7; 100].as_slice())).expect("read"), None);
        assert_eq!(of(&mut Cursor::new(stamped(2))).expect("read").as_deref(), Some(b"{}".as_slice()));
        for length in [10, u64::MAX, 1 << 40] {
            of(&mut Cursor::new(stamped(length))).expect_err("longer than the program");
        }
    }
}
