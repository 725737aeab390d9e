//! The store through its public door, on both engines.

mod answers;
mod audit;
mod broken;
mod cache;
mod closing;
mod device_lists;
mod errors;
mod group;
mod group_size;
mod history;
mod jobs;
mod keys;
mod lists;
mod log;
mod opening;
mod outage;
mod place;
mod seats;
mod slots;
mod support;
