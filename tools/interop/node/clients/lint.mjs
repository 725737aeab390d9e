// What Redocly's linter says of a document, by its recommended rules. Takes the file's path, writes the problems.
import { createConfig, lint } from "@redocly/openapi-core";

const off = {
  // The document comes from the server, which has no answer of that kind for them.
  "operation-4xx-response": "off",
};
const config = await createConfig({ extends: ["recommended"], rules: off });
const problems = await lint({ ref: process.argv[2], config });
console.log(JSON.stringify(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`)));
