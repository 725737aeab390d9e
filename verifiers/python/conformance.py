"""Runs the verifier over test points, vectors and files: `ed25519`, `vectors`, `contents` or `verify`; see `../README.md`."""

import dataclasses
import json
import sys
import time
from pathlib import Path

from sealgate_verify import (
    Pins, Policies, Refused, decode_base64, decode_carrier, decode_envelope, ed25519, follow, in_force, statement_id,
    statements, trust_file, verify_chain, verify_license,
)
from sealgate_verify.errors import demand
from sealgate_verify.terms import Limit

CONDITIONS = ("policy", "max_instances", "offline", "allowances", "pool_epoch", "slot")
TYPES = {f"application/vnd.sealgate.{kind}.v1+json": kind for kind in statements.KINDS}


def main(arguments: list) -> int:
    mode = arguments[0] if arguments else None
    if mode == "ed25519":
        print("".join(point(line.split()) + "\n" for line in sys.stdin), end="")
    elif mode == "vectors":
        print("".join(vector(Path(line.rstrip("\n"))) + "\n" for line in sys.stdin), end="")
    elif mode == "contents":
        sys.stdout.buffer.write("".join(contents(Path(line.rstrip("\n"))) + "\n" for line in sys.stdin).encode("utf-8"))
    elif mode == "verify":
        return verify(arguments[1:])
    else:
        return usage()
    return 0


def usage() -> int:
    print("usage: conformance.py ed25519 | vectors | contents | verify --root PUB… [--threshold N] FILE", file=sys.stderr)
    return 2


def point(words: list) -> str:
    try:
        key, message, signature = [b"" if word == "-" else bytes.fromhex(word) for word in words]
    except ValueError:
        return "no"
    return "ok" if ed25519.verify(key, message, signature) else "no"


def vector(path: Path) -> str:
    """The line that belongs into the `.expected` file, or `skip`."""
    question = json.loads(path.read_bytes())
    answer = ANSWERS.get(question["check"])
    if answer is None or "accepted" in question:
        return "skip"
    try:
        return " ".join(["ok", *answer(question)])
    except Refused as refused:
        return refused.code


def contents(path: Path) -> str:
    """What the license of a vector grants as compact JSON, in the order and the form of the payload, or `skip`."""
    question = json.loads(path.read_bytes())
    if "license" not in question or "accepted" in question:
        return "skip"
    try:
        license = believed(question)[3].statement
    except Refused as refused:
        return refused.code
    said = {"features": [f.name if f.value is None else [f.name, f.value] for f in license["features"]]}
    for field in ("limits", "variables"):
        if license[field]:
            said[field] = [[entry.name, entry.value] for entry in license[field]]
    if license["licensee"] is not None:
        said["licensee"] = written(license["licensee"])
    for field in ("trial_days", *CONDITIONS):
        if license[field] is not None:
            said[field] = written(license[field])
    return "ok " + json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def written(value):
    """What is said of it, in the form of the payload."""
    if isinstance(value, Limit):
        return [value.name, value.value]
    if isinstance(value, list):
        return [written(entry) for entry in value]
    if dataclasses.is_dataclass(value):
        return {name: written(part) for name, part in vars(value).items() if part is not None}
    return value


def chain(question: dict) -> list:
    return [statement.id for statement in believed(question)]


def believed(question: dict) -> list:
    """The last root statement, keyset, tenant keyset and, if there is one, license."""
    for expected in (question["expect_tenant"], question["expect_app"]):
        demand(expected is None or statements.ID.fullmatch(expected) is not None, "id_malformed")
    keys = [statements.public_key(root) for root in question["roots"]]
    pins = Pins(keys, question["threshold"], question["root_version"])
    roots = [data(root) for root in question["root_chain"]]
    keyset, tenant_keyset = data(question["keyset"]), data(question["tenant_keyset"])
    found = list(verify_chain(pins, roots, keyset, tenant_keyset, question["expect_tenant"], question["now"]))
    if "license" in question:
        license = data(question["license"])
        found.append(verify_license(found[2], license, question["expect_app"], Policies.ENFORCED))
    return found


def signatures(question: dict) -> list:
    for entry in question["list"]:
        key, message, signature = (bytes.fromhex(entry[name]) for name in ("key", "message", "signature"))
        question.setdefault("verdicts", []).append(ed25519.verify(key, message, signature))
    demand(any(question["verdicts"]), "signature_invalid")
    demand(all(question["verdicts"]), "not_unanimous")
    return []


def keys(question: dict) -> list:
    verdicts = set()
    for entry in question["list"]:
        try:
            ed25519.check_key(bytes.fromhex(entry["key"]))
            verdicts.add("ok")
        except Refused as refused:
            verdicts.add(refused.code)
    demand(len(verdicts) == 1, "not_unanimous")
    demand(verdicts == {"ok"}, verdicts.pop())
    return []


def trusted(question: dict) -> list:
    return [statement.id for statement in trust_file.verify(trust_file.read(data(question["file"])), question["now"])]


def data(written: dict) -> bytes:
    return written["text"].encode("utf-8") if "text" in written else decode_base64(written["base64"])


ANSWERS = {
    "envelope": lambda question: [statement_id(decode_envelope(data(question["envelope"])))],
    "chain": chain,
    "signatures": signatures,
    "keys": keys,
    "trust-file": trusted,
}


def verify(arguments: list) -> int:
    roots, threshold, files = [], "1", []
    rest, taking = iter(arguments), False
    for word in rest:
        if word == "--threshold":
            threshold, taking = next(rest, ""), False
        elif word == "--root":
            taking = True
        elif taking and (len(word) == 44 and word.endswith("=")):
            roots.append(word)
        else:
            files.append(Path(word))
            taking = False
    if not roots or len(files) != 1 or not threshold.isdecimal():
        return usage()
    try:
        pins = Pins([statements.public_key(root) for root in roots], int(threshold))
        print("ok", judge(pins, files[0], int(time.time())))
    except Refused as refused:
        print(refused.code)
        return 1
    except OSError:
        print("file_unreadable")
        return 1
    return 0


def judge(pins: Pins, file: Path, now: int) -> str:
    """Verifies the file as far as its own level, and says its id."""
    artifact = file.read_bytes()
    kind = TYPES.get(decode_carrier(artifact).envelope.payload_type)
    demand(kind is not None, "kind_unexpected")
    courier = file.with_name(file.name + ".trust")
    if kind == "root":
        earlier = trust(courier)[0] if courier.exists() else []
        return follow(pins, [*earlier, artifact], now)[0].id
    demand(courier.exists(), "trust_missing")
    roots, keyset, tenant_keyset = trust(courier)
    if kind == "keyset":
        keyset = artifact
    elif kind == "tenant-keyset":
        tenant_keyset = artifact
    found = verify_chain(pins, roots, keyset, tenant_keyset, None, now)
    if kind != "license":
        return found[1 if kind == "keyset" else 2].id
    license = verify_license(found[2], artifact, None)
    in_force(license.statement, now)
    return license.id


def trust(file: Path):
    """`spec/keys.md` §6.2: a courier. Of what it pins nothing is taken."""
    courier = trust_file.read(file.read_bytes())
    return courier.root_chain, courier.keyset, courier.tenant_keyset


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
