//! Other people's clients and verifiers, unchanged, against the real server on both engines.

mod activated;
mod authforge_files;
mod authforge_vectors;
mod clients;
mod cut;
mod dsse;
mod ephemeral;
mod guarded;
mod lost_answer;
mod openapi;
mod program;
mod python_sdk;
mod python_session;
mod relay;
mod replicas;
mod restored;
mod rust_sdk;
mod rust_session;
mod sdk;
mod self_serve;
mod shards;
mod snippets;
mod sold;
mod stripped;
