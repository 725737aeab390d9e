//! Talking to the server's management API.

use std::time::Duration;

use sealgate::TransportError;
use sealgate_artifact::{Code, Family, ForeignKey, LicenseId, LicenseKey};
use sealgate_authority::ports::{Entropy, System};
use sealgate_wire::{LicenseView, LookUpLicense, Page, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::StatusCode;

use crate::address::Address;
use crate::again::{Again, Place};
use crate::args::Global;
use crate::credentials::{self, Sourced};
use crate::failure::Failure;
use crate::streams::one_item;

const TIMEOUT: Duration = Duration::from_mins(1);
/// Far more than a page has.
const ANSWER_BYTES: u64 = 32 * 1024 * 1024;

/// A server, and the token to speak to it with where it needs one.
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
    /// Who named the server.
    named_by: String,
    token: Option<Sourced>,
    place: Place,
}

impl Client {
    pub(crate) fn new(global: &Global) -> Result<Self, Failure> {
        let (server, token) = credentials::server_and_token(global)?;
        Self::with(global, server, token)
    }

    /// The same for a server and a token that come from elsewhere.
    pub(crate) fn with(global: &Global, server: Sourced, token: Sourced) -> Result<Self, Failure> {
        if token.value.is_empty() || !token.value.bytes().all(|b| b.is_ascii_graphic()) {
            let why = format!(
                "{}: not a token: tokens are letters, digits and a few signs, without spaces",
                token.from
            );
            return Err(Failure::new(Code::TokenInvalid, why)
                .fix("give the token as `sealgate token create` showed it, without quotes or line ends"));
        }
        let client = Self { token: Some(token), ..Self::at(global, server)? };
        if let Some(token) = &client.token {
            tracing::debug!(
                server = client.base,
                from = client.named_by,
                token_from = token.from,
                "asking a server"
            );
        }
        Ok(client)
    }

    /// For what anybody may ask.
    pub(crate) fn without_token(global: &Global) -> Result<Self, Failure> {
        Self::at(global, credentials::server(global)?)
    }

    fn at(global: &Global, server: Sourced) -> Result<Self, Failure> {
        let address = Address::new(&server, global.danger_plain_http)?;
        let config = address.agent(global)?.timeout_global(Some(TIMEOUT));
        let place = Place::of(global);
        Ok(Self {
            agent: config.build().into(),
            base: address.base,
            named_by: server.from,
            token: None,
            place,
        })
    }

    /// A command that goes where this one goes.
    pub(crate) fn again(&self, verb: &str) -> Again {
        Again::new(verb, &self.place)
    }

    /// The server's address.
    pub(crate) fn base(&self) -> &str {
        &self.base
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

    /// The license that a person named by key, by id, by its external id, or by `-` on standard input. Keys never get into a URL.
    pub(crate) fn find_license(&self, named: &str) -> Result<LicenseView, Failure> {
        match NamedLicense::read(&one_item(named)?)? {
            NamedLicense::Id(id) => match self.get_license(id) {
                // Other systems make keys that look like ids.
                Err(failure) if failure.code == Code::NotFound.as_str() => {
                    let key = LookUpLicense { license_key: Some(id.to_string()), external_id: None };
                    self.look_up(&key).map_err(|_| failure)
                }
                found => found,
            },
            NamedLicense::Other(wanted) => self.look_up(&wanted),
        }
    }

    /// Its id. One that is given is taken as it is, so that nothing is read which the token may not see.
    pub(crate) fn license_id(&self, named: &str) -> Result<LicenseId, Failure> {
        match NamedLicense::read(&one_item(named)?)? {
            NamedLicense::Id(id) => Ok(id),
            NamedLicense::Other(wanted) => Ok(LicenseId::parse(&self.look_up(&wanted)?.license_id)?),
        }
    }

    /// What a verb must see of a license before it can do anything.
    pub(crate) fn get_license(&self, id: LicenseId) -> Result<LicenseView, Failure> {
        let found = self.get(&format!("/api/v1/licenses/{id}"));
        found.map_err(|failure: Failure| {
            failure.fix_for(Code::ScopeMissing, "use a token that has the scope licenses:read, too")
        })
    }

    /// The license that the server finds so.
    pub(crate) fn look_up(&self, wanted: &LookUpLicense) -> Result<LicenseView, Failure> {
        let found = self.post("/api/v1/licenses/lookup", wanted);
        found.map_err(|failure: Failure| {
            let fix = "give the license's id, or use a token that has the scope licenses:read, too: anything else is looked up first";
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
        if status.is_success() {
            Ok(bytes)
        } else {
            Err(self.with_tokens_source(of_unknown(method, path, refused(&bytes, status.as_u16()))))
        }
    }

    /// Says where a token came from that the server does not take, or not for this.
    fn with_tokens_source(&self, failure: Failure) -> Failure {
        let about_token = [Code::TokenInvalid, Code::ScopeMissing, Code::TenantSuspended];
        let is_about_it = about_token.iter().any(|code| failure.code == code.as_str());
        match self.token.as_ref().filter(|_| is_about_it) {
            Some(token) => Failure {
                message: format!("{} The token came from {}.", failure.message, token.from),
                ..failure
            },
            None => failure,
        }
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
            request = request.header("authorization", format!("Bearer {}", token.value));
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
        let why = TransportError::unanswered(error.to_string());
        Failure::new(why.code(), format!("{} ({}): {error}", self.base, self.named_by)).fix(match (asks_who(&error.to_string()), why.code()) {
            (Some(fix), _) => fix,
            (None, Code::TlsUntrusted) => {
                "if a proxy of your network opens TLS, have it leave this address out, or run the command where no such proxy is on \
                 the way; else look at the certificate of the server, or of the proxy in front of it, and at this machine's clock"
            }
            _ => "start the server with `sealgate serve`, or give its address in --url or SEALGATE_URL",
        })
    }
}

/// What to do where a proxy or a network wants to know who asks, by what is said of the way to the server.
fn asks_who(said: &str) -> Option<&'static str> {
    let proxy = "give the proxy's user and password: --proxy http://USER:PASSWORD@HOST:PORT, percent-encoded";
    let network = "sign in to the network first: open any web page on this machine";
    let known = [("407", proxy), ("511", network)];
    known.into_iter().find(|(status, _)| said.contains(&format!("responded {status}"))).map(|(_, fix)| fix)
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

/// A name for a request, which nobody else has.
pub(crate) fn request_name() -> String {
    let mut random = [0; 16];
    System.fill(&mut random);
    sealgate_artifact::encode_hex(&random)
}

/// How a person named a license.
pub(crate) enum NamedLicense {
    Id(LicenseId),
    /// By what the server looks up: a key, or `external:` and the vendor's own name.
    Other(LookUpLicense),
}

impl NamedLicense {
    pub(crate) fn read(named: &str) -> Result<Self, Failure> {
        if let Ok(id) = LicenseId::parse(named) {
            return Ok(Self::Id(id));
        }
        if let Some(external_id) = named.strip_prefix("external:") {
            let external_id = Some(external_id.to_owned());
            return Ok(Self::Other(LookUpLicense { license_key: None, external_id }));
        }
        let fix = "give the license key as it was issued, the license id, external:X with your own name for the license, or - for standard input";
        let key = match LicenseKey::parse(named) {
            Ok(key) => key.expose(),
            // A key that was imported looks as its maker made it.
            Err(e) if e.code() == Code::LicenseKeyMalformed && ForeignKey::parse(named).is_ok() => {
                named.to_owned()
            }
            Err(e) => return Err(Failure::from(e).fix(fix)),
        };
        Ok(Self::Other(LookUpLicense { license_key: Some(key), external_id: None }))
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|_| {
        Failure::new(Code::AnswerInvalid, Code::AnswerInvalid.meaning())
            .fix("check that --url names a Sealgate server")
    })
}

/// What the table of codes says to whoever set something up. To a license's user it says something else.
fn way_out(code: &str) -> Option<String> {
    let code = Code::parse(code).filter(|code| code.family() == Family::Configuration)?;
    code.fix().map(str::to_owned)
}

/// Where what was named is not there: which command shows what there is.
fn of_unknown(method: &str, path: &str, failure: Failure) -> Failure {
    const LISTS: [(&str, &str); 12] = [
        ("apps", "app list"),
        ("plans", "plan list"),
        ("customers", "customer list"),
        ("licenses", "license list"),
        ("devices", "device list"),
        ("releases", "release list"),
        ("approvals", "manifest list"),
        ("activations", "activation list"),
        ("access", "access list"),
        ("tokens", "token list"),
        ("servers", "server list"),
        ("tenants", "tenant list"),
    ];
    if failure.fix.is_some() || failure.code != Code::NotFound.as_str() {
        return failure;
    }
    // Other requests name more than one thing.
    let names_it_alone =
        method == "GET" || ["/lookup", "/revoke", "/release"].iter().any(|end| path.ends_with(end));
    let named = path.strip_prefix("/api/v1/").and_then(|path| path.split_once('/')).map(|(list, _)| list);
    match LISTS.iter().find(|(list, _)| names_it_alone && Some(*list) == named) {
        Some((_, verb)) => failure.fix(format!("`sealgate {verb}` shows those that there are")),
        None => failure,
    }
}

fn refused(bytes: &[u8], status: u16) -> Failure {
    if let Ok(problem) = serde_json::from_slice::<Problem>(bytes) {
        let is_app = problem.message.starts_with("app_id: the tenant has several apps");
        return Failure {
            fix: way_out(&problem.code).or_else(|| is_app.then(|| "say which one: --app APP".to_owned())),
            code: problem.code,
            message: problem.message,
            request_id: Some(problem.request_id),
            exit: None,
        };
    }
    let said = format!("a proxy or a network on the way responded {status}");
    if let Some(fix) = asks_who(&said) {
        return Failure::new(Code::ServerUnreachable, said).fix(fix);
    }
    let said = format!("the server answered with status {status} and gave no reason");
    Failure::new(Code::AnswerInvalid, said)
}
