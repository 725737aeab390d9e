//! `sealgate credits`.

use sealgate_wire::{CreditsView, GrantCredits};

use crate::args::{CreditsCommand, Global};
use crate::client::Client;
use crate::failure::Failure;
use crate::names;
use crate::output::{Output, say};

pub(crate) fn run(global: &Global, command: &CreditsCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let path = |app: &Option<String>| names::app_path(app.as_deref()).map(|path| format!("{path}/credits"));
    let credits: CreditsView = match command {
        CreditsCommand::Grant { app, amount } => {
            client.post_once(&path(app)?, &GrantCredits { amount: *amount })?
        }
        CreditsCommand::Show { app } => client.get(&path(app)?)?,
    };
    output.result(&credits, |credits| match credits.balance {
        Some(balance) => say!("{balance} validations left"),
        None => say!("validations are not counted"),
    });
    Ok(())
}
