//! What holds for any history of roots, any order in which statements arrive, and any question and answer.

mod authority;
mod import;
mod online;
mod retired;
mod signers;
mod trust_file;
mod updates;
