//! What is found on a machine that the test makes up, and on the one that it runs on.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use sealgate_artifact::{Module, ModuleNote};

use super::super::{
    Earlier, IntegrityError, LinuxMachine, Machine, Opened, Vendor, collect, look_at, modules,
};
use super::{Found, Why, judge};

/// A file of the made-up machine.
#[derive(Clone)]
struct Kept {
    content: Vec<u8>,
    inode: u64,
    is_administrators: bool,
}

#[derive(Default)]
struct Made {
    maps: String,
    environment: Vec<u8>,
    everywhere: Vec<u8>,
    files: BTreeMap<PathBuf, Kept>,
    links: BTreeMap<PathBuf, PathBuf>,
    writable: Vec<PathBuf>,
    executable: Option<Kept>,
}

impl Made {
    /// A file that is mapped as code.
    fn with(mut self, path: &str, content: &[u8], is_administrators: bool) -> Self {
        let inode = 100 + self.files.len() as u64;
        writeln!(self.maps, "7f00-7f01 r-xp 00000000 103:02 {inode}    {path}").expect("a string takes it");
        self.files.insert(path.into(), Kept { content: content.to_vec(), inode, is_administrators });
        self
    }

    fn mapped(mut self, inode: u64, path: &str) -> Self {
        writeln!(self.maps, "7f00-7f01 r-xp 00000000 103:02 {inode}    {path}").expect("a string takes it");
        self
    }

    fn look(&self) -> Vec<Found> {
        self.look_again(&mut Earlier::default())
    }

    fn look_again(&self, earlier: &mut Earlier) -> Vec<Found> {
        let vendor = Vendor { install_root: Path::new("/opt/editor"), signers: &["vendor-key"] };
        look_at(self, &vendor, earlier).unwrap()
    }

    fn only(&self) -> Found {
        let [found] = <[Found; 1]>::try_from(self.look()).unwrap();
        found
    }

    fn why(&self) -> Why {
        match self.only() {
            Found::Foreign { why, .. } => why,
            other => panic!("{other:?}"),
        }
    }
}

impl Machine for Made {
    fn maps(&self) -> io::Result<Vec<u8>> {
        Ok(self.maps.clone().into_bytes())
    }

    fn environment(&self) -> io::Result<Vec<u8>> {
        Ok(self.environment.clone())
    }

    fn preloaded_everywhere(&self) -> io::Result<Vec<u8>> {
        Ok(self.everywhere.clone())
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.links.get(path).cloned().unwrap_or_else(|| path.to_owned()))
    }

    fn open(&self, path: &Path) -> io::Result<Opened> {
        opened(self.files.get(path))
    }

    fn executable(&self) -> io::Result<Opened> {
        opened(self.executable.as_ref())
    }

    fn is_administrators_folder(&self, path: &Path) -> bool {
        !path.ancestors().any(|folder| self.writable.iter().any(|other| other == folder))
    }
}

fn opened(kept: Option<&Kept>) -> io::Result<Opened> {
    let kept = kept.cloned().ok_or(io::ErrorKind::NotFound)?;
    Ok(Opened {
        content: Box::new(Cursor::new(kept.content)),
        inode: kept.inode,
        is_file: true,
        is_administrators: kept.is_administrators,
    })
}

fn marked() -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(64 + 128, 0);
    for (at, value) in [(40, 64), (58, 64), (60, 2), (62, 1)] {
        file[at] = value;
    }
    ModuleNote { version: "2.1.0".to_owned(), signer: "vendor-key".to_owned() }.added_to(&file).unwrap()
}

#[test]
fn the_vendors_files_are_those_below_the_root_and_those_with_the_vendors_token() {
    let made = Made::default().with("/opt/editor/bin/editor", b"text", false).with(
        "/srv/plugin.so",
        &marked(),
        false,
    );
    let found = modules(&made.look());
    let said: Vec<_> =
        found.iter().map(|m| (m.name.as_str(), m.version.as_deref(), m.signer.as_deref())).collect();
    assert_eq!(said, [("editor", None, None), ("plugin.so", Some("2.1.0"), Some("vendor-key"))]);
    let judgement = judge(&made.look(), &found);
    assert!(judgement.is_approved());
    for wrong in [
        Module { version: Some("2.1.1".to_owned()), ..found[1].clone() },
        Module { signer: None, ..found[1].clone() },
        Module { sha256: [0; 32], ..found[1].clone() },
    ] {
        let judgement = judge(&made.look(), &[found[0].clone(), wrong]);
        assert_eq!(judgement.unapproved, found[1..]);
        assert!(!judgement.is_approved());
    }
}

/// A release lists the files of all that may run; what a program has not loaded, it cannot run.
#[test]
fn an_approved_file_that_is_not_loaded_is_no_fault() {
    let made = Made::default().with("/opt/editor/bin/editor", b"text", false);
    let found = modules(&made.look());
    let absent = Module { name: "spelling.so".to_owned(), sha256: [7; 32], ..found[0].clone() };
    assert!(judge(&made.look(), &[absent.clone(), found[0].clone()]).is_approved());
    assert!(!judge(&made.look(), &[absent]).is_approved(), "and stands in for no other");
}

#[test]
fn a_folder_whose_name_begins_like_the_root_is_not_the_vendors() {
    assert_eq!(Made::default().with("/opt/editor2/x.so", b"x", true).why(), Why::Elsewhere);
    let other = ModuleNote { version: "1".to_owned(), signer: "another-key".to_owned() };
    let file = other.added_to(&{
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(64 + 128, 0);
        for (at, value) in [(40, 64), (58, 64), (60, 2), (62, 1)] {
            file[at] = value;
        }
        file
    });
    assert_eq!(Made::default().with("/srv/x.so", &file.unwrap(), true).why(), Why::Elsewhere);
}

#[test]
fn libraries_of_the_system_are_reported_and_nothing_else_is_theirs() {
    let good = Made::default().with("/usr/lib/libc.so.6", b"c", true);
    assert_eq!(good.only(), Found::System { path: "/usr/lib/libc.so.6".into() });
    assert_eq!(judge(&good.look(), &[]).system, [PathBuf::from("/usr/lib/libc.so.6")]);
    assert!(judge(&good.look(), &[]).is_approved());
    assert_eq!(Made::default().with("/usr/lib/libc.so.6", b"c", false).why(), Why::Writable);
    let folder =
        Made { writable: vec!["/usr/lib/x".into()], ..Made::default() }.with("/usr/lib/x/a.so", b"a", true);
    assert_eq!(folder.why(), Why::Writable);
    assert_eq!(Made::default().with("/home/me/libc.so.6", b"c", true).why(), Why::Elsewhere);
    let mut linked = Made::default().with("/usr/lib/libx.so", b"x", true);
    linked.links.insert("/usr/lib/libx.so".into(), "/tmp/libx.so".into());
    assert_eq!(linked.why(), Why::Elsewhere);
}

#[test]
fn what_is_preloaded_is_foreign_wherever_it_lies() {
    let libraries = || Made::default().with("/usr/lib/libspy.so", b"spy", true);
    for environment in [
        &b"A=1\0LD_PRELOAD=/usr/lib/libspy.so\0"[..],
        b"LD_PRELOAD=/a.so:libspy.so\0",
        b"LD_PRELOAD=/usr/$LIB/libspy.so\0",
        b"LD_AUDIT=/x /usr/lib/libspy.so",
    ] {
        let made = Made { environment: environment.to_vec(), ..libraries() };
        assert_eq!(made.why(), Why::Preloaded, "{}", String::from_utf8_lossy(environment));
    }
    let made = Made { everywhere: b"# none\n/usr/lib/libspy.so\n".to_vec(), ..libraries() };
    assert_eq!(made.why(), Why::Preloaded);
    let made = Made { environment: b"XLD_PRELOAD=/usr/lib/libspy.so\0".to_vec(), ..libraries() };
    assert!(matches!(made.only(), Found::System { .. }));
}

/// A package manager puts new files in the place of those that are loaded, whose names are then gone.
#[test]
fn what_an_update_replaced_is_what_it_was() {
    let (program, library, systems) = ("/opt/editor/editor", "/opt/editor/lib.so", "/usr/lib/libc.so.6");
    let made =
        Made::default().with(program, b"one", false).with(library, b"two", false).with(systems, b"c", true);
    let mut earlier = Earlier::default();
    let before = made.look_again(&mut earlier);
    let mut updated = Made { maps: made.maps.replace('\n', " (deleted)\n"), ..Made::default() };
    for (path, kept) in &made.files {
        updated
            .files
            .insert(path.clone(), Kept { content: b"new".to_vec(), inode: kept.inode + 50, ..*kept });
    }
    for _ in 0..2 {
        assert_eq!(updated.look_again(&mut earlier), before);
    }
    // The first look of a run can read the executable alone.
    updated.executable = made.files.get(Path::new(program)).cloned();
    let first = updated.look();
    assert!(first.contains(&before[0]), "{first:?}");
    assert_eq!(
        first.iter().filter(|found| matches!(found, Found::Foreign { why: Why::Gone, .. })).count(),
        2
    );
    // What was unloaded in between is forgotten: its number may be another file's now.
    let mut other = Made::default().with("/usr/lib/other.so", b"", true);
    other.look_again(&mut earlier);
    let again = updated.look_again(&mut earlier);
    assert_eq!(again.iter().filter(|found| matches!(found, Found::Foreign { .. })).count(), 2);
    // And what was not looked at stays foreign, whatever its name.
    other = other.mapped(7, "/usr/lib/libspy.so (deleted)");
    let spied = other.look_again(&mut earlier);
    assert!(spied.iter().any(|found| matches!(found, Found::Foreign { why: Why::Gone, .. })), "{spied:?}");
}

#[test]
fn a_list_without_code_is_none() {
    let made = Made {
        maps: "7f00-7f01 r--p 00000000 103:02 9    /opt/editor/editor\n".to_owned(),
        ..Made::default()
    };
    let vendor = Vendor { install_root: Path::new("/opt/editor"), signers: &[] };
    let hidden = look_at(&made, &vendor, &mut Earlier::default());
    assert!(matches!(hidden, Err(IntegrityError::Hidden)), "{hidden:?}");
}

#[test]
fn what_nobody_can_look_at_is_foreign() {
    let gone = Made::default().mapped(9, "/opt/editor/plugin.so (deleted)");
    assert_eq!(gone.why(), Why::Gone);
    assert_eq!(Made::default().mapped(9, "/memfd:jit (deleted)").why(), Why::Gone);
    assert_eq!(Made::default().mapped(9, "/SYSV00000000 (deleted)").why(), Why::Gone);
    assert_eq!(Made::default().mapped(9, "/opt/editor/secret.so").why(), Why::Unreadable);
    assert_eq!(Made::default().mapped(9, "opt/editor/x.so").why(), Why::Relative);
    let mut replaced = Made::default().with("/opt/editor/editor", b"new", false);
    replaced.files.values_mut().for_each(|kept| kept.inode += 1);
    assert_eq!(replaced.why(), Why::Replaced);
    // A new file of the name does not stand for the one that was deleted.
    replaced.maps = replaced.maps.replace("/editor\n", "/editor (deleted)\n");
    assert_eq!(replaced.why(), Why::Gone);
    // And a file may be called so.
    let called = Made::default().with("/opt/editor/x (deleted)", b"x", false);
    assert!(matches!(called.only(), Found::Vendor { .. }));
}

#[test]
fn a_name_with_a_line_end_is_found_and_is_no_modules() {
    let mut made = Made::default().mapped(7, r"/opt/editor/a\012b");
    let kept = Kept { content: b"x".to_vec(), inode: 7, is_administrators: false };
    made.files.insert("/opt/editor/a\nb".into(), kept.clone());
    assert_eq!(made.why(), Why::Name);
    // The four characters may stand in the name themselves, but then no module has the backslash either.
    let mut made = Made::default().mapped(7, r"/opt/a\012b/editor");
    made.files.insert(r"/opt/a\012b/editor".into(), kept);
    assert_eq!(made.why(), Why::Elsewhere);
}

#[test]
fn everything_is_never_the_vendors() {
    let made = Made::default().with("/usr/bin/x", b"x", true);
    let root = |path| {
        look_at(&made, &Vendor { install_root: Path::new(path), signers: &[] }, &mut Earlier::default())
    };
    assert!(matches!(root("/"), Err(IntegrityError::InstallRoot)));
    let torn = Made { maps: "7f00".to_owned(), ..Made::default() };
    let found =
        look_at(&torn, &Vendor { install_root: Path::new("/opt/x"), signers: &[] }, &mut Earlier::default());
    assert!(matches!(found, Err(IntegrityError::Malformed)));
}

#[test]
#[cfg(target_os = "linux")]
fn this_very_program_is_found() {
    let program = Path::new("/proc/self/exe").canonicalize().unwrap();
    let root = program.parent().unwrap();
    let found = collect(root).unwrap();
    let name = program.file_name().unwrap().to_str().unwrap();
    assert!(found.iter().any(|module| module.name == name), "{found:?}");
    let all = look_at(&LinuxMachine, &Vendor { install_root: root, signers: &[] }, &mut Earlier::default())
        .unwrap();
    let is_c =
        |found: &&Found| matches!(found, Found::System { path } if path.to_string_lossy().contains("libc"));
    let is_static = cfg!(target_env = "musl");
    assert!(is_static || all.iter().any(|found| is_c(&found)), "{all:?}");
    assert!(judge(&all, &found).unapproved.is_empty());
}
