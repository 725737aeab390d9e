//! `sglic manifest`: the files that a program consists of (`spec/activation.md` §2), and whether the vendor approved them (§9).

use std::collections::BTreeSet;
use std::path::Path;

use sealgate::Module;
use sealgate_artifact::Code;
use serde_json::{Value, json};

use super::activate::{self, Wish};
use crate::args::{CollectArgs, Global, ManifestCommand, SubmitArgs};
use crate::client::Here;
use crate::failure::Failure;
use crate::output::Output;
use crate::{confirm, files, modules};

/// The most that a list may name (`spec/activation.md` §2.1).
const MOST: usize = 1_024;

pub(crate) fn run(global: &Global, command: &ManifestCommand, output: Output) -> Result<(), Failure> {
    match command {
        ManifestCommand::Collect(args) => collect(args, output),
        ManifestCommand::Submit(args) => submit(global, args, output),
    }
}

fn collect(args: &CollectArgs, output: Output) -> Result<(), Failure> {
    let list = modules_below(&args.root)?;
    write(&args.output, &Module::text_of_list(&list), list.len(), output)
}

/// The programs and libraries below a folder, as a list may name them.
pub(super) fn modules_below(root: &Path) -> Result<Vec<Module>, Failure> {
    let root = files::resolved(root);
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
    Ok(list)
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

/// Asks for an activation with the list: a refusal leaves what is not approved with the vendor (`spec/activation.md` §9.3), and
/// there is no other way by which a machine may name modules.
fn submit(global: &Global, args: &SubmitArgs, output: Output) -> Result<(), Failure> {
    let mut here = Here::find(global)?;
    let modules = activate::modules(&args.manifest)?;
    let wish = Wish {
        key: activate::key(&args.key, output)?,
        modules,
        output: None,
        again: false,
        asks: "which modules the vendor approved",
    };
    let client = here.client(global)?;
    let before = activate::held_before(&client)?;
    let counts = before.as_ref().filter(|held| held.ended_by().is_none());
    if counts.is_some_and(|held| !wish.is_granted(&here.settings, held)) {
        let question =
            "If the vendor approved the whole list already, this machine is activated with it. Go on?";
        let why =
            "with a list that is approved whole, this machine is activated anew and its earlier proof ends";
        confirm::ask(global, question, why)?;
    }
    let of = wish.modules.len();
    match activate::obtain(&mut here, (global, output), (&client, before.as_ref()), &wish) {
        Ok(_) => {
            let result = json!({ "submitted": 0, "modules": [], "activated": true });
            output.result(&result, |_| {
                format!("nothing is left to approve: this machine is activated with all {of} modules")
            });
            Ok(())
        }
        Err(failure) if failure.more.contains_key("modules") => {
            told(&failure, of, &args.manifest, output);
            Ok(())
        }
        Err(failure) => Err(failure),
    }
}

/// Which modules the vendor has to decide about.
fn told(refused: &Failure, of: usize, manifest: &Path, output: Output) {
    let modules = &refused.more["modules"];
    let count = modules.as_array().map_or(0, Vec::len);
    let result: Value = json!({ "submitted": count, "modules": modules, "activated": false });
    output.result(&result, |_| {
        let mut lines =
            vec![format!("sent to the vendor: {count} of {of} modules are not approved for this license")];
        lines.extend(refused.lines.iter().map(|line| format!("  {line}")));
        lines.push(format!(
            "once the vendor approved them: `sglic activate --key - --manifest {}`",
            manifest.display()
        ));
        lines.join("\n")
    });
}
