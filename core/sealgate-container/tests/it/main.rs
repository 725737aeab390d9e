//! Containers through the crate's public door: whole ones, cut ones, changed ones, and those that lie.

mod any;
mod changed;
mod hostile;
mod order;
mod sample;
