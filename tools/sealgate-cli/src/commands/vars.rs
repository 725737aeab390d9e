//! `vars get` and `vars set`, of apps and licenses.

use sealgate_artifact::Code;
use sealgate_wire::{Variable, Variables};

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
    let variables: Variables = match command {
        VarsCommand::Get { of } => client.get(&path(of)?)?,
        VarsCommand::Set { of, values, unset } => {
            let path = path(of)?;
            let mut wish: Variables = client.get(&path)?;
            for name in unset {
                wish.variables.remove(name);
            }
            for value in values {
                let (name, value) = value.split_once('=').ok_or_else(|| {
                    Failure::new(Code::MalformedRequest, format!("{value}: no `=`")).fix("give NAME=VALUE")
                })?;
                wish.variables.insert(name.to_owned(), read(value));
            }
            client.put(&path, &wish)?
        }
    };
    output.result(&variables.variables, |variables| {
        let row = |(name, value): (&String, &Variable)| {
            let (kind, value) = match value {
                Variable::Flag(flag) => ("flag", flag.to_string()),
                Variable::Number(number) => ("number", number.to_string()),
                Variable::Text(text) => ("text", text.clone()),
            };
            vec![name.clone(), kind.to_owned(), value]
        };
        Output::table(&["NAME", "KIND", "VALUE"], variables.iter().map(row));
    });
    Ok(())
}

fn read(text: &str) -> Variable {
    match (text, text.parse()) {
        ("true", _) => Variable::Flag(true),
        ("false", _) => Variable::Flag(false),
        (_, Ok(number)) => Variable::Number(number),
        _ => Variable::Text(text.to_owned()),
    }
}
