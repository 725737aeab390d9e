// Under which conditions a license gives its rights (`spec/license.md` §2.13 to §2.26). What it does not say is null.

import { demand } from "./errors.mjs";
import { Fields, INVALID, among, whole } from "./fields.mjs";
import { listed, named, pair, word } from "./terms.mjs";

// In seconds and in days.
const [YEAR, TEN_YEARS] = [31_536_000, 3_650];

/** Whether a program enforces every field of a policy (§2.14). */
export const Policies = Object.freeze({ REFUSED: "refused", ENFORCED: "enforced" });

/** The fields of a license that say so, in the order of their table. */
export function conditions(fields) {
  return {
    policy: fields.optional("policy", policy, null),
    maxInstances: fields.optional("max_instances", whole(1, 1_000), null),
    offline: fields.optional("offline", offline, null),
    allowances: fields.optional("allowances", allowances, null),
    poolEpoch: fields.optional("pool_epoch", whole(1, Number.MAX_SAFE_INTEGER), null),
    slot: fields.optional("slot", whole(0, Number.MAX_SAFE_INTEGER), null),
  };
}

/** §2.13 */
function policy(value) {
  const fields = new Fields(value);
  const policy = {
    heartbeat: fields.optional("heartbeat", heartbeat, null),
    seat: fields.optional("seat", among("lease"), null),
    fail: fields.optional("fail", among("hard", "soft"), null),
    integrity: fields.optional("integrity", among("required", "where_listed"), null),
    antiTamper: fields.optional("anti_tamper", antiTamper, null),
    clock: fields.optional("clock", clock, null),
    freshness: fields.optional("freshness", freshness, null),
    tenantLimits: fields.optional("tenant_limits", tenantLimits, null),
  };
  demand(saysSomething(policy) && (policy.seat === null || policy.heartbeat !== null), INVALID);
  fields.finish();
  return policy;
}

/** §2.15 */
function heartbeat(value) {
  const fields = new Fields(value);
  const interval = whole(60, 2_592_000)(fields.take("interval"));
  const grace = whole(0, YEAR)(fields.take("grace"));
  const longestGrace = fields.optional("longest_grace", whole(0, YEAR), null);
  demand(grace >= interval && (longestGrace === null || longestGrace > grace), INVALID);
  fields.finish();
  return { interval, grace, longestGrace };
}

/** §2.17: both fields may be absent. */
function antiTamper(value) {
  const fields = new Fields(value);
  const unknown = fields.optional("unknown", among("tamper"), null);
  const agents = fields.optional("agents", agentNames, null);
  fields.finish();
  return { unknown, agents };
}

function agentNames(value) {
  const agents = listed(value, 1, 8).map((entry) => word(entry, 16));
  demand(new Set(agents).size === agents.length, INVALID);
  return agents;
}

/** §2.18 */
function clock(value) {
  const fields = new Fields(value);
  const tolerance = fields.optional("tolerance", whole(0, 604_800), null);
  const mode = fields.optional("mode", among("run_time"), null);
  demand(tolerance !== null || mode !== null, INVALID);
  fields.finish();
  return { tolerance, mode };
}

/** §2.19 */
function freshness(value) {
  const fields = new Fields(value);
  const [warn, restrict, block] = ["warn", "restrict", "block"]
    .map((name) => fields.optional(name, whole(1, TEN_YEARS), null));
  const days = [warn, restrict, block].filter((age) => age !== null);
  demand(days.length > 0 && days.every((age, at) => at === 0 || days[at - 1] <= age), INVALID);
  fields.finish();
  return { warn, restrict, block };
}

/** §2.20, as `{ name, value }`. */
function tenantLimits(value) {
  const entries = listed(value, 1, 4).map((entry) => {
    const [name, rate] = pair(entry, 16);
    return { name, value: whole(1, 1_000_000_000)(rate) };
  });
  return named(entries);
}

/** §2.22 */
function offline(value) {
  const fields = new Fields(value);
  const days = whole(1, TEN_YEARS)(fields.take("days"));
  const pool = fields.optional("pool", whole(1, 1_000_000), null);
  const journalDays = fields.optional("journal_days", whole(1, TEN_YEARS), null);
  fields.finish();
  return { days, pool, journalDays };
}

/** §2.23 */
function allowances(value) {
  const fields = new Fields(value);
  const [releases, replacements] = ["releases", "replacements"]
    .map((name) => fields.optional(name, whole(0, 1_000), null));
  demand(releases !== null || replacements !== null, INVALID);
  fields.finish();
  return { releases, replacements };
}

function saysSomething(object) {
  return Object.values(object).some((said) => said !== null);
}
