//! Builds the vendor's trust into the program: the file that `GUARDED_APP_TRUST` names, else the SDK's sample, which is nobody's.
#![expect(clippy::disallowed_methods, reason = "a build script reads what the build was given")]

use std::path::Path;

/// How long the trust is in the program, filled up with blanks, which JSON allows. With that, tests put their own server's trust into a
/// copy of the program without building it again. There is no other way: nothing that the program is given at run time changes it.
const ROOM: usize = 16 << 10;

fn main() {
    println!("cargo::rerun-if-env-changed=GUARDED_APP_TRUST");
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../../device/sealgate/examples/trust.json");
    let file = std::env::var("GUARDED_APP_TRUST").unwrap_or_else(|_| sample.to_owned());
    println!("cargo::rerun-if-changed={file}");
    let mut trust = std::fs::read(&file).unwrap_or_else(|why| panic!("GUARDED_APP_TRUST, {file}: {why}"));
    assert!(trust.len() <= ROOM, "{file} has {} bytes; make ROOM larger", trust.len());
    trust.resize(ROOM, b' ');
    let folder = std::env::var("OUT_DIR").expect("cargo names it");
    std::fs::write(Path::new(&folder).join("trust.json"), trust).expect("the build's own folder takes it");
}
