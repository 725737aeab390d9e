"""A reader of the bodies of shards, written from `spec/revocation.md` §2 alone. It judges the bodies that come as JSON."""

import base64
import json
import sys

TABLE, CHUNKS, CHUNK_SLOTS, CHUNK_BYTES = 32, 16, 65536, 8192


def chunk(body: bytes, number: int) -> bytes:
    """One chunk, by the table alone (§2.2, §2.4)."""
    lengths = [int.from_bytes(body[2 * n : 2 * n + 2], "big") for n in range(CHUNKS)]
    start = TABLE + sum(lengths[:number])
    return body[start : start + lengths[number]]


def walk(content: bytes, k: int):
    """The slots of a chunk, rising (§2.3); an exception where it is none (§2.6)."""
    bits = "".join(f"{byte:08b}" for byte in content)
    at, following = 0, 0
    while (zero := bits.find("0", at)) >= 0:
        end = zero + 1 + k
        if end > len(bits):
            raise ValueError("ends within a slot's bits")
        slot = following + ((zero - at) << k) + int("0" + bits[zero + 1 : end], 2)
        if slot >= CHUNK_SLOTS:
            raise ValueError("a slot beyond its chunk")
        yield slot
        at, following = end, slot + 1
    if len(bits) - at >= 8:
        raise ValueError("a byte without a bit of a slot")


def read(body: bytes, k: int, count: int) -> list:
    """All slots of a body, or an exception (§2.6)."""
    chunks = [chunk(body, number) for number in range(CHUNKS)]
    lengths = [int.from_bytes(body[at : at + 2], "big") for at in range(0, TABLE, 2)]
    if len(body) < TABLE or max(lengths) > CHUNK_BYTES or TABLE + sum(lengths) != len(body):
        raise ValueError("its table does not fit")
    slots = [n * CHUNK_SLOTS + slot for n, content in enumerate(chunks) for slot in walk(content, k)]
    if len(slots) != count:
        raise ValueError("another number of slots")
    return slots


def lists(body: bytes, k: int, slot: int) -> bool:
    """Whether a slot is listed; nothing but its chunk is read (§2.4)."""
    return slot % CHUNK_SLOTS in walk(chunk(body, slot // CHUNK_SLOTS), k)


def judge(asked: dict) -> dict:
    body, k = base64.b64decode(asked["body"], validate=True), asked["k"]
    try:
        slots = read(body, k, asked["count"])
    except ValueError as error:
        return {"refused": str(error)}
    return {"slots": slots, "listed": [lists(body, k, slot) for slot in asked["ask"]]}


print(json.dumps([judge(asked) for asked in json.load(sys.stdin)]))
