//! The verbs, one file each.

pub(crate) mod access;
pub(crate) mod app;
pub(crate) mod audit;
pub(crate) mod authforge_file;
pub(crate) mod clock;
pub(crate) mod config;
pub(crate) mod credits;
pub(crate) mod customer;
pub(crate) mod device;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod inspect;
pub(crate) mod keys;
pub(crate) mod license;
pub(crate) mod manual;
pub(crate) mod plan;
pub(crate) mod reset_devices;
pub(crate) mod resign;
pub(crate) mod serve;
pub(crate) mod server;
pub(crate) mod tenant;
pub(crate) mod token;
pub(crate) mod vars;
pub(crate) mod verify;
