//! `sealgate license import`.

mod again;
mod authforge;
pub(super) mod cells;
mod foreign;
mod keygen;
mod keys_file;
mod report;
mod row;
mod send;
mod shown;
pub(super) mod table;

use std::io::Read;
use std::path::Path;

use sealgate_artifact::Code;

use crate::args::{Format, ImportArgs};
use crate::client::Client;
use crate::failure::Failure;
use crate::files;
use crate::names;
use crate::output::Output;
use keys_file::KeysFile;
use report::Report;
use row::Source;

/// A file that is larger is split by whoever has it: all of it is held in memory.
const FILE_BYTES: u64 = 256 * 1024 * 1024;

pub(crate) fn run(client: &Client, args: &ImportArgs, output: &Output) -> Result<(), Failure> {
    let mut source = read(args)?;
    row::refuse_repetitions(&mut source);
    row::refuse_alike_keys(&mut source);
    row::name_all(&mut source.lines);
    complete(args, &mut source)?;
    has_one_app(client, &source)?;
    let mut keys = match &args.output {
        Some(path) if !args.dry_run => Some(KeysFile::open(path)?),
        _ => None,
    };
    let mut report = Report::new(&mut source, args);
    if args.strict && !args.dry_run {
        // What is refused now changes nothing.
        send::all(client, (&source.lines, args), true, &mut report, (None, output))?;
        if report.has_refusals() {
            report.imported = 0;
            return report.finish(client, (args, &source), output);
        }
        report = Report::new(&mut source, args);
    }
    let lines = (&source.lines[..], args);
    match send::all(client, lines, args.dry_run, &mut report, (keys.as_mut(), output)) {
        Ok(()) => report.finish(client, (args, &source), output),
        Err(failure) => Err(report.interrupted(failure, output)),
    }
}

/// Rows that name no app go to the tenant's only one. Where it has several, it is better said before anything is imported.
fn has_one_app(client: &Client, source: &Source) -> Result<(), Failure> {
    if source.lines.iter().all(|line| line.app != names::ONLY) {
        return Ok(());
    }
    let only: Result<Option<serde_json::Value>, Failure> = client.get_if_allowed(&names::app_path(None)?);
    let fix = "name it with --app, or in a column `app`";
    only.map(drop).map_err(|failure| failure.fix_for(Code::MalformedRequest, fix))
}

fn read(args: &ImportArgs) -> Result<Source, Failure> {
    let wrong = |why: &str, fix: &str| Err(Failure::new(Code::MalformedRequest, why).fix(fix));
    if args.from == Format::Csv && !args.map.is_empty() {
        return wrong("--map says which app or plan is which of another system", "add --from");
    }
    if args.from != Format::Keygen && args.metadata_as_vars {
        return wrong("--metadata-as-vars says how to read what Keygen gives", "add --from keygen");
    }
    if args.from != Format::Keygen && args.no_plan {
        return wrong(
            "--no-plan says what becomes of licenses of Keygen's",
            "leave it out: rows without a plan have none",
        );
    }
    if args.from != Format::Csv && args.rejects.is_some() {
        return wrong("--rejects writes rows of CSV", "leave it out; the report names what was refused");
    }
    let files = args.files.iter().map(|path| bytes(path)).collect::<Result<Vec<_>, Failure>>()?;
    match (args.from, &files[..]) {
        (Format::Authforge, files) => authforge::read(files, args),
        (Format::Keygen, files) => keygen::read(files, args),
        (Format::Csv, [file]) => {
            let mut source = table::read(file, args)?;
            if args.without_devices {
                source.lines.iter_mut().for_each(|line| line.row.hwids.clear());
            }
            Ok(source)
        }
        (Format::Csv, _) => wrong("more than one file", "import one CSV file after the other"),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |e: std::io::Error| {
        Failure::new(Code::FileUnreadable, format!("{}: {e}", path.display()))
            .fix("give a file that you can read")
    };
    if path != Path::new("-") {
        return files::read_large(path).map_err(unreadable);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(Failure::new(Code::FileUnreadable, "standard input has no end").fix("split the file"));
    }
    Ok(bytes)
}

/// What the arguments add to rows. Rows have their names by then: what is added does not change them.
fn complete(args: &ImportArgs, source: &mut Source) -> Result<(), Failure> {
    names::app_field(args.app.as_deref())?;
    let plan = args.plan.as_deref().map(names::plan).transpose()?;
    for line in source.lines.iter_mut().filter(|line| line.row.plan_id.is_none()) {
        line.row.plan_id.clone_from(&plan);
    }
    Ok(())
}
