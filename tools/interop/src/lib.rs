//! Other people's clients and verifiers against the real server: a judge that we did not write.
//!
//! This crate must never name the product's own crates: its tests see the server as the world does. All of it is in
//! `tests/`, `python/` and `node/`.
