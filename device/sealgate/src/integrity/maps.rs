//! The system's list of what is mapped: `/proc/self/maps`, as `proc_pid_maps(5)` describes it.

use super::error::IntegrityError;

/// Lines that are read. A process has 65,530 by default.
const LINES: usize = 1 << 20;
/// What the kernel puts behind the path of a file that is not there any more.
const DELETED: &[u8] = b" (deleted)";

/// A file that is mapped as code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapped {
    /// The path as the system writes it.
    pub(super) path: Vec<u8>,
    /// The file's number on its device.
    pub(super) inode: u64,
}

impl Mapped {
    /// What the path may be: a line end in it is written as `\012`, and so are these four characters where they stand in it
    /// themselves. The system does not tell the two apart; the file's number does.
    pub(super) fn spellings(&self) -> Vec<Vec<u8>> {
        let mut unescaped = vec![];
        let mut rest = &self.path[..];
        while let Some((first, after)) = rest.split_first() {
            if let Some(behind) = rest.strip_prefix(br"\012") {
                unescaped.push(b'\n');
                rest = behind;
            } else {
                unescaped.push(*first);
                rest = after;
            }
        }
        let mut all = vec![self.path.clone()];
        if unescaped != self.path {
            all.push(unescaped);
        }
        all
    }

    /// The path under which the file was opened, where the system says that it is not there any more.
    pub(super) fn former_path(&self) -> &[u8] {
        self.path.strip_suffix(DELETED).unwrap_or(&self.path)
    }

    /// Whether the system says that the file is not there any more. A file may also be called so.
    pub(super) fn may_be_deleted(&self) -> bool {
        self.path.ends_with(DELETED)
    }
}

/// What is mapped as code and has a path. The kernel's own pages have none in the file system, nor has memory that a program fills itself.
///
/// An error where the list hides code: where there is none, or none of the dynamic linker that is mapped.
pub(super) fn code(maps: &[u8]) -> Result<Vec<Mapped>, IntegrityError> {
    let lines = maps.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let (mut found, mut linkers): (Vec<Mapped>, Vec<Vec<u8>>) = (vec![], vec![]);
    for (n, line) in lines.enumerate() {
        if n >= LINES {
            return Err(IntegrityError::Malformed);
        }
        let (rights, inode, path) = fields(line).ok_or(IntegrityError::Malformed)?;
        // `[vdso]`, `[heap]`, `[anon:…]` and the like; no file has a name that does not begin with a slash.
        let is_kernels = path.is_empty() || path[0] == b'[' || path == b"anon_inode:[perf_event]";
        if is_linker(path) {
            linkers.push(path.to_vec());
        }
        if rights[2] == b'x' && !is_kernels {
            found.push(Mapped { path: path.to_vec(), inode });
        }
    }
    let is_shown = |linker: &Vec<u8>| found.iter().any(|mapped| mapped.path == *linker);
    if found.is_empty() || !linkers.iter().all(is_shown) {
        return Err(IntegrityError::Hidden);
    }
    Ok(found)
}

/// Whether a file is called as dynamic linkers are: `ld-linux-x86-64.so.2`, `ld-musl-x86_64.so.1`.
fn is_linker(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    name.starts_with(b"ld-") && name.windows(3).any(|part| part == b".so")
}

/// The rights, the file's number and the path.
fn fields(line: &[u8]) -> Option<(&[u8], u64, &[u8])> {
    let mut fields = line.splitn(6, |byte| *byte == b' ');
    let _range = fields.next()?;
    let rights = fields.next().filter(|rights| rights.len() == 4)?;
    let (_offset, _device) = (fields.next()?, fields.next()?);
    let inode: u64 = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let path = fields.next().unwrap_or_default();
    let path = &path[path.iter().take_while(|byte| **byte == b' ').count()..];
    Some((rights, inode, path))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{IntegrityError, Mapped, code};

    #[test]
    fn code_is_found_by_its_path() {
        let maps = b"55d0-55d1 r-xp 00002000 103:02 5508   /usr/bin/a b\n\
            7f00-7f01 r--p 00000000 103:02 5509   /usr/lib/data\n\
            7f02-7f03 rwxp 00000000 00:00 0 \n\
            7f04-7f05 r-xp 00000000 00:01 77   /memfd:x (deleted)\n\
            7f06-7f07 r-xp 00000000 00:00 0    [vdso]\n";
        let found = code(maps).unwrap();
        let paths: Vec<&[u8]> = found.iter().map(|mapped| &mapped.path[..]).collect();
        assert_eq!(paths, [&b"/usr/bin/a b"[..], b"/memfd:x (deleted)"]);
        assert_eq!((found[0].inode, found[1].inode), (5508, 77));
    }

    /// What qemu-user 7.2 shows: the program perhaps, and of its libraries that they are mapped.
    #[test]
    fn a_list_that_hides_code_is_none() {
        let program = "5500-5501 r-xp 00002000 103:02 5508   /usr/bin/a\n";
        let linker = "7f00-7f01 r--p 00000000 103:02 5509   /usr/lib/ld-linux-x86-64.so.2\n";
        let is_hidden = |maps: &str| matches!(code(maps.as_bytes()), Err(IntegrityError::Hidden));
        assert!(is_hidden("") && is_hidden("ff00-ff01 --xp 00000000 00:00 0   [vsyscall]\n"));
        assert!(is_hidden(linker) && is_hidden(&format!("{program}{linker}")));
        assert!(!is_hidden(program), "a program without libraries");
        assert!(!is_hidden(&format!("{program}{linker}{}", linker.replace("r--p", "r-xp"))));
    }

    #[test]
    fn a_list_that_is_cut_off_is_no_list() {
        for maps in [&b"55d0-55d1"[..], b"55d0-55d1 r-xp 0 0:0 x /a", b"55d0-55d1 rx 0 0:0 1 /a"] {
            assert!(code(maps).is_err(), "{}", String::from_utf8_lossy(maps));
        }
    }

    #[test]
    fn a_line_end_in_a_path_may_be_meant() {
        let mapped = Mapped { path: br"/a\012b\01".to_vec(), inode: 1 };
        assert_eq!(mapped.spellings(), [br"/a\012b\01".to_vec(), b"/a\nb\\01".to_vec()]);
        let plain = Mapped { path: b"/a".to_vec(), inode: 1 };
        assert_eq!(plain.spellings(), [b"/a".to_vec()]);
    }

    proptest! {
        /// No list ends the program that reads it.
        #[test]
        fn any_list_is_read(maps in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = code(&maps);
        }
    }
}
