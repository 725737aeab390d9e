//! Why nothing was found out.

/// Why nobody can say which files the program is made of. That is no finding, and no approval.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntegrityError {
    /// The machine does not tell.
    #[error("could not read what is loaded: {0}")]
    Unreadable(#[from] std::io::Error),
    /// The system's list is not of its form, or has no end.
    #[error("the list of what is loaded cannot be read")]
    Malformed,
    /// No file is shown as code, or the dynamic linker is not: an emulator's list is so.
    #[error("the system does not show what is loaded as code")]
    Hidden,
    /// The folder where the program is installed has to be there, by its whole path.
    #[error("the install root is no folder with an absolute path")]
    InstallRoot,
}
