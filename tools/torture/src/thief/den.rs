//! What the thief has: a runtime's directory, its database user, and rows of a vendor to play with.

use super::guide;
use super::sql::Database;
use crate::client::{Answer, App, Client, Issued, text};
use crate::day::{Day, Place, join};
use crate::random::Random;
use crate::server::Launch;
use harness::failure::{Doing, Failure, Result};
use harness::postgres::free_port;
use harness::process;
use sealgate::{Family, MemoryStore};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// The database user of the runtime that was stolen.
pub(super) const THIEF: &str = "thief";
/// The device that has one of the prey's seats.
pub(super) const HWID: &str = "prey-desk";
/// Devices that the vendor does not want.
const DENIED: [&str; 2] = ["bad-1", "bad-2"];

/// A device that reported itself, and that nobody misses.
const DECOY: &str = "decoy";

/// Everything that is about the theft, beside the day.
pub(super) struct Den {
    /// The database as its owner opens it.
    pub(super) owner: Database,
    /// The same as the stolen runtime's user.
    pub(super) thief: Database,
    /// What is there for the thief to play with.
    pub(super) prey: Prey,
    /// Ids of another tenant's.
    pub(super) foreign: Vec<String>,
    /// Servers that the vendor approved and that nobody stole.
    pub(super) honest: Vec<String>,
    /// The stolen server.
    pub(super) his: Place,
    /// Its id.
    pub(super) his_id: String,
    /// Values in rows that the thief may change without that anybody misses them: of the access list, and of his server.
    pub(super) decoys: Vec<String>,
    /// Where a customer with the SDK asks the stolen server.
    pub(super) customer: Customer,
}

/// An app that uses every table, beside the one that honest customers use.
pub(super) struct Prey {
    pub(super) app: App,
    pub(super) license: Issued,
    /// The device that has one of three seats, beside another one.
    pub(super) hwid: String,
    /// What the vendor denies.
    pub(super) denied: Vec<String>,
}

/// A customer with the SDK, who believes what it believes.
pub(super) struct Customer {
    license: Issued,
    at_his: sealgate::Client,
    at_honest: sealgate::Client,
}

impl Customer {
    /// Asks the stolen server.
    pub(super) fn ask_him(&self) -> Answer {
        heard(self.at_his.validate_license(&self.license.key))
    }

    /// Asks an honest one.
    pub(super) fn ask_honest(&self) -> Answer {
        heard(self.at_honest.validate_license(&self.license.key))
    }
}

fn heard(answer: std::result::Result<sealgate::License, sealgate::Error>) -> Answer {
    match answer {
        Ok(_) => Answer::Yes,
        Err(error) if error.family() == Family::License => Answer::No(error.to_string()),
        Err(error) => Answer::Unanswered(format!("{}: {error}", error.code())),
    }
}

impl Den {
    /// Prepares a theft: when this returns, the stolen server has been approved, and no longer runs.
    pub(super) fn dig(day: &Day, random: &mut Random) -> Result<Self> {
        let url = day.places[0].launch.database.clone().ok_or_else(|| Failure::new("no PostgreSQL"))?;
        let owner = Database::new(&url)?;
        owner.script(guide::other_databases()?)?;
        owner.script(&guide::rights(THIEF)?)?;
        let thief = Database::new(&as_user(&url, THIEF)?)?;
        let prey = Prey::put_out(day, random)?;
        owner.script(&activated(&prey.license.id))?;
        let foreign = another_tenant(day)?;
        let honest = servers(day)?;
        let his = steal(day, "server-2", thief.url())?;
        his.kill()?;
        let listed = tell(day, &["server", "list"])?;
        let is_his = |server: &&Value| !honest.iter().any(|id| server["server_id"] == id.as_str());
        let stolen = listed.as_array().into_iter().flatten().find(is_his);
        let stolen = stolen.ok_or_else(|| Failure::new("the server to be stolen is not listed"))?;
        let (his_id, key) = (text(stolen, "server_id")?, text(stolen, "public_key")?);
        let decoys = vec![DECOY.to_owned(), key];
        let customer = customer(day, &his)?;
        Ok(Self { owner, thief, prey, foreign, honest, his, his_id, decoys, customer })
    }
}

impl Prey {
    fn put_out(day: &Day, random: &mut Random) -> Result<Self> {
        let (vendor, runtime) = (day.vendor(), &day.places[1]);
        let app = vendor.create_app("Prey")?;
        tell(day, &["app", "update", &app.id, "--danger-lifetime-files", "on"])?;
        tell(day, &["credits", "grant", "--app", &app.id, "1000000"])?;
        for hwid in &DENIED {
            tell(day, &["access", "deny", "--app", &app.id, "--hwid", hwid])?;
        }
        tell(day, &["plan", "create", "--app", &app.id, "--name", "Prey", "--tier", "licensed"])?;
        let trial =
            ["plan", "create", "--app", &app.id, "--name", "Tried", "--tier", "licensed", "--trial", "30d"];
        let trial = text(&tell(day, &trial)?, "plan_id")?;
        let buyer = tell(day, &["customer", "create", "Prey", "--max-devices", "1000000"])?;
        // The runtime needs the new app's keys.
        tell(day, &["keys", "share", "-o", &runtime.launch.data().display().to_string()])?;
        let buyer = text(&buyer, "customer_id")?;
        let order = json!({ "app_id": app.id, "count": 1, "max_devices": 3, "customer_id": buyer });
        let license = vendor.order(&order)?;
        let tried = vendor.order(&json!({ "app_id": app.id, "plan_id": trial, "count": 1 }))?;
        // With a key from elsewhere.
        let rows = json!([{ "name": "prey", "license_key": "7KQM-W2ZD-HX9V-RT4B" }]);
        let (status, body) =
            vendor.post("/api/v1/licenses/import", &json!({ "app_id": app.id, "rows": rows }))?;
        crate::client::expect(status, &[200], "import", &body)?;
        let hwid = HWID.to_owned();
        let client = Client::new(&runtime.url, "");
        for (license, device) in [(&license, hwid.as_str()), (&license, "prey-lap"), (&tried, "prey-tab")] {
            match client.ask(&app, license, device, &random.hex(2)) {
                Answer::Yes => {}
                other => return Err(Failure::new(format!("the prey's device is not served: {other:?}"))),
            }
        }
        let reports = json!({ "revokeLicense": false });
        for (operation, device, more) in [
            ("selfban", DECOY, &reports),
            ("selfban", "prey-lap", &reports),
            ("offline/activate", HWID, &json!({})),
        ] {
            let mut question = json!({
                "appId": app.id, "appSecret": app.secret, "licenseKey": license.key, "nonce": random.hex(2),
                "hwid": device,
            });
            let fields =
                more.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone()));
            question.as_object_mut().into_iter().for_each(|object| object.extend(fields.clone()));
            let (status, body) = client.post(&format!("/auth/{operation}"), &question)?;
            crate::client::expect(status, &[200, 201], operation, &body)?;
        }
        let denied = DENIED.map(str::to_owned).to_vec();
        Ok(Self { app, license, hwid, denied })
    }
}

/// A device of this license that was activated, with a copy of the program that runs an entry of its chain, the slot of its
/// proof, and a module that waits. The client of the
/// torture does not ask for it: the rows are as a server writes them.
fn activated(license: &str) -> String {
    let (id, of_activation) = ("gen_random_uuid()::text", "SELECT activation_id");
    let (digest, nonce, key) = ("ab".repeat(32), "cd".repeat(16), format!("{}=", "A".repeat(43)));
    format!(
        "INSERT INTO activations (activation_id, tenant_id, license_id, identity, generation, begun, request, first_nonce, \
         proof_id, statement_id, proof, chain_seq, chain_mac, activated_at) SELECT {id}, tenant_id, license_id, '{key}', 1, '', \
         '{digest}', '{nonce}', '{digest}', '{digest}', '{{}}', 1, '{digest}', 1 FROM licenses WHERE license_id = '{license}'; \
         INSERT INTO instances (activation_id, instance_id, seq, next_nonce, request, answer, heard_at) \
         {of_activation}, {id}, 1, '{nonce}', '{digest}', '{{}}', 1 FROM activations; \
         INSERT INTO chain_entries (activation_id, generation, anchor, first_seq, last_seq, entries, heard_at) \
         {of_activation}, 1, 0, 1, 1, '[]', 1 FROM activations; \
         INSERT INTO chain_anchors (activation_id, generation, anchor, held_seq, held_mac, taken_seq, taken_mac, asked_at, at) \
         {of_activation}, 1, 1, 0, '{digest}', 1, '{digest}', 1, 1 FROM activations; \
         INSERT INTO slots (app_id, slot, block, tenant_id, license_id, activation_id, generation) \
         SELECT l.app_id, 1048575, 0, l.tenant_id, l.license_id, a.activation_id, 1 FROM activations a JOIN licenses l \
         ON l.license_id = a.license_id; \
         INSERT INTO approvals (approval_id, tenant_id, app_id, license_id, module, name, sha256, source, submitted_at) \
         SELECT {id}, tenant_id, app_id, license_id, '{digest}', 'editor.so', decode('{digest}', 'hex'), 'device', 1 FROM licenses \
         WHERE license_id = '{license}'"
    )
}

/// What the vendor's program says to a command.
pub(super) fn tell(day: &Day, verb: &[&str]) -> Result<Value> {
    let place = &day.places[0];
    let said =
        process::capture(&mut place.launch.vendor(&place.url, verb)).doing(format_args!("{verb:?}"))?;
    serde_json::from_str(&said).doing(format_args!("read what {verb:?} says"))
}

/// The same URL for another user, who has no password.
pub(super) fn as_user(url: &str, role: &str) -> Result<String> {
    let (_, place) = url.split_once('@').ok_or_else(|| Failure::new("no user in the URL"))?;
    Ok(format!("postgres://{role}@{place}"))
}

/// An approved runtime with its own directory and database user; it runs.
pub(super) fn steal(day: &Day, folder: &str, database: &str) -> Result<Place> {
    let folder = day.folder().join(folder);
    fs::create_dir(&folder).doing("make a folder")?;
    let mut launch = Launch::new(&day.places[0].launch.binary, &folder, Some(database));
    launch.listen = format!("127.0.0.1:{}", free_port()?);
    launch.more = ["--role", "runtime"].map(str::to_owned).to_vec();
    let place = Place::new(launch);
    join(&day.places[0], &place)?;
    Ok(place)
}

/// A start of his as something that he has no keys for.
pub(super) fn start_as_authority(his: &Place, folder: &Path) -> Result<()> {
    let mut launch = his.launch.clone();
    launch.folder = folder.join("server-2");
    launch.more = ["--role", "authority"].map(str::to_owned).to_vec();
    match crate::server::Server::start(&launch) {
        Err(_) => Ok(()),
        Ok(_) => Err(Failure::new("a runtime's directory started an Authority")),
    }
}

fn another_tenant(day: &Day) -> Result<Vec<String>> {
    let made = tell(day, &["tenant", "create", "Other"])?;
    let token = text(&made, "admin_token")?;
    let client = Client::new(&day.places[0].url, &token);
    let app = client.create_app("Other")?;
    let license = client.issue(&app, "other")?;
    Ok(vec![text(&made, "tenant_id")?, app.id, license.id])
}

/// The ids of the servers that are listed.
pub(super) fn servers(day: &Day) -> Result<Vec<String>> {
    let list = tell(day, &["server", "list"])?;
    list.as_array().into_iter().flatten().map(|server| text(server, "server_id")).collect()
}

fn customer(day: &Day, his: &Place) -> Result<Customer> {
    let license = day.vendor().order(&json!({ "app_id": day.app.id, "count": 1, "max_devices": 1 }))?;
    let (_, trust) = day.vendor().get(&format!("/api/v1/apps/{}/trust", day.app.id))?;
    // The SDK wants a constant of the build.
    let trust: &'static [u8] = trust.to_string().into_bytes().leak();
    let store = Arc::new(MemoryStore::new());
    let client = |url: &str| {
        let client = sealgate::Client::builder(trust)
            .server(url)
            .store(Arc::clone(&store))
            .danger_plain_http()
            .build();
        client.map_err(|error| Failure::new(format!("could not build a client: {error}")))
    };
    Ok(Customer { license, at_his: client(&his.url)?, at_honest: client(&day.places[1].url)? })
}
