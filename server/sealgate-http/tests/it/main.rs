//! The server as its callers see it, over HTTP, on both engines.

mod api_apps;
mod api_keys;
mod api_licenses;
mod api_lists;
mod api_records;
mod api_refusals;
mod hostile_bodies;
mod races;
mod secrets;
mod support;
mod tenancy;
mod validate_answer;
mod validate_in_force;
mod validate_refusals;
mod validate_replay;
mod validate_seats;
