//! The example as its users run it, beside real servers, under real tools. Whatever happens, what is free works.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the machine itself is what is tested")]

mod bundles;
mod changed;
mod configured;
mod foreign;
mod late;
mod offline;
mod periodic;
mod product;
mod running;
mod screen;
mod traced;
mod vendor;
