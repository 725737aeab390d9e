//! `sealgate app`.

use sealgate_wire::{AppCreated, AppView, CreateApp};

use crate::args::Global;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Output, say};

pub(crate) fn create(global: &Global, name: &str, output: &Output) -> Result<(), Failure> {
    let created: AppCreated =
        Client::new(global)?.post("/api/v1/apps", &CreateApp { name: name.to_owned() })?;
    output.result(&created, |app| {
        Output::pairs(&[
            ("app", app.app_id.clone()),
            ("secret", app.app_secret.clone()),
            ("public key", app.public_key.clone()),
            ("next public key", app.next_public_key.clone()),
        ]);
        say!("\nThe secret is shown this once. Builds embed both public keys.");
    });
    Ok(())
}

pub(crate) fn list(global: &Global, output: &Output) -> Result<(), Failure> {
    let apps: Vec<AppView> = Client::new(global)?.get_all("/api/v1/apps?limit=200")?;
    output.result(&apps, |apps| {
        let row = |app: &AppView| vec![app.app_id.clone(), app.name.clone(), app.created_at.to_string()];
        Output::table(&["APP", "NAME", "CREATED"], apps.iter().map(row));
    });
    Ok(())
}

pub(crate) fn show(global: &Global, app_id: &str, output: &Output) -> Result<(), Failure> {
    let app: AppView =
        Client::new(global)?.get(&format!("/api/v1/apps/{}", crate::client::segment(app_id)?))?;
    output.result(&app, |app| {
        Output::pairs(&[
            ("app", app.app_id.clone()),
            ("name", app.name.clone()),
            ("public key", app.public_key.clone()),
            ("next public key", app.next_public_key.clone()),
            ("public key (DER)", app.public_key_spki.clone()),
            ("created", app.created_at.to_string()),
        ]);
    });
    Ok(())
}
