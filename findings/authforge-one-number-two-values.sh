#!/bin/sh
# AuthForge's Rust and Python clients read different numbers from the same signed file.
#
# Versions: crate authforge 2.0.0 (with the newest serde_json 1), PyPI authforge-sdk 2.0.0.
#
# A variable may be a number with a fraction. JavaScript and Python write 3 * 0.07 as 0.21000000000000002: 17 digits, because so many are
# needed to tell that double from its neighbours. The Python client reads the double that was meant. The Rust client reads numbers by
# serde_json, which by default (without its feature `float_roundtrip`) takes a shorter way for more digits than a double surely
# holds, and may end at the neighbour. So both accept the file, and a price, rate or factor in it is not the same number in both: a comparison
# for equality, a sum or a hash of it differs between two programs of one vendor.
#
# Seen (of the 300 products of 1 to 100 with 0.07, 0.1 and 1.1):
#   up to 15 digits:   all alike
#   16 or 17 digits:   45 of 140 differ, such as 0.21000000000000002, which the Rust client reads as 0.21
#
# What follows for whoever signs numbers that others read: allow at most 15 digits. Every reader of doubles gets those right.
#
# Needs: cargo, python3 with venv, a network for the packages.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'authforge-sdk==2.0.0' 'cryptography==50.0.2'

cat > make.py <<'PY'
import base64
import json
import textwrap

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

key = Ed25519PrivateKey.generate()
numbers = [float(f"{n * tenth / 100:.12g}") for n in range(1, 101) for tenth in (7, 10, 110)]
numbers += [n * factor for n in range(1, 101) for factor in (0.07, 0.1, 1.1)]
payload = {
    "v": 1, "typ": "authforge-license", "appId": "editor", "licenseKey": "KEY", "jti": "file-1", "kid": "key-1",
    "issuedAt": "2026-01-01T00:00:00.000Z", "expiresAt": None, "hwid": {"mode": "any"},
    "licenseVariables": {repr(number): number for number in numbers if number != int(number)},
}
text = base64.b64encode(json.dumps(payload, separators=(",", ":")).encode()).decode()
signature = base64.b64encode(key.sign(text.encode())).decode()
with open("editor.authforge", "w") as file:
    file.write("-----BEGIN AUTHFORGE LICENSE-----\nVersion: 1\n\n")
    file.write("\n".join(textwrap.wrap(text, 64)) + "\n-----END AUTHFORGE LICENSE-----\n")
    file.write("-----BEGIN AUTHFORGE SIGNATURE-----\n")
    file.write("\n".join(textwrap.wrap(signature, 64)) + "\n-----END AUTHFORGE SIGNATURE-----\n")
public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
print(base64.b64encode(public).decode())
PY

# Both print one line for each variable: its name, which is how it was written, and the bits of the double that the client gives.
cat > read.py <<'PY'
import struct
import sys

from authforge import verify_license_file

read = verify_license_file(open("editor.authforge").read(), "editor", sys.argv[1], "any")
assert read["ok"], read
for name, number in sorted(read["license"]["license_variables"].items()):
    print(name, struct.pack(">d", number).hex())
PY

mkdir -p rust/src
cat > rust/Cargo.toml <<'TOML'
[package]
name = "read"
version = "0.0.0"
edition = "2021"

[dependencies]
authforge = "=2.0.0"
TOML
cat > rust/src/main.rs <<'RUST'
fn main() {
    let text = std::fs::read_to_string("editor.authforge").expect("a file");
    let options = authforge::VerifyLicenseFileOptions {
        app_id: "editor".into(),
        public_keys: vec![std::env::args().nth(1).expect("a public key")],
        hwid: Some("any".into()),
        now_epoch_ms: Some(1_800_000_000_000),
    };
    let read = authforge::verify_license_file(&text, &options).expect("accepted");
    let mut lines: Vec<String> = read.license_variables.expect("variables").iter()
        .map(|(name, number)| format!("{name} {:016x}", number.as_f64().expect("a number").to_bits()))
        .collect();
    lines.sort();
    println!("{}", lines.join("\n"));
}
RUST
(cd rust && cargo build --quiet --target-dir "$work/target")

key=$(venv/bin/python make.py)
venv/bin/python read.py "$key" | LC_ALL=C sort > python.txt
target/debug/read "$key" | LC_ALL=C sort > rust.txt

fail() {
    echo "changed: $1" >&2
    exit 1
}

# Names of more than 15 digits (leading zeros and the point aside), and the others.
long() { awk '{ digits = $1; gsub(/[.-]/, "", digits); sub(/^0+/, "", digits); if (length(digits) > 15) print }' "$1"; }
short() { awk '{ digits = $1; gsub(/[.-]/, "", digits); sub(/^0+/, "", digits); if (length(digits) <= 15) print }' "$1"; }
for client in python rust; do
    long $client.txt > $client.long
    short $client.txt > $client.short
done
differ=$(diff python.long rust.long | grep -c '^<' || true)
echo "up to 15 digits: $(wc -l < python.short) numbers, $(diff python.short rust.short | grep -c '^<' || true) of them read differently"
echo "16 or 17 digits: $(wc -l < python.long) numbers, $differ of them read differently"
grep '^0.21000000000000002 ' python.txt rust.txt
cmp -s python.short rust.short || fail 'numbers of up to 15 digits differ'
[ "$differ" -gt 0 ] || fail 'the clients read the same numbers'
