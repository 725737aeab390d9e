-- Short names that people write in the place of identifiers. A customer's goes with its name, when the customer is forgotten.
ALTER TABLE apps ADD COLUMN slug TEXT;
ALTER TABLE plans ADD COLUMN slug TEXT;
ALTER TABLE customers ADD COLUMN slug TEXT;
CREATE UNIQUE INDEX apps_by_slug ON apps (tenant_id, slug);
-- The slug before the app: a plan is looked for in an app, and in all of them.
CREATE UNIQUE INDEX plans_by_slug ON plans (tenant_id, slug, app_id);
CREATE UNIQUE INDEX customers_by_slug ON customers (tenant_id, slug);
