//! What tests build with: a real server on a real database of either engine, and a clock that moves when told to.
//!
//! Nothing that ships may depend on this crate.
#![expect(
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    reason = "a test helper fails by panicking"
)]

mod app;
mod clock;
mod database;
mod http;

pub use app::TestApp;
pub use clock::TestClock;
pub use database::Engine;
pub use http::{Answer, request, send};

/// Runs one test body on a server over SQLite and on one over PostgreSQL.
///
/// ```ignore
/// on_both_engines! { fn a_license_is_issued(app: &TestApp) { … } }
/// ```
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$doc:meta])* fn $name:ident($app:ident: &TestApp) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "a body may need nothing from outside")]
            use super::*;

            fn body($app: &$crate::TestApp) $body

            #[test]
            fn sqlite() {
                body(&$crate::TestApp::start($crate::Engine::Sqlite));
            }

            #[test]
            fn postgres() {
                body(&$crate::TestApp::start($crate::Engine::Postgres));
            }
        }
    )*};
}
