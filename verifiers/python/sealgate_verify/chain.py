"""From pinned roots to a license (`spec/keys.md` §4): every level by the same function, and no other way."""

from dataclasses import dataclass
from typing import Optional

from . import ed25519, statements
from .conditions import Policies
from .envelope import Carrier, Envelope, decode_carrier, decode_envelope, statement_id
from .errors import Refused, demand

DAY = 86_400
ROOT_STATEMENTS = 1_024
PAYLOAD_TYPE = "application/vnd.sealgate.%s.v1+json"


@dataclass
class Pins:
    """Root keys that a program or a person trusts from the start; a person knows no version."""

    keys: list
    threshold: int
    version: Optional[int] = None


@dataclass
class Verified:
    statement: dict
    id: str


def verify(kind: str, carrier: Carrier, keys: list, threshold: int) -> Verified:
    """`spec/envelope.md` §5.3 to §5.5: signers are counted, not signatures; then the payload is read, once."""
    envelope, message = carrier.envelope, carrier.envelope.signed_bytes()
    signed = [key for key in keys if any(ed25519.verify(key, message, s) for s in envelope.signatures)]
    demand(signed != [], "signature_invalid")
    demand(len(signed) >= threshold, "threshold_not_met")
    return Verified(statements.read(kind, envelope.payload, carrier.attachments), statement_id(envelope))


def verify_chain(pins: Pins, roots: list, keyset: bytes, tenant_keyset: bytes, tenant, now: int):
    """`spec/keys.md` §4.1: the last root statement, keyset and tenant keyset, with the keys seen so far."""
    root, seen = follow(pins, roots, now)
    keyset = verify("keyset", _claim("keyset", keyset), root.statement["keys"], root.statement["threshold"])
    _check_window("keyset", keyset.statement, now)
    seen = _admitted(seen, [record["public_key"] for record in keyset.statement["keys"]])
    authorities = _signers(keyset.statement, "authority")
    tenant_keyset = verify("tenant-keyset", _claim("tenant-keyset", tenant_keyset), authorities, 1)
    demand(tenant is None or tenant_keyset.statement["tenant"] == tenant, "wrong_tenant")
    _check_window("keyset", tenant_keyset.statement, now)
    _admitted(seen, [record["public_key"] for record in tenant_keyset.statement["keys"]])
    return root, keyset, tenant_keyset


def verify_license(tenant_keyset: Verified, license: bytes, app, policies=Policies.REFUSED) -> Verified:
    """`spec/license.md` §2.14, §2.2, §2.1. Who says `Policies.ENFORCED` must enforce §2.13."""
    issuers = _signers(tenant_keyset.statement, "issuer")
    license = verify("license", _claim("license", license), issuers, 1)
    demand(policies is Policies.ENFORCED or license.statement["policy"] is None, "crit_unknown")
    demand(license.statement["tenant"] == tenant_keyset.statement["tenant"], "wrong_tenant")
    demand(app is None or license.statement["app"] == app, "wrong_app")
    return license


def follow(pins: Pins, roots: list, now: int):
    """§4.2: the last root statement, and every root key on the way."""
    demand(pins.threshold > 0, "config_invalid")
    seen = _admitted([], pins.keys)
    demand(len(roots) <= ROOT_STATEMENTS, "chain_too_long")
    last = None
    for data in roots:
        claim = _claim("root", data)
        # Only a choice of where to begin, and of a code: nothing of it is believed yet.
        claimed = statements.read("root", claim.envelope.payload, [])
        if last is not None:
            last, seen = _next_root(last, claim, claimed, seen)
        elif _claims(claimed, pins):
            last = verify("root", claim, pins.keys, pins.threshold)
    demand(last is not None, "root_unknown")
    _check_window("root", last.statement, now)
    return last, seen


def _claims(claimed: dict, pins: Pins) -> bool:
    same = sorted(claimed["keys"]) == sorted(pins.keys) and claimed["threshold"] == pins.threshold
    return same and pins.version in (None, claimed["version"])


def _next_root(last: Verified, claim: Carrier, claimed: dict, seen: list):
    step = claimed["version"] - last.statement["version"]
    if step == 0 and statement_id(claim.envelope) != last.id:
        raise Refused("equivocation")
    demand(step > 0, "version_rollback")
    demand(step == 1, "version_gap")
    root = verify("root", claim, last.statement["keys"], last.statement["threshold"])
    keys = root.statement["keys"]
    for at, key in enumerate(keys):
        left = key in seen and key not in last.statement["keys"]
        _admitted([key] if left else keys[:at], [key])
    root = verify("root", claim, keys, root.statement["threshold"])
    return root, seen + [key for key in keys if key not in seen]


def _claim(kind: str, data: bytes) -> Carrier:
    """`spec/envelope.md` §5.1, §5.2"""
    carrier = decode_carrier(data) if kind == "license" else Carrier(decode_envelope(data))
    demand(carrier.envelope.payload_type == PAYLOAD_TYPE % kind, "kind_unexpected")
    return carrier


def _signers(keyset: dict, use: str) -> list:
    """§4.4"""
    return [r["public_key"] for r in keyset["keys"] if r["use"] == use and r["state"] != "revoked"]


def _admitted(seen: list, keys: list) -> list:
    """§2.1, §2.3: every key is sound and stands once."""
    for key in keys:
        ed25519.check_key(key)
        demand(key not in seen, "key_duplicate")
        seen = seen + [key]
    return seen


def _check_window(whose: str, statement: dict, now: int) -> None:
    """§4.3: a day's tolerance at the start, none at the end."""
    demand(now + DAY >= statement["issued_at"], f"{whose}_not_yet_valid")
    demand(now < statement["expires_at"], f"{whose}_expired")
