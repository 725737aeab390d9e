"""Verifies Sealgate's statements with nothing but a stock Ed25519. The law is the folder `spec/`."""

from .chain import Pins, follow, verify_chain, verify_license
from .conditions import Policies
from .envelope import Carrier, decode_base64, decode_carrier, decode_envelope, statement_id
from .errors import Refused
from .statements import in_force
from .trust_file import TrustFile

__all__ = [
    "Carrier", "Pins", "Policies", "Refused", "TrustFile", "decode_base64", "decode_carrier", "decode_envelope", "follow",
    "in_force", "statement_id", "verify_chain", "verify_license",
]
