//! `sglic completions` and `sglic man`.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Args;
use crate::failure::Failure;
use crate::files;
use crate::output::Output;

pub(crate) fn completions(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "sglic", &mut script);
    sealgate_terminal::raw(&script);
}

pub(crate) fn pages(folder: &Path, output: Output) -> Result<(), Failure> {
    files::make_private_folder(folder)?;
    let mut command = Args::command();
    command.build();
    let mut written = vec![];
    write(&command, folder, &mut written).map_err(|e| files::failed(folder, &e))?;
    output.result(&written, |written| format!("wrote {} pages to {}", written.len(), folder.display()));
    Ok(())
}

fn write(command: &clap::Command, folder: &Path, written: &mut Vec<String>) -> std::io::Result<()> {
    let file = format!("{}.1", command.get_display_name().unwrap_or(command.get_name()));
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    files::write_public(&folder.join(&file), &page)?;
    written.push(file);
    command
        .get_subcommands()
        .filter(|verb| verb.get_name() != "help")
        .try_for_each(|verb| write(verb, folder, written))
}
