#!/bin/sh
# securesystemslib finds no valid signature in a DSSE envelope that leaves the key id out or empty, which the DSSE specification allows.
#
# Version: Python's securesystemslib 1.6.0 with cryptography 46.0.3.
#
# The specification of DSSE, version 1.0.2, calls `keyid` an optional hint which key made the signature, and never a reason to believe or to
# refuse anything (protocol.md). A field that is not set counts as one that is empty (envelope.md). Verification tries the keys. securesystemslib,
# the library behind the Python implementations of TUF and in-toto, skips each signature whose `keyid` is not the very text under which the
# caller holds the key. So the same signature over the same bytes counts with the caller's name of the key, and with nothing else:
#
#   the key id that the caller uses    accepted
#   another one                        VerificationError, as if nothing had been signed
#   an empty one                       VerificationError, the same
#   none at all                        KeyError: the envelope cannot even be read
#   two signatures, both empty         ValueError: "Multiple signatures found for keyid"
#
# Whoever stores signatures without key ids, to save room or because nothing may depend on them, must look up which key verifies and write
# its id back before such a reader sees the envelope. A writer and a reader that name keys differently agree on nothing.
#
# Needs: python3 with venv, pip with a network.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install -q securesystemslib==1.6.0 cryptography==46.0.3

cat >check.py <<'PYTHON'
import base64
from importlib.metadata import version

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

print("securesystemslib", version("securesystemslib"))
private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
name = "the caller's name"
key = SSlibKey(name, "ed25519", "ed25519", {"public": private.public_key().public_bytes_raw().hex()})
kind, payload = "application/vnd.example+json", b'{"hello":"world"}'
signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
sig = base64.b64encode(private.sign(signed)).decode()


def seen(*hints):
    signatures = [{"sig": sig} | ({} if hint is None else {"keyid": hint}) for hint in hints]
    text = {"payload": base64.b64encode(payload).decode(), "payloadType": kind, "signatures": signatures}
    try:
        return f"accepted, {len(Envelope.from_dict(text).verify([key], 1))} key"
    except Exception as error:
        return type(error).__name__


for what, hints, expected in [
    ("the caller's key id", [name], "accepted, 1 key"),
    ("another one", ["another"], "VerificationError"),
    ("an empty one", [""], "VerificationError"),
    ("none at all", [None], "KeyError"),
    ("two empty ones", ["", ""], "ValueError"),
]:
    found = seen(*hints)
    print(f"{what}: {found}")
    assert found == expected, f"it was: {expected}"
PYTHON
venv/bin/python check.py
