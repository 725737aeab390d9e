//! `vars get` and `vars set`, of apps and licenses.

use std::collections::BTreeMap;

use sealgate_artifact::Code;
use sealgate_wire::{ChangeVariables, Variable, Variables};

use super::sets;
use crate::args::{SetVarsArgs, VarsCommand};
use crate::client::Client;
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::output::{Output, say};

/// What a person asked for: `vars` of a thing shows its values, as `vars get` of it does.
pub(crate) fn named(
    of: Option<&String>,
    command: Option<&VarsCommand>,
    how: &str,
) -> Result<VarsCommand, Failure> {
    let get = of.map(|of| VarsCommand::Get { of: of.clone() });
    let nothing = || Failure::new(Code::MalformedRequest, "nothing was named").fix(how);
    command.cloned().or(get).ok_or_else(nothing)
}

/// Shows or changes the variables at the path of what a person named.
pub(crate) fn run(
    client: &Client,
    command: &VarsCommand,
    output: &Output,
    path: impl Fn(&str) -> Result<String, Failure>,
) -> Result<(), Failure> {
    let (variables, changes) = match command {
        VarsCommand::Get { of } => (client.get::<Variables>(&path(of)?)?, vec![]),
        VarsCommand::Set(args) => {
            let given = sets::variables(&args.values)?;
            if given.is_none() && args.unset.is_empty() && !args.clear {
                return Err(nothing_given(args));
            }
            let path = path(&args.of)?;
            let before: Option<Variables> = client.get_if_allowed(&path)?;
            let after = set(client, (&path, args), (given, before.as_ref()), output)?;
            (after.clone(), before.map(|before| differences(&before, &after)).unwrap_or_default())
        }
    };
    let is_nothing = variables.variables.is_empty() && matches!(command, VarsCommand::Get { .. });
    if is_nothing && !output.json {
        output.list::<Variable>(&[], "no values; `vars set … NAME=VALUE` sets one", |_| ());
        return Ok(());
    }
    output.result(&variables.variables, |variables| {
        say!("{}", table(variables));
        sets::say_differences(&changes);
    });
    Ok(())
}

fn set(
    client: &Client,
    (path, args): (&str, &SetVarsArgs),
    (given, before): (Option<BTreeMap<String, Variable>>, Option<&Variables>),
    output: &Output,
) -> Result<Variables, Failure> {
    if args.clear {
        let seen = || Ok(before.map(|before| table(&before.variables)).unwrap_or_default());
        Consent::new(args.yes, output).ask_seen(
            seen,
            "Remove all of these values?",
            "all values would go",
        )?;
    }
    if args.clear || args.replace {
        return client.put(path, &Variables { variables: given.unwrap_or_default() });
    }
    let wish = ChangeVariables { variables: given, remove_variables: sets::names(&args.unset) };
    client.patch(path, &wish)
}

fn nothing_given(args: &SetVarsArgs) -> Failure {
    if args.replace {
        return sets::replaced_by_nothing("NAME=VALUE", "--clear");
    }
    Failure::new(Code::MalformedRequest, "nothing to change").fix("give NAME=VALUE, --unset NAME, or --clear")
}

fn differences(before: &Variables, after: &Variables) -> Vec<String> {
    let named = (sets::of_variables(&before.variables), sets::of_variables(&after.variables));
    sets::or_nothing(sets::differences("variables", &named.0, &named.1))
}

fn table(variables: &BTreeMap<String, Variable>) -> String {
    let row = |(name, value): (&String, &Variable)| {
        let kind = match value {
            Variable::Flag(_) => "flag",
            Variable::Number(_) | Variable::Decimal(_) => "number",
            Variable::Text(_) => "text",
        };
        vec![name.clone(), kind.to_owned(), sets::value_text(value)]
    };
    Output::table_text(&["NAME", "KIND", "VALUE"], variables.iter().map(row))
}
