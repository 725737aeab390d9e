//! Customers: who buys. What the vendor knows of them is personal, and goes nowhere but into their row and, where the vendor
//! wants that, into their licenses.

mod change;
mod check;
mod forget;
mod known;
mod list;
mod merge;

pub use known::Customers;
pub(crate) use known::{find, lock_buyer, may_buy};
