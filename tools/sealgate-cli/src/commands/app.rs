//! `sealgate app`.

use sealgate_wire::{AppCreated, AppView, CreateApp, Nothing, RotateSecret, SecretRotated, UpdateApp};

use super::{lists, vars};
use crate::args::{AppCommand, Global, OnOff, PartArgs, UpdateAppArgs};
use crate::client::Client;
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::names;
use crate::once::Once;
use crate::output::{Output, say};

pub(crate) fn run(global: &Global, command: &AppCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let path = |app: &str| names::app_path(Some(app));
    let app: AppView = match command {
        AppCommand::Create { name, slug, once } => {
            let again = client.again("app create").word(name).flag("--slug", slug.as_deref());
            let once = Once::new(again, once.idempotency_key.as_ref());
            return create(&client, (&CreateApp { name: name.clone(), slug: slug.clone() }, &once), output);
        }
        AppCommand::List(part) => return list(&client, part, output),
        AppCommand::RotateSecret { app, keep_hours, once } => {
            let again = client.again("app rotate-secret").word(app);
            let again = again.flag("--keep-hours", Some(&keep_hours.to_string()));
            let once = Once::new(again, once.idempotency_key.as_ref());
            return rotate_secret(&client, (&path(app)?, *keep_hours, &once), output);
        }
        AppCommand::Vars { app_id, command } => {
            let command = vars::named(app_id.as_ref(), command.as_ref(), "sealgate app vars APP")?;
            return vars::run(&client, &command, output, |id| Ok(format!("{}/variables", path(id)?)));
        }
        AppCommand::Update(args) => client.patch(&path(&args.app)?, &change(args))?,
        AppCommand::Show { app } => client.get(&path(app)?)?,
        AppCommand::RotateKey { app, yes } => {
            let path = path(app)?;
            Consent::new(*yes, output).ask_seen(
                || Ok(client.get_if_allowed(&path)?.map(|app| who_stops(&app)).unwrap_or_default()),
                "Sign with the next key from now on?",
                "builds that do not embed the next key would stop",
            )?;
            client.post_once(&format!("{path}/rotate-key"), &Nothing {})?
        }
        AppCommand::Disable { app } => client.post(&format!("{}/disable", path(app)?), &Nothing {})?,
        AppCommand::Enable { app } => client.post(&format!("{}/enable", path(app)?), &Nothing {})?,
    };
    output.result(&app, |app| {
        print(app);
        if matches!(command, AppCommand::RotateKey { .. }) {
            say!(
                "\nBuilds that embed both former keys accept the key that signs now. Embed the next key in new builds."
            );
        }
    });
    Ok(())
}

fn change(args: &UpdateAppArgs) -> UpdateApp {
    let flag = |wish: Option<OnOff>| wish.map(|OnOff(on)| on);
    UpdateApp {
        slug: args.slug.clone(),
        require_secret: flag(args.require_secret),
        danger_lifetime_files: flag(args.danger_lifetime_files),
        list_reported_addresses: flag(args.list_reported_addresses),
        show_labels: flag(args.show_labels),
    }
}

/// What becomes of builds with AuthForge's SDKs, by the keys that they embed. Builds with Sealgate's SDK embed no key of an app.
fn who_stops(app: &AppView) -> String {
    format!(
        "builds that embed {next} go on: it signs from then on\n\
         builds that do not embed it stop: they refuse every answer, also those that embed {now} alone, which signs now",
        next = app.next_public_key,
        now = app.public_key,
    )
}

fn create(client: &Client, (wish, once): (&CreateApp, &Once), output: &Output) -> Result<(), Failure> {
    let created: AppCreated = once.post(client, ("/api/v1/apps", wish), output)?;
    output.only_once(
        &created,
        |app| app.app_secret.clone(),
        |app| {
            Output::pairs(&[
                ("app", app.app_id.clone()),
                ("slug", slug(app.slug.as_ref())),
                ("secret", app.app_secret.clone()),
                ("public key", app.public_key.clone()),
                ("next public key", app.next_public_key.clone()),
            ]);
            say!("\nThe secret is shown only once. Builds embed both public keys.");
        },
        || once.way_back(&format!("the app {} is made", created.app_id)),
    );
    Ok(())
}

fn list(client: &Client, part: &PartArgs, output: &Output) -> Result<(), Failure> {
    let none = "no apps yet; `sealgate app create NAME` makes one";
    lists::print(client, ("/api/v1/apps", "", none), part, output, |apps| {
        let row = |app: &AppView| {
            vec![
                app.app_id.clone(),
                slug(app.slug.as_ref()),
                app.name.clone(),
                status(app).to_owned(),
                app.created_at.to_string(),
            ]
        };
        Output::table(&["APP", "SLUG", "NAME", "STATUS", "CREATED"], apps.iter().map(row));
    })
}

fn rotate_secret(
    client: &Client,
    (path, keep_hours, once): (&str, u32, &Once),
    output: &Output,
) -> Result<(), Failure> {
    let wish = RotateSecret { keep_former_seconds: Some(keep_hours * 3600) };
    let rotated: SecretRotated = once.post(client, (&format!("{path}/rotate-secret"), &wish), output)?;
    output.only_once(
        &rotated,
        |rotated| rotated.app_secret.clone(),
        |rotated| {
            Output::pairs(&[("app", rotated.app_id.clone()), ("secret", rotated.app_secret.clone())]);
            say!(
                "\nThe secret is shown only once. The former secret is accepted until {}.",
                rotated.former_secret_until
            );
        },
        || once.way_back(&format!("the app {} has another secret", rotated.app_id)),
    );
    Ok(())
}

fn print(app: &AppView) {
    let mut pairs = vec![
        ("app", app.app_id.clone()),
        ("name", app.name.clone()),
        ("slug", slug(app.slug.as_ref())),
        ("status", status(app).to_owned()),
        ("public key", app.public_key.clone()),
        ("next public key", app.next_public_key.clone()),
        ("public key (DER)", app.public_key_spki.clone()),
        ("needs its secret", yes_or_no(app.require_secret)),
        ("lifetime files", yes_or_no(app.danger_lifetime_files)),
        ("lists reported addresses", yes_or_no(app.list_reported_addresses)),
        ("shows labels", yes_or_no(app.show_labels)),
        ("created", app.created_at.to_string()),
    ];
    if let Some(credits) = app.credits {
        pairs.push(("credits", credits.to_string()));
    }
    if let Some(until) = app.former_secret_until {
        pairs.push(("former secret until", until.to_string()));
    }
    Output::pairs(&pairs);
}

fn slug(slug: Option<&String>) -> String {
    slug.cloned().unwrap_or_default()
}

fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn status(app: &AppView) -> &'static str {
    if app.disabled_at.is_some() { "disabled" } else { "enabled" }
}
