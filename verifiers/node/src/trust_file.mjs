// `trust.json` (`spec/keys.md` §6): what a program pins, and the statements that come along.

import { verifyChain } from "./chain.mjs";
import { exactly, isText } from "./envelope.mjs";
import { demand } from "./errors.mjs";
import { ID, publicKey } from "./statements.mjs";
import { parse, texts } from "./strict_json.mjs";

const TRUST_FILE_BYTES = 20_000_000;
const NAMES = ["roots", "threshold", "root_version", "keyset_chain", "tenant_keyset", "tenant", "app"];

/** §6.4, steps 1 to 3. A courier (§6.2) is read no further: nothing that it pins was read, nothing in it is believed. */
export function readTrustFile(data) {
  demand(data.length <= TRUST_FILE_BYTES, "artifact_too_large");
  const [roots, threshold, version, chain, , tenant, app] = exactly(parse(data), NAMES, "field_invalid");
  const isCount = (value) => typeof value === "number" && value >= 0;
  const hasItsTypes = Array.isArray(roots) && roots.every(isText) && isCount(threshold) && isCount(version)
    && Array.isArray(chain) && chain.length > 0 && isText(tenant) && isText(app);
  demand(hasItsTypes, "field_invalid");
  const written = texts(data);
  const envelopes = texts(written.get("keyset_chain"));
  const keyset = envelopes.pop();
  const statements = { roots: envelopes, keyset, tenantKeyset: written.get("tenant_keyset") };
  return { roots, threshold, version, statements, tenant, app };
}

/** §6.4, steps 4 and 5. */
export function verifyTrustFile({ roots, threshold, version, statements, tenant, app }, now) {
  const pins = { keys: roots.map(publicKey), threshold, version };
  for (const identifier of [tenant, app]) demand(ID.test(identifier), "id_malformed");
  return verifyChain(pins, statements, tenant, now);
}
