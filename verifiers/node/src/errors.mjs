// The one way to say no.

/** Why something is not believed: a stable code of `spec/errors.md` §2. */
export class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

export function demand(condition, code) {
  if (!condition) throw new Refused(code);
}
