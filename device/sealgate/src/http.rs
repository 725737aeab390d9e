//! HTTP over ureq and rustls.

use std::time::Duration;

use sealgate_artifact::is_loopback;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, AsSendBody, Body, Proxy};

use crate::lookup::Lookup;
use crate::transport::{ANSWER_BYTES, CALL_BUDGET};
use crate::wait::bounded;
use crate::{ConfigurationError, HttpAnswer, HttpQuestion, Transport, Unanswered};

/// HTTP and HTTPS, with the web's certificate authorities unless another is given.
///
/// It reads no environment variable, follows no redirect and keeps no connection open. It runs in the caller's thread;
/// only a name is looked up in one of ureq's, which ends with the look-up.
pub struct HttpTransport {
    agent: Agent,
    timeout: Duration,
}

/// What an [`HttpTransport`] may be told. A proxy's URL may hold a password, so it has no `Debug` text.
#[derive(Clone, Default)]
pub struct HttpTransportBuilder {
    timeout: Option<Duration>,
    proxy: Option<String>,
    authority: Option<Vec<u8>>,
}

impl HttpTransport {
    /// Begins with ten seconds for a whole call, no proxy, and the web's certificate authorities.
    pub fn builder() -> HttpTransportBuilder {
        HttpTransportBuilder::default()
    }
}

impl HttpTransportBuilder {
    /// How long a whole call of the client may take: looking up the name, connecting, sending, waiting for the answer and
    /// reading it, for all questions of the call together. A day at most.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// A proxy, `http://[user:password@]host:port`. A server on this machine is asked without it.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Certificate authorities in PEM, in the place of the web's. They protect the license key on its way; they do not
    /// decide who the server is.
    #[must_use]
    pub fn certificate_authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authority = Some(pem.into());
        self
    }

    /// The transport, or what is wrong with the proxy or the certificate authorities.
    pub fn build(self) -> Result<HttpTransport, ConfigurationError> {
        let proxy = match &self.proxy {
            Some(url) => Some(Proxy::new(url).map_err(|e| wrong(&format!("proxy: {e}")))?),
            None => None,
        };
        let mut tls = TlsConfig::builder();
        if let Some(pem) = &self.authority {
            tls = tls.root_certs(certificates(pem)?);
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would carry the license key to where nobody checked.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .user_agent(concat!("sealgate-sdk/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            // Also keeps ureq from reading the environment.
            .proxy(proxy)
            .tls_config(tls.build());
        let agent = Agent::with_parts(config.build(), DefaultConnector::default(), Lookup::default());
        Ok(HttpTransport { agent, timeout: self.timeout.map_or(CALL_BUDGET, bounded) })
    }
}

fn certificates(pem: &[u8]) -> Result<RootCerts, ConfigurationError> {
    let mut found: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(e) => return Err(wrong(&format!("certificate authority: {e}"))),
        }
    }
    if found.is_empty() {
        return Err(wrong("certificate authority: no certificate in it"));
    }
    Ok(RootCerts::from(found))
}

impl Transport for HttpTransport {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        let unanswered = |e: &dyn std::error::Error| Unanswered(e.to_string());
        let request = ureq::http::Request::builder().uri(question.url);
        let answered = match question.body {
            Some(body) => {
                let request = request.method("POST").header("content-type", "application/json").body(body);
                self.run(request.map_err(|e| unanswered(&e))?, question.within)
            }
            None => self.run(request.method("GET").body(()).map_err(|e| unanswered(&e))?, question.within),
        };
        let mut answer = answered.map_err(|e| unanswered(&e))?;
        let retry_after =
            answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec();
        Ok(HttpAnswer {
            status: answer.status().as_u16(),
            retry_after: retry_after.map(Duration::from_secs),
            body: body.map_err(|e| unanswered(&e))?,
        })
    }

    fn budget(&self) -> Duration {
        self.timeout
    }
}

impl HttpTransport {
    /// The limit is on the whole: on each step it would be four times as long.
    fn run(
        &self,
        request: ureq::http::Request<impl AsSendBody>,
        within: Duration,
    ) -> Result<ureq::http::Response<Body>, ureq::Error> {
        let is_here = request.uri().host().is_some_and(is_loopback);
        let mut configured = self.agent.configure_request(request).timeout_global(Some(bounded(within)));
        if is_here {
            // This machine is not asked through another one, which would read the license key on an open way.
            configured = configured.proxy(None);
        }
        self.agent.run(configured.build())
    }
}

fn wrong(why: &str) -> ConfigurationError {
    ConfigurationError::Transport(why.to_owned())
}
