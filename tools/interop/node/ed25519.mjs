// The verification snippet for Node, over public keys in DER.

import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

function verifyEd25519(publicKeyDer, payload, signature) {
  const key = createPublicKey({ key: publicKeyDer, format: "der", type: "spki" });
  return verify(null, payload, key, signature);
}

const questions = JSON.parse(readFileSync(0, "utf8"));
const verdicts = questions.map((question) =>
  verifyEd25519(
    Buffer.from(question.public_key_spki, "base64"),
    Buffer.from(question.payload, "ascii"),
    Buffer.from(question.signature, "base64"),
  ),
);
console.log(JSON.stringify(verdicts));
