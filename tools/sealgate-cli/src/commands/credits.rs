//! `sealgate credits`.

use sealgate_wire::{CreditsView, GrantCredits};

use crate::args::{CreditsCommand, Global};
use crate::client::{Client, segment};
use crate::failure::Failure;
use crate::output::{Output, say};

pub(crate) fn run(global: &Global, command: &CreditsCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let path = |app: &str| segment(app).map(|id| format!("/api/v1/apps/{id}/credits"));
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
