//! Where everything lies that can run out.

use super::disk::Disk;
use crate::options::Engine;
use crate::server::Launch;
use harness::failure::{Doing, Result};
use harness::postgres::Postgres;
use harness::process;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Descriptors that a server has when nothing has run out.
pub(super) const DESCRIPTORS: u64 = 400;
/// PostgreSQL's log of changes stays small, so that the next piece of it has to be made now and then.
const SMALL: [&str; 3] = [
    "ALTER SYSTEM SET max_wal_size = '64MB'",
    "ALTER SYSTEM SET wal_recycle = off",
    "SELECT pg_reload_conf()",
];
const REVIVES_WITHIN: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// The disks of one run, and the database server on two of them. The servers must be gone before this is dropped.
pub(super) struct Site {
    cluster: Option<Postgres>,
    pub(super) disks: Option<Disks>,
    /// After what is mounted in it.
    _folder: TempDir,
}

/// Small file systems.
pub(super) struct Disks {
    pub(super) data: Disk,
    pub(super) log: Disk,
    /// PostgreSQL's tables, and its log of changes.
    pub(super) database: Option<(Disk, Disk)>,
}

impl Site {
    /// Mounts what is to be filled. Where mounting is not permitted there are no disks, which is said.
    pub(super) fn new(engine: Engine) -> Result<Self> {
        let folder = tempfile::tempdir().doing("make a temporary folder")?;
        // The database server is another user, and its data lie further below.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).doing("open a folder")?;
        let disks = match Disks::mount(&folder, engine) {
            Ok(disks) => Some(disks),
            Err(failure) => {
                println!("no disk runs full here, because none can be mounted: {failure}");
                None
            }
        };
        let database = disks.as_ref().and_then(|disks| disks.database.as_ref());
        let cluster = database.map(|(tables, changes)| start(tables, changes)).transpose()?;
        Ok(Self { cluster, disks, _folder: folder })
    }

    /// The database on the small disks.
    pub(super) fn database(&self) -> Result<Option<String>> {
        self.cluster.as_ref().map(|cluster| cluster.create_database("day")).transpose()
    }

    /// Puts a server's data and log on the disks, and bounds its descriptors.
    pub(super) fn prepare(&self, at: usize, launch: &mut Launch) {
        launch.wrapper = vec!["prlimit".to_owned(), format!("--nofile={DESCRIPTORS}")];
        // A log that says much finds out sooner that there is no room for it.
        launch.more.extend(["-v", "-v"].map(str::to_owned));
        let Some(disks) = &self.disks else { return };
        let log = disks.log.path().join(format!("server-{at}.log"));
        launch.folder = disks.data.path().join(format!("server-{at}"));
        fs::create_dir(&launch.folder).expect("an empty disk takes a folder");
        symlink(log, launch.folder.join("server.log")).expect("an empty disk takes a link");
    }

    /// All disks have room again, and the database server runs, as after an operator's visit.
    pub(super) fn restore(&self) -> Result<()> {
        if let Some(disks) = &self.disks {
            disks.all().try_for_each(Disk::make_room)?;
        }
        self.cluster.as_ref().map_or(Ok(()), revive)
    }

    /// PostgreSQL goes on in the next piece of its log of changes, which has to be made.
    pub(super) fn next_changes(&self) {
        if let Some(cluster) = &self.cluster {
            // It may well end of this.
            let _ = cluster.ask("postgres", "SELECT pg_switch_wal()");
        }
    }
}

impl Disks {
    fn mount(folder: &TempDir, engine: Engine) -> Result<Self> {
        let mount = |name: &str| Disk::mount(&folder.path().join(name));
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some((mount("tables")?, mount("changes")?)),
        };
        Ok(Self { data: mount("data")?, log: mount("log")?, database })
    }

    fn all(&self) -> impl Iterator<Item = &Disk> {
        let database = self.database.iter().flat_map(|(tables, changes)| [tables, changes]);
        [&self.data, &self.log].into_iter().chain(database)
    }
}

/// Begins a server's log anew. What it held before this is not needed any more.
pub(super) fn empty_log(launch: &Launch) -> Result<()> {
    let log = launch.folder.join("server.log");
    File::options().write(true).open(log).and_then(|log| log.set_len(0)).doing("empty a log")
}

fn start(tables: &Disk, changes: &Disk) -> Result<Postgres> {
    let folder = changes.path().join("changes");
    fs::create_dir(&folder).doing("make a folder")?;
    process::capture(Command::new("chown").arg("postgres").arg(&folder))?;
    let cluster = Postgres::start_on(tables.path(), &["--waldir", &folder.display().to_string()])?;
    for setting in SMALL {
        cluster.ask("postgres", setting)?;
    }
    Ok(cluster)
}

/// Waits until the database server answers again; starts it if it has ended.
fn revive(cluster: &Postgres) -> Result<()> {
    let begin = Instant::now();
    loop {
        let Err(why) = cluster.ask("postgres", "SELECT 1") else { return Ok(()) };
        if cluster.has_ended()? {
            return cluster.start_again();
        }
        if begin.elapsed() > REVIVES_WITHIN {
            return Err(why);
        }
        thread::sleep(PAUSE);
    }
}
