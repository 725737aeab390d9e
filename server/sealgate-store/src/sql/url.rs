//! A PostgreSQL URL, looked at before the driver sees it.
//!
//! The driver reads a URL as browsers do. An unencoded `?` in a password then begins the options, and an unencoded `/`
//! the name of the database: the rest of the password is logged as an option that is passed over, or sent to another
//! server in the open. Here it is refused, and nothing of it is repeated.

use std::str::FromStr;

use sealgate_artifact::is_loopback;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// What the driver knows. It passes over anything else and logs it.
const OPTIONS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Why a PostgreSQL URL is not used. No part of the URL is in its text: any may belong to the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is of another scheme, or no URL.
    #[error("the database URL does not begin with postgres://")]
    Scheme,
    /// A character that separates the parts of a URL, or cannot be in one, is not percent-encoded.
    #[error("the database URL has a character in user, password or name that must be percent-encoded")]
    Unencoded,
    /// An option that the driver would pass over.
    #[error("the database URL has an option that is not known")]
    Option,
    /// Whoever is on the way to a database on another machine may pose as it.
    #[error("the database is on another machine, and need not prove by TLS that it is the one")]
    Unproven,
    /// The driver cannot read it.
    #[error("the host, the port or an option of the database URL cannot be read")]
    Malformed,
}

impl UrlError {
    /// What to do about it.
    pub fn fix(self) -> &'static str {
        if self == Self::Unproven {
            return "end the URL with ?sslmode=verify-full, and &sslrootcert=FILE if the database's certificate comes from a CA of your \
                    own; or give --database-tls danger_off: then whoever is on the way there can make licenses";
        }
        "write it as postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=verify-full, with each character of user, password and \
         name percent-encoded that is no letter or digit: %3F for ?, %23 for #, %2F for /, %40 for @, %25 for %"
    }
}

/// Whether a database may be opened by this URL. It does not ask the database.
pub fn check_postgres_url(url: &str) -> Result<(), UrlError> {
    options(url).map(drop)
}

/// Refuses the URL of a database that whoever is on the way to it may pose as: on another machine, unless it must show a
/// certificate for the host that was named. `verify-ca` is not enough: the driver takes the certificates of the web's CAs, too, so it
/// would take the one of any web site.
pub fn check_postgres_proves_itself(url: &str) -> Result<(), UrlError> {
    let options = options(url)?;
    // Read from the options, because the environment says what the URL leaves out.
    let host = options.get_host();
    let is_here = options.get_socket().is_some() || host.starts_with('/') || is_loopback(host);
    let proves_itself = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
    if is_here || proves_itself { Ok(()) } else { Err(UrlError::Unproven) }
}

/// Host, port and name of the database, as in `db.example.com:5432/sealgate`: none of them is a secret, and nothing else is told.
pub(super) fn place(url: &str) -> Option<String> {
    let options = options(url).ok()?;
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    Some(options.get_database().map_or(host.clone(), |name| format!("{host}/{name}")))
}

pub(super) fn options(url: &str) -> Result<PgConnectOptions, UrlError> {
    check_parts(url)?;
    PgConnectOptions::from_str(url).map_err(|_| UrlError::Malformed)
}

fn check_parts(url: &str) -> Result<(), UrlError> {
    let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
    let rest = rest.ok_or(UrlError::Scheme)?;
    let has_strangers = rest.contains(|c: char| c == '#' || c.is_control() || c.is_whitespace());
    let after_place = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
    if has_strangers || !is_encoded(rest) || after_place.contains('@') {
        return Err(UrlError::Unencoded);
    }
    let options = after_place.split_once('?').map_or("", |(_, options)| options);
    let is_known = |option: &str| {
        let name = option.split_once('=').map_or(option, |(name, _)| name);
        OPTIONS.contains(&name) || name.starts_with("options[") && name.ends_with(']')
    };
    if options.is_empty() || options.split('&').all(is_known) { Ok(()) } else { Err(UrlError::Option) }
}

/// Whether two hexadecimal digits follow each `%`.
fn is_encoded(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{UrlError, check_postgres_proves_itself, check_postgres_url, place};

    #[test]
    fn a_place_shows_host_port_and_name_alone() {
        for (url, shown) in [
            ("postgres://u:hunter2@db.example.com/sealgate", "db.example.com:5432/sealgate"),
            ("postgres://u:p%40h%2F2@10.0.0.1:5433/d?sslmode=require&options[x]=hunter2", "10.0.0.1:5433/d"),
            ("postgres://u:hunter2@h/d?password=hunter3", "h:5432/d"),
        ] {
            assert_eq!(place(url).as_deref(), Some(shown));
        }
        assert_eq!(place("postgres://u:hun#ter2@h/d"), None);
    }

    #[test]
    fn an_unencoded_password_is_refused() {
        for (password, why) in [
            ("12?34", UrlError::Unencoded),
            ("a?b", UrlError::Unencoded),
            ("a?sslmode=require", UrlError::Unencoded),
            ("12/34", UrlError::Unencoded),
            ("a#b", UrlError::Unencoded),
            ("a@b/c", UrlError::Unencoded),
            ("100%", UrlError::Unencoded),
            ("a%zzb", UrlError::Unencoded),
            ("a\tb", UrlError::Unencoded),
            ("a b", UrlError::Unencoded),
            ("a\n", UrlError::Unencoded),
            ("%ff", UrlError::Malformed),
        ] {
            let url = format!("postgres://u:{password}@127.0.0.1:5432/d");
            assert_eq!(check_postgres_url(&url), Err(why), "{url}");
        }
        assert_eq!(check_postgres_url("postgres://u@h/d?password=a&b"), Err(UrlError::Option));
    }

    #[test]
    fn options_are_those_of_the_driver() {
        for url in [
            "postgres://h/d?passwd=x",
            "postgres://h/d?sslmod=verify-full",
            "postgres://h/d?connect_timeout=3",
            "postgres://h/d?sslmode=require&",
        ] {
            assert_eq!(check_postgres_url(url), Err(UrlError::Option), "{url}");
        }
        for url in ["postgres://h/d?sslmode=perhaps", "postgres://h/d?port=x", "postgres://h:x/d"] {
            assert_eq!(check_postgres_url(url), Err(UrlError::Malformed), "{url}");
        }
        for url in ["", "nonsense", "mysql://h/d", "host=h password=p", "postgres:/h"] {
            assert_eq!(check_postgres_url(url), Err(UrlError::Scheme), "{url}");
        }
    }

    #[test]
    fn what_can_be_read_in_one_way_only_is_taken() {
        for url in [
            "postgres://u:p@h/d",
            "postgresql://u@h",
            "postgres://u:a%3Fb%23c%2Fd%40e%25f@h:5432/d?sslmode=verify-full&sslrootcert=/ca.pem",
            "postgres://u:a@b:c@h/d",
            "postgres:///d?host=/run/postgresql",
            "postgres://%2Frun%2Fpostgresql/d",
            "postgres://[::1]:5432/d?options[statement_timeout]=5s",
        ] {
            assert_eq!(check_postgres_url(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn a_database_on_another_machine_proves_itself() {
        for url in [
            "postgres://u@127.0.0.1/d",
            "postgres://u@127.9.9.9:5432/d?sslmode=disable",
            "postgres://u@localhost/d",
            "postgres://u@LOCALHOST/d",
            "postgres://u@[::1]/d",
            "postgres:///d?host=/run/postgresql",
            "postgres://u@%2Frun%2Fpostgresql/d",
            "postgres://u@db/d?sslmode=verify-full",
            "postgres://u@10.0.0.1/d?ssl-mode=verify-full&sslrootcert=/ca.pem",
        ] {
            assert_eq!(check_postgres_proves_itself(url), Ok(()), "{url}");
        }
        for url in [
            "postgres://u@db/d",
            "postgres://u@localhost.example/d",
            "postgres://u@10.0.0.1/d",
            "postgres://u@[2001:db8::1]/d",
            "postgres://u@0.0.0.0/d",
            "postgres://u@127.0.0.1.example/d",
            "postgres://u@localhost/d?host=db",
            "postgres://u@localhost/d?hostaddr=10.0.0.1",
            "postgres://u@db/d?sslmode=disable",
            "postgres://u@db/d?sslmode=allow",
            "postgres://u@db/d?sslmode=prefer",
            "postgres://u@db/d?sslmode=require",
            "postgres://u@db/d?sslmode=require&sslrootcert=/ca.pem",
            "postgres://u@db/d?sslmode=verify-ca&sslrootcert=/ca.pem",
            "postgres://u@db/d?sslmode=verify-full&sslmode=prefer",
        ] {
            assert_eq!(check_postgres_proves_itself(url), Err(UrlError::Unproven), "{url}");
        }
    }

    proptest! {
        /// Whatever a password is made of: it is the password, or the URL is refused.
        #[test]
        fn no_part_of_any_password_is_taken_for_something_else(password in "[ -~]{1,12}") {
            let url = format!("postgres://u:{password}@h/d");
            if let Ok(options) = super::options(&url) {
                let read = (options.get_host(), options.get_username(), options.get_database());
                prop_assert_eq!(read, ("h", "u", Some("d")));
            }
        }
    }
}
