// The client that @hey-api/openapi-ts makes, against the server. Reads its order from stdin.
import { createClient, createConfig } from "./hey/client/index.js";
import {
  createApp,
  createCustomer,
  createPlan,
  issueLicenses,
  listEvents,
  listKeys,
  listLicenses,
  renewLicense,
  showLicense,
  suspendLicense,
  updateLicense,
} from "./hey/index.js";
import type { Problem, Tier } from "./hey/index.js";

declare const process: { stdin: AsyncIterable<Uint8Array> };

let text = "";
for await (const part of process.stdin) text += new TextDecoder().decode(part);
const order: { url: string; token: string; nobody: string } = JSON.parse(text);
const client = createClient(createConfig({ baseUrl: order.url, auth: () => order.token }));

function must<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const app = must(await createApp({ client, body: { name: "Editor" } }));
const plan = must(
  await createPlan({
    client,
    body: {
      app_id: app.app_id,
      name: "Pro",
      tier: "licensed",
      features: [{ name: "export", value: "pdf" }],
      limits: [{ name: "projects", value: 10 }],
      max_devices: 2,
      duration: "30d",
      policy: { heartbeat: { interval: 3600, grace: 86400 }, fail: "hard" },
      variables: { theme: "dark", workers: 4, beta: true },
    },
  }),
);
// @ts-expect-error: there is no such tier.
const gold: Tier = "gold";
// @ts-expect-error: a plan has no color.
plan.color;
const customer = must(await createCustomer({ client, body: { name: "Ada Lovelace", metadata: { segment: "A" } } }));
const issued = must(
  await issueLicenses({
    client,
    headers: { "Idempotency-Key": "order-1" },
    body: {
      app_id: app.app_id,
      plan_id: plan.plan_id,
      customer_id: customer.customer_id,
      max_devices: "unlimited",
      count: 3,
    },
  }),
);

const listed: string[] = [];
let pages = 0;
let cursor: string | undefined;
do {
  const query = { app_id: app.app_id, status: "active", tier: "licensed", limit: 2, cursor } as const;
  const page = must(await listLicenses({ client, query }));
  listed.push(...page.items.map((license) => license.license_id));
  cursor = page.next_cursor;
  pages += 1;
} while (cursor !== undefined);

const path = { license_id: listed[0]! };
const renewed = must(await renewLicense({ client, path, body: { expires_at: "2037-01-31T00:00:00Z" } }));
const endless = must(await updateLicense({ client, path, body: { expires_at: null } }));
// A body that may be left out is left out.
const suspended = must(await suspendLicense({ client, path }));
const keys = must(await listKeys({ client }));
const events = must(await listEvents({ client, query: { license_id: listed[0] } }));
const missing = await showLicense({ client, path: { license_id: order.nobody } });
const taken = await createApp({ client, body: { name: "Editor" } });

console.log(
  JSON.stringify({
    issued: issued.licenses.map((license) => license.license_id),
    listed,
    pages,
    seats: issued.licenses[0]?.max_devices,
    features: plan.features,
    variables: plan.variables,
    fail: plan.policy?.fail,
    customer: endless.customer_id,
    renewed: renewed.expires_at,
    endless: endless.expires_at,
    status: suspended.status,
    states: [...new Set(keys.items.map((key) => key.state))].sort(),
    events: events.items.map((event) => event.kind).sort(),
    missing: [missing.response?.status, missing.error?.code],
    taken: [taken.response?.status, taken.error?.code],
  }),
);
