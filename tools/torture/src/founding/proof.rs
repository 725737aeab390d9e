//! Whether an installation serves, and is the same after the next start.

use crate::client::{Answer, App, Client, Issued};
use crate::server::{Launch, Server};
use harness::failure::{Doing, Failure, Result};
use sealgate::MemoryStore;
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const SERVED_WITHIN: Duration = Duration::from_secs(10);
/// How files are called that are not whole yet.
const STAGED: &str = ".new";
const PAUSE: Duration = Duration::from_millis(50);

/// A license, and two devices that use it: one on each wire.
pub(super) struct Sold {
    app: App,
    license: Issued,
    trust: &'static [u8],
    store: Arc<MemoryStore>,
}

impl Sold {
    /// Makes an app and sells a license.
    pub(super) fn by(client: &Client) -> Result<Self> {
        let app = client.create_app("Founding")?;
        let license = client.order(&json!({ "app_id": app.id, "count": 1, "max_devices": 2 }))?;
        let (_, trust) = client.get(&format!("/api/v1/apps/{}/trust", app.id))?;
        // The SDK wants a constant of the build.
        let trust: &'static [u8] = trust.to_string().into_bytes().leak();
        Ok(Self { app, license, trust, store: Arc::new(MemoryStore::new()) })
    }

    /// The server there serves both devices, soon.
    pub(super) fn is_served_at(&self, url: &str) -> Result<()> {
        let begin = Instant::now();
        while let Err(why) = self.ask(url) {
            if begin.elapsed() > SERVED_WITHIN {
                return Err(why);
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn ask(&self, url: &str) -> Result<()> {
        let answer = Client::new(url, "").ask(&self.app, &self.license, "desk", &nonce());
        if answer != Answer::Yes {
            return Err(Failure::new(format!("on AuthForge's wire at {url}: {answer:?}")));
        }
        let store = Arc::clone(&self.store);
        let builder = sealgate::Client::builder(self.trust).server(url).store(store).danger_plain_http();
        let client = builder.build().doing("build a client")?;
        client.validate_license(&self.license.key).map(drop).doing(format_args!("ask {url} with the SDK"))
    }
}

/// This server serves, and after its death the next start finds its keys.
pub(super) fn is_one_installation(launch: &Launch, mut server: Server) -> Result<()> {
    let token = launch.token()?;
    let client = Client::new(&server.url, &token);
    let sold = Sold::by(&client)?;
    sold.is_served_at(&server.url)?;
    let (keys, files) = (keys(&client)?, key_files(launch)?);
    server.kill()?;
    let server = Server::start(launch)?;
    same("the owner's token", &token, &launch.token()?)?;
    same("the keys", &keys, &self::keys(&Client::new(&server.url, &token))?)?;
    same("the files of keys", &files, &key_files(launch)?)?;
    sold.is_served_at(&server.url)
}

/// The names of the files in a server's key store, without those that somebody was killed over before they had their name.
pub(super) fn key_files(launch: &Launch) -> Result<Vec<String>> {
    let folder = fs::read_dir(launch.data().join("keys")).doing("list a key store")?;
    let mut names: Vec<String> =
        folder.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.ends_with(STAGED));
    names.sort();
    Ok(names)
}

fn keys(client: &Client) -> Result<Value> {
    let (status, keys) = client.get("/api/v1/keys")?;
    crate::client::expect(status, &[200], "list the keys", &keys)?;
    Ok(keys)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, before: &T, after: &T) -> Result<()> {
    if before == after {
        return Ok(());
    }
    Err(Failure::new(format!("{what} changed at the next start: {before:?}, {after:?}")))
}

/// Another one each time.
fn nonce() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{:032x}", RandomState::new().hash_one(()))
}
