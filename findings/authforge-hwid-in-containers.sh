#!/bin/sh
# AuthForge's SDKs agree on a machine's hwid only where the machine has a machine id.
#
# Versions: crate authforge 2.0.0, PyPI authforge-sdk 2.0.0, on Linux.
#
# Both say that "every SDK derives the same value". They do, from /etc/machine-id. Container images are shipped with that file empty
# or missing. Then each SDK falls back to a fingerprint of its own: the Rust client hashes the host's name, the system's and a MAC
# address; the Python client hashes a MAC address, the processor and the disk. So on one machine without an id
#   - a product that is part Rust, part Python takes two seats, and
#   - the Rust client takes another seat under each new host name, which is what each start of a container brings. Python's does not.
# No warning is printed, and `hwid()` / `get_hwid()` look alike (64 hex digits). `hwid_override` is the way out.
#
# Seen (the values are hashes and differ from machine to machine, which of them are equal does not):
#   with a machine id:               rust == python
#   without, host name "first":      rust != python
#   without, host name "second":     rust changed, python did not
#
# Needs: cargo, python3 with venv, unshare (util-linux) with the right to make namespaces, a network for the packages.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'authforge-sdk==2.0.0' 'cryptography==50.0.2'

mkdir -p rust/src
cat > rust/Cargo.toml <<'TOML'
[package]
name = "hwid"
version = "0.0.0"
edition = "2021"

[dependencies]
authforge = "=2.0.0"
TOML
cat > rust/src/main.rs <<'RUST'
fn main() {
    let config = authforge::AuthForgeConfig {
        app_id: "editor".into(),
        app_secret: "secret".into(),
        public_keys: vec![std::env::args().nth(1).expect("a public key")],
        on_failure: Some(Box::new(|_| {})),
        ..Default::default()
    };
    println!("{}", authforge::AuthForgeClient::new(config).hwid());
}
RUST
(cd rust && cargo build --quiet --target-dir "$work/target")

cat > hwid.py <<'PY'
import sys
from authforge import AuthForgeClient

print(AuthForgeClient("editor", "secret", sys.argv[1], on_failure=lambda *_: None).get_hwid())
PY

# Any valid Ed25519 public key: that of RFC 8032, section 7.1, test 1.
key='11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='
: > empty
printf '0123456789abcdef0123456789abcdef\n' > id

# machine FILE NAME COMMAND...: runs it where FILE is the machine id and NAME the host's name.
machine() {
    file=$1 name=$2
    shift 2
    for place in /etc/machine-id /var/lib/dbus/machine-id; do
        [ -e "$place" ] || continue
        set -- sh -c 'mount --bind "$0" "$1" && shift && exec "$@"' "$work/$file" "$place" "$@"
    done
    unshare --map-root-user --mount --uts sh -c 'hostname "$0" && exec "$@"' "$name" "$@"
}
rust() { machine "$1" "$2" target/debug/hwid "$key"; }
python() { machine "$1" "$2" venv/bin/python hwid.py "$key"; }

fail() {
    echo "changed: $1" >&2
    exit 1
}

known_rust=$(rust id first) known_python=$(python id first)
echo "with a machine id:           rust $known_rust"
echo "                             python $known_python"
[ "$known_rust" = "$known_python" ] || fail 'the SDKs disagree where there is a machine id'
[ "$known_rust" = "$(rust id second)" ] || fail 'the host name counts beside a machine id'

first_rust=$(rust empty first) first_python=$(python empty first)
echo "without, host name 'first':  rust $first_rust"
echo "                             python $first_python"
[ "$first_rust" != "$first_python" ] || fail 'the SDKs agree where there is no machine id'

second_rust=$(rust empty second) second_python=$(python empty second)
echo "without, host name 'second': rust $second_rust"
echo "                             python $second_python"
[ "$first_rust" != "$second_rust" ] || fail "the Rust client's hwid no longer changes with the host name"
[ "$first_python" = "$second_python" ] || fail "the Python client's hwid changes with the host name"
