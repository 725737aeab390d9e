"""Payloads of the kinds this verifier knows (`spec/envelope.md` §3, §6; `spec/keys.md` §5; `spec/license.md` §1)."""

import hashlib
import re

from . import strict_json
from .conditions import allowances, offline, policy
from .envelope import decode_base64
from .errors import demand
from .fields import INVALID, Fields, whole
from .terms import features, licensee, limits, trial_days, variables

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SHA256 = re.compile(r"[0-9a-f]{64}")
USES = {"root", "authority", "server", "issuer", "activation", "update", "snapshot", "log", "app"}


def read(kind: str, payload: bytes, attachments: list) -> dict:
    """`spec/envelope.md` §3.6: the payload of a statement of this kind, and the attachments it names."""
    fields, left = Fields(strict_json.parse(payload)), list(attachments)
    demand(fields.text("typ") == kind, "kind_unexpected")
    statement = KINDS[kind](fields, left)
    critical = fields.extensions(known=("policy",) if kind == "license" else ())
    # `spec/license.md` §2.14: once where there is a policy, and nowhere else.
    demand(len(critical) == (1 if statement.get("policy") else 0), INVALID)
    fields.finish()
    demand(not left, "attachment_unexpected")
    return statement


def in_force(license: dict, now: int) -> None:
    """`spec/license.md` §4.1, §4.3, §4.4; that it was revoked, or until when it can be tried, a file cannot tell."""
    demand(now >= license["not_before"], "not_yet_valid")
    demand(license["expires_at"] is None or now < license["expires_at"], "expired")
    demand(license["trial_days"] is None, "trial_not_begun")


def public_key(text: str) -> bytes:
    key = decode_base64(text, "key_malformed")
    demand(len(key) == 32, "key_malformed")
    return key


def _root(fields: Fields, _) -> dict:
    version = fields.count("version")
    demand(version > 0, INVALID)
    statement = {"version": version, "issued_at": fields.time("issued_at"), "expires_at": fields.time("expires_at")}
    threshold = fields.count("threshold")
    keys = [_root_key(entry) for entry in fields.list("keys", 12)]
    demand(1 <= threshold <= len(keys), INVALID)
    return {**statement, "threshold": threshold, "keys": keys}


def _root_key(entry) -> bytes:
    demand(isinstance(entry, str), INVALID)
    return public_key(entry)


def _keyset(fields: Fields, _) -> dict:
    """`spec/keys.md` §5.1"""
    return _dated_keys(fields, 12)


def _tenant_keyset(fields: Fields, _) -> dict:
    return {"tenant": fields.matching("tenant", ID), **_dated_keys(fields, 16)}


def _dated_keys(fields: Fields, most: int) -> dict:
    version, issued_at, expires_at = fields.count("version"), fields.time("issued_at"), fields.time("expires_at")
    keys = [_key_record(entry) for entry in fields.list("keys", most)]
    return {"version": version, "issued_at": issued_at, "expires_at": expires_at, "keys": keys}


def _key_record(entry) -> dict:
    fields = Fields(entry)
    fields.one_of("alg", {"ed25519"})
    record = {
        "use": fields.one_of("use", USES),
        "public_key": public_key(fields.text("public_key")),
        "state": fields.one_of("state", {"active", "retired", "revoked"}),
    }
    fields.finish()
    return record


def _license(fields: Fields, attachments: list) -> dict:
    license = {
        "tenant": fields.matching("tenant", ID),
        "app": fields.matching("app", ID),
        "license": fields.matching("license", ID),
        "version": fields.count("version"),
        "issued_at": fields.time("issued_at"),
        "not_before": fields.time("not_before"),
        "expires_at": fields.nullable("expires_at", fields.time),
        "tier": fields.one_of("tier", {"free", "licensed", "enterprise"}),
        "features": _features(fields.take("features"), attachments),
        "max_devices": fields.nullable("max_devices", fields.count),
    }
    demand(license["max_devices"] is None or 1 <= license["max_devices"] <= 1_000_000, INVALID)
    license["limits"] = fields.optional("limits", limits, [])
    license["variables"] = fields.optional("variables", variables, [])
    license["licensee"] = fields.optional("licensee", licensee)
    license["trial_days"] = fields.optional("trial_days", trial_days)
    license["policy"] = fields.optional("policy", policy)
    license["max_instances"] = fields.optional("max_instances", whole(1, 1_000))
    license["offline"] = fields.optional("offline", offline)
    license["allowances"] = fields.optional("allowances", allowances)
    license["pool_epoch"] = fields.optional("pool_epoch", whole(1, 2**53 - 1))
    license["slot"] = fields.optional("slot", whole(0, 2**53 - 1))
    demand(license["expires_at"] is None or license["expires_at"] > license["not_before"], INVALID)
    return license


def _features(value, attachments: list) -> list:
    """`spec/envelope.md` §6.4: a few stand in the payload, many in an attachment."""
    if isinstance(value, dict):
        return features(strict_json.parse(_attached(value, attachments)), 33, 128)
    return features(value, 0, 32)


def _attached(reference: dict, attachments: list) -> bytes:
    """§6.3: hashed before it is read."""
    fields = Fields(reference)
    length = fields.count("length")
    demand(1 <= length <= 262_144, INVALID)
    sha256 = fields.matching("sha256", SHA256)
    fields.finish()
    for at, data in enumerate(attachments):
        if len(data) == length and hashlib.sha256(data).hexdigest() == sha256:
            return attachments.pop(at)
    demand(False, "attachment_missing")


KINDS = {"root": _root, "keyset": _keyset, "tenant-keyset": _tenant_keyset, "license": _license}
