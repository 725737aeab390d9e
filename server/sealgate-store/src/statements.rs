//! Named statements.

/// Makes named statements and the list of them that a test prepares on both engines.
macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(const $name: &str = $sql;)*
        /// Every statement of this module.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[&str] = &[$($name),*];
    };
}
pub(crate) use statements;

/// The number stands once, in statements as in [`AT_ONCE`].
macro_rules! at_once {
    () => {
        5000
    };
}
pub(crate) use at_once;

/// Rows that one statement deletes: others write in between, however many there are.
pub(crate) const AT_ONCE: u64 = at_once!();
