// The Ed25519 rule (`spec/ed25519.md`): a pre-check on which all languages agree, then the stock verification.

import { createPublicKey, verify as stockVerify } from "node:crypto";

import { demand } from "./errors.mjs";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * inverse(121666n));
const SPKI = Buffer.from("302a300506032b6570032100", "hex");
// §1.3: the y coordinates of all points of order 1, 2, 4 and 8.
const SMALL_ORDER = new Set([
  0n, 1n, P - 1n,
  littleEndian(Buffer.from("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "hex")),
  littleEndian(Buffer.from("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "hex")),
]);

/** §1 */
export function verify(key, message, signature) {
  if (key.length !== 32 || signature.length !== 64) return false;
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (!pointIsAcceptable(key) || !pointIsAcceptable(r) || s >= L) return false;
  try {
    const stock = createPublicKey({ key: Buffer.concat([SPKI, key]), format: "der", type: "spki" });
    return stockVerify(null, message, stock, signature);
  } catch {
    return false;
  }
}

/** §2: what every key passes that is listed. */
export function checkKey(key) {
  const y = yOf(key);
  const x = y < P ? xOf(y, BigInt(key[31] >> 7)) : null;
  demand(x !== null, "key_malformed");
  demand(!SMALL_ORDER.has(y) && isTorsionFree(x, y), "key_weak");
}

function pointIsAcceptable(point) {
  const y = yOf(point);
  return y < P && !SMALL_ORDER.has(y);
}

function yOf(point) {
  return littleEndian(point) & (2n ** 255n - 1n);
}

/** RFC 8032 §5.1.3; null where no point has this y and sign. */
function xOf(y, sign) {
  const square = mod((y * y - 1n) * inverse(D * y * y + 1n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x - square) !== 0n) x = mod(x * power(2n, (P - 1n) / 4n));
  if (mod(x * x - square) !== 0n) return null;
  // Stock readers differ on x = 0; the point has small order, which is refused as such.
  return x === 0n || (x & 1n) === sign ? x : P - x;
}

/** Whether L times the point is the neutral element. The point is public, so the time this takes tells nothing. */
function isTorsionFree(x, y) {
  let total = [0n, 1n, 1n, 0n];
  let double = [x, y, 1n, mod(x * y)];
  for (let n = L; n > 0n; n >>= 1n) {
    if (n & 1n) total = add(total, double);
    double = add(double, double);
  }
  return total[0] === 0n && total[1] === total[2];
}

/** RFC 8032 §5.1.4, extended coordinates. */
function add(p, q) {
  const a = mod((p[1] - p[0]) * (q[1] - q[0]));
  const b = mod((p[1] + p[0]) * (q[1] + q[0]));
  const c = mod(2n * p[3] * q[3] * D);
  const d = mod(2n * p[2] * q[2]);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function littleEndian(bytes) {
  return BigInt("0x" + Buffer.from(bytes).reverse().toString("hex"));
}

function mod(n) {
  return ((n % P) + P) % P;
}

function power(base, exponent) {
  let result = 1n;
  for (let square = mod(base); exponent > 0n; exponent >>= 1n, square = mod(square * square)) {
    if (exponent & 1n) result = mod(result * square);
  }
  return result;
}

function inverse(n) {
  return power(n, P - 2n);
}
