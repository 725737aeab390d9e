// Payloads of the kinds this verifier knows (`spec/envelope.md` §3, §6; `spec/keys.md` §5; `spec/license.md` §1).

import { conditions } from "./conditions.mjs";
import { decodeBase64, isText, sha256 } from "./envelope.mjs";
import { demand } from "./errors.mjs";
import { Fields, INVALID } from "./fields.mjs";
import { parse } from "./strict_json.mjs";
import { features, licensee, limits, trialDays, variables } from "./terms.mjs";

const SHA256 = /^[0-9a-f]{64}$/;
const USES = ["root", "authority", "server", "issuer", "activation", "update", "snapshot", "log", "app"];

export const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** §3.6: the payload of a statement of this kind, and the attachments it names. */
export function read(kind, payload, attachments) {
  const fields = new Fields(parse(payload));
  const left = [...attachments];
  demand(fields.text("typ") === kind, "kind_unexpected");
  const statement = KINDS.get(kind)(fields, left);
  const critical = fields.extensions(kind === "license" ? ["policy"] : []);
  // `spec/license.md` §2.14: once where there is a policy, and nowhere else.
  demand(critical.length === (statement.policy ? 1 : 0), INVALID);
  fields.finish();
  demand(left.length === 0, "attachment_unexpected");
  return statement;
}

/** `spec/license.md` §4, as far as a file can tell. */
export function inForce(license, now) {
  demand(now >= license.notBefore, "not_yet_valid");
  demand(license.expiresAt === null || now < license.expiresAt, "expired");
  demand(license.trialDays === null, "trial_not_begun");
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
    features: eitherFeatures(fields.take("features"), attachments),
    maxDevices: fields.nullable("max_devices", fields.count),
  };
  demand(license.maxDevices === null || (license.maxDevices >= 1 && license.maxDevices <= 1_000_000), INVALID);
  license.limits = fields.optional("limits", limits, []);
  license.variables = fields.optional("variables", variables, []);
  license.licensee = fields.optional("licensee", licensee, null);
  license.trialDays = fields.optional("trial_days", trialDays, null);
  Object.assign(license, conditions(fields));
  demand(license.expiresAt === null || license.expiresAt > license.notBefore, INVALID);
  return license;
}

/** `spec/envelope.md` §6.4: a few stand in the payload, many in an attachment. */
function eitherFeatures(value, attachments) {
  return value instanceof Map ? features(parse(attached(value, attachments)), 33, 128) : features(value, 0, 32);
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

export const KINDS = new Map([
  ["root", root],
  ["keyset", (fields) => datedKeys(fields, 12)],
  ["tenant-keyset", tenantKeyset],
  ["license", license],
]);
