//! The running server, through its public door.

mod config;
mod jobs;
