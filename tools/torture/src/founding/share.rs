//! `keys share` twice at once or killed, and `server approve` killed; on PostgreSQL a runtime is started with what came out.

use super::attempt::{both_at_once, kill_in_the_middle};
use super::figures::Figures;
use super::first::{Site, elsewhere, race};
use super::proof::{Sold, key_files};
use crate::client::{Client, text};
use crate::random::Random;
use crate::server::{Launch, Server};
use harness::failure::{Doing, Failure, Result};
use harness::postgres::{Postgres, free_port};
use harness::process;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// The database of the vendor's server.
pub(super) const AUTHORITY: &str = "authority";
const SEEN_WITHIN: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);

/// The vendor's server, whose keys are shared.
pub(super) struct Authority {
    site: Site,
    server: Mutex<Server>,
    token: String,
    sold: Sold,
    /// How long a first start takes on this machine now.
    pub(super) start_takes: Duration,
    /// What a whole share writes, how many keys and secrets it says that it adds, and how long that takes.
    whole: Vec<String>,
    added: u64,
    share_takes: Duration,
}

impl Authority {
    pub(super) fn found(binary: &Path, postgres: Option<&Postgres>) -> Result<Self> {
        let site = Site::new((binary, postgres), AUTHORITY)?;
        let begin = Instant::now();
        let server = Server::start(&site.launch)?;
        let start_takes = begin.elapsed();
        let token = site.launch.token()?;
        let client = Client::new(&server.url, &token);
        for name in ["One", "Two", "Three"] {
            client.create_app(name)?;
        }
        let sold = Sold::by(&client)?;
        let runtime = runtime_of(&site.launch, "whole")?;
        let begin = Instant::now();
        let added = added(&process::capture(&mut share(&site.launch, &runtime))?)?;
        let (share_takes, whole) = (begin.elapsed(), key_files(&runtime)?);
        Ok(Self { site, server: Mutex::new(server), token, sold, start_takes, whole, added, share_takes })
    }

    /// Two `keys share` at once to one folder: together they add each key once.
    pub(super) fn two_shares(&self, number: u32, random: &mut Random, figures: &mut Figures) -> Result<()> {
        figures.shares += 1;
        let runtime = runtime_of(&self.site.launch, &format!("shared-{number}"))?;
        let outputs = both_at_once([(); 2].map(|()| share(&self.site.launch, &runtime)))?;
        let mut sum = 0;
        for output in &outputs {
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                return Err(Failure::new(format!("one of two shares ended with {}: {said}", output.status)));
            }
            sum += added(&String::from_utf8_lossy(&output.stdout))?;
        }
        if sum != self.added {
            return Err(Failure::new(format!("two shares added {sum} keys, and not {}", self.added)));
        }
        self.is_shared(&runtime)?;
        self.serves(&runtime, random.below(2) == 0, figures)
    }

    /// A `keys share` that is killed, and done again.
    pub(super) fn killed_share(&self, number: u32, random: &mut Random, figures: &mut Figures) -> Result<()> {
        let runtime = runtime_of(&self.site.launch, &format!("killed-{number}"))?;
        let mut command = share(&self.site.launch, &runtime);
        figures.killed_shares += u32::from(kill_in_the_middle(&mut command, self.share_takes, random)?);
        process::capture(&mut share(&self.site.launch, &runtime))?;
        self.is_shared(&runtime)?;
        self.serves(&runtime, false, figures)
    }

    /// A `server approve` that is killed, or whose server is, and that is done again.
    pub(super) fn killed_approval(
        &self,
        number: u32,
        random: &mut Random,
        figures: &mut Figures,
    ) -> Result<()> {
        let runtime = runtime_of(&self.site.launch, &format!("approved-{number}"))?;
        process::capture(&mut share(&self.site.launch, &runtime))?;
        let server = Server::start(&runtime)?;
        let id = self.seen(&server.url)?;
        let url = self.url();
        let mut approve = self.site.launch.vendor(&url, &["server", "approve", &id, "--yes"]);
        if random.below(2) == 0 {
            let was_killed = kill_in_the_middle(&mut approve, self.share_takes, random)?;
            figures.killed_approvals += u32::from(was_killed);
        } else {
            let quiet = approve.stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = quiet.spawn().doing("approve a server")?;
            super::attempt::a_moment_of(self.share_takes, random);
            self.restart()?;
            child.wait().doing("wait for the approval")?;
            figures.killed_approvals += 1;
        }
        process::capture(&mut self.site.launch.vendor(&url, &["server", "approve", &id, "--yes"]))?;
        self.stays_itself(&runtime, server, &id)
    }

    /// Kills the vendor's server and starts it again.
    fn restart(&self) -> Result<()> {
        let mut server = self.server.lock().map_err(|_| Failure::new("a round ended in the middle"))?;
        server.kill()?;
        *server = Server::start(&self.site.launch)?;
        Ok(())
    }

    fn url(&self) -> String {
        format!("http://{}", self.site.launch.listen)
    }

    /// The folder holds all keys, and sharing again adds none.
    fn is_shared(&self, runtime: &Launch) -> Result<()> {
        let files = key_files(runtime)?;
        if files != self.whole {
            return Err(Failure::new(format!("the shared folder has {files:?}, and not {:?}", self.whole)));
        }
        match added(&process::capture(&mut share(&self.site.launch, runtime))?)? {
            0 => Ok(()),
            more => Err(Failure::new(format!("{more} keys were still missing"))),
        }
    }

    /// On PostgreSQL, a runtime with these keys serves once it was approved, also if two are started at once.
    fn serves(&self, runtime: &Launch, twice: bool, figures: &mut Figures) -> Result<()> {
        if runtime.database.is_none() {
            return Ok(());
        }
        let (runtime, server) = if twice {
            figures.races += 1;
            figures.refused += 1;
            race([runtime.clone(), elsewhere(runtime)?], || ())?
        } else {
            (runtime.clone(), Server::start(runtime)?)
        };
        let id = self.seen(&server.url)?;
        process::capture(&mut self.site.launch.vendor(&self.url(), &["server", "approve", &id, "--yes"]))?;
        self.stays_itself(&runtime, server, &id)
    }

    /// It serves, and after its death it is the same server, which needs no second approval.
    fn stays_itself(&self, runtime: &Launch, mut server: Server, id: &str) -> Result<()> {
        self.sold.is_served_at(&server.url)?;
        server.kill()?;
        let server = Server::start(runtime)?;
        self.sold.is_served_at(&server.url)?;
        let again = self.seen(&server.url)?;
        if again != id {
            return Err(Failure::new(format!("server {id} is {again} after its next start")));
        }
        Ok(())
    }

    /// All servers, page by page.
    fn servers(&self) -> Result<Vec<Value>> {
        let url = self.url();
        let client = Client::new(&url, &self.token);
        let (mut servers, mut path) = (vec![], "/api/v1/servers".to_owned());
        loop {
            let (_, page) = client.get(&path)?;
            servers.extend(page["items"].as_array().cloned().unwrap_or_default());
            let Some(cursor) = page["next_cursor"].as_str() else { return Ok(servers) };
            path = format!("/api/v1/servers?cursor={cursor}");
        }
    }

    /// The id of the only server that says it is there.
    fn seen(&self, origin: &str) -> Result<String> {
        let begin = Instant::now();
        loop {
            let servers = self.servers()?;
            let mut there = servers.iter().filter(|server| server["origins"][0] == origin);
            match (there.next(), there.next()) {
                (Some(server), None) => return text(server, "server_id"),
                (Some(_), Some(_)) => {
                    return Err(Failure::new(format!("two servers are at {origin}: {servers:?}")));
                }
                (None, _) if begin.elapsed() > SEEN_WITHIN => {
                    return Err(Failure::new(format!("no server is at {origin}: {servers:?}")));
                }
                (None, _) => thread::sleep(PAUSE),
            }
        }
    }
}

/// A runtime of that installation, in a folder of its own below it.
fn runtime_of(authority: &Launch, name: &str) -> Result<Launch> {
    let mut launch =
        Launch::new(&authority.binary, &authority.folder.join(name), authority.database.as_deref());
    std::fs::create_dir(&launch.folder).doing("make a folder")?;
    launch.listen = format!("127.0.0.1:{}", free_port()?);
    launch.more = ["--role", "runtime"].map(str::to_owned).to_vec();
    Ok(launch)
}

fn share(authority: &Launch, runtime: &Launch) -> Command {
    let to = runtime.data().display().to_string();
    authority.vendor("http://127.0.0.1:1", &["keys", "share", "-o", &to])
}

/// How many keys and secrets a share says that it added.
fn added(said: &str) -> Result<u64> {
    let said: Value = serde_json::from_str(said).doing("read what a share says")?;
    said["added"].as_u64().ok_or_else(|| Failure::new(format!("no count in {said}")))
}
