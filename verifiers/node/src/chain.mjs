// From pinned roots to a license (`spec/keys.md` §4): every level by the same function, and no other way.

import { Policies } from "./conditions.mjs";
import * as ed25519 from "./ed25519.mjs";
import { decodeCarrier, decodeEnvelope, signedBytes, statementId } from "./envelope.mjs";
import { demand } from "./errors.mjs";
import { read } from "./statements.mjs";

const DAY = 86_400;
const ROOT_STATEMENTS = 1_024;

/** `spec/envelope.md` §5: signers are counted, not signatures; then the payload is read, once. */
function verify(kind, { envelope, attachments }, keys, threshold) {
  const message = signedBytes(envelope);
  const hasSigned = (key) => envelope.signatures.some((signature) => ed25519.verify(key, message, signature));
  const signers = keys.filter(hasSigned).length;
  demand(signers > 0, "signature_invalid");
  demand(signers >= threshold, "threshold_not_met");
  return { statement: read(kind, envelope.payload, attachments), id: statementId(envelope) };
}

/** The last root statement, keyset and tenant keyset. `pins` are keys, a threshold and a version or null. */
export function verifyChain(pins, chain, tenant, now) {
  const { root, seen } = follow(pins, chain.roots, now);
  const keyset = verify("keyset", claim("keyset", chain.keyset), root.statement.keys, root.statement.threshold);
  checkWindow("keyset", keyset.statement, now);
  const known = admitted(seen, keyset.statement.keys.map((record) => record.key));
  const authorities = signers(keyset.statement, "authority");
  const tenantKeyset = verify("tenant-keyset", claim("tenant-keyset", chain.tenantKeyset), authorities, 1);
  demand(tenant === null || tenantKeyset.statement.tenant === tenant, "wrong_tenant");
  checkWindow("keyset", tenantKeyset.statement, now);
  admitted(known, tenantKeyset.statement.keys.map((record) => record.key));
  return { root, keyset, tenantKeyset };
}

/** `spec/license.md` §2.14, §2.2, §2.1. Who says `Policies.ENFORCED` must enforce §2.13. */
export function verifyLicense(tenantKeyset, data, app, policies = Policies.REFUSED) {
  const issuers = signers(tenantKeyset.statement, "issuer");
  const license = verify("license", claim("license", data), issuers, 1);
  demand(policies === Policies.ENFORCED || license.statement.policy === null, "crit_unknown");
  demand(license.statement.tenant === tenantKeyset.statement.tenant, "wrong_tenant");
  demand(app === null || license.statement.app === app, "wrong_app");
  return license;
}

/** §4.2: the last root statement, and every root key on the way. */
export function follow(pins, roots, now) {
  demand(pins.threshold > 0, "config_invalid");
  let seen = admitted([], pins.keys);
  demand(roots.length <= ROOT_STATEMENTS, "chain_too_long");
  let root = null;
  for (const data of roots) {
    const claimed = claim("root", data);
    // Only a choice of where to begin, and of a code: nothing of it is believed yet.
    const statement = read("root", claimed.envelope.payload, []);
    if (root !== null) {
      root = nextRoot(root, claimed, statement, seen);
      seen = [...seen, ...root.statement.keys.filter((key) => !includes(seen, key))];
    } else if (claims(statement, pins)) {
      root = verify("root", claimed, pins.keys, pins.threshold);
    }
  }
  demand(root !== null, "root_unknown");
  checkWindow("root", root.statement, now);
  return { root, seen };
}

function claims(statement, pins) {
  return statement.threshold === pins.threshold
    && statement.keys.length === pins.keys.length
    && pins.keys.every((key) => includes(statement.keys, key))
    && (pins.version === null || pins.version === statement.version);
}

function nextRoot(last, claimed, { version }, seen) {
  const step = version - last.statement.version;
  demand(step !== 0 || statementId(claimed.envelope) === last.id, "equivocation");
  demand(step > 0, "version_rollback");
  demand(step === 1, "version_gap");
  const { statement } = verify("root", claimed, last.statement.keys, last.statement.threshold);
  statement.keys.forEach((key, at) => {
    const hasLeft = includes(seen, key) && !includes(last.statement.keys, key);
    admitted(hasLeft ? seen : statement.keys.slice(0, at), [key]);
  });
  return verify("root", claimed, statement.keys, statement.threshold);
}

function claim(kind, data) {
  const carrier = kind === "license" ? decodeCarrier(data) : { envelope: decodeEnvelope(data), attachments: [] };
  demand(carrier.envelope.payloadType === `application/vnd.sealgate.${kind}.v1+json`, "kind_unexpected");
  return carrier;
}

/** §4.4 */
function signers(keyset, use) {
  return keyset.keys.filter((record) => record.use === use && record.state !== "revoked").map((record) => record.key);
}

/** §2.1, §2.3: every key is sound and stands once. */
function admitted(seen, keys) {
  return keys.reduce((known, key) => {
    ed25519.checkKey(key);
    demand(!includes(known, key), "key_duplicate");
    return [...known, key];
  }, seen);
}

function includes(keys, key) {
  return keys.some((other) => other.equals(key));
}

/** §4.3: a day's tolerance at the start, none at the end. */
function checkWindow(whose, { issuedAt, expiresAt }, now) {
  demand(now + DAY >= issuedAt, `${whose}_not_yet_valid`);
  demand(now < expiresAt, `${whose}_expired`);
}
