//! `sealgate license import`.

mod again;
mod apps;
mod authforge;
mod buyer;
pub(super) mod cells;
mod customers;
mod foreign;
mod keygen;
mod keys_file;
mod places;
mod rejects;
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
use crate::streams::is_dash;
use customers::Customers;
use keys_file::KeysFile;
use report::Report;
use row::Source;

/// A file that is larger is split by whoever has it: all of it is held in memory.
const FILE_BYTES: u64 = 256 * 1024 * 1024;

pub(crate) fn run(client: &Client, args: &ImportArgs, output: &Output) -> Result<(), Failure> {
    let mut source = read(args)?;
    refuse_same_files(args, &source)?;
    names::app_field(args.app.as_deref())?;
    let plan = args.plan.as_deref().map(names::plan).transpose()?;
    apps::resolve(client, &mut source, args)?;
    apps::refuse_unnamed_plans(client, &mut source)?;
    if args.from == Format::Csv && plan.is_none() && !args.no_plan {
        apps::refuse_forgotten_plans(client, &mut source)?;
    }
    row::refuse_repetitions(&mut source);
    row::refuse_alike_keys(&mut source);
    row::name_all(&mut source.lines);
    complete(plan.as_ref(), &mut source);
    row::refuse_too_large(&mut source);
    row::group_by_app(&mut source.lines);
    let mut customers = Customers::find(client, &mut source)?;
    let mut keys = match &args.output {
        Some(path) if !args.dry_run => Some(KeysFile::open(path)?),
        _ => None,
    };
    let mut report = Report::new(&mut source, args);
    if args.strict && !args.dry_run {
        // What is refused now changes nothing.
        let mut looked = Customers::find(client, &mut source)?;
        send::all((client, &mut looked), (&source.lines, args), true, &mut report, (None, output))?;
        if report.has_refusals() {
            return report.only_looked().finish(client, (args, &source), output);
        }
        report = Report::new(&mut source, args);
    }
    let lines = (&source.lines[..], args);
    match send::all((client, &mut customers), lines, args.dry_run, &mut report, (keys.as_mut(), output)) {
        Ok(()) => report.customers(customers.made).finish(client, (args, &source), output),
        Err(failure) => Err(report.interrupted(failure, output)),
    }
}

fn read(args: &ImportArgs) -> Result<Source, Failure> {
    let wrong = |why: &str, fix: &str| Err(Failure::new(Code::MalformedRequest, why).fix(fix));
    if args.from == Format::Csv && !args.map.is_empty() {
        return wrong("--map says which app or plan is which of another system", "add --from");
    }
    if args.from != Format::Keygen && args.metadata_as_vars {
        return wrong("--metadata-as-vars says how to read what Keygen gives", "add --from keygen");
    }
    if args.from == Format::Authforge && args.no_plan {
        return wrong("AuthForge has no plans", "leave --no-plan out: without --plan, licenses get none");
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

/// A file that is read and written, or written twice, loses what was in it. Only a list of refused rows may become the next one.
fn refuse_same_files(args: &ImportArgs, source: &Source) -> Result<(), Failure> {
    let written = [("-o", &args.output), ("--rejects", &args.rejects)];
    let are_same = |a: &Path, b: &Path| files::are_same(a, b);
    let refused = |what: String| {
        let why = format!("{what}: one would be lost");
        Err(Failure::new(Code::MalformedRequest, why).fix("give each a file of its own"))
    };
    if let (Some(keys), Some(rejects)) = (&args.output, &args.rejects)
        && are_same(keys, rejects)
    {
        return refused(format!("-o and --rejects are the same file, {}", rejects.display()));
    }
    let is_list = source.header.iter().any(|name| name == table::REJECTED[0]);
    for (flag, path) in written {
        let Some(path) = path.as_deref().filter(|_| !(is_list && flag == "--rejects")) else { continue };
        let read =
            |file: &Path| if is_dash(file) { Path::new("/dev/stdin").to_owned() } else { file.to_owned() };
        if args.files.iter().any(|file| are_same(&read(file), path)) {
            return refused(format!("{} is read, and {flag} would write it", path.display()));
        }
    }
    Ok(())
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
fn complete(plan: Option<&String>, source: &mut Source) {
    for line in source.lines.iter_mut().filter(|line| line.row.plan_id.is_none()) {
        line.row.plan_id = plan.cloned();
    }
}
