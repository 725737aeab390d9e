//! Which server is asked by whose right: flags win over the environment, that over the default profile.
//!
//! A profile is a pair. Its token goes to its own server and to no other, and the token of a data directory goes to no profile's.

use std::path::PathBuf;

use sealgate_artifact::Code;
use sealgate_server::assembly::TOKEN_FILE;
use ureq::http::Uri;

use crate::args::{By, Environment, Global};
use crate::failure::Failure;
use crate::files;
use crate::profiles::{Profile, Profiles};

/// The server that is asked where nobody names one.
pub(crate) const HERE: &str = "http://127.0.0.1:8080";

/// A value, and where it comes from, in words.
#[derive(Clone)]
pub(crate) struct Sourced {
    pub(crate) value: String,
    pub(crate) from: String,
}

/// What a token is taken from.
enum Choice {
    Token(Sourced),
    Profile(String),
    Data(PathBuf, &'static str),
    Nothing,
}

/// The server, for what anybody may ask.
pub(crate) fn server(global: &Global) -> Result<Sourced, Failure> {
    server_for(global, &choice(global)?)
}

/// The server, and the token for it.
pub(crate) fn server_and_token(global: &Global) -> Result<(Sourced, Sourced), Failure> {
    let choice = choice(global)?;
    let server = server_for(global, &choice)?;
    let token = match choice {
        Choice::Token(token) => token,
        Choice::Profile(name) => {
            let (profile, from) = load(global, &name)?;
            for_its_own_server(&name, &profile, &server)?;
            Sourced { value: profile.token, from }
        }
        Choice::Data(data, from) => token_in(&data, from)?,
        Choice::Nothing => {
            return Err(Failure::new(Code::TokenInvalid, "no access token was given").fix(WAYS));
        }
    };
    Ok((server, token))
}

const WAYS: &str = "give --token, SEALGATE_TOKEN, or the server's --data directory, or run `sealgate login`";

/// The most precise that a flag says, then the same of the environment, then the default profile.
fn choice(global: &Global) -> Result<Choice, Failure> {
    let given = global.given;
    for by in [By::Flag, By::Environment] {
        if let Some(token) = global.token.as_ref().filter(|token| given.token == by && !token.is_empty()) {
            return Ok(Choice::Token(Sourced {
                value: token.clone(),
                from: of(by, "--token", "SEALGATE_TOKEN").to_owned(),
            }));
        }
        if let Some(name) = global.profile.as_ref().filter(|name| given.profile == by && !name.is_empty()) {
            return Ok(Choice::Profile(name.clone()));
        }
        if let Some(data) = global.data_dir().filter(|_| given.data == by) {
            return Ok(Choice::Data(data, of(by, "--data", "SEALGATE_DATA")));
        }
    }
    Ok(default_profile(global)?.map_or(Choice::Nothing, Choice::Profile))
}

fn server_for(global: &Global, choice: &Choice) -> Result<Sourced, Failure> {
    let given = global.given;
    // The token of a data directory is the owner's, and of the server beside it.
    let is_free = !matches!(choice, Choice::Data(..));
    for by in [By::Flag, By::Environment] {
        if let Some(url) = global.url.as_ref().filter(|url| given.url == by && !url.is_empty()) {
            return Ok(Sourced { value: url.clone(), from: of(by, "--url", "SEALGATE_URL").to_owned() });
        }
        let named = global.profile.as_ref().filter(|name| given.profile == by && !name.is_empty() && is_free);
        if let Some(name) = named {
            return of_profile(global, name);
        }
    }
    match default_profile(global)?.filter(|_| is_free) {
        Some(name) => of_profile(global, &name),
        None => Ok(Sourced { value: HERE.to_owned(), from: "the default".to_owned() }),
    }
}

fn of_profile(global: &Global, name: &str) -> Result<Sourced, Failure> {
    let (profile, from) = load(global, name)?;
    Ok(Sourced { value: profile.url, from })
}

fn load(global: &Global, name: &str) -> Result<(Profile, String), Failure> {
    let profiles = Profiles::needed(global.settings.as_deref())?;
    Ok((profiles.load(name)?, profiles.describe(name)))
}

fn default_profile(global: &Global) -> Result<Option<String>, Failure> {
    Profiles::below(global.settings.as_deref()).map_or(Ok(None), |profiles| profiles.default_name())
}

/// Whoever can make somebody name another server must not get the token.
fn for_its_own_server(name: &str, profile: &Profile, server: &Sourced) -> Result<(), Failure> {
    if is_same(&profile.url, &server.value) {
        return Ok(());
    }
    // The other one is not repeated: it may hold a password.
    let message = format!(
        "the token of the profile {name} is for {}: it is not sent to the server that {} names",
        profile.url, server.from
    );
    Err(Failure::new(Code::ConfigInvalid, message)
        .fix("give a token of that server by --token or SEALGATE_TOKEN, or a profile of it by --profile"))
}

/// Which variable keeps commands of this environment from the default profile, and what they do instead.
pub(crate) fn overriding(
    environment: &Environment,
    (name, profile): (&str, &Profile),
) -> Option<(&'static str, String)> {
    let Environment { url, profile: other, has_token, has_data } = environment;
    if *has_token {
        return Some(("SEALGATE_TOKEN", "commands take the token that it holds".to_owned()));
    }
    match other {
        Some(other) if other != name => {
            return Some(("SEALGATE_PROFILE", format!("commands use the profile {other}")));
        }
        None if *has_data => {
            let what = "commands take the owner's token in the data directory that it names";
            return Some(("SEALGATE_DATA", what.to_owned()));
        }
        _ => {}
    }
    let is_elsewhere = url.as_ref().is_some_and(|url| !is_same(url, &profile.url));
    is_elsewhere.then(|| {
        ("SEALGATE_URL", "it names another server, which does not get the profile's token".to_owned())
    })
}

/// Whether two URLs name the same server, however they are written.
fn is_same(one: &str, other: &str) -> bool {
    let parts = |text: &str| {
        let uri: Uri = text.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        let path = uri.path().trim_end_matches('/').to_owned();
        Some((uri.host()?.to_ascii_lowercase(), port, path, scheme, uri.query().map(str::to_owned)))
    };
    parts(one).is_some_and(|one| parts(other) == Some(one))
}

fn token_in(data: &std::path::Path, from: &str) -> Result<Sourced, Failure> {
    let place = format!("{} ({from})", data.join(TOKEN_FILE).display());
    let bytes = files::read_in(data, TOKEN_FILE)
        .map_err(|e| Failure::new(Code::TokenInvalid, format!("{place}: {e}")).fix(WAYS))?;
    Ok(Sourced { value: String::from_utf8_lossy(&bytes).trim().to_owned(), from: place })
}

fn of(by: By, flag: &'static str, variable: &'static str) -> &'static str {
    match by {
        By::Flag => flag,
        By::Environment => variable,
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, Profile, is_same, overriding};

    #[test]
    fn what_wins_over_a_default_profile_is_what_the_choice_takes_first() {
        let profile = Profile {
            url: "https://a.example".to_owned(),
            token: String::new(),
            tenant_name: String::new(),
            token_id: String::new(),
        };
        let text = |text: &str| Some(text.to_owned());
        let is =
            |environment: Environment| overriding(&environment, ("shop", &profile)).map(|(name, _)| name);
        let none = Environment::default;
        assert_eq!(is(none()), None);
        assert_eq!(is(Environment { has_data: true, ..none() }), Some("SEALGATE_DATA"));
        let named = || Environment { has_data: true, profile: text("shop"), ..none() };
        assert_eq!(is(named()), None, "a profile comes first");
        assert_eq!(is(Environment { has_token: true, ..named() }), Some("SEALGATE_TOKEN"));
        assert_eq!(is(Environment { profile: text("other"), ..none() }), Some("SEALGATE_PROFILE"));
        assert_eq!(is(Environment { url: text("https://a.example/"), ..none() }), None);
        assert_eq!(is(Environment { url: text("https://b.example"), ..none() }), Some("SEALGATE_URL"));
    }

    #[test]
    fn a_server_has_one_name_however_it_is_written() {
        for (one, other) in [
            ("https://a.example", "https://a.example/"),
            ("https://a.example", "HTTPS://A.Example:443"),
            ("http://127.0.0.1:8080/x/", "http://127.0.0.1:8080/x"),
        ] {
            assert!(is_same(one, other), "{one} {other}");
        }
        for other in [
            "http://a.example",
            "https://a.example:8443",
            "https://b.example",
            "https://a.example/x",
            "https://a.example.evil.example",
            "https://a.example@evil.example",
            "https://a.example?x",
            "",
        ] {
            assert!(!is_same("https://a.example", other), "{other}");
        }
        assert!(!is_same("", ""), "what names nothing is the same as nothing");
    }
}
