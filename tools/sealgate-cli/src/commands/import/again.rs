//! The command that goes on with an import.

use std::path::Path;

use super::Format;
use crate::again::Again;
use crate::args::ImportArgs;
use crate::streams::is_dash;

/// The same import of these files, as one types it.
pub(super) fn command<'a>(
    mut again: Again,
    args: &ImportArgs,
    files: impl Iterator<Item = &'a Path>,
) -> String {
    let mut reads_input = false;
    for file in files {
        reads_input |= is_dash(file);
        again = again.word(&name(file));
    }
    let from = match args.from {
        Format::Csv => None,
        Format::Authforge => Some("authforge"),
        Format::Keygen => Some("keygen"),
    };
    again = again
        .flag("--from", from)
        .flag("--app", args.app.as_deref())
        .flag("--plan", args.plan.as_deref())
        .switch("--no-plan", args.no_plan);
    again = args.map.iter().fold(again, |again, pair| again.flag("--map", Some(pair)));
    let file = |path: &Option<std::path::PathBuf>| path.as_deref().map(|path| path.display().to_string());
    again = again
        .switch("--metadata-as-vars", args.metadata_as_vars)
        .switch("--without-devices", args.without_devices)
        .switch("--dry-run", args.dry_run)
        .switch("--strict", args.strict)
        .flag("-o", file(&args.output).as_deref())
        .flag("--rejects", file(&args.rejects).as_deref());
    if reads_input { again.with_the_same_input() } else { again.into() }
}

/// A file whose name would be read as a flag is named by its folder, too.
fn name(file: &Path) -> String {
    let text = file.display().to_string();
    if text.starts_with('-') && !is_dash(file) { format!("./{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::Parser;

    use super::command;
    use crate::again::{Again, Place};
    use crate::args::{Args, Command, LicenseCommand};

    #[test]
    fn a_command_that_goes_on_has_all_that_was_given() {
        for told in [
            "sealgate license import orders.csv",
            "sealgate license import orders.csv --app editor --plan pro --without-devices --dry-run -o keys.csv --rejects bad.csv",
            "sealgate license import ./-a.json 'my machines.json' --from keygen --app editor --no-plan --map a=pro --map b=editor/site \
             --metadata-as-vars --strict -o keys.csv",
        ] {
            let words = told.replace("'my machines.json'", "my\u{a0}machines.json");
            let words =
                words.split(' ').filter(|word| !word.is_empty()).map(|word| word.replace('\u{a0}', " "));
            let args = Args::try_parse_from(words).expect("it is a command");
            let Command::License { command: LicenseCommand::Import(args) } = args.command else {
                panic!("{told}")
            };
            assert_eq!(
                command(
                    Again::new("license import", &Place::default()),
                    &args,
                    args.files.iter().map(PathBuf::as_path)
                ),
                told
            );
        }
    }
}
