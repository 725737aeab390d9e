"""`trust.json` (`spec/keys.md` §6): what a program pins, and the statements that come along."""

from dataclasses import dataclass

from . import strict_json
from .chain import Pins, verify_chain
from .errors import Refused, demand
from .statements import ID, public_key

TRUST_FILE_BYTES = 20_000_000
FIELDS = {"roots", "threshold", "root_version", "keyset_chain", "tenant_keyset", "tenant", "app"}


@dataclass
class TrustFile:
    """The file as it is written: nothing that it pins was read, nothing in it is believed."""

    roots: list
    threshold: int
    root_version: int
    root_chain: list
    keyset: bytes
    tenant_keyset: bytes
    tenant: str
    app: str


def read(data: bytes) -> TrustFile:
    """§6.4, steps 1 to 3. A courier (§6.2) is read no further."""
    demand(len(data) <= TRUST_FILE_BYTES, "artifact_too_large")
    value = strict_json.parse(data)
    demand(isinstance(value, dict) and value.keys() == FIELDS and _has_its_types(value), "field_invalid")
    texts = strict_json.texts(data)
    *root_chain, keyset = strict_json.texts(texts["keyset_chain"])
    pinned = (value[name] for name in ("roots", "threshold", "root_version"))
    return TrustFile(*pinned, root_chain, keyset, texts["tenant_keyset"], value["tenant"], value["app"])


def verify(file: TrustFile, now: int):
    """§6.4, steps 4 and 5: the last root statement, keyset and tenant keyset."""
    pins = Pins([public_key(root) for root in file.roots], file.threshold, file.root_version)
    for identifier in (file.tenant, file.app):
        if ID.fullmatch(identifier) is None:
            raise Refused("id_malformed")
    return verify_chain(pins, file.root_chain, file.keyset, file.tenant_keyset, file.tenant, now)


def _has_its_types(value: dict) -> bool:
    # In Python a bool is an int.
    numbers = all(type(value[name]) is int and value[name] >= 0 for name in ("threshold", "root_version"))
    roots, chain = value["roots"], value["keyset_chain"]
    return (
        numbers
        and isinstance(roots, list) and all(isinstance(root, str) for root in roots)
        and isinstance(chain, list) and chain != []
        and isinstance(value["tenant"], str) and isinstance(value["app"], str)
    )
