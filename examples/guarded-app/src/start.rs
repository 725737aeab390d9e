//! The start: configuration, client, guard. Everything that a program does to be guarded is in [`guard`].
#![expect(
    clippy::disallowed_methods,
    reason = "this is where the program reads its configuration and its environment"
)]

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use guarded_rules::Library;
use sealgate::guard::{GuardConfig, GuardConfigError, StartRefused};
use sealgate::{Client, ConfigurationError, Guard, HttpTransport};

use crate::args::Args;
use crate::bundles::Bundles;
use crate::features::FREE;

/// Whom this program believes. It is part of the build (`build.rs`): no file, variable or argument of a customer's changes it.
const TRUST: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/trust.json"));
/// The vendor's server, where the configuration names no other. Another one must show that the vendor certified it.
const SERVER: &str = "http://127.0.0.1:8080";

/// Starts the guard. It waits for a server only where the program would have no rights else.
pub(crate) fn guard(args: &Args) -> Result<(Guard, Bundles), Failure> {
    let config = configuration(args)?;
    let variable = std::env::var("SEALGATE_LICENSE_KEY").ok();
    let key = config.license_key(variable.as_deref())?;
    let client = client(args, &config)?;
    let guard = client.guard().free(FREE).install_root(own_folder()?).configured(&config, key)?;
    // A program that ends at once needs no threads.
    let guard = if args.verb.is_some() { guard.without_threads() } else { guard };
    let folder = config.license_file.as_deref().and_then(Path::parent).map(PathBuf::from);
    Ok((guard.start()?, Bundles::new(client, folder, own_folder()?, !args.no_drives)))
}

fn client(args: &Args, config: &GuardConfig) -> Result<Arc<Client>, Failure> {
    let transport = HttpTransport::builder();
    let transport = if let Some(timeout) = config.timeout { transport.timeout(timeout) } else { transport };
    let client = Client::builder(TRUST)
        .server(config.endpoint.as_deref().unwrap_or(SERVER))
        .state_dir(&args.state_dir)
        .machine_fingerprint()
        .product_version(env!("CARGO_PKG_VERSION"))
        .transport(transport.build()?);
    Ok(Arc::new(client.build()?))
}

/// The customer's configuration. It can only narrow what the license says.
fn configuration(args: &Args) -> Result<GuardConfig, Failure> {
    let Some(file) = &args.config else { return Ok(GuardConfig::default()) };
    let unreadable =
        |why: &dyn std::fmt::Display| Failure::Configuration(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|why| unreadable(&why))?;
    let is_toml = file.extension().is_some_and(|extension| extension == "toml");
    let read = if is_toml { GuardConfig::from_toml(&text) } else { GuardConfig::from_json(&text) };
    let config = read.map_err(|why| unreadable(&why))?;
    if !config.has_section {
        tracing::warn!("{} has no section LicenseConfigs: every default counts", file.display());
    }
    config
        .unknown
        .iter()
        .for_each(|name| tracing::warn!("LicenseConfigs.{name} is not known, and does nothing"));
    Ok(config)
}

/// The program's library, from where the program itself lies. `None` where it is not there: then no rule is judged.
pub(crate) fn library() -> io::Result<Option<Library>> {
    let folder = own_folder()?;
    // The second is where cargo leaves it.
    let places = [folder.join(guarded_rules::file()), folder.join("deps").join(guarded_rules::file())];
    let Some(file) = places.iter().find(|file| file.exists()) else { return Ok(None) };
    Library::load(file).map(Some).map_err(io::Error::other)
}

/// Where the program is installed: what lies here is the vendor's.
fn own_folder() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    program.parent().map(PathBuf::from).ok_or_else(|| io::Error::other("the program lies nowhere"))
}

/// Why the program does not start.
pub(crate) enum Failure {
    /// The license forbids it, or what it needs is not there.
    Refused(StartRefused),
    /// What it was told does not read, or its own files do not.
    Configuration(String),
}

impl Failure {
    pub(crate) fn exit(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Refused(StartRefused::Blocked { .. }) => 1,
            Self::Refused(_) | Self::Configuration(_) => 78,
        })
    }

    #[expect(clippy::needless_pass_by_value, reason = "a function for `map_err`")]
    pub(crate) fn of_terminal(why: io::Error) -> Self {
        Self::Configuration(format!("this terminal cannot be used ({why}); try --plain"))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(why) => {
                write!(f, "{why} ({})", why.code())?;
                why.code().fix().map_or(Ok(()), |fix| write!(f, " {fix}"))
            }
            Self::Configuration(why) => f.write_str(why),
        }
    }
}

impl From<StartRefused> for Failure {
    fn from(why: StartRefused) -> Self {
        Self::Refused(why)
    }
}

impl From<GuardConfigError> for Failure {
    fn from(why: GuardConfigError) -> Self {
        Self::Configuration(why.to_string())
    }
}

impl From<ConfigurationError> for Failure {
    fn from(why: ConfigurationError) -> Self {
        Self::Configuration(why.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(why: io::Error) -> Self {
        Self::Configuration(why.to_string())
    }
}
