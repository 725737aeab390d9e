#!/bin/sh
# TUF metadata that names a file with a decomposed letter is signed and verified by python-tuf, and refused by tough.
#
# Versions: PyPI tuf 7.0.1 with securesystemslib 1.6.0; crate tough 0.24.0 with olpc-cjson 0.1.4.
#
# Both sign and verify "canonical JSON". tough's writer brings every string to Unicode's form C first, python-tuf's writes strings as they
# are. A letter with an accent can be one code point (form C) or two (form D, as file names come from macOS's tools). With the second
# one the two libraries have different bytes to verify, so an honest repository's metadata has, to tough, no valid signature. The
# error speaks of the threshold and keys, not of text.
#
# Seen:
#   caf + U+00E9         (form C): python-tuf verifies, tough verifies
#   cafe + U+0301        (form D): python-tuf verifies, tough: "Signature threshold of 1 not met for role targets (0 valid signatures)"
#
# What follows for whoever signs JSON that others verify: sign the bytes that are sent, or allow names in form C only.
#
# Needs: cargo, a C compiler and cmake (for tough's cryptography), python3 with venv, a network for the packages.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'tuf==7.0.1' 'securesystemslib==1.6.0' 'cryptography==50.0.2'

cat > sign.py <<'PY'
import datetime

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, TargetFile, Targets

end = datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)
signer = CryptoSigner.generate_ed25519()
root = Root(expires=end)
for role in ("root", "timestamp", "snapshot", "targets"):
    root.add_key(signer.public_key, role)
signed_root = Metadata(root)
signed_root.sign(signer)
signed_root.to_file("root.json")
for form, name in (("c", "caf\u00e9.bin"), ("d", "cafe\u0301.bin")):
    signed = Metadata(Targets(expires=end, targets={name: TargetFile.from_data(name, b"program", ["sha256"])}))
    signed.sign(signer)
    signed.to_file(form + ".json")
    root.verify_delegate("targets", Metadata.from_file(form + ".json").signed_bytes, signed.signatures)
    print("form", form.upper() + ": python-tuf verifies")
PY

mkdir -p rust/src
cat > rust/Cargo.toml <<'TOML'
[package]
name = "judge"
version = "0.0.0"
edition = "2021"

[dependencies]
tough = "=0.24.0"
olpc-cjson = "=0.1.4"
serde_json = "1"
TOML
cat > rust/src/main.rs <<'RUST'
use tough::schema::{Root, Signed, Targets};

fn main() {
    let read = |name: &str| std::fs::read_to_string(name).expect("a file");
    let root: Signed<Root> = serde_json::from_str(&read("root.json")).expect("a root");
    root.signed.verify_role(&root).expect("the root verifies");
    for form in ["c", "d"] {
        let targets: Signed<Targets> = serde_json::from_str(&read(&format!("{form}.json"))).expect("targets");
        let said = match root.signed.verify_role(&targets) {
            Ok(()) => "verifies".to_owned(),
            Err(error) => error.to_string(),
        };
        println!("form {}: tough {said}", form.to_uppercase());
    }
}
RUST
(cd rust && cargo build --quiet --target-dir "$work/target")

venv/bin/python sign.py | tee said
target/debug/judge | tee -a said

for line in 'form C: python-tuf verifies' 'form D: python-tuf verifies' 'form C: tough verifies' 'form D: tough Signature threshold'; do
    grep -q "^$line" said || {
        echo "changed: no line '$line'" >&2
        exit 1
    }
done
