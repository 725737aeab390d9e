// DSSE envelopes, bare or with attachments (`spec/envelope.md` §1, §6). Decoding believes nothing.

import { createHash } from "node:crypto";

import { demand } from "./errors.mjs";
import { parse } from "./strict_json.mjs";

const ENVELOPE_BYTES = 16_384;
const CARRIER_BYTES = 1_500_000;
const PAYLOAD_BYTES = 3_800;
const ATTACHMENT_BYTES = 262_144;
const KEYID_BYTES = 64;
const INVALID = "envelope_invalid";

export const isText = (value) => typeof value === "string";

export function decodeEnvelope(data) {
  demand(data.length <= ENVELOPE_BYTES, "artifact_too_large");
  return envelopeOf(parse(data));
}

/** §6.2: an object that has a field `statement` carries attachments, everything else is a bare envelope. */
export function decodeCarrier(data) {
  demand(data.length <= CARRIER_BYTES, "artifact_too_large");
  const value = parse(data);
  if (!(value instanceof Map) || !value.has("statement")) {
    demand(data.length <= ENVELOPE_BYTES, "artifact_too_large");
    return { envelope: envelopeOf(value), attachments: [] };
  }
  const [statement, list] = exactly(value, ["statement", "attachments"]);
  demand(Array.isArray(list) && list.length >= 1 && list.length <= 4 && list.every(isText), INVALID);
  const envelope = envelopeOf(statement);
  return { envelope, attachments: list.map(attachment) };
}

/** §1.3: standard alphabet, padded, in its only spelling. */
export function decodeBase64(text, code = "base64_invalid") {
  const data = Buffer.from(text, "base64");
  demand(data.toString("base64") === text, code);
  return data;
}

/** §1.5: DSSE's pre-authentication encoding. */
export function signedBytes({ payloadType, payload }) {
  const kind = Buffer.from(payloadType, "utf8");
  return Buffer.concat([Buffer.from(`DSSEv1 ${kind.length} `), kind, Buffer.from(` ${payload.length} `), payload]);
}

/** §2.3 */
export function statementId(envelope) {
  return sha256(signedBytes(envelope));
}

export function sha256(data) {
  return createHash("sha256").update(data).digest("hex");
}

/** The values of exactly these fields. */
export function exactly(value, names, code = INVALID) {
  demand(value instanceof Map && value.size === names.length && names.every((name) => value.has(name)), code);
  return names.map((name) => value.get(name));
}

function envelopeOf(value) {
  const [payloadType, text, entries] = exactly(value, ["payloadType", "payload", "signatures"]);
  demand(isText(payloadType) && isText(text), INVALID);
  const payload = decodeBase64(text);
  demand(payload.length <= PAYLOAD_BYTES, "artifact_too_large");
  demand(Array.isArray(entries) && entries.length >= 1 && entries.length <= 24, INVALID);
  return { payloadType, payload, signatures: entries.map(signature) };
}

function signature(entry) {
  const [keyid, sig] = exactly(entry, ["keyid", "sig"]);
  demand(isText(keyid) && isText(sig), INVALID);
  demand(Buffer.byteLength(keyid) <= KEYID_BYTES, "artifact_too_large");
  return decodeBase64(sig);
}

function attachment(text) {
  const data = decodeBase64(text);
  demand(data.length <= ATTACHMENT_BYTES, "artifact_too_large");
  return data;
}
