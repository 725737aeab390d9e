// The strict JSON reader (`spec/envelope.md` §3.1, §3.2). It refuses every text on which readers could disagree.
//
// Objects become Maps, which inherit no names; numbers are whole and exact below 2^53.

import { Refused, demand } from "./errors.mjs";

const DEPTH = 8;
const NAMES = 256;
const INVALID = "json_invalid";
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ESCAPES = new Map([..."\"\\/bfnrt"].map((letter, at) => [letter, "\"\\/\b\f\n\r\t"[at]]));
const WORDS = new Map([["true", true], ["false", false], ["null", null]]);
const SPACE = /[ \t\n\r]*/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const INTEGER = /-?(?:0|[1-9][0-9]{0,16})(?![0-9.eE])/y;
const FOUR_HEX = /[0-9a-fA-F]{4}/y;

/** The value that fills `data`, white space aside. */
export function parse(data) {
  const reader = new Reader(decoded(data));
  reader.skipSpace();
  const value = reader.value(1);
  reader.skipSpace();
  demand(reader.at === reader.text.length, INVALID);
  return value;
}

/** What the object or list that fills `data` holds, each value as the text that stands there; null for other values. */
export function texts(data) {
  const value = parse(data);
  const reader = new Reader(decoded(data));
  reader.skipSpace();
  if (Array.isArray(value)) return Array.from(reader.items("]", 1), () => reader.written());
  const member = () => [reader.name(), reader.written()];
  return value instanceof Map ? new Map(Array.from(reader.items("}", 1), member)) : null;
}

function decoded(data) {
  try {
    return UTF8.decode(data);
  } catch {
    throw new Refused(INVALID);
  }
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  value(depth) {
    switch (this.text[this.at]) {
      case "{": return this.object(depth);
      case "[": return this.list(depth);
      case '"': return this.string();
    }
    for (const [word, meaning] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return meaning;
      }
    }
    return this.integer();
  }

  object(depth) {
    const members = new Map();
    for (const _ of this.items("}", depth)) {
      const name = this.name();
      // Compared after unescaping: "a" and "\u0061" are one name.
      demand(!members.has(name) && members.size < NAMES, INVALID);
      members.set(name, this.value(depth + 1));
    }
    return members;
  }

  /** A member's name, up to its value. */
  name() {
    const name = this.string();
    this.skipSpace();
    this.expect(":");
    this.skipSpace();
    return name;
  }

  written() {
    const start = this.at;
    this.value(2);
    return Buffer.from(this.text.slice(start, this.at), "utf8");
  }

  list(depth) {
    const values = [];
    for (const _ of this.items("]", depth)) values.push(this.value(depth + 1));
    return values;
  }

  /** Stops at the beginning of each item of an object or list, and ends behind its closing bracket. */
  *items(close, depth) {
    demand(depth <= DEPTH, INVALID);
    this.at += 1;
    this.skipSpace();
    for (let first = true; this.text[this.at] !== close; first = false) {
      if (!first) {
        this.expect(",");
        this.skipSpace();
      }
      yield;
      this.skipSpace();
    }
    this.at += 1;
  }

  string() {
    this.expect('"');
    let text = "";
    for (;;) {
      text += this.match(PLAIN);
      if (this.text[this.at] === '"') {
        this.at += 1;
        return text;
      }
      // A control character or the end of the text is no backslash.
      this.expect("\\");
      text += this.escape();
    }
  }

  escape() {
    const letter = this.text[this.at];
    this.at += 1;
    if (letter !== "u") {
      demand(ESCAPES.has(letter), INVALID);
      return ESCAPES.get(letter);
    }
    let point = this.fourHex();
    if (point >= 0xd800 && point < 0xdc00) {
      this.expect("\\");
      this.expect("u");
      const low = this.fourHex();
      demand(low >= 0xdc00 && low < 0xe000, INVALID);
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    }
    demand(point !== 0 && !(point >= 0xd800 && point < 0xe000), INVALID);
    return String.fromCodePoint(point);
  }

  fourHex() {
    return parseInt(this.match(FOUR_HEX), 16);
  }

  integer() {
    const digits = this.match(INTEGER);
    const number = Number(digits);
    // Seventeen digits may round to a neighbour, but none at or above 2^53 rounds below it.
    demand(digits !== "-0" && Number.isSafeInteger(number), INVALID);
    return number;
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    demand(found !== null, INVALID);
    this.at = pattern.lastIndex;
    return found[0];
  }

  expect(char) {
    demand(this.text[this.at] === char, INVALID);
    this.at += 1;
  }

  skipSpace() {
    this.match(SPACE);
  }
}
