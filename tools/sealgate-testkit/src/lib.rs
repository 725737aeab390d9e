//! What tests build with: a real server on a real database of either engine, and a clock that moves when told to.
//!
//! Nothing that ships may depend on this crate.
#![expect(
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    reason = "a test helper fails by panicking"
)]

mod activated;
mod app;
mod audit;
mod backstage;
mod beside;
mod chain;
mod clock;
mod database;
mod device;
mod http;
mod offline;
mod operations;
mod outside;
pub mod program;
mod signature;
mod snapshot;
mod user;

pub use activated::{Admission, Beaten, TestActivation};
pub use app::TestApp;
pub use chain::Chain;
pub use clock::TestClock;
pub use database::{DATABASE_PASSWORD, Engine, TestDatabase, on_postgres};
pub use device::{Build, TestDevice, statement_id};
pub use harness::{Proxy, Way};
pub use http::{Answer, request, send, send_with};
pub use offline::{entries, is_for};
pub use operations::{Operation, Staged, stage};
pub use outside::on_sqlite;
pub use sealgate_artifact::encode_base64;
pub use sealgate_container as container;
pub use sealgate_journal::Broken;
pub use sealgate_trust::TrustError;
pub use signature::is_signed_by;
pub use snapshot::TakenOver;
pub use user::User;

/// Fails to compile when one of these types has a `Debug` text: what has none is in no log by accident.
#[macro_export]
macro_rules! have_no_debug_text {
    ($($kind:ty),+ $(,)?) => {$({
        // For a type with a `Debug` text there are two, and the compiler does not choose.
        trait Ambiguous<A> {
            fn chosen() {}
        }
        struct Printable;
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + std::fmt::Debug> Ambiguous<Printable> for T {}
        <$kind as Ambiguous<_>>::chosen();
    })+};
}

/// Runs one test body on a server over SQLite and on one over PostgreSQL. A body that restarts its server takes
/// `&mut TestApp`.
///
/// ```text
/// on_both_engines! { fn a_license_is_issued(app: &TestApp) { … } }
/// ```
#[macro_export]
macro_rules! on_both_engines {
    ($($tests:tt)*) => { $crate::on_both_engines_from! { start; $($tests)* } };
}

/// The same with a clock that runs with the machine's, for clients that bring their own time.
#[macro_export]
macro_rules! on_both_engines_in_real_time {
    ($($tests:tt)*) => { $crate::on_both_engines_from! { start_in_real_time; $($tests)* } };
}

/// The same behind proxies on this machine, for clients that come from elsewhere.
#[macro_export]
macro_rules! on_both_engines_behind_proxies {
    ($($tests:tt)*) => { $crate::on_both_engines_from! { start_behind_any_proxies; $($tests)* } };
}

/// What the three above have in common.
#[doc(hidden)]
#[macro_export]
macro_rules! on_both_engines_from {
    ($start:ident; $($(#[$doc:meta])* fn $name:ident($app:ident: &$($kind:ident)+) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "a body may need nothing from outside")]
            use super::*;
            use $crate::{Engine, TestApp};

            fn body($app: &$($kind)+) $body

            #[test]
            fn sqlite() {
                body(&mut TestApp::$start(Engine::Sqlite));
            }

            #[test]
            fn postgres() {
                body(&mut TestApp::$start(Engine::Postgres));
            }
        }
    )*};
}
