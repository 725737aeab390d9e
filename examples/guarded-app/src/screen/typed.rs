//! What is on the screen beside the table.

#[derive(Default)]
pub(super) struct Typed {
    /// What is being typed.
    pub(super) line: String,
    /// What was answered last.
    pub(super) answer: Vec<String>,
    pub(super) has_ended: bool,
}
