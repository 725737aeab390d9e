//! The server as its callers see it, over HTTP, on both engines.

mod api_access;
mod api_apps;
mod api_audit;
mod api_changes;
mod api_credits;
mod api_devices;
mod api_keys;
mod api_licenses;
mod api_lists;
mod api_plans;
mod api_records;
mod api_refusals;
mod api_secrets_rotation;
mod api_tenants;
mod api_tokens;
mod hostile_bodies;
mod idempotency;
mod races;
mod secrets;
mod support;
mod tenancy;
mod validate_answer;
mod validate_in_force;
mod validate_refusals;
mod validate_replay;
mod validate_seats;
