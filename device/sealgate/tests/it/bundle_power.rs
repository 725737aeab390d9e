//! The power fails while a bundle is activated: the old one counts, or the new one, and always one of them.
#![expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]

use std::collections::BTreeMap;
use std::path::Path;

use sealgate::guard::Standing;

use crate::bundle::{activate, bundle, client, file, guard, own};
use crate::snapshot::{Station, put};

type Files = BTreeMap<String, Vec<u8>>;

/// The files of the state, by their names.
fn files(folder: &Path) -> Files {
    let entries = std::fs::read_dir(folder).expect("ours").map(|entry| entry.expect("one").path());
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let there = entries.filter(|path| path.is_file());
    there.map(|path| (name(&path), std::fs::read(&path).expect("it reads"))).collect()
}

fn put_back(folder: &Path, there: &Files) {
    for name in files(folder).into_keys() {
        std::fs::remove_file(folder.join(name)).expect("ours");
    }
    for (name, bytes) in there {
        put(&folder.join(name), bytes);
    }
}

/// The serial of the bundle by which a program starts.
fn starts_by(station: &Station) -> u64 {
    let kept = client(station).bundle().expect("it verifies").expect("one is kept");
    assert_eq!(guard(station).state().standing, Standing::Licensed);
    kept.says.serial
}

#[test]
fn a_write_that_is_cut_anywhere_leaves_the_old_or_the_new_bundle() {
    let station = Station::new(None);
    activate(&client(&station), &file(&bundle(&station, 1, own(&client(&station))))).expect("activated");
    let folder = station.folder();
    let old = files(&folder);
    activate(&client(&station), &file(&bundle(&station, 2, own(&client(&station))))).expect("activated");
    let new = files(&folder);
    let changed: Vec<&String> = new.keys().filter(|name| old.get(*name) != new.get(*name)).collect();
    assert_eq!(changed, ["state.0", "state.1"], "both copies, one after the other");

    // While the copy is written under another name.
    for name in &changed {
        let whole = &new[*name];
        for cut in (0..whole.len()).step_by(499).chain([whole.len()]) {
            let mut there = old.clone();
            there.insert("state.new".to_owned(), whole[..cut].to_vec());
            put_back(&folder, &there);
            assert_eq!(starts_by(&station), 1, "{name} {cut}");
        }
    }
    // Between the two, in either order; and a copy of which the disk kept a part alone, beside one that is whole.
    for name in &changed {
        let mut there = old.clone();
        there.insert((*name).clone(), new[*name].clone());
        put_back(&folder, &there);
        assert_eq!(starts_by(&station), 2, "{name}");
        let other = changed.iter().find(|other| other != &name).expect("two");
        for cut in (0..new[*other].len()).step_by(1_999) {
            let mut torn = there.clone();
            torn.insert((*other).clone(), new[*other][..cut].to_vec());
            put_back(&folder, &torn);
            assert_eq!(starts_by(&station), 2, "{name} {cut}");
            torn.insert((*name).clone(), old[*name].clone());
            put_back(&folder, &torn);
            assert_eq!(starts_by(&station), 1, "{name} {cut}");
        }
    }
    // And the file can be activated again afterwards.
    put_back(&folder, &old);
    activate(&client(&station), &file(&bundle(&station, 2, own(&client(&station))))).expect("activated");
    assert_eq!(starts_by(&station), 2);
}
