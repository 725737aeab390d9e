// What a license grants in the vendor's own words (`spec/license.md` §2.6 to §2.11).

import { isText } from "./envelope.mjs";
import { demand } from "./errors.mjs";
import { Fields, INVALID, whole } from "./fields.mjs";

/** §2.6: names, and pairs of name and value, as `{ name, value }`; `value` is null where there is none. */
export function features(value, least, most) {
  const entries = listed(value, least, most).map((entry) => {
    if (!Array.isArray(entry)) return { name: word(entry, 32), value: null };
    const [name, said] = pair(entry, 32);
    return { name, value: word(said, 64) };
  });
  return named(entries);
}

/** §2.8, as `{ name, value }`. */
export function limits(value) {
  const entries = listed(value, 1, 32).map((entry) => {
    const [name, number] = pair(entry, 32);
    demand(typeof number === "number" && number >= 0, INVALID);
    return { name, value: number };
  });
  return named(entries);
}

/** §2.9, as `{ name, value }` of a string, a number or a boolean. */
export function variables(value) {
  const entries = listed(value, 1, 50).map((entry) => {
    const [name, said] = pair(entry, 64);
    demand(["number", "boolean"].includes(typeof said) || (isText(said) && !hasControl(said)), INVALID);
    return { name, value: said };
  });
  return named(entries);
}

/** §2.10: at least one of three parts; those that are not said are null. */
export function licensee(value) {
  const fields = new Fields(value);
  const part = (text) => word(text, 128);
  const [name, company, email] = ["name", "company", "email"].map((field) => fields.optional(field, part, null));
  demand(name !== null || company !== null || email !== null, INVALID);
  fields.finish();
  return { name, company, email };
}

/** §2.11 */
export function trialDays(value) {
  return whole(1, 3_650)(value);
}

export function listed(value, least, most) {
  demand(Array.isArray(value) && value.length >= least && value.length <= most, INVALID);
  return value;
}

export function pair(entry, longest) {
  demand(Array.isArray(entry) && entry.length === 2, INVALID);
  return [word(entry[0], longest), entry[1]];
}

export function named(entries) {
  demand(new Set(entries.map(({ name }) => name)).size === entries.length, INVALID);
  return entries;
}

/** Text of 1 to so many bytes without control characters. */
export function word(text, longest) {
  demand(isText(text) && text !== "" && Buffer.byteLength(text) <= longest && !hasControl(text), INVALID);
  return text;
}

function hasControl(text) {
  return /[\u0000-\u001f\u007f-\u009f]/.test(text);
}
