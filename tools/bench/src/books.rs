//! A server with licenses of one app, each with a question that binds a device of its own.

use std::io::Result;
use std::path::Path;
use std::rc::Rc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::load::{CONNECTIONS, Load, NONCE_AT, question};
use crate::native::Pinned;
use crate::server::Server;
use crate::vendor::Vendor;

/// Licenses in one order.
const BATCH: u32 = 1000;

/// A running server on new data, which is gone afterwards.
pub struct Books {
    pub server: Server,
    pub vendor: Vendor,
    pub app: Value,
    /// For databases of the programs beside it.
    pub dir: TempDir,
}

impl Books {
    /// Starts a server and makes an app.
    pub fn open(sealgate: &Path) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let server = Server::sealgate(sealgate, &dir.path().join("data"), None)?;
        let token = std::fs::read_to_string(dir.path().join("data/admin.token"))?;
        let vendor = Vendor::new(&server.address, token.trim());
        let app = vendor.make("/api/v1/apps", &json!({ "name": "bench" }))?;
        Ok(Self { server, vendor, app, dir })
    }

    /// A license as most are sold: for a year, on five devices, with these features, and usable offline.
    pub fn sell(&self, features: impl Iterator<Item = String>) -> Result<Value> {
        let features: Vec<_> = features.map(|name| json!({ "name": name })).collect();
        let plan = json!({
            "app_id": self.app["app_id"], "name": "Pro", "tier": "licensed", "features": features, "files": true,
            "max_devices": 5, "duration": "365d",
        });
        let plan = self.vendor.make("/api/v1/plans", &plan)?;
        let wish = json!({ "app_id": self.app["app_id"], "plan_id": plan["plan_id"] });
        Ok(self.vendor.make("/api/v1/licenses", &wish)?["licenses"][0].clone())
    }

    /// The file of a license.
    pub fn file(&self, license: &Value) -> Result<Vec<u8>> {
        let id = license["license_id"].as_str().unwrap_or_default();
        Ok(self.vendor.get(&format!("/api/v1/licenses/{id}/file"))?.into_bytes())
    }

    /// What a build of the app pins.
    pub fn pinned(&self) -> Result<Pinned> {
        let app = self.app["app_id"].as_str().unwrap_or_default();
        let trust = self.vendor.get(&format!("/api/v1/apps/{app}/trust"))?;
        Pinned::of(&serde_json::from_str(&trust)?)
    }

    /// The keys of new licenses with so many seats.
    pub fn keys(&self, licenses: u32, seats: u32) -> Result<Vec<String>> {
        eprintln!("issuing {licenses} licenses");
        let mut keys = Vec::new();
        while (keys.len() as u32) < licenses {
            let count = BATCH.min(licenses - keys.len() as u32);
            let wish = json!({ "app_id": self.app["app_id"], "count": count, "max_devices": seats });
            let issued = self.vendor.make("/api/v1/licenses", &wish)?;
            let issued = issued["licenses"].as_array().into_iter().flatten();
            keys.extend(issued.filter_map(|license| Some(license["license_key"].as_str()?.to_owned())));
        }
        Ok(keys)
    }

    /// One question for each license, from a device that nobody else has.
    fn ask(&self, keys: &[String], devices: &str) -> Load {
        let asked = |(n, key): (usize, &String)| question(&self.app, key, &format!("{devices}{n:056x}"));
        let requests = keys.iter().enumerate().map(asked).collect();
        Load { connections: CONNECTIONS, requests: Rc::new(requests), nonce_at: NONCE_AT }
    }

    /// One question for each new license.
    pub fn issue(&self, licenses: u32) -> Result<Load> {
        Ok(self.ask(&self.keys(licenses, 1)?, "device00"))
    }

    /// Questions for the same new licenses, each from other devices: the first for those that come in first.
    pub fn issue_for(&self, licenses: u32, devices: u32) -> Result<Vec<Load>> {
        let keys = self.keys(licenses, devices)?;
        Ok((0..devices).map(|n| self.ask(&keys, &format!("device{n:02}"))).collect())
    }

    /// The same, after every device has its seat and every license is in memory.
    pub async fn issue_and_bind(&self, licenses: u32) -> Result<Load> {
        let load = self.issue(licenses)?;
        eprintln!("binding a device to each, then warming up");
        load.each_once(&self.server.address).await?;
        load.each_once(&self.server.address).await?;
        Ok(load)
    }
}
