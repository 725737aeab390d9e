//! Real folders: what is found in them, and what is left alone.
#![expect(clippy::disallowed_methods, reason = "tests make files of their own")]

use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::Path;

use sealgate::bundle_search::{BundleSearch, Candidate, Candidates, Source, Why};

/// Looks into one folder alone.
fn found(folder: &Path) -> Candidates {
    BundleSearch::new().without_program_folder().without_drives().folder(folder).find()
}

fn names(found: &Candidates) -> Vec<&str> {
    found.files.iter().filter_map(|file| file.path().file_name()?.to_str()).collect()
}

#[test]
fn a_folder_gives_its_license_files_in_the_order_of_their_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    for name in ["b.sglic", "A.SGLIC", "c.sglic.txt", "sglic", ".sglic", "d.sgsnap"] {
        std::fs::write(at(name), "x").expect("written");
    }
    std::fs::create_dir(at("e.sglic")).expect("made");
    std::fs::create_dir(at("below")).expect("made");
    std::fs::write(at("below/f.sglic"), "x").expect("written");
    std::fs::write(at("empty.sglic"), "").expect("written");
    std::fs::File::create(at("large.sglic")).expect("made").set_len((16 << 20) + 1).expect("a hole");
    let found = found(folder.path());
    assert_eq!(names(&found), ["A.SGLIC", "b.sglic"]);
    assert!(found.files.iter().all(|file| file.source() == Source::Folder && file.bytes() == 1));
    let sizes = found.overlooked.iter().filter(|it| matches!(it.why, Why::Size(_)));
    assert_eq!(sizes.count(), 2, "{:?}", found.overlooked);
}

/// A configured folder may be made of links; they count as what they lead to.
#[test]
fn a_link_in_a_configured_folder_counts_as_its_file_and_a_pipe_as_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("data"), "contents").expect("written");
    symlink(at("data"), at("link.sglic")).expect("linked");
    symlink(at("nowhere"), at("gone.sglic")).expect("linked");
    let pipe = std::process::Command::new("mkfifo").arg(at("pipe.sglic")).status().expect("mkfifo");
    assert!(pipe.success());
    let found = found(folder.path());
    assert_eq!(names(&found), ["link.sglic"]);
    let file = &found.files[0];
    assert_eq!(file.read().expect("a file"), b"contents");
    // What took its place since holds nobody.
    std::fs::rename(at("pipe.sglic"), at("link.sglic")).expect("moved");
    assert_eq!(file.read().expect_err("a pipe").kind(), ErrorKind::InvalidInput);
}

#[test]
fn what_was_named_comes_first_also_where_it_lies_in_a_place_that_is_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    for name in ["a.sglic", "b.sglic", "odd name"] {
        std::fs::write(at(name), "x").expect("written");
    }
    let search = BundleSearch::new().without_drives().program_folder(folder.path());
    let found = search.file(at("b.sglic")).file(at("odd name")).file(at("none")).file(folder.path()).find();
    assert_eq!(names(&found), ["b.sglic", "odd name", "a.sglic"]);
    let sources: Vec<Source> = found.files.iter().map(Candidate::source).collect();
    assert_eq!(sources, [Source::Named, Source::Named, Source::BesideProgram]);
    assert!(matches!(&found.overlooked[0].why, Why::Unreadable(why) if why.kind() == ErrorKind::NotFound));
    assert_eq!(found.overlooked.len(), 2, "a folder is no file: {:?}", found.overlooked);
}

/// The folder of this very program, and the machine's drives.
#[test]
fn a_search_looks_beside_the_program() {
    let own = std::env::current_exe().expect("this program");
    let license = tempfile::Builder::new()
        .suffix(".sglic")
        .tempfile_in(own.parent().expect("a folder"))
        .expect("its own folder takes it");
    std::fs::write(license.path(), "x").expect("written");
    let found = BundleSearch::new().program_folder(own.parent().expect("a folder")).find();
    let own = found.files.iter().find(|file| file.path() == license.path()).expect("it is found");
    assert_eq!(own.source(), Source::BesideProgram);
}
