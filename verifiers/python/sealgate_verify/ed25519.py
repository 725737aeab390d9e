"""The Ed25519 rule (`spec/ed25519.md`): a pre-check on which all languages agree, then the stock verification."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .errors import demand

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
# §1.3: the y coordinates of all points of order 1, 2, 4 and 8.
SMALL_ORDER = {
    0, 1, P - 1,
    int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
    int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
}


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """`spec/ed25519.md` §1.1 to §1.5"""
    if len(key) != 32 or len(signature) != 64:
        return False
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if not (_point_is_acceptable(key) and _point_is_acceptable(r) and s < L):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_key(key: bytes) -> None:
    """`spec/ed25519.md` §2.1, §2.2: what every key passes that is listed."""
    y = _y(key)
    x = _x(y, key[31] >> 7) if y < P else None
    demand(x is not None, "key_malformed")
    demand(y not in SMALL_ORDER and _is_torsion_free(x, y), "key_weak")


def _y(point: bytes) -> int:
    return int.from_bytes(point, "little") & (2**255 - 1)


def _point_is_acceptable(point: bytes) -> bool:
    return _y(point) < P and _y(point) not in SMALL_ORDER


def _x(y: int, sign: int):
    """RFC 8032 §5.1.3; None where no point has this y and sign."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    if x == 0:
        # Stock readers differ here; the point has small order, which is refused as such.
        return 0
    return x if x & 1 == sign else P - x


def _is_torsion_free(x: int, y: int) -> bool:
    """Whether L times the point is the neutral element. The point is public, so the time this takes tells nothing."""
    total, double, n = (0, 1, 1, 0), (x, y, 1, x * y % P), L
    while n:
        if n & 1:
            total = _add(total, double)
        double, n = _add(double, double), n >> 1
    return total[0] == 0 and total[1] == total[2]


def _add(p: tuple, q: tuple) -> tuple:
    """RFC 8032 §5.1.4, extended coordinates."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P
