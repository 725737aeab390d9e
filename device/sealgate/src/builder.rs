//! Putting a client together.

use std::path::PathBuf;
use std::sync::Arc;

use sealgate_artifact::Word;

use crate::about::{DeviceName, about};
use crate::fingerprint::machine_fingerprint;
use crate::server::Server;
use crate::{
    ChainFolder, ChainStore, Client, Clock, ConfigurationError, FileStore, HttpTransport, KeptRevocations,
    RevocationStore, Store, SystemClock, Transport, Trust,
};

/// What a [`Client`] needs: at least a place for its state, and a server where it is to ask one.
pub struct Builder {
    trust: &'static [u8],
    server: Option<String>,
    fingerprint: Fingerprint,
    device_name: DeviceName,
    product_version: Option<String>,
    plain_http: bool,
    foreign_keys: bool,
    store: Option<Box<dyn Store>>,
    chain_store: Option<Arc<dyn ChainStore>>,
    revocation_store: Option<Box<dyn RevocationStore>>,
    clock: Box<dyn Clock>,
    transport: Option<Box<dyn Transport>>,
}

/// What is said about the machine.
enum Fingerprint {
    Unsaid,
    Given(String),
    OfParts,
}

impl Client {
    /// Begins with the bytes of `trust.json`, a constant of the build made by `include_bytes!`.
    pub fn builder(trust: &'static [u8]) -> Builder {
        Builder::new(trust)
    }
}

impl Builder {
    fn new(trust: &'static [u8]) -> Self {
        Self {
            trust,
            server: None,
            fingerprint: Fingerprint::Unsaid,
            device_name: DeviceName::Host,
            product_version: None,
            plain_http: false,
            foreign_keys: false,
            store: None,
            chain_store: None,
            revocation_store: None,
            clock: Box::new(SystemClock),
            transport: None,
        }
    }

    /// The server, `https://HOST[:PORT][/PATH]`. A customer may set it: a server elsewhere must show a certificate for
    /// the place where it was called. Without one, the client asks nobody: it verifies files, and goes by what it keeps.
    #[must_use]
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.server = Some(url.into());
        self
    }

    /// Keeps the state in this folder: [`FileStore`]. The log of actions lies there too, if the program has one: [`ChainFolder`]; and revocation
    /// data that was imported: [`KeptRevocations`].
    #[must_use]
    pub fn state_dir(self, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        self.store(FileStore::new(&folder))
            .chain_store(ChainFolder::new(&folder))
            .revocation_store(KeptRevocations::new(folder))
    }

    /// Keeps revocation data there that is imported ([`Client::import_snapshot`]).
    #[must_use]
    pub fn revocation_store(mut self, store: impl RevocationStore + 'static) -> Self {
        self.revocation_store = Some(Box::new(store));
        self
    }

    /// Keeps the log of actions there ([`Client::chain_log`]).
    #[must_use]
    pub fn chain_store(mut self, store: impl ChainStore + 'static) -> Self {
        self.chain_store = Some(Arc::new(store));
        self
    }

    /// Keeps the state there.
    #[must_use]
    pub fn store(mut self, store: impl Store + 'static) -> Self {
        self.store = Some(Box::new(store));
        self
    }

    /// What the program can tell about the machine, in its own words: 1 to 128 bytes without control characters. It is
    /// sent to the server and proves nothing: text that two machines share moves a seat from one to the other. A trial needs one: by it the server knows a device that tried the program before.
    #[must_use]
    pub fn fingerprint(mut self, fingerprint: Option<String>) -> Self {
        self.fingerprint = fingerprint.map_or(Fingerprint::Unsaid, Fingerprint::Given);
        self
    }

    /// Says of which parts the machine is made, in the place of [`fingerprint`](Self::fingerprint): each as a short hash that
    /// is another one for each app, so no serial number leaves the machine (`spec/online.md` §10). If the state is lost, the
    /// server knows the machine again, also after a part was replaced, and moves its seat. It proves nothing.
    ///
    /// It is read once, by [`build`](Self::build), on Linux alone. Where too little is known, as in a container, on Windows and on
    /// macOS, none is sent.
    #[must_use]
    pub fn machine_fingerprint(mut self) -> Self {
        self.fingerprint = Fingerprint::OfParts;
        self
    }

    /// What the device is called in the vendor's lists, and in those of the customer's other devices where no seat is left: its
    /// host name, unless this says otherwise. It is cut to 64 bytes, and proves nothing.
    #[must_use]
    pub fn device_name(mut self, name: impl Into<String>) -> Self {
        self.device_name = DeviceName::Given(name.into());
        self
    }

    /// Sends no name of the device: the host name stays here.
    #[must_use]
    pub fn no_device_name(mut self) -> Self {
        self.device_name = DeviceName::Unsaid;
        self
    }

    /// The version of the program, which the vendor sees with the device. It is cut to 64 bytes.
    #[must_use]
    pub fn product_version(mut self, version: impl Into<String>) -> Self {
        self.product_version = Some(version.into());
        self
    }

    /// Tells the time in the place of the machine's clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Reaches the server this way, in the place of [`HttpTransport`] without a proxy.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Box::new(transport));
        self
    }

    /// Also takes license keys that another system made, if the vendor imported them (`spec/license.md` §3.7). A key with a symbol too
    /// many or too few may then be one of those, so only the server says that nobody has it.
    #[must_use]
    pub fn foreign_keys(mut self) -> Self {
        self.foreign_keys = true;
        self
    }

    /// Allows `http://` to another machine. License keys can then be read by whoever listens; answers stay as safe as
    /// they are.
    #[must_use]
    pub fn danger_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// The client. Touches neither store nor network, and reads of the machine what is to be said of it.
    pub fn build(self) -> Result<Client, ConfigurationError> {
        let trust = Trust::parse(self.trust)?;
        let server = self.server.as_deref().map(Server::parse).transpose()?;
        if server.as_ref().is_some_and(Server::is_open_to_others) && !self.plain_http {
            return Err(ConfigurationError::PlainHttp);
        }
        let fingerprint = match self.fingerprint {
            Fingerprint::Unsaid => None,
            Fingerprint::Given(text) => Some(Word::parse(&text).ok_or(ConfigurationError::Fingerprint)?),
            Fingerprint::OfParts => machine_fingerprint(trust.app),
        };
        let transport = match self.transport {
            Some(transport) => transport,
            None => Box::new(HttpTransport::builder().build()?),
        };
        Ok(Client {
            trust,
            server,
            fingerprint,
            about: about(&self.device_name, self.product_version.as_deref()),
            store: self.store.ok_or(ConfigurationError::StoreMissing)?,
            chain_store: self.chain_store,
            revocation_store: self.revocation_store,
            clock: self.clock,
            transport,
            foreign_keys: self.foreign_keys,
        })
    }
}
