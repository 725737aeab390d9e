//! Putting the crates of the server together into a running server, as the configuration says.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use sealgate_artifact::{KeyId, KeyUse, UnixSeconds};
use sealgate_authority::certificates::{Certify, ServerSettings};
use sealgate_authority::ports::{Clock, Entropy};
use sealgate_authority::{Health, Ids, Limiter, Limits, Observed, SharedSecrets, SnapshotFiles};
use sealgate_control::{BootstrapError, Control, Installation, VendorSecrets};
use sealgate_http::Sides;
use sealgate_runtime::Runtime;
use sealgate_signer::{Keystore, KeystoreError, OwnKeys, Unlock};
use sealgate_store::{Db, Location, LockFile, StoreError, installation_at, table};
use sealgate_trust::Signer;
use zeroize::Zeroizing;

use crate::config::{Config, ConfigError, Profile};
use crate::connections::Connections;
use crate::error::StartError;
use crate::jobs::{Duties, JOBS, Job, Jobs};
use crate::settings::Settings;
use crate::{Role, files};

/// The owner's token, beside the data.
pub const TOKEN_FILE: &str = "admin.token";
pub(crate) const KEYS_DIR: &str = "keys";
pub(crate) const DATABASE_FILE: &str = "sealgate.db";
const LOCK_FILE: &str = "sealgate.lock";
/// What lies in a data directory beside the keys, and is believed. The database's engine would roll a planted journal back into it.
const BELIEVED: [&str; 6] = [
    LOCK_FILE,
    DATABASE_FILE,
    "sealgate.db-wal",
    "sealgate.db-shm",
    "sealgate.db-journal",
    "sealgate.written",
];

/// A server that is ready to serve.
pub struct Started {
    /// The server.
    pub server: Server,
    /// Whether keys, schema, tenant and token were made just now.
    pub first: bool,
    /// What it signs with.
    pub keys: HeldKeys,
}

/// The ids of keys that this process holds. Those of tenants and apps are many, and are not here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldKeys {
    /// Its own key, by which clients know it.
    pub server: Vec<KeyId>,
    /// The authority keys, present, next and retired.
    pub authority: Vec<KeyId>,
    /// The root keys, likewise.
    pub root: Vec<KeyId>,
}

impl HeldKeys {
    fn of(keystore: &Keystore) -> Result<Self, KeystoreError> {
        let ids = |key_use: KeyUse| -> Result<Vec<KeyId>, KeystoreError> {
            Ok(keystore.keys_of(key_use)?.iter().map(|key| key.id(key_use)).collect())
        };
        Ok(Self {
            server: ids(KeyUse::Server)?,
            authority: ids(KeyUse::Authority)?,
            root: ids(KeyUse::Root)?,
        })
    }
}

/// What a process is started with. It has no `Debug` text: a PostgreSQL URL may hold a password.
pub struct Options {
    /// The data directory.
    pub data: PathBuf,
    /// A PostgreSQL URL. Without one, the database is an SQLite file in the data directory.
    pub database: Option<String>,
    /// What opens the keystore.
    pub unlock: Unlock,
    /// How often somebody may ask.
    pub limits: Limits,
    /// Which part of the work this process does.
    pub role: Role,
    /// Where clients reach this server.
    pub origins: Vec<String>,
    /// Proxies whose word on a client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Where the vendor is: a day ends there.
    pub zone: TimeZone,
}

impl Options {
    /// All defaults: SQLite, the keystore opened by the file beside its keys, both sides, and no origin.
    pub fn new(data: PathBuf) -> Self {
        Self {
            data,
            database: None,
            unlock: Unlock::File,
            limits: Limits::default(),
            role: Role::All,
            origins: vec![],
            trusted_proxies: vec![],
            zone: TimeZone::UTC,
        }
    }

    /// Where the database is.
    pub fn location(&self) -> Location {
        match &self.database {
            Some(url) => Location::Postgres(url.clone()),
            None => Location::File(self.data.join(DATABASE_FILE)),
        }
    }
}

/// What each part of the server is told.
pub struct Parts {
    /// Where to listen.
    pub listen: SocketAddr,
    /// For [`start`]. Without origins there, the server's own address is meant.
    pub options: Options,
    /// For [`crate::listen::serve`].
    pub serving: Settings,
    /// Whether nobody is limited.
    pub limits_are_off: bool,
    /// Whether whoever is on the way to the database may pose as it.
    pub database_may_be_another: bool,
}

impl Parts {
    /// Hands each value to the part of the server that needs it. A passphrase is read now.
    pub fn new(config: Config) -> Result<Self, StartError> {
        config.check_start()?;
        let (trusted_proxies, zone) = (config.proxies()?, config.time_zone()?);
        let database_may_be_another = config.database_may_be_another();
        // Every field is named, so that a key that is forgotten here does not compile. The log is set up before this.
        let Config {
            data,
            listen,
            database,
            database_tls: _,
            role,
            origins,
            log: _,
            passphrase_file,
            trusted_proxies: _,
            zone: _,
            max_connections,
            limits,
        } = config;
        let data = data.ok_or(ConfigError::NoData)?;
        let unlock = unlock(passphrase_file.as_deref())?;
        let limits_are_off = limits.profile == Profile::DangerOff;
        let limits = limits.into_limits();
        Ok(Self {
            listen,
            options: Options {
                data,
                database,
                unlock,
                limits,
                role: role.into(),
                origins,
                trusted_proxies: trusted_proxies.clone(),
                zone,
            },
            serving: Settings {
                http: sealgate_http::Settings { trusted_proxies },
                connections: Connections { most: max_connections, ..Connections::default() },
            },
            limits_are_off,
            database_may_be_another,
        })
    }
}

/// Opens the data directory. A new one gets keys, schema, tenant and token, unless the role is `runtime`.
pub async fn start(
    options: Options,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Started, StartError> {
    let data = &options.data;
    check_data(data)?;
    let location = options.location();
    if options.role.has_control() {
        keys_are_not_lost(&data.join(KEYS_DIR), &location).await?;
    }
    files::make_private_dir(data)
        .map_err(|source| StartError::DataDir { path: data.display().to_string(), source })?;
    check_data(data)?;
    // First of all: nobody else makes keys in this directory, or serves with those that are there.
    let lock = LockFile::take(&data.join(LOCK_FILE))?;
    let db = Db::open_locked(&location, lock).await?;
    let started = Box::pin(start_on(db.clone(), options, clock, entropy)).await;
    if started.is_err() {
        // Else what reads the database in the background would be cut off, and say so in the log.
        db.close().await;
    }
    started
}

/// Comes before anything is written, here or there: new keys would be of no use to a database that has others.
async fn keys_are_not_lost(keys: &Path, location: &Location) -> Result<(), StartError> {
    let is_lost = !Keystore::is_in(keys) && installation_at(location).await.is_some();
    // Another process may be founding. It makes keys first, so they are there once the database has its installation.
    if is_lost && !Keystore::is_in(keys) {
        return Err(StartError::KeysLost(keys.display().to_string()));
    }
    Ok(())
}

/// Assembles the server on an open database.
async fn start_on(
    db: Db,
    options: Options,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Started, StartError> {
    let Options { data, unlock, limits, role, origins, trusted_proxies, zone, database: _ } = options;
    let keys = data.join(KEYS_DIR);
    let keystore = if role.has_control() {
        Keystore::open_or_create(&keys, &unlock, &new_installation(&*clock, &*entropy))?
    } else {
        // A directory that it set up itself would be of another installation.
        Keystore::open_existing(&keys, &unlock)?
    };
    if !role.has_control() {
        keystore.holds_only(&[&Keystore::OF_SERVERS[..], &[KeyUse::App]].concat())?;
    }
    let ids = Ids::new(Arc::clone(&clock), entropy);
    let ground = Ground {
        limiter: Limiter::new(limits, clock),
        observed: Observed::new(db.clone(), ids.clone()),
        keystore: Arc::new(keystore),
        db,
        ids,
        zone,
    };
    if role.has_control() {
        ground.hold_vendors_side().await?;
    }
    let own = if role.has_runtime() { Some(ground.own_server(origins).await?) } else { None };
    let own_key = own.as_ref().map(|own| own.key);
    let vendor = if role.has_control() {
        Some(ground.control(own.clone(), &data.join(TOKEN_FILE)).await?)
    } else {
        None
    };
    let runtime = match own {
        Some(own) => Some(ground.runtime((own, trusted_proxies), vendor.as_ref()).await?),
        None => None,
    };
    let first = vendor.as_ref().is_some_and(|vendor| vendor.first);
    let control = vendor.map(|vendor| vendor.control);
    let duties =
        control.as_ref().map(|side| Duties::new(&side.servers, &side.snapshots, &side.offline, &side.upkeep));
    let Ground { db, ids, observed, keystore, limiter, .. } = ground;
    let snapshots = SnapshotFiles::new(db.clone(), limiter);
    let keys = HeldKeys::of(&keystore)?;
    let health = Health::new(db.clone(), ids.clone(), keystore, (own_key, control.is_some()));
    let jobs = Jobs::new((db.clone(), ids.clone()), observed, duties, JOBS).await?;
    jobs.free_all().await?;
    Ok(Started { server: Server { db, ids, health, snapshots, control, runtime, jobs }, first, keys })
}

/// A server with the sides that its role has.
pub struct Server {
    db: Db,
    ids: Ids,
    health: Health,
    snapshots: SnapshotFiles,
    control: Option<Arc<Control>>,
    runtime: Option<Runtime>,
    jobs: Jobs,
}

impl Server {
    /// The vendor's side, where this process has it.
    pub fn control(&self) -> Option<&Arc<Control>> {
        self.control.as_ref()
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Whether the server can work.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// What the server does by itself, once [`crate::listen::serve`] calls it.
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Jobs of another table, on this server.
    pub async fn with_jobs(&self, table: &'static [Job]) -> Result<Jobs, StoreError> {
        let observed = Observed::new(self.db.clone(), self.ids.clone());
        let side = self.control.as_ref();
        let duties =
            side.map(|side| Duties::new(&side.servers, &side.snapshots, &side.offline, &side.upkeep));
        Jobs::new((self.db.clone(), self.ids.clone()), observed, duties, table).await
    }

    /// The jobs, for whoever runs them.
    pub(crate) fn into_jobs(self) -> Jobs {
        self.jobs
    }

    /// What the HTTP face shows.
    pub(crate) fn sides(&self) -> Sides {
        Sides {
            control: self.control.clone(),
            runtime: self.runtime.clone(),
            health: self.health.clone(),
            snapshots: self.snapshots.clone(),
            ids: self.ids.clone(),
        }
    }
}

/// The vendor's side.
struct Vendor {
    control: Arc<Control>,
    /// What it shares with the side that answers running software.
    secrets: Arc<SharedSecrets>,
    /// Whether this was the first start.
    first: bool,
}

/// What both sides stand on.
struct Ground {
    db: Db,
    ids: Ids,
    limiter: Limiter,
    observed: Observed,
    keystore: Arc<Keystore>,
    zone: TimeZone,
}

impl Ground {
    /// Nobody else makes keys or changes what is signed: a copy's new keys would lie in the copy alone, and would sign. Comes before
    /// anything is written: a runtime's directory must not become an Authority without keys.
    async fn hold_vendors_side(&self) -> Result<(), StartError> {
        let known = table::installation::id(&self.db).await?;
        let is_founded = known.as_deref() == Some(self.keystore.installation());
        if known.is_some() && !is_founded {
            return Err(BootstrapError::Mismatch.into());
        }
        // Nor would it become one of a new database.
        if self.keystore.is_shared()? || is_founded && self.keystore.keys_of(KeyUse::Authority)?.is_empty() {
            return Err(StartError::NoVendorKeys);
        }
        let held = self.db.hold_vendors_side(self.keystore.installation()).await;
        held.map_err(|error| match error {
            StoreError::InUse => StartError::VendorsSideInUse,
            StoreError::HeldByUser(user) => {
                StartError::HeldByUser { what: "the vendor's side of this installation".to_owned(), user }
            }
            other => other.into(),
        })
    }

    /// This server's keys, made on the first start. No other process may have it: each would take the other's clients.
    async fn own_server(&self, origins: Vec<String>) -> Result<ServerSettings, StartError> {
        let OwnKeys { server: key, activation } = self.keystore.own_server()?;
        self.db.hold(key).await.map_err(|error| match error {
            StoreError::InUse => StartError::KeyInUse(key.id(KeyUse::Server)),
            StoreError::HeldByUser(user) => {
                StartError::HeldByUser { what: format!("this server's key {}", key.id(KeyUse::Server)), user }
            }
            other => other.into(),
        })?;
        Ok(ServerSettings { key, activation_key: Some(activation), origins })
    }

    /// The vendor's side.
    async fn control(
        &self,
        own_server: Option<ServerSettings>,
        token_file: &Path,
    ) -> Result<Vendor, StartError> {
        let keystore = &self.keystore;
        // Before anything is signed.
        if let Some(newest) = newest_time(&self.db, self.ids.now()).await? {
            self.ids.clock_watch().doubt_after(newest);
        }
        let secret = |name: &str| keystore.secret(name).map(|secret| *secret.expose());
        let session = keystore.newest(SharedSecrets::SESSION)?;
        let secrets = Arc::new(SharedSecrets::load(&session, secret)?);
        let control = Control::new(sealgate_control::Parts {
            db: self.db.clone(),
            signer: Arc::clone(keystore) as Arc<dyn Signer>,
            shared: Arc::clone(&secrets),
            secrets: VendorSecrets::load(secret)?,
            ids: self.ids.clone(),
            limiter: self.limiter.clone(),
            observed: self.observed.clone(),
            own_server,
            zone: self.zone.clone(),
        });
        let save = |token: &str| files::write_private(token_file, format!("{token}\n").as_bytes());
        let installation = Installation { id: keystore.installation(), founded: keystore.has_founded()? };
        let first = control.bootstrap(installation, save).await?;
        keystore.note_founded()?;
        control.servers.register_own().await?;
        warn_of_the_end(control.tokens.installation_ends().await?, self.ids.now());
        Ok(Vendor { control: Arc::new(control), secrets, first })
    }

    /// Joins an installation whose vendor's side runs elsewhere: makes sure that the database belongs to this keystore,
    /// and makes this server known. Returns the secrets, which it got from [`share`].
    async fn join(&self, server: &ServerSettings) -> Result<Arc<SharedSecrets>, StartError> {
        let secret = |name: &str| self.keystore.existing_secret(name).map(|secret| *secret.expose());
        let session = self.keystore.newest(SharedSecrets::SESSION)?;
        let secrets = Arc::new(SharedSecrets::load(&session, secret)?);
        match table::installation::id(&self.db).await? {
            Some(id) if id == self.keystore.installation() => {}
            Some(_) => return Err(BootstrapError::Mismatch.into()),
            None => return Err(StartError::NotSetUp),
        }
        // Whoever may write to the database can make up others at the same origins.
        let server_id = server.key.id(KeyUse::Server).to_string();
        let activation_key = server.activation_key.map(|key| key.id(KeyUse::Activation).to_string());
        tracing::info!(target: "sealgate", server_id, activation_key, "the vendor approves this server by its ids");
        sealgate_runtime::register(&self.db, server, self.ids.now()).await?;
        Ok(secrets)
    }

    /// The side that answers running software. Without a vendor's side in the same process, the server waits for the
    /// vendor's approval.
    async fn runtime(
        &self,
        (server, trusted_proxies): (ServerSettings, Vec<IpNet>),
        vendor: Option<&Vendor>,
    ) -> Result<Runtime, StartError> {
        let secrets = match vendor {
            Some(vendor) => Arc::clone(&vendor.secrets),
            None => self.join(&server).await?,
        };
        let certify = vendor.map(|vendor| -> Certify {
            let servers = vendor.control.servers.clone();
            Arc::new(move || {
                let servers = servers.clone();
                Box::pin(async move { servers.register_own().await })
            })
        });
        Ok(Runtime::new(sealgate_runtime::Parts {
            db: self.db.clone(),
            signer: Arc::clone(&self.keystore) as Arc<dyn Signer>,
            secrets,
            ids: self.ids.clone(),
            limiter: self.limiter.clone(),
            observed: self.observed.clone(),
            server,
            trusted_proxies,
            certify,
        }))
    }
}

/// The newest time that a process of this installation wrote while nobody doubted its clock.
async fn newest_time(db: &Db, now: UnixSeconds) -> Result<Option<UnixSeconds>, StoreError> {
    if let Some(noted) = table::installation::noted_time(db).await? {
        return Ok(Some(noted));
    }
    // Before the first note. Whatever else an installation does, its jobs are due again and again, soon after each run.
    Ok(table::jobs::list(db).await?.iter().map(|job| job.due_at.min(now)).max())
}

/// How long before nobody can look after the installation it is warned of: a month.
const WARNED: u64 = 30 * 24 * 60 * 60;

fn warn_of_the_end(end: Option<UnixSeconds>, now: UnixSeconds) {
    if let Some(end) = end.filter(|end| *end < now.plus(WARNED)) {
        tracing::warn!(
            "no access token of the installation's owner is in force after {end}: make one without an end by `sealgate token \
             create --scope owner --scope installation`; once there is none, by `sealgate token recover --data DIR`"
        );
    }
}

/// Brings what a server of role `runtime` needs into its data directory `to`: the apps' keys and the secrets by which
/// licenses, apps and sessions are known. Returns how many were added.
pub fn share(data: &Path, unlock: &Unlock, to: &Path) -> Result<usize, StartError> {
    let keystore = vendors_keystore(data, unlock)?;
    files::make_private_dir(to)
        .map_err(|source| StartError::DataDir { path: to.display().to_string(), source })?;
    let session = keystore.newest(SharedSecrets::SESSION)?;
    let names = SharedSecrets::names(&session);
    Ok(keystore.share(&to.join(KEYS_DIR), &Unlock::File, &[KeyUse::App], &names)?)
}

/// Makes a new secret for the sessions of AuthForge's wire, for servers that start from now on. Sessions of the former one are over
/// then. Returns its name.
pub fn renew_sessions(data: &Path, unlock: &Unlock) -> Result<String, StartError> {
    Ok(vendors_keystore(data, unlock)?.renew_secret(SharedSecrets::SESSION)?)
}

/// Nothing that may be somebody else's work is believed: the key store looks after its own directory.
fn check_data(data: &Path) -> Result<(), StartError> {
    files::check(data, &BELIEVED)
        .map_err(|(path, source)| StartError::DataDir { path: path.display().to_string(), source })
}

/// The key store of the vendor's side, for a command that works on its directory. Only opened: one that this made would be of no
/// installation. A runtime's is refused: what is made there, no other server learns.
pub(crate) fn vendors_keystore(data: &Path, unlock: &Unlock) -> Result<Keystore, StartError> {
    check_data(data)?;
    let keys = data.join(KEYS_DIR);
    let keystore = Keystore::open_existing(&keys, unlock).map_err(|error| match error {
        KeystoreError::Missing(_) => StartError::NoKeystore(keys.display().to_string()),
        other => other.into(),
    })?;
    if keystore.keys_of(KeyUse::Authority)?.is_empty() {
        return Err(StartError::NoVendorKeys);
    }
    Ok(keystore)
}

/// What opens a keystore: the passphrase in the first line of that file, or the file beside the keys.
pub fn unlock(passphrase_file: Option<&Path>) -> Result<Unlock, StartError> {
    passphrase_file.map_or(Ok(Unlock::File), read_passphrase)
}

fn read_passphrase(path: &Path) -> Result<Unlock, StartError> {
    let unusable =
        |why: &str| StartError::Passphrase { path: path.display().to_string(), why: why.to_owned() };
    let bytes = Zeroizing::new(files::read_secret(path).map_err(|e| unusable(&e.to_string()))?);
    let text = std::str::from_utf8(&bytes).map_err(|_| unusable("not UTF-8"))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Unlock::Passphrase(Zeroizing::new(line.to_owned()))),
        _ => Err(unusable("its first line is empty")),
    }
}

fn new_installation(clock: &dyn Clock, entropy: &dyn Entropy) -> String {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    sealgate_artifact::TenantId::new(clock.unix_millis(), random).to_string()
}
