//! What a server is, said once when it starts: in its log, and on the terminal of whoever starts the first one.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sealgate_artifact::KeyId;
use sealgate_server::Role;
use sealgate_server::assembly::{HeldKeys, Options, TOKEN_FILE};
use sealgate_server::config::Source;

use crate::credentials::HERE;

/// What does not change while it runs.
pub(crate) struct Facts {
    pub(crate) data: PathBuf,
    data_from: Source,
    /// Engine and place, without user and password.
    database: String,
    pub(crate) role: Role,
    origins: String,
    listen: SocketAddr,
}

impl Facts {
    pub(crate) fn of(options: &Options, data_from: Source, listen: SocketAddr) -> Self {
        let origins = if options.role.has_runtime() { options.origins.join(" ") } else { "none".to_owned() };
        Self {
            data: options.data.clone(),
            data_from,
            database: options.location().to_string(),
            role: options.role,
            origins,
            listen,
        }
    }

    /// One line of the log.
    pub(crate) fn log(&self, keys: &HeldKeys) {
        tracing::info!(
            target: "sealgate",
            version = env!("CARGO_PKG_VERSION"),
            role = role_name(self.role),
            listen = %self.listen,
            origins = %self.origins,
            database = %self.database,
            data = %self.data.display(),
            data_from = %self.data_from,
            server_keys = %listed(&keys.server),
            authority_keys = %listed(&keys.authority),
            root_keys = %listed(&keys.root),
            "starting"
        );
    }

    /// What a person does first with a new installation.
    pub(crate) fn next_steps(&self) -> String {
        let url = format!("http://{}", from_here(self.listen));
        let url = if url == HERE { String::new() } else { format!("SEALGATE_URL={url} ") };
        format!(
            "\n\nThe owner's token, which may do everything, is in {}. In another terminal:\n\n  \
             export {url}SEALGATE_DATA={}\n  \
             sealgate app create Editor\n  \
             sealgate license issue --app editor --expires +365d\n  \
             sealgate doctor --server\n",
            self.data.join(TOKEN_FILE).display(),
            for_a_shell(&self.data),
        )
    }
}

/// Where programs of this machine find what listens there: nothing is found at an address that stands for all.
pub(crate) fn from_here(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], listen.port())) } else { listen }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::All => "all",
        Role::Authority => "authority",
        Role::Runtime => "runtime",
    }
}

fn listed(keys: &[KeyId]) -> String {
    if keys.is_empty() {
        return "none".to_owned();
    }
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// A path as one types it.
fn for_a_shell(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::for_a_shell;

    #[test]
    fn a_path_is_written_as_a_shell_reads_it() {
        for (path, typed) in
            [("/srv/data", "/srv/data"), ("/my data", "'/my data'"), ("/it's", r"'/it'\''s'")]
        {
            assert_eq!(for_a_shell(Path::new(path)), typed);
        }
    }
}
