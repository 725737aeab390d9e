//! Which drives can be taken out, by the system's own list: `/proc/self/mountinfo`, as `proc_pid_mountinfo(5)` describes it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Lines that are read. The kernel allows 100,000 mounts in a namespace.
const LINES: usize = 100_000;
/// Desktops mount here what somebody puts in, also a disk that does not say it can be taken out.
const USUAL: [&str; 2] = ["/media", "/run/media"];
/// Looking at one mounts whatever it stands for.
const AUTOMATIC: &[u8] = b"autofs";

/// The number of a block device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) major: u32,
    pub(super) minor: u32,
}

#[derive(Debug, PartialEq, Eq)]
struct Mount {
    device: Device,
    /// What of the file system is mounted.
    root: Vec<u8>,
    point: PathBuf,
    kind: Vec<u8>,
}

/// Where drives are mounted that can be taken out, each once, in the order in which they were mounted.
pub(super) fn removable(mounts: &[u8], is_removable: impl Fn(Device) -> bool) -> Vec<PathBuf> {
    let mut seen: Vec<Mount> = vec![];
    for mount in mounts.split(|byte| *byte == b'\n').take(LINES).filter_map(mount) {
        // What is mounted over another one hides it.
        seen.retain(|earlier| earlier.point != mount.point);
        seen.push(mount);
    }
    let is_usual = |point: &Path| {
        USUAL.iter().any(|folder| point.strip_prefix(folder).is_ok_and(|rest| rest != Path::new("")))
    };
    seen.retain(|mount| {
        let is_drive = is_usual(&mount.point) || is_removable(mount.device);
        is_drive && mount.kind != AUTOMATIC && mount.point != Path::new("/")
    });
    let mut found: Vec<Mount> = vec![];
    for mount in seen {
        if !found.iter().any(|first| (first.device, &first.root) == (mount.device, &mount.root)) {
            found.push(mount);
        }
    }
    found.into_iter().map(|mount| mount.point).collect()
}

/// `None` where the line is no mount.
fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let (_id, _parent) = (fields.next()?, fields.next()?);
    let device = device(fields.next()?)?;
    let (root, point) = (unescaped(fields.next()?), unescaped(fields.next()?));
    let _options = fields.next()?;
    // Any number of optional fields, and then a hyphen.
    fields.find(|field| *field == b"-")?;
    let kind = fields.next()?.to_vec();
    let point = PathBuf::from(OsString::from_vec(point));
    point.is_absolute().then_some(Mount { device, root, point, kind })
}

fn device(field: &[u8]) -> Option<Device> {
    let (major, minor) = std::str::from_utf8(field).ok()?.split_once(':')?;
    Some(Device { major: major.parse().ok()?, minor: minor.parse().ok()? })
}

/// The kernel writes blanks, tabs, line ends and backslashes as a backslash and three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..3).filter(|_| *first == b'\\').and_then(octal);
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[3..] } else { after };
    }
    bytes
}

fn octal(digits: &[u8]) -> Option<u8> {
    let digit = |value: u32, digit: &u8| Some(value * 8 + char::from(*digit).to_digit(8)?);
    u8::try_from(digits.iter().try_fold(0, digit)?).ok()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::{Device, removable, unescaped};

    /// As a machine with a stick, a disk in a case, a share and a disc writes it.
    const LIST: &str = "\
        22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\n\
        24 22 0:22 / /proc rw,nosuid shared:13 - proc proc rw\n\
        40 22 0:40 / /media/auto rw - autofs systemd-1 rw\n\
        301 22 8:17 / /mnt/stick rw,relatime shared:150 master:3 - vfat /dev/sdb1 rw,fmask=0022\n\
        302 22 8:33 / /run/media/ann/My\\040Disk\\134\\0111 rw - exfat /dev/sdc1 rw\n\
        303 22 11:0 / /mnt/disc ro - iso9660 /dev/sr0 ro\n\
        304 22 0:55 / /media/ann/share rw - cifs //server/share rw\n\
        305 22 8:1 / /boot rw - vfat /dev/sda1 rw\n";

    fn found(list: &str) -> Vec<PathBuf> {
        let says = |device: Device| matches!((device.major, device.minor), (8, 16..32) | (11, 0));
        removable(list.as_bytes(), says)
    }

    fn paths(paths: &[&str]) -> Vec<PathBuf> {
        paths.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn drives_are_what_can_be_taken_out_and_what_lies_in_the_usual_folders() {
        let all = ["/mnt/stick", "/run/media/ann/My Disk\\\t1", "/mnt/disc", "/media/ann/share"];
        assert_eq!(found(LIST), paths(&all));
        assert_eq!(removable(LIST.as_bytes(), |_| false), paths(&[all[1], all[3]]));
    }

    #[test]
    fn a_drive_that_is_mounted_twice_is_looked_at_once() {
        let twice =
            "301 22 8:17 / /mnt/a rw - vfat /dev/sdb1 rw\n302 22 8:17 / /media/b rw - vfat /dev/sdb1 rw\n";
        assert_eq!(found(twice), paths(&["/mnt/a"]));
        // Two folders of one drive are two places.
        let parts = twice.replace("8:17 / /media/b", "8:17 /b /media/b");
        assert_eq!(found(&parts), paths(&["/mnt/a", "/media/b"]));
        // What is mounted over a drive hides it.
        let hidden =
            "301 22 8:17 / /mnt/a rw - vfat /dev/sdb1 rw\n302 301 8:2 / /mnt/a rw - ext4 /dev/sda2 rw\n";
        assert_eq!(found(hidden), paths(&[]));
    }

    #[test]
    fn a_system_that_was_started_from_a_stick_is_no_drive() {
        let live = "22 1 8:17 / / rw - ext4 /dev/sdb1 rw\n23 22 8:33 / /media rw - ext4 /dev/sdc1 rw\n";
        assert_eq!(found(live), paths(&[]));
    }

    #[test]
    fn an_escape_is_a_backslash_and_three_octal_digits() {
        for (written, is) in [
            (r"a\040b", &b"a b"[..]),
            (r"\134040", br"\040"),
            (r"\400", br"\400"),
            (r"\8", br"\8"),
            (r"\04", br"\04"),
            (r"x\", br"x\"),
        ] {
            assert_eq!(unescaped(written.as_bytes()), is, "{written}");
        }
    }

    proptest! {
        /// No list ends the program that reads it, and every place is named from the root.
        #[test]
        fn any_list_is_read(list in "([0-9 ]{0,4}|8:17|/|/media/a|\\\\040|-|vfat|\n| ){0,60}") {
            prop_assert!(found(&list).iter().all(|point| point.is_absolute()));
        }

        /// What the kernel escapes comes back.
        #[test]
        fn escapes_are_undone(name: Vec<u8>) {
            let escaped: Vec<u8> = name.iter().flat_map(|byte| match byte {
                b' ' | b'\t' | b'\n' | b'\\' | b'#' => format!("\\{byte:03o}").into_bytes(),
                byte => vec![*byte],
            }).collect();
            prop_assert_eq!(unescaped(&escaped), name);
        }
    }
}
