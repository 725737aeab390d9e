//! Talking to the server's management API.

use std::time::Duration;

use sealgate_artifact::{AppId, Code, ForeignKey, LicenseId, LicenseKey};
use sealgate_authority::ports::{Entropy, System};
use sealgate_server::assembly::TOKEN_FILE;
use sealgate_wire::{LicenseView, LookUpLicense, Page, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::StatusCode;

use crate::address::Address;
use crate::args::Global;
use crate::failure::Failure;
use crate::files;

const TIMEOUT: Duration = Duration::from_mins(1);
/// Far more than a page has.
const ANSWER_BYTES: u64 = 32 * 1024 * 1024;

/// A server, and the token to speak to it with where it needs one.
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

impl Client {
    pub(crate) fn new(global: &Global) -> Result<Self, Failure> {
        let client = Self::without_token(global)?;
        Ok(Self { token: Some(token(global)?), ..client })
    }

    /// For what anybody may ask.
    pub(crate) fn without_token(global: &Global) -> Result<Self, Failure> {
        let address = Address::new(global)?;
        let config = address.agent(global)?.timeout_global(Some(TIMEOUT));
        Ok(Self { agent: config.build().into(), base: address.base, token: None })
    }

    /// An answer that has one shape, whether it is a yes or a no.
    pub(crate) fn get_whatever_status<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        parse(&self.exchange("GET", path, Vec::new(), None)?.1)
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        parse(&self.send("GET", path, Vec::new())?)
    }

    /// Every item of a list, page by page. `path` has a query already.
    pub(crate) fn get_all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Failure> {
        self.all_of(self.get(path)?, path)
    }

    /// Every item of a list whose first page is there.
    pub(crate) fn all_of<T: DeserializeOwned>(
        &self,
        mut page: Page<T>,
        path: &str,
    ) -> Result<Vec<T>, Failure> {
        let mut items = Vec::new();
        loop {
            items.append(&mut page.items);
            let Some(cursor) = page.next_cursor else {
                return Ok(items);
            };
            page = self.get(&format!("{path}&cursor={cursor}"))?;
        }
    }

    pub(crate) fn get_bytes(&self, path: &str) -> Result<Vec<u8>, Failure> {
        self.send("GET", path, Vec::new())
    }

    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).expect("requests can be written");
        parse(&self.send("POST", path, body)?)
    }

    /// Sends what must not happen twice.
    pub(crate) fn post_once<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.send_once("POST", path, body, &request_name())
    }

    /// The same under the name that a person gave it, if one did.
    pub(crate) fn post_named<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        name: Option<String>,
    ) -> Result<T, Failure> {
        self.send_once("POST", path, body, &name.unwrap_or_else(request_name))
    }

    /// The same for a change.
    pub(crate) fn patch_once<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.send_once("PATCH", path, body, &request_name())
    }

    /// Gives the request a name, so that sending it again after a lost answer does it once.
    fn send_once<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: &impl Serialize,
        name: &str,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).expect("requests can be written");
        let mut done = self.send_named(method, path, body.clone(), Some(name));
        if matches!(&done, Err(failure) if failure.code == Code::ServerUnreachable.as_str()) {
            done = self.send_named(method, path, body, Some(name));
        }
        parse(&done?)
    }

    pub(crate) fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        parse(&self.send("PUT", path, serde_json::to_vec(body).expect("requests can be written"))?)
    }

    pub(crate) fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        parse(&self.send("PATCH", path, serde_json::to_vec(body).expect("requests can be written"))?)
    }

    pub(crate) fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        parse(&self.send("DELETE", path, Vec::new())?)
    }

    /// The first items of a list.
    pub(crate) fn get_some<T: DeserializeOwned>(&self, path: &str, most: usize) -> Result<Vec<T>, Failure> {
        let mut items: Vec<T> = Vec::new();
        let mut url = path.to_owned();
        while items.len() < most {
            let mut page: Page<T> = self.get(&url)?;
            items.append(&mut page.items);
            let Some(cursor) = page.next_cursor else { break };
            url = format!("{path}&cursor={cursor}");
        }
        items.truncate(most);
        Ok(items)
    }

    /// What a verb can do without. `None` where the token may do the verb, and not see this.
    pub(crate) fn get_if_allowed<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Failure> {
        match self.get(path) {
            Err(failure) if failure.code == Code::ScopeMissing.as_str() => Ok(None),
            found => found.map(Some),
        }
    }

    /// The license that a person named by key, by id, or by `-` on standard input. Keys never get into a URL.
    pub(crate) fn find_license(&self, named: &str) -> Result<LicenseView, Failure> {
        match named_license(named)? {
            NamedLicense::Id(id) => match self.get_license(id) {
                // Other systems make keys that look like ids.
                Err(failure) if failure.code == Code::NotFound.as_str() => {
                    self.look_up(&id.to_string()).map_err(|_| failure)
                }
                found => found,
            },
            NamedLicense::Key(key) => self.look_up(&key),
        }
    }

    /// Its id. One that is given is taken as it is, so that nothing is read which the token may not see.
    pub(crate) fn license_id(&self, named: &str) -> Result<LicenseId, Failure> {
        match named_license(named)? {
            NamedLicense::Id(id) => Ok(id),
            NamedLicense::Key(key) => Ok(LicenseId::parse(&self.look_up(&key)?.license_id)?),
        }
    }

    /// What a verb must see of a license before it can do anything.
    pub(crate) fn get_license(&self, id: LicenseId) -> Result<LicenseView, Failure> {
        let found = self.get(&format!("/api/v1/licenses/{id}"));
        found.map_err(|failure: Failure| {
            failure.fix_for(Code::ScopeMissing, "use a token that has the scope licenses:read, too")
        })
    }

    fn look_up(&self, key: &str) -> Result<LicenseView, Failure> {
        let found = self.post("/api/v1/licenses/lookup", &LookUpLicense { license_key: key.to_owned() });
        found.map_err(|failure: Failure| {
            let fix = "give the license's id, or use a token that has the scope licenses:read, too: a key is looked up first";
            failure.fix_for(Code::ScopeMissing, fix)
        })
    }

    fn send(&self, method: &str, path: &str, body: Vec<u8>) -> Result<Vec<u8>, Failure> {
        self.send_named(method, path, body, None)
    }

    fn send_named(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
        name: Option<&str>,
    ) -> Result<Vec<u8>, Failure> {
        let (status, bytes) = self.exchange(method, path, body, name)?;
        if status.is_success() { Ok(bytes) } else { Err(refused(&bytes, status.as_u16())) }
    }

    fn exchange(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
        name: Option<&str>,
    ) -> Result<(StatusCode, Vec<u8>), Failure> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(name) = name {
            request = request.header("idempotency-key", name);
        }
        let request = request.body(body).map_err(|e| {
            Failure::new(Code::ConfigInvalid, format!("{}: {e}", self.base)).fix("check --url")
        })?;
        let mut response = self.agent.run(request).map_err(|e| self.unreachable(&e))?;
        let status = response.status();
        let bytes = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec();
        Ok((status, bytes.map_err(|e| self.unreachable(&e))?))
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        Failure::new(Code::ServerUnreachable, format!("{}: {error}", self.base))
            .fix("start the server with `sealgate serve`, or give its address in --url or SEALGATE_URL")
    }
}

/// What narrows a list, as the rest of a URL's query.
pub(crate) fn filters(named: &[(&str, &Option<String>)]) -> String {
    let given = named.iter().filter_map(|(name, text)| text.as_ref().map(|text| (name, text)));
    given.map(|(name, text)| format!("&{name}={}", quoted(text))).collect::<Vec<_>>().concat()
}

/// Text as part of a query.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn request_name() -> String {
    let mut random = [0; 16];
    System.fill(&mut random);
    sealgate_artifact::encode_hex(&random)
}

/// An app id as part of a path: nothing else gets there.
pub(crate) fn segment(app_id: &str) -> Result<AppId, Failure> {
    AppId::parse(app_id).map_err(|e| Failure::from(e).fix("give the app id that `sealgate app list` shows"))
}

fn token(global: &Global) -> Result<String, Failure> {
    if let Some(token) = global.token.as_ref().filter(|t| !t.is_empty()) {
        return Ok(token.clone());
    }
    let fix = "give --token, SEALGATE_TOKEN, or the server's --data directory";
    let Some(data) = &global.data else {
        return Err(Failure::new(Code::TokenInvalid, "no access token was given").fix(fix));
    };
    let unusable = |e: std::io::Error| {
        Failure::new(Code::TokenInvalid, format!("{}: {e}", data.join(TOKEN_FILE).display())).fix(fix)
    };
    let bytes = files::read_in(data, TOKEN_FILE).map_err(unusable)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// How a person named a license.
enum NamedLicense {
    Id(LicenseId),
    Key(String),
}

fn named_license(named: &str) -> Result<NamedLicense, Failure> {
    let named = if named == "-" { first_line_of_input()? } else { named.to_owned() };
    if let Ok(id) = LicenseId::parse(&named) {
        return Ok(NamedLicense::Id(id));
    }
    let malformed = match LicenseKey::parse(&named) {
        Ok(key) => return Ok(NamedLicense::Key(key.expose())),
        Err(malformed) => malformed,
    };
    // A key that was imported looks as its maker made it.
    if malformed.code() == Code::LicenseKeyMalformed && ForeignKey::parse(&named).is_ok() {
        return Ok(NamedLicense::Key(named));
    }
    Err(Failure::from(malformed)
        .fix("give the license key as it was issued, the license id, or - for standard input"))
}

fn first_line_of_input() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|e| Failure::new(Code::FileUnreadable, e.to_string()))?;
    Ok(line.trim().to_owned())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|_| {
        Failure::new(Code::AnswerInvalid, Code::AnswerInvalid.meaning())
            .fix("check that --url names a Sealgate server")
    })
}

fn refused(bytes: &[u8], status: u16) -> Failure {
    match serde_json::from_slice::<Problem>(bytes) {
        Ok(problem) => Failure {
            code: problem.code,
            message: problem.message,
            fix: None,
            request_id: Some(problem.request_id),
        },
        Err(_) => Failure::new(
            Code::AnswerInvalid,
            format!("the server answered with status {status} and gave no reason"),
        ),
    }
}
