//! The server certificate: what one server may answer, and for whom (`spec/keys.md` §5.7).

use crate::fields::{Fields, distinct, invalid};
use crate::{
    ArtifactError, Attachments, Kind, PublicKey, Statement, TenantId, UnixSeconds, Value, fields, limits,
};

/// Names one server's key and the little it may be used for, for a few weeks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    /// When it was signed.
    pub issued_at: UnixSeconds,
    /// From then on nothing the server signs is believed. At most 31 days after `issued_at`.
    pub expires_at: UnixSeconds,
    /// The server's key.
    pub public_key: PublicKey,
    /// The tenants it may speak for, 1 to 16.
    pub tenants: Vec<TenantId>,
    /// Where it may be found, 1 to 16 origins.
    pub origins: Vec<String>,
    /// What it may answer, 1 to 16 names.
    pub operations: Vec<String>,
}

impl Statement for ServerCertificate {
    const KIND: Kind = Kind::ServerCertificate;

    fn take(fields: &mut Fields, _: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let (issued_at, expires_at) = (fields.time("issued_at")?, fields.time("expires_at")?);
        let most = issued_at.plus(limits::CERTIFICATE_SECONDS);
        if expires_at <= issued_at || expires_at > most {
            return Err(invalid("expires_at", "not within 31 days after issued_at"));
        }
        let public_key = PublicKey::parse(&fields.text("public_key")?)?;
        let mut scope = |field| match fields.list(field, limits::CERTIFICATE_ENTRIES)? {
            entries if entries.is_empty() => Err(invalid(field, "empty")),
            entries => Ok(entries),
        };
        Ok(Self {
            issued_at,
            expires_at,
            public_key,
            tenants: distinct("tenants", scope("tenants")?, |text| {
                TenantId::parse(text).map_err(|_| invalid("tenants", "not an identifier"))
            })?,
            origins: distinct("origins", scope("origins")?, |text| named("origins", text, is_origin))?,
            operations: distinct("operations", scope("operations")?, |text| {
                named("operations", text, is_operation)
            })?,
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let texts = |list: &[String]| Value::List(list.iter().cloned().map(Value::Text).collect());
        let tenants = self.tenants.iter().map(|tenant| Value::Text(tenant.to_string()));
        vec![
            ("issued_at", fields::int(self.issued_at.get())),
            ("expires_at", fields::int(self.expires_at.get())),
            ("public_key", Value::Text(self.public_key.to_string())),
            ("tenants", Value::List(tenants.collect())),
            ("origins", texts(&self.origins)),
            ("operations", texts(&self.operations)),
        ]
    }
}

fn named(field: &'static str, text: &str, is_one: fn(&str) -> bool) -> Result<String, ArtifactError> {
    if is_one(text) { Ok(text.to_owned()) } else { Err(invalid(field, "an entry is not of its form")) }
}

pub(crate) fn is_operation(name: &str) -> bool {
    (1..=limits::OPERATION_BYTES).contains(&name.len())
        && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-'))
}

/// `spec/keys.md` §5.8: the one spelling of an origin, so that comparing bytes compares origins.
pub fn is_origin(text: &str) -> bool {
    let (rest, own_port) = match text.split_once("://") {
        Some(("http", rest)) => (rest, "80"),
        Some(("https", rest)) => (rest, "443"),
        _ => return false,
    };
    let (host, port) = match rest.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if is_address(address) => (None, port),
            _ => return false,
        },
        None => rest.find(':').map_or((Some(rest), ""), |at| (Some(&rest[..at]), &rest[at..])),
    };
    let port_is_sound = match port.strip_prefix(':') {
        Some(digits) => is_port(digits) && digits != own_port,
        None => port.is_empty(),
    };
    host.is_none_or(is_host) && port_is_sound
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (1..=253).contains(&host.len()) && host.split('.').all(is_label)
}

fn is_address(text: &str) -> bool {
    (2..=39).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b':'))
}

fn is_port(digits: &str) -> bool {
    digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
        && digits.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::is_origin;

    #[test]
    fn an_origin_has_one_spelling() {
        for sound in [
            "https://license.example.com",
            "http://127.0.0.1:8080",
            "https://a-b.c:8443",
            "http://[::1]:8080",
            "https://[2001:db8::1]",
            "http://localhost:65535",
            "http://x:443",
        ] {
            assert!(is_origin(sound), "{sound}");
        }
        for other in [
            "",
            "https://",
            "https://:",
            "https://:1",
            "https://a:",
            "https://a:0",
            "https://a:01",
            "https://a:65536",
            "https://a:443",
            "http://a:80",
            "https://a:b:c",
            "https://a:1:2",
            "https://A",
            "HTTPS://a",
            "ftp://a",
            "https://a/",
            "https://a?b",
            "https://u@a",
            "https://-a",
            "https://a-",
            "https://a..b",
            "https://.a",
            "https://a.",
            "https://[]",
            "https://[::1",
            "https://[::1]x",
            "https://[::1]:",
            "https://[::G]",
            "https://[::1%eth0]",
            "https://ä",
            "https:// a",
            "//a",
            "a",
            "https://a:+1",
        ] {
            assert!(!is_origin(other), "{other}");
        }
    }
}
