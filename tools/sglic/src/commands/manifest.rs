//! `sglic manifest`: the files that a program consists of (`spec/activation.md` §2).

use std::collections::BTreeSet;
use std::path::Path;

use sealgate::Module;
use sealgate_artifact::Code;
use serde_json::json;

use crate::args::{CollectArgs, ManifestCommand};
use crate::failure::Failure;
use crate::output::Output;
use crate::{files, modules};

/// The most that a list may name (`spec/activation.md` §2.1).
const MOST: usize = 1_024;

pub(crate) fn run(command: &ManifestCommand, output: Output) -> Result<(), Failure> {
    match command {
        ManifestCommand::Collect(args) => collect(args, output),
    }
}

fn collect(args: &CollectArgs, output: Output) -> Result<(), Failure> {
    let root = files::resolved(&args.root);
    let found = modules::below(&root).map_err(|(path, error)| files::failed(&path, &error))?;
    if let Some((path, _)) = found.iter().find(|(_, module)| !module.is_well_formed()) {
        let message = format!("{}: no module can have this name", path.display());
        return Err(
            Failure::new(Code::FieldInvalid, message).fix("rename the file, or leave it out of the folder")
        );
    }
    // A file that lies there twice is one module.
    let list: BTreeSet<Module> = found.into_iter().map(|(_, module)| module).collect();
    let list: Vec<Module> = list.into_iter().collect();
    if list.is_empty() {
        let message = format!("{}: there are no programs or libraries below this folder", root.display());
        return Err(Failure::new(Code::NotFound, message)
            .fix("give --root the folder where the program is installed"));
    }
    if list.len() > MOST {
        let message = format!("{} files are more than a list may name: {MOST}", list.len());
        return Err(
            Failure::new(Code::LimitReached, message).fix("give --root a folder with this program alone")
        );
    }
    write(&args.output, &Module::text_of_list(&list), list.len(), output)
}

fn write(path: &Path, text: &[u8], count: usize, output: Output) -> Result<(), Failure> {
    if path.as_os_str() == "-" {
        sealgate_terminal::raw(&[text, b"\n"].concat());
        return Ok(());
    }
    files::write_private(path, &[text, b"\n"].concat())?;
    let result = json!({ "manifest": path.display().to_string(), "modules": count });
    let modules = if count == 1 { "module" } else { "modules" };
    output.result(&result, |_| format!("wrote {count} {modules} to {}", path.display()));
    Ok(())
}
