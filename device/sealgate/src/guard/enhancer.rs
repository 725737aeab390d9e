//! What a program adds to its guard.

use super::shown::GuardState;

/// A program's own part in its guard: called at the start, before each action, and after each one that is recorded. It can refuse
/// an action, and can allow none that the license does not.
pub trait Enhancer: Send + Sync {
    /// Once, when everything is judged and before any action.
    fn on_startup(&self, _state: &GuardState) {}

    /// Before an action that the license allows. An error refuses it.
    fn on_ensure_valid(&self, _action: &str, _state: &GuardState) -> Result<(), String> {
        Ok(())
    }

    /// After an action was recorded.
    fn on_record_action(&self, _action: &RecordedAction<'_>, _state: &GuardState) {}
}

/// An action that a program did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedAction<'a> {
    /// For which of the program's tenants; [`HOST`](super::HOST) for itself.
    pub tenant: &'a str,
    /// What kind, as its feature is called.
    pub action: &'a str,
    /// SHA-256 of what it was about.
    pub digest: [u8; 32],
}
