//! The SDK's client, as this program uses it.

use std::path::PathBuf;
use std::time::Duration;

use sealgate::{Client, HttpTransport};
use sealgate_artifact::Code;

use crate::args::Global;
use crate::failure::Failure;
use crate::files;
use crate::settings::Settings;
use crate::trust::{self, Pinned};

/// In the place of a server for what asks none.
const NOBODY: &str = "https://offline.invalid";

/// All that a verb works with.
pub(crate) struct Here {
    pub(crate) pinned: Pinned,
    pub(crate) folder: PathBuf,
    pub(crate) settings: Settings,
}

impl Here {
    pub(crate) fn find(global: &Global) -> Result<Self, Failure> {
        let pinned = trust::load(global)?;
        let folder = state_folder(global, &pinned)?;
        let settings = Settings::load(&folder)?;
        Ok(Self { pinned, folder, settings })
    }

    /// The server that is named, else the one of a configuration, else the one that activated this machine.
    pub(crate) fn server_or(&self, global: &Global, configured: Option<&str>) -> Result<String, Failure> {
        let named = global.server.clone().filter(|url| !url.is_empty());
        let named = named.or_else(|| configured.map(str::to_owned)).or_else(|| self.settings.server.clone());
        named.ok_or_else(|| {
            Failure::new(Code::ConfigInvalid, "no server was named")
                .fix("give --server URL, or set SGLIC_SERVER: the address that the vendor gave you")
        })
    }

    /// The server that is named, else the one that activated this machine.
    pub(crate) fn server(&self, global: &Global) -> Result<String, Failure> {
        self.server_or(global, None)
    }

    /// A client that asks that server.
    pub(crate) fn client(&self, global: &Global) -> Result<Client, Failure> {
        self.client_of(global, self.server(global)?, None)
    }

    /// One that asks this server, within this time.
    pub(crate) fn client_at(
        &self,
        global: &Global,
        server: &str,
        within: Option<Duration>,
    ) -> Result<Client, Failure> {
        self.client_of(global, server.to_owned(), within)
    }

    /// A client for what asks nobody.
    pub(crate) fn offline(&self, global: &Global) -> Result<Client, Failure> {
        self.client_of(global, NOBODY.to_owned(), None)
    }

    /// Refuses where nothing is held, before anybody is asked. What does not verify any more is held all the same.
    pub(crate) fn check_activated(&self, global: &Global) -> Result<(), Failure> {
        match self.offline(global)?.activation() {
            Ok(None) => Err(Failure::not_activated()),
            _ => Ok(()),
        }
    }

    fn client_of(
        &self,
        global: &Global,
        server: String,
        within: Option<Duration>,
    ) -> Result<Client, Failure> {
        let mut transport = HttpTransport::builder();
        if let Some(within) = within {
            transport = transport.timeout(within);
        }
        if let Some(proxy) = global.proxy.as_ref().filter(|proxy| !proxy.is_empty()) {
            transport = transport.proxy(proxy);
        }
        if let Some(ca) = &global.ca {
            transport = transport.certificate_authority(files::read(ca)?);
        }
        let builder = Client::builder(self.pinned.bytes)
            .server(server)
            .state_dir(&self.folder)
            .machine_fingerprint()
            // What the vendor imported from another system is taken, too.
            .foreign_keys()
            .transport(transport.build()?);
        let builder = if global.danger_plain_http { builder.danger_plain_http() } else { builder };
        Ok(builder.build()?)
    }
}

/// The folder that is named, else this user's for this app.
fn state_folder(global: &Global, pinned: &Pinned) -> Result<PathBuf, Failure> {
    if let Some(folder) = global.state.as_ref().filter(|folder| !folder.as_os_str().is_empty()) {
        return Ok(files::resolved(folder));
    }
    let states = global.states.as_ref().ok_or_else(|| {
        Failure::new(Code::ConfigInvalid, "this user has no folder for the state of programs")
            .fix("give --state DIR, or set SGLIC_STATE")
    })?;
    Ok(states.join("sglic").join(pinned.trust.app().to_string()))
}
