//! `sealgate access`.

use sealgate_artifact::Code;
use sealgate_wire::{AccessView, AddAccess};

use super::lists;
use crate::args::{AccessArgs, AccessCommand, Global, RemoveAccessArgs};
use crate::client::{Client, filters};
use crate::failure::Failure;
use crate::names;
use crate::output::{Output, ends};
use crate::parts::Parts;
use crate::signals;

/// Entries of an app that are looked through: more than servers of ours write.
const MOST: usize = 10_000;
/// Entries that are removed before a person wonders.
const SHORT: u64 = 20;

pub(crate) fn run(global: &Global, command: &AccessCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let entry = match command {
        AccessCommand::Allow(args) => add(&client, "allow", args)?,
        AccessCommand::Deny(args) => add(&client, "deny", args)?,
        AccessCommand::Remove(args) => remove(&client, args, output)?,
        AccessCommand::List { app, part } => {
            let filters = filters(&[("app_id", &names::app_field(app.as_deref())?)]);
            let none = "no entries; `sealgate access allow` and `sealgate access deny` make some";
            return lists::print(&client, ("/api/v1/access", &filters, none), part, output, table);
        }
    };
    output.result(&entry, |entry| table(std::slice::from_ref(entry)));
    Ok(())
}

fn add(client: &Client, effect: &str, args: &AccessArgs) -> Result<AccessView, Failure> {
    let wish = AddAccess {
        app_id: names::app_field(args.app.as_deref())?,
        effect: effect.to_owned(),
        hwid: args.hwid.clone(),
        ip: args.ip.clone(),
        reason: args.reason.clone(),
        expires_at: args.expires.0.clone(),
    };
    client.post_once("/api/v1/access", &wish)
}

/// Takes every entry away that names this, allowing and denying ones; answers the last.
fn remove(client: &Client, args: &RemoveAccessArgs, output: &Output) -> Result<AccessView, Failure> {
    let address = |text: &Option<String>| text.as_deref().map(|t| t.trim_end_matches("/32").to_owned());
    let is_named = |entry: &AccessView| match (&args.hwid, &args.ip) {
        (Some(hwid), _) => entry.hwid.as_ref() == Some(hwid),
        (None, ip) => entry.ip.is_some() && address(&entry.ip) == address(ip),
    };
    let mut removed = None;
    let app = names::app(args.app.as_deref())?;
    let listed: Result<Vec<AccessView>, Failure> =
        client.get_some(&format!("/api/v1/access?limit=200&app_id={app}"), MOST);
    let listed = listed.map_err(|failure| {
        let fix =
            "use a token that has the scopes access:read and access:write: the entry is looked up first";
        failure.fix_for(Code::ScopeMissing, fix)
    })?;
    let named: Vec<AccessView> = listed.into_iter().filter(is_named).collect();
    let mut parts = Parts::of("entries removed", (named.len() as u64, SHORT), "entries", output);
    for entry in named {
        let path = format!("/api/v1/access/{}", entry.entry_id);
        let done = signals::none_came().and_then(|()| client.delete(&path));
        removed = Some(done.map_err(|failure| parts.stopped(failure, || again(client, args)))?);
        parts.add(1);
    }
    parts.finish();
    removed.ok_or_else(|| {
        Failure::new(Code::NotFound, Code::NotFound.meaning())
            .fix("`sealgate access list` shows what is listed")
    })
}

fn again(client: &Client, args: &RemoveAccessArgs) -> String {
    let again = client.again("access remove").flag("--app", args.app.as_deref());
    again.flag("--hwid", args.hwid.as_deref()).flag("--ip", args.ip.as_deref()).into()
}

fn table(entries: &[AccessView]) {
    let row = |e: &AccessView| {
        let subject = e.hwid.clone().or_else(|| e.ip.clone()).unwrap_or_default();
        vec![
            e.effect.clone(),
            subject,
            ends(e.expires_at),
            e.reason.clone().unwrap_or_default(),
            e.app.as_ref().unwrap_or(&e.app_id).clone(),
        ]
    };
    Output::table(&["EFFECT", "DEVICE OR ADDRESS", "ENDS", "REASON", "APP"], entries.iter().map(row));
}
