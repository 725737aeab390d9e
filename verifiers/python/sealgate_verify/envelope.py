"""DSSE envelopes, bare or with attachments (`spec/envelope.md` §1, §6). Decoding believes nothing."""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

from . import strict_json
from .errors import Refused, demand

ENVELOPE_BYTES = 16_384
CARRIER_BYTES = 1_500_000
PAYLOAD_BYTES = 3_800
ATTACHMENT_BYTES = 262_144
KEYID_BYTES = 64
INVALID = "envelope_invalid"


@dataclass
class Envelope:
    payload_type: str
    payload: bytes
    signatures: list

    def signed_bytes(self) -> bytes:
        """§1.5: DSSE's pre-authentication encoding."""
        kind = self.payload_type.encode("utf-8")
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)


@dataclass
class Carrier:
    envelope: Envelope
    attachments: list = field(default_factory=list)


def decode_envelope(data: bytes) -> Envelope:
    """`spec/envelope.md` §1.1, §1.2"""
    demand(len(data) <= ENVELOPE_BYTES, "artifact_too_large")
    return _envelope(strict_json.parse(data))


def decode_carrier(data: bytes) -> Carrier:
    """`spec/envelope.md` §6.2: an object that has a field `statement` carries attachments, everything else is a bare envelope."""
    demand(len(data) <= CARRIER_BYTES, "artifact_too_large")
    value = strict_json.parse(data)
    if not isinstance(value, dict) or "statement" not in value:
        demand(len(data) <= ENVELOPE_BYTES, "artifact_too_large")
        return Carrier(_envelope(value))
    demand(value.keys() == {"statement", "attachments"}, INVALID)
    attachments = value["attachments"]
    demand(isinstance(attachments, list) and 1 <= len(attachments) <= 4, INVALID)
    demand(all(isinstance(text, str) for text in attachments), INVALID)
    return Carrier(_envelope(value["statement"]), [_attachment(text) for text in attachments])


def decode_base64(text: str, code: str = "base64_invalid") -> bytes:
    """§1.3: standard alphabet, padded, in its only spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Refused(code) from None
    demand(base64.b64encode(data).decode("ascii") == text, code)
    return data


def statement_id(envelope: Envelope) -> str:
    """§2.3"""
    return hashlib.sha256(envelope.signed_bytes()).hexdigest()


def _envelope(value) -> Envelope:
    demand(isinstance(value, dict) and value.keys() == {"payloadType", "payload", "signatures"}, INVALID)
    kind, payload, signatures = value["payloadType"], value["payload"], value["signatures"]
    demand(isinstance(kind, str) and isinstance(payload, str), INVALID)
    payload = decode_base64(payload)
    demand(len(payload) <= PAYLOAD_BYTES, "artifact_too_large")
    demand(isinstance(signatures, list) and 1 <= len(signatures) <= 24, INVALID)
    return Envelope(kind, payload, [_signature(entry) for entry in signatures])


def _signature(entry) -> bytes:
    demand(isinstance(entry, dict) and entry.keys() == {"keyid", "sig"}, INVALID)
    demand(isinstance(entry["keyid"], str) and isinstance(entry["sig"], str), INVALID)
    demand(len(entry["keyid"].encode("utf-8")) <= KEYID_BYTES, "artifact_too_large")
    return decode_base64(entry["sig"])


def _attachment(text: str) -> bytes:
    data = decode_base64(text)
    demand(len(data) <= ATTACHMENT_BYTES, "artifact_too_large")
    return data
