//! What the project's own tools and tests stand on: child processes, a PostgreSQL of one's own, a line that can be cut.
//!
//! Nothing that ships may depend on this crate, and it knows nothing of the product.
#![expect(
    clippy::disallowed_methods,
    reason = "these are tools and tests, which drive processes and wait for them; they hold no rule of the product"
)]

pub mod failure;
mod keeper;
mod mishap;
pub mod postgres;
pub mod process;
mod proxy;
mod talk;

pub use mishap::{Death, Snapshot};
pub use proxy::{Proxy, Way};
pub use talk::Talk;
