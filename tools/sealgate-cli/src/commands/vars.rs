//! `vars get` and `vars set`, of apps and licenses.

use sealgate_wire::{ChangeVariables, Variable, Variables};

use super::sets;
use crate::args::VarsCommand;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::Output;

/// Shows or changes the variables at the path of what a person named.
pub(crate) fn run(
    client: &Client,
    command: &VarsCommand,
    output: &Output,
    path: impl Fn(&str) -> Result<String, Failure>,
) -> Result<(), Failure> {
    let (variables, changes) = match command {
        VarsCommand::Get { of } => (client.get::<Variables>(&path(of)?)?, vec![]),
        VarsCommand::Set { of, values, unset, replace } => {
            let path = path(of)?;
            let before: Variables = client.get(&path)?;
            let given = sets::all(values, sets::variable)?.map(|list| list.into_iter().collect());
            let after: Variables = if *replace {
                client.put(&path, &Variables { variables: given.unwrap_or_default() })?
            } else {
                let wish = ChangeVariables { variables: given, remove_variables: sets::names(unset) };
                client.patch(&path, &wish)?
            };
            let named = (sets::of_variables(&before.variables), sets::of_variables(&after.variables));
            let mut changes = sets::differences("variables", &named.0, &named.1);
            if changes.is_empty() {
                changes.push("nothing changed".to_owned());
            }
            (after, changes)
        }
    };
    output.result(&variables.variables, |variables| {
        let row = |(name, value): (&String, &Variable)| {
            let kind = match value {
                Variable::Flag(_) => "flag",
                Variable::Number(_) => "number",
                Variable::Text(_) => "text",
            };
            vec![name.clone(), kind.to_owned(), sets::value_text(value)]
        };
        Output::table(&["NAME", "KIND", "VALUE"], variables.iter().map(row));
        sets::say_differences(&changes);
    });
    Ok(())
}
