"""The verification snippet for Python, over raw public keys."""

import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def verify(public_key_bytes: bytes, payload: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key_bytes).verify(signature, payload)
        return True
    except InvalidSignature:
        return False


def main() -> None:
    verdicts = [
        verify(
            base64.b64decode(question["public_key"], validate=True),
            question["payload"].encode("ascii"),
            base64.b64decode(question["signature"], validate=True),
        )
        for question in json.load(sys.stdin)
    ]
    print(json.dumps(verdicts))


if __name__ == "__main__":
    main()
