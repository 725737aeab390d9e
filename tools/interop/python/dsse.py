"""A DSSE verifier that we did not write, over a whole chain: from the pinned root to the license, then every flip.

Keys are found as the specification says and by nothing else: each envelope's payload lists the keys of the next.
"""

import base64
import collections
import hashlib
import json
import sys

from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

NEXT_USE = {"root": "root", "keyset": "authority", "tenant_keyset": "issuer"}


def key_of(use: str, public_key: str) -> SSlibKey:
    raw = base64.b64decode(public_key, validate=True)
    name = hashlib.sha256(b"sealgate-key-v1\0ed25519\0" + use.encode() + b"\0" + raw).hexdigest()[:32]
    return SSlibKey(name, "ed25519", "ed25519", {"public": raw.hex()})


def accept(text: bytes, keys: list) -> Envelope:
    """The envelope, or an exception."""
    envelope = Envelope.from_dict(json.loads(text))
    envelope.verify(keys, 1)
    return envelope


def keys_for_next(name: str, envelope: Envelope) -> list:
    entries = json.loads(envelope.payload)["keys"]
    if name == "root":
        return [key_of("root", root) for root in entries]
    return [key_of(entry["use"], entry["public_key"]) for entry in entries if entry["use"] == NEXT_USE[name]]


def content(envelope: Envelope) -> tuple:
    signatures = sorted((s.keyid, s.signature) for s in envelope.signatures.values())
    return envelope.payload, envelope.payload_type, signatures


def judge_flips(text: bytes, keys: list, original: Envelope, masks: list) -> dict:
    refused = collections.Counter()
    accepted = []
    for position in range(len(text)):
        for mask in masks:
            flipped = bytearray(text)
            flipped[position] ^= mask
            try:
                envelope = accept(bytes(flipped), keys)
            except Exception as error:
                refused[type(error).__name__] += 1
            else:
                accepted.append([position, mask, content(envelope) == content(original)])
    return {"refused": refused, "accepted": accepted}


def main() -> None:
    order = json.load(sys.stdin)
    keys = [key_of("root", root) for root in order["roots"]]
    report = {}
    for name in ["root", "keyset", "tenant_keyset", "license"]:
        text = order[name].encode("ascii")
        original = accept(text, keys)
        report[name] = judge_flips(text, keys, original, order["masks"])
        report[name]["payload"] = json.loads(original.payload)
        if name in NEXT_USE:
            keys = keys_for_next(name, original)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
