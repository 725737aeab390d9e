// Taking an object apart field by field, so that what is left over is noticed (`spec/envelope.md` §3.3 to §3.5).

import { isText } from "./envelope.mjs";
import { demand } from "./errors.mjs";

const LAST_SECOND = 253_402_300_799;
const NAME = /^[a-z0-9_]{1,64}$/;

export const INVALID = "field_invalid";

/** The members of one object that have not been taken yet. */
export class Fields {
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

  /** A field that may be absent; `read` takes its value. */
  optional(name, read, absent) {
    return this.members.has(name) ? read(this.take(name)) : absent;
  }

  list(name, most) {
    const value = this.take(name);
    demand(Array.isArray(value) && value.length <= most, INVALID);
    return value;
  }

  /** §3.5: `ext`, and the names in `crit`, of which each must be known. */
  extensions(known) {
    if (this.members.has("ext")) demand(this.take("ext") instanceof Map, INVALID);
    if (!this.members.has("crit")) return [];
    const crit = this.take("crit");
    demand(Array.isArray(crit) && crit.length > 0, INVALID);
    for (const name of crit) {
      demand(isText(name), INVALID);
      demand(known.includes(name), "crit_unknown");
    }
    return crit;
  }

  /** §3.5, then what nobody took. */
  finish() {
    this.extensions([]);
    demand(this.members.size === 0, "field_unknown");
  }
}

/** Reads a number of that range. */
export function whole(least, most) {
  return (value) => {
    demand(typeof value === "number" && value >= least && value <= most, INVALID);
    return value;
  };
}

/** Reads one of these words. */
export function among(...words) {
  return (value) => {
    demand(words.includes(value), INVALID);
    return value;
  };
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
