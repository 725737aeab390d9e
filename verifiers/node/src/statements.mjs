// Payloads of the kinds this verifier knows (`spec/envelope.md` §3, §6; `spec/keys.md` §5; `spec/license.md` §1).

import { decodeBase64, isText, sha256 } from "./envelope.mjs";
import { demand } from "./errors.mjs";
import { parse } from "./strict_json.mjs";

const LAST_SECOND = 253_402_300_799;
const NAME = /^[a-z0-9_]{1,64}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const USES = ["root", "authority", "server", "issuer", "app"];
const INVALID = "field_invalid";

export const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The members of one object that have not been taken yet. */
class Fields {
  constructor(value) {
    demand(value instanceof Map, INVALID);
    checkNames(value);
    this.members = new Map(value);
  }

  take(name) {
    demand(this.members.has(name), "field_missing");
    const value = this.members.get(name);
    this.members.delete(name);
    return value;
  }

  text(name) {
    const value = this.take(name);
    demand(isText(value), INVALID);
    return value;
  }

  matching(name, pattern) {
    const text = this.text(name);
    demand(pattern.test(text), INVALID);
    return text;
  }

  oneOf(name, words) {
    const text = this.text(name);
    demand(words.includes(text), INVALID);
    return text;
  }

  count(name) {
    const value = this.take(name);
    demand(typeof value === "number" && value >= 0, INVALID);
    return value;
  }

  time(name) {
    const time = this.count(name);
    demand(time <= LAST_SECOND, INVALID);
    return time;
  }

  /** `null` where the spec gives it a meaning. */
  nullable(name, read) {
    return this.members.get(name) === null ? this.take(name) : read.call(this, name);
  }

  list(name, most) {
    const value = this.take(name);
    demand(Array.isArray(value) && value.length <= most, INVALID);
    return value;
  }

  /** §3.5, then what nobody took. */
  finish() {
    if (this.members.has("ext")) demand(this.take("ext") instanceof Map, INVALID);
    if (this.members.has("crit")) {
      const crit = this.take("crit");
      demand(Array.isArray(crit) && crit.length > 0 && isText(crit[0]), INVALID);
      demand(false, "crit_unknown");
    }
    demand(this.members.size === 0, "field_unknown");
  }
}

/** §3.6: the payload of a statement of this kind, and the attachments it names. */
export function read(kind, payload, attachments) {
  const fields = new Fields(parse(payload));
  const left = [...attachments];
  demand(fields.text("typ") === kind, "kind_unexpected");
  const statement = KINDS.get(kind)(fields, left);
  fields.finish();
  demand(left.length === 0, "attachment_unexpected");
  return statement;
}

/** `spec/license.md` §4, as far as a file can tell. */
export function inForce(license, now) {
  demand(now >= license.notBefore, "not_yet_valid");
  demand(license.expiresAt === null || now < license.expiresAt, "expired");
}

export function publicKey(text) {
  const key = decodeBase64(text, "key_malformed");
  demand(key.length === 32, "key_malformed");
  return key;
}

function root(fields) {
  const version = fields.count("version");
  demand(version > 0, INVALID);
  const [issuedAt, expiresAt] = [fields.time("issued_at"), fields.time("expires_at")];
  const threshold = fields.count("threshold");
  const keys = fields.list("keys", 12).map((entry) => {
    demand(isText(entry), INVALID);
    return publicKey(entry);
  });
  demand(threshold >= 1 && threshold <= keys.length, INVALID);
  return { version, issuedAt, expiresAt, threshold, keys };
}

function tenantKeyset(fields) {
  return { tenant: fields.matching("tenant", ID), ...datedKeys(fields, 16) };
}

function datedKeys(fields, most) {
  const version = fields.count("version");
  const [issuedAt, expiresAt] = [fields.time("issued_at"), fields.time("expires_at")];
  return { version, issuedAt, expiresAt, keys: fields.list("keys", most).map(keyRecord) };
}

function keyRecord(entry) {
  const fields = new Fields(entry);
  fields.oneOf("alg", ["ed25519"]);
  const use = fields.oneOf("use", USES);
  const key = publicKey(fields.text("public_key"));
  const state = fields.oneOf("state", ["active", "retired", "revoked"]);
  fields.finish();
  return { use, key, state };
}

function license(fields, attachments) {
  const license = {
    tenant: fields.matching("tenant", ID),
    app: fields.matching("app", ID),
    license: fields.matching("license", ID),
    version: fields.count("version"),
    issuedAt: fields.time("issued_at"),
    notBefore: fields.time("not_before"),
    expiresAt: fields.nullable("expires_at", fields.time),
    tier: fields.oneOf("tier", ["free", "licensed", "enterprise"]),
    features: features(fields.take("features"), attachments),
    maxDevices: fields.nullable("max_devices", fields.count),
  };
  demand(license.maxDevices === null || (license.maxDevices >= 1 && license.maxDevices <= 1_000_000), INVALID);
  demand(license.expiresAt === null || license.expiresAt > license.notBefore, INVALID);
  return license;
}

/** `spec/envelope.md` §6.4: a few stand in the payload, many in an attachment. */
function features(value, attachments) {
  const isAttached = value instanceof Map;
  const list = isAttached ? parse(attached(value, attachments)) : value;
  const [least, most] = isAttached ? [33, 128] : [0, 32];
  demand(Array.isArray(list) && list.length >= least && list.length <= most, INVALID);
  list.forEach((name, at) => {
    demand(isText(name) && name !== "" && Buffer.byteLength(name) <= 32, INVALID);
    demand(!/[\u0000-\u001f\u007f-\u009f]/.test(name) && !list.slice(0, at).includes(name), INVALID);
  });
  return list;
}

/** §6.3: hashed before it is read. */
function attached(reference, attachments) {
  const fields = new Fields(reference);
  const length = fields.count("length");
  demand(length >= 1 && length <= 262_144, INVALID);
  const digest = fields.matching("sha256", SHA256);
  fields.finish();
  const at = attachments.findIndex((data) => data.length === length && sha256(data) === digest);
  demand(at >= 0, "attachment_missing");
  return attachments.splice(at, 1)[0];
}

/** §3.3, at every depth. */
function checkNames(value) {
  if (value instanceof Map) {
    for (const name of value.keys()) demand(NAME.test(name), "field_unknown");
    for (const inner of value.values()) checkNames(inner);
  } else if (Array.isArray(value)) {
    value.forEach(checkNames);
  }
}

export const KINDS = new Map([
  ["root", root],
  ["keyset", (fields) => datedKeys(fields, 12)],
  ["tenant-keyset", tenantKeyset],
  ["license", license],
]);
