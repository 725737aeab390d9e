//! `sealgate login`, `sealgate logout` and `sealgate profile`.

use sealgate_artifact::Code;
use sealgate_wire::OwnToken;
use serde_json::json;

use crate::args::{By, Global, ProfileArg, ProfileCommand};
use crate::client::Client;
use crate::credentials::{HERE, Sourced, overriding};
use crate::failure::Failure;
use crate::output::{Output, ends, say};
use crate::profiles::{self, Profile, Profiles};
use crate::prompt;

/// Asks for what it lacks, and keeps nothing that the server does not take.
pub(crate) fn login(global: &Global, output: &Output) -> Result<(), Failure> {
    let profiles = Profiles::needed(global.settings.as_deref())?;
    let name = named(global, &profiles)?;
    profiles::check_name(&name)?;
    let may_ask = prompt::is_possible() && !output.json;
    let url = url(global, &profiles, &name, may_ask)?;
    let token = token(global, may_ask)?;
    let client = Client::with(global, url.clone(), token.clone())?;
    let own: OwnToken = client.get("/api/v1/token")?;
    let is_first = profiles.default_name()?.is_none();
    let profile = Profile {
        url: url.value,
        token: token.value,
        tenant_name: own.tenant_name.clone(),
        token_id: own.token_id.clone(),
    };
    profiles.save(&name, &profile)?;
    if is_first && name != profiles::DEFAULT {
        profiles.choose(&name)?;
    }
    let is_default = profiles.default_name()?.as_deref() == Some(&*name);
    let mut result = shown(&profiles, &name, &profile, is_default);
    result["tenant_id"] = own.tenant_id.clone().into();
    result["scopes"] = json!(own.scopes);
    result["expires_at"] = json!(own.expires_at);
    result["overridden_by"] = overridden_by(global, (&name, &profile), is_default);
    output.result(&result, |_| {
        Output::pairs(&[
            ("profile", name.clone()),
            ("server", profile.url.clone()),
            ("tenant", own.tenant_name.clone()),
            ("token", format!("{} ({})", own.token_id, own.name)),
            ("scopes", own.scopes.join(", ")),
            ("ends", ends(own.expires_at)),
        ]);
        say!("\nKept in {}, which only you can read.", profiles.path(&name).display());
        if is_default {
            say!("{}", used(global, (&name, &profile)));
        } else {
            say!(
                "Commands use it with --profile {name}; `sealgate profile use {name}` makes it the default."
            );
        }
    });
    Ok(())
}

/// The profile that was named, or the one that commands use.
fn named(global: &Global, profiles: &Profiles) -> Result<String, Failure> {
    if let Some(name) = global.profile.as_ref().filter(|name| !name.is_empty()) {
        return Ok(name.clone());
    }
    Ok(profiles.default_name()?.unwrap_or_else(|| profiles::DEFAULT.to_owned()))
}

fn url(global: &Global, profiles: &Profiles, name: &str, may_ask: bool) -> Result<Sourced, Failure> {
    if let Some(url) = global.url.as_ref().filter(|url| !url.is_empty()) {
        let from = if global.given.url == By::Flag { "--url" } else { "SEALGATE_URL" };
        return Ok(Sourced { value: url.clone(), from: from.to_owned() });
    }
    let before = profiles.path(name).exists().then(|| profiles.load(name)).transpose()?;
    if let (Some(before), false) = (&before, may_ask) {
        return Ok(Sourced { value: before.url.clone(), from: profiles.describe(name) });
    }
    if !may_ask {
        return Err(Failure::new(
            Code::ConfigInvalid,
            "no server was named, and there is no terminal to ask on",
        )
        .fix("give --url https://HOST"));
    }
    let usual = before.map_or_else(|| HERE.to_owned(), |profile| profile.url);
    let typed = prompt::line(&format!("Server [{usual}]:"))?;
    let value = if typed.is_empty() { usual } else { typed };
    Ok(Sourced { value, from: "what was typed".to_owned() })
}

fn token(global: &Global, may_ask: bool) -> Result<Sourced, Failure> {
    let taken = |value: String, from: &str| match &*value {
        "" => Err(Failure::new(Code::TokenInvalid, "no access token was given")
            .fix("give the token that `sealgate token create` showed")),
        _ => Ok(Sourced { value, from: from.to_owned() }),
    };
    match global.token.as_deref().filter(|token| !token.is_empty()) {
        Some("-") => {
            let read = prompt::first_line();
            let read =
                read.map_err(|e| Failure::new(Code::FileUnreadable, format!("standard input: {e}")))?;
            taken(read, "standard input")
        }
        Some(given) if global.given.token == By::Environment => taken(given.to_owned(), "SEALGATE_TOKEN"),
        Some(_) => {
            let why = "a token in the arguments can be read by others on this machine, and stays in the shell's history";
            Err(Failure::new(Code::MalformedRequest, why)
                .fix("leave --token out to be asked for it, or give --token - and the token on standard input; revoke this one if others may have it"))
        }
        None if may_ask => taken(prompt::hidden_line("Access token (not shown):")?, "what was typed"),
        None => Err(Failure::new(
            Code::TokenInvalid,
            "no access token was given, and there is no terminal to ask on",
        )
        .fix("give --token - and the token on standard input, or SEALGATE_TOKEN")),
    }
}

/// Forgets a profile here; its token stays in force.
pub(crate) fn logout(global: &Global, output: &Output) -> Result<(), Failure> {
    let profiles = Profiles::needed(global.settings.as_deref())?;
    let name = named(global, &profiles)?;
    let profile = match profiles.load(&name) {
        // Whatever is in it, it can go.
        Err(failure) if failure.code == Code::FileUnreadable.as_str() && profiles.is_there(&name) => {
            return forget_unread(&profiles, &name, output);
        }
        loaded => loaded?,
    };
    profiles.remove(&name)?;
    let result =
        json!({ "profile": name, "url": profile.url, "token_id": profile.token_id, "removed": true });
    output.result(&result, |_| {
        say!("The profile {name} is removed. Its token {} stays in force:", profile.token_id);
        say!("`sealgate token revoke {}` ends it.", profile.token_id);
    });
    Ok(())
}

/// Removes a profile that cannot be read, so that nobody knows its token here.
fn forget_unread(profiles: &Profiles, name: &str, output: &Output) -> Result<(), Failure> {
    profiles.remove(name)?;
    let result = json!({ "profile": name, "url": null, "token_id": null, "removed": true });
    output.result(&result, |_| {
        say!("The profile {name}, which could not be read, is removed. If it held a token, that stays in force:");
        say!("`sealgate token list` shows it, `sealgate token revoke` ends it.");
    });
    Ok(())
}

pub(crate) fn profile(global: &Global, command: &ProfileCommand, output: &Output) -> Result<(), Failure> {
    let profiles = Profiles::needed(global.settings.as_deref())?;
    match command {
        ProfileCommand::List => list(&profiles, output),
        ProfileCommand::Show(ProfileArg { name }) => {
            let name = name.clone().map_or_else(|| named(global, &profiles), Ok)?;
            show(global, &profiles, &name, output)
        }
        ProfileCommand::Use { name } => {
            profiles.choose(name)?;
            show(global, &profiles, name, output)
        }
    }
}

fn list(profiles: &Profiles, output: &Output) -> Result<(), Failure> {
    let default = profiles.default_name()?;
    let mut all = vec![];
    for name in profiles.names()? {
        let profile = match profiles.load(&name) {
            // One that cannot be read does not hide the others.
            Err(failure) if failure.code == Code::FileUnreadable.as_str() => Err(failure.message),
            loaded => Ok(loaded?),
        };
        all.push((default.as_deref() == Some(&*name), name, profile));
    }
    let result: Vec<_> = all
        .iter()
        .map(|(is_default, name, profile)| match profile {
            Ok(profile) => shown(profiles, name, profile, *is_default),
            Err(why) => json!({
                "profile": name, "url": null, "tenant_name": null, "token_id": null, "default": is_default,
                "file": profiles.path(name), "error": why,
            }),
        })
        .collect();
    output.list(&result, "no profiles yet; `sealgate login` keeps a server and a token as one", |_| {
        let row = |(is_default, name, profile): &(bool, String, Result<Profile, String>)| {
            let mark = if *is_default { "*" } else { "" };
            let cells = match profile {
                Ok(profile) => [mark, name, &profile.url, &profile.tenant_name, &profile.token_id],
                Err(why) => [mark, name, why, "", ""],
            };
            cells.map(str::to_owned).to_vec()
        };
        Output::table(&["", "PROFILE", "SERVER", "TENANT", "TOKEN ID"], all.iter().map(row));
    });
    Ok(())
}

fn show(global: &Global, profiles: &Profiles, name: &str, output: &Output) -> Result<(), Failure> {
    let profile = profiles.load(name)?;
    let is_default = profiles.default_name()?.as_deref() == Some(name);
    let mut result = shown(profiles, name, &profile, is_default);
    result["overridden_by"] = overridden_by(global, (name, &profile), is_default);
    output.result(&result, |_| {
        Output::pairs(&[
            ("profile", name.to_owned()),
            ("server", profile.url.clone()),
            ("tenant", profile.tenant_name.clone()),
            ("token id", profile.token_id.clone()),
            ("default", if is_default { "yes" } else { "no" }.to_owned()),
            ("file", profiles.path(name).display().to_string()),
        ]);
        if is_default {
            say!("\n{}", used(global, (name, &profile)));
        }
    });
    Ok(())
}

/// Whether commands use the default profile here, or what keeps them from it.
fn used(global: &Global, (name, profile): (&str, &Profile)) -> String {
    match overriding(&global.environment, (name, profile)) {
        None => "Commands use it where neither flags nor the environment say otherwise.".to_owned(),
        Some((variable, what)) => format!(
            "Commands do not use it here: {variable} is set, and {what}. Run `unset {variable}`, or give --profile {name}."
        ),
    }
}

fn overridden_by(global: &Global, named: (&str, &Profile), is_default: bool) -> serde_json::Value {
    json!(overriding(&global.environment, named).filter(|_| is_default).map(|(variable, _)| variable))
}

/// A profile without its token.
fn shown(profiles: &Profiles, name: &str, profile: &Profile, is_default: bool) -> serde_json::Value {
    json!({
        "profile": name, "url": profile.url, "tenant_name": profile.tenant_name, "token_id": profile.token_id,
        "default": is_default, "file": profiles.path(name),
    })
}
