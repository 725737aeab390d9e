//! `sealgate completions` and `sealgate man`.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use sealgate_artifact::Code;
use sealgate_terminal::raw;

use crate::args::Args;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, say};

pub(crate) fn completions(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "sealgate", &mut script);
    raw(&script);
}

pub(crate) fn pages(folder: &Path, output: &Output) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::new(Code::FileUnreadable, format!("{}: {e}", folder.display()));
    files::make_dir(folder).map_err(failed)?;
    let mut command = Args::command();
    command.build();
    let mut written = vec![];
    write_pages(&command, folder, &mut written).map_err(failed)?;
    output.result(&written, |written| say!("wrote {} pages to {}", written.len(), folder.display()));
    Ok(())
}

fn write_pages(command: &clap::Command, folder: &Path, written: &mut Vec<String>) -> std::io::Result<()> {
    let file = format!("{}.1", command.get_display_name().unwrap_or(command.get_name()));
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    files::write_public(&folder.join(&file), with_values(command, &page).as_bytes())?;
    written.push(file);
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        write_pages(verb, folder, written)?;
    }
    Ok(())
}

/// The synopsis shows of a flag with a value the name alone, and one that is required in the signs of a value.
fn with_values(command: &clap::Command, page: &[u8]) -> String {
    let mut page = String::from_utf8_lossy(page).into_owned();
    for flag in command.get_arguments() {
        let Some(name) = flag.get_long() else { continue };
        let long = format!("\\fB\\-\\-{}\\fR", name.replace('-', "\\-"));
        let name =
            flag.get_short().map_or_else(|| long.clone(), |short| format!("\\fB\\-{short}\\fR|{long}"));
        let values = flag.get_value_names().filter(|_| flag.get_action().takes_values());
        let shown =
            values.map_or_else(|| name.clone(), |values| format!("{name} \\fI{}\\fR", values.join(" ")));
        page =
            page.replace(&format!("<{name}>"), &shown).replace(&format!("[{name}]"), &format!("[{shown}]"));
    }
    page
}
