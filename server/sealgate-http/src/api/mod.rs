//! The management API (`spec/http.md` §3).

mod describe;
mod operation;
mod request;
mod table;

pub(crate) use describe::document;
pub(crate) use operation::{Vendor, parameters};
pub(crate) use table::operations;
