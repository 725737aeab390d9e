//! License files for machines without a network: `spec/offline.md` calls them bundles.

pub(crate) mod activate;
pub(crate) mod found;
pub(crate) mod kept;
mod offer;
mod refused;
mod said;

pub(crate) use offer::{offer, search};
