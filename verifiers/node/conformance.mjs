// Runs the verifier over test points, vectors and files: `ed25519`, `vectors`, `contents` or `verify`; see `../README.md`.

import { existsSync, readFileSync } from "node:fs";

import { follow, verifyChain, verifyLicense } from "./src/chain.mjs";
import { Policies } from "./src/conditions.mjs";
import * as ed25519 from "./src/ed25519.mjs";
import { decodeBase64, decodeCarrier, decodeEnvelope, statementId } from "./src/envelope.mjs";
import { Refused, demand } from "./src/errors.mjs";
import { ID, KINDS, inForce, publicKey } from "./src/statements.mjs";
import { readTrustFile, verifyTrustFile } from "./src/trust_file.mjs";

const TYPES = new Map([...KINDS.keys()].map((kind) => [`application/vnd.sealgate.${kind}.v1+json`, kind]));
const ANSWERS = {
  envelope: (question) => [statementId(decodeEnvelope(data(question.envelope)))],
  chain,
  signatures,
  keys,
  "trust-file": trusted,
};

function main([mode, ...rest]) {
  switch (mode) {
    case "ed25519": return answerLines(point);
    case "vectors": return answerLines(vector);
    case "contents": return answerLines(contents);
    case "verify": return verify(rest);
    default: return usage();
  }
}

function usage() {
  console.error("usage: conformance.mjs ed25519 | vectors | contents | verify --root PUB… [--threshold N] FILE");
  return 2;
}

function answerLines(answer) {
  const lines = readFileSync(0, "utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  process.stdout.write(lines.map((line) => answer(line) + "\n").join(""));
  return 0;
}

function point(line) {
  const words = line.trim().split(/\s+/).map((word) => (word === "-" ? "" : word));
  if (words.length !== 3 || !words.every((word) => /^(?:[0-9a-fA-F]{2})*$/.test(word))) return "no";
  const [key, message, signature] = words.map((word) => Buffer.from(word, "hex"));
  return ed25519.verify(key, message, signature) ? "ok" : "no";
}

/** The line that belongs into the `.expected` file, or `skip`. */
function vector(path) {
  const question = JSON.parse(readFileSync(path));
  if (!(question.check in ANSWERS) || "accepted" in question) return "skip";
  return attempt(() => ["ok", ...ANSWERS[question.check](question)].join(" "));
}

function attempt(action) {
  try {
    return action();
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}

/** What the license of a vector grants as compact JSON, in the order and the form of the payload, or `skip`. */
function contents(path) {
  const question = JSON.parse(readFileSync(path));
  if (!("license" in question) || "accepted" in question) return "skip";
  return attempt(() => "ok " + JSON.stringify(said(believed(question)[3].statement)));
}

function said({ features, limits, variables, licensee, trialDays, policy, ...license }) {
  const present = (list) => (list.length > 0 ? list.map(pair) : undefined);
  const { maxInstances, offline, allowances, poolEpoch, slot } = license;
  return {
    features: features.map(({ name, value }) => (value === null ? name : [name, value])),
    limits: present(limits),
    variables: present(variables),
    ...written({ licensee, trialDays, policy, maxInstances, offline, allowances, poolEpoch, slot }),
  };
}

/** What is said of it, in the form of the payload. */
function written(value) {
  if (Array.isArray(value)) return value.map((entry) => (typeof entry === "object" ? pair(entry) : entry));
  if (typeof value !== "object") return value;
  const members = Object.entries(value).filter(([, said]) => said !== null);
  return Object.fromEntries(members.map(([name, said]) => [spelled(name), written(said)]));
}

function pair({ name, value }) {
  return [name, value];
}

/** `trialDays` as `trial_days`. */
function spelled(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function chain(question) {
  return believed(question).map(({ id }) => id);
}

/** The last root statement, keyset, tenant keyset and, if there is one, license. */
function believed(question) {
  for (const expected of [question.expect_tenant, question.expect_app]) {
    demand(expected === null || ID.test(expected), "id_malformed");
  }
  const keys = question.roots.map(publicKey);
  const pins = { keys, threshold: question.threshold, version: question.root_version };
  const statements = {
    roots: question.root_chain.map(data),
    keyset: data(question.keyset),
    tenantKeyset: data(question.tenant_keyset),
  };
  const found = verifyChain(pins, statements, question.expect_tenant, question.now);
  const chain = [found.root, found.keyset, found.tenantKeyset];
  if (!("license" in question)) return chain;
  const license = data(question.license);
  return [...chain, verifyLicense(found.tenantKeyset, license, question.expect_app, Policies.ENFORCED)];
}

function signatures(question) {
  const hex = (text) => Buffer.from(text, "hex");
  return unanimous(question.list, ({ key, message, signature }) => {
    demand(ed25519.verify(hex(key), hex(message), hex(signature)), "signature_invalid");
    return "ok";
  });
}

function keys(question) {
  return unanimous(question.list, ({ key }) => {
    ed25519.checkKey(Buffer.from(key, "hex"));
    return "ok";
  });
}

function unanimous(list, judge) {
  const [verdict, ...others] = new Set(list.map((entry) => attempt(() => judge(entry))));
  demand(others.length === 0, "not_unanimous");
  demand(verdict === "ok", verdict);
  return [];
}

function trusted(question) {
  const { root, keyset, tenantKeyset } = verifyTrustFile(readTrustFile(data(question.file)), question.now);
  return [root, keyset, tenantKeyset].map(({ id }) => id);
}

function data(written) {
  return "text" in written ? Buffer.from(written.text, "utf8") : decodeBase64(written.base64);
}

function verify(words) {
  const options = parsed(words);
  if (options === null) return usage();
  try {
    console.log("ok " + judge(options, Math.floor(Date.now() / 1000)));
    return 0;
  } catch (error) {
    if (!(error instanceof Refused) && error.syscall === undefined) throw error;
    console.log(error instanceof Refused ? error.code : "file_unreadable");
    return 1;
  }
}

function parsed(words) {
  const options = { roots: [], threshold: 1, files: [] };
  for (let at = 0, taking = false; at < words.length; at += 1) {
    if (words[at] === "--threshold") {
      options.threshold = Number(words[(at += 1)]);
      taking = false;
    } else if (words[at] === "--root") {
      taking = true;
    } else if (taking && words[at].length === 44 && words[at].endsWith("=")) {
      options.roots.push(words[at]);
    } else {
      options.files.push(words[at]);
      taking = false;
    }
  }
  const isSound = options.roots.length > 0 && options.files.length === 1 && Number.isInteger(options.threshold);
  return isSound ? options : null;
}

/** Verifies the file as far as its own level, and says its id. */
function judge({ roots, threshold, files: [file] }, now) {
  const pins = { keys: roots.map(publicKey), threshold, version: null };
  const artifact = readFileSync(file);
  const kind = TYPES.get(decodeCarrier(artifact).envelope.payloadType);
  demand(kind !== undefined, "kind_unexpected");
  // `spec/keys.md` §6.2: a courier. Of what it pins nothing is taken.
  const courier = existsSync(`${file}.trust`) ? readTrustFile(readFileSync(`${file}.trust`)).statements : null;
  if (kind === "root") return follow(pins, [...(courier?.roots ?? []), artifact], now).root.id;
  demand(courier !== null, "trust_missing");
  if (kind === "keyset") courier.keyset = artifact;
  if (kind === "tenant-keyset") courier.tenantKeyset = artifact;
  const { keyset, tenantKeyset } = verifyChain(pins, courier, null, now);
  if (kind !== "license") return (kind === "keyset" ? keyset : tenantKeyset).id;
  const license = verifyLicense(tenantKeyset, artifact, null);
  inForce(license.statement, now);
  return license.id;
}

process.exitCode = main(process.argv.slice(2));
