"""Payloads of the kinds this verifier knows (`spec/envelope.md` §3, §6; `spec/keys.md` §5; `spec/license.md` §1)."""

import hashlib
import re
import unicodedata

from . import strict_json
from .envelope import decode_base64
from .errors import demand

LAST_SECOND = 253_402_300_799
NAME = re.compile(r"[a-z0-9_]{1,64}")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SHA256 = re.compile(r"[0-9a-f]{64}")
USES = {"root", "authority", "server", "issuer", "app"}
INVALID = "field_invalid"


class Fields:
    """The members of one object that have not been taken yet."""

    def __init__(self, value):
        demand(isinstance(value, dict), INVALID)
        _check_names(value)
        self.members = dict(value)

    def take(self, name: str):
        demand(name in self.members, "field_missing")
        return self.members.pop(name)

    def text(self, name: str) -> str:
        value = self.take(name)
        demand(isinstance(value, str), INVALID)
        return value

    def id(self, name: str) -> str:
        text = self.text(name)
        demand(ID.fullmatch(text) is not None, INVALID)
        return text

    def one_of(self, name: str, words) -> str:
        text = self.text(name)
        demand(text in words, INVALID)
        return text

    def count(self, name: str) -> int:
        value = self.take(name)
        # In Python a bool is an int.
        demand(type(value) is int and value >= 0, INVALID)
        return value

    def time(self, name: str) -> int:
        time = self.count(name)
        demand(time <= LAST_SECOND, INVALID)
        return time

    def nullable(self, name: str, read):
        return self.take(name) if name in self.members and self.members[name] is None else read(name)

    def list(self, name: str, most: int) -> list:
        value = self.take(name)
        demand(isinstance(value, list) and len(value) <= most, INVALID)
        return value

    def finish(self) -> None:
        """§3.5, then what nobody took."""
        demand(isinstance(self.members.pop("ext", {}), dict), INVALID)
        if "crit" in self.members:
            crit = self.members.pop("crit")
            demand(isinstance(crit, list) and crit != [] and isinstance(crit[0], str), INVALID)
            demand(False, "crit_unknown")
        demand(not self.members, "field_unknown")


def read(kind: str, payload: bytes, attachments: list) -> dict:
    """`spec/envelope.md` §3.6: the payload of a statement of this kind, and the attachments it names."""
    fields, left = Fields(strict_json.parse(payload)), list(attachments)
    demand(fields.text("typ") == kind, "kind_unexpected")
    statement = KINDS[kind](fields, left)
    fields.finish()
    demand(not left, "attachment_unexpected")
    return statement


def in_force(license: dict, now: int) -> None:
    """`spec/license.md` §4.1, §4.3, §4.4; that it was revoked a file cannot tell."""
    demand(now >= license["not_before"], "not_yet_valid")
    demand(license["expires_at"] is None or now < license["expires_at"], "expired")


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
    return {"tenant": fields.id("tenant"), **_dated_keys(fields, 16)}


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
        "tenant": fields.id("tenant"),
        "app": fields.id("app"),
        "license": fields.id("license"),
        "version": fields.count("version"),
        "issued_at": fields.time("issued_at"),
        "not_before": fields.time("not_before"),
        "expires_at": fields.nullable("expires_at", fields.time),
        "tier": fields.one_of("tier", {"free", "licensed", "enterprise"}),
        "features": _features(fields.take("features"), attachments),
        "max_devices": fields.nullable("max_devices", fields.count),
    }
    demand(license["max_devices"] is None or 1 <= license["max_devices"] <= 1_000_000, INVALID)
    demand(license["expires_at"] is None or license["expires_at"] > license["not_before"], INVALID)
    return license


def _features(value, attachments: list) -> list:
    """`spec/envelope.md` §6.4: a few stand in the payload, many in an attachment."""
    least, most = 0, 32
    if isinstance(value, dict):
        value, least, most = strict_json.parse(_attached(value, attachments)), 33, 128
    demand(isinstance(value, list) and least <= len(value) <= most, INVALID)
    for at, name in enumerate(value):
        demand(isinstance(name, str) and 1 <= len(name.encode("utf-8")) <= 32, INVALID)
        demand(not any(unicodedata.category(char) == "Cc" for char in name), INVALID)
        demand(name not in value[:at], INVALID)
    return value


def _attached(reference: dict, attachments: list) -> bytes:
    """§6.3: hashed before it is read."""
    fields = Fields(reference)
    length = fields.count("length")
    demand(1 <= length <= 262_144, INVALID)
    sha256 = fields.text("sha256")
    demand(SHA256.fullmatch(sha256) is not None, INVALID)
    fields.finish()
    for at, data in enumerate(attachments):
        if len(data) == length and hashlib.sha256(data).hexdigest() == sha256:
            return attachments.pop(at)
    demand(False, "attachment_missing")


def _check_names(value) -> None:
    """§3.3, at every depth."""
    if isinstance(value, dict):
        demand(all(NAME.fullmatch(name) for name in value), "field_unknown")
        value = value.values()
    if not isinstance(value, (str, int, type(None))):
        for inner in value:
            _check_names(inner)


KINDS = {"root": _root, "keyset": _keyset, "tenant-keyset": _tenant_keyset, "license": _license}
