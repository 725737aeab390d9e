//! `sealgate license import`.

mod authforge;
pub(super) mod cells;
mod foreign;
mod keygen;
mod keys_file;
mod report;
mod row;
mod send;
pub(super) mod table;

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use sealgate_artifact::Code;

use crate::args::{Format, ImportArgs};
use crate::client::Client;
use crate::commands::customer;
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use keys_file::KeysFile;
use report::Report;
use row::{Refusal, Source};

/// A file that is larger is split by whoever has it: all of it is held in memory.
const FILE_BYTES: u64 = 256 * 1024 * 1024;

pub(crate) fn run(client: &Client, args: &ImportArgs, output: &Output) -> Result<(), Failure> {
    let mut source = read(args)?;
    row::refuse_repetitions(&mut source);
    row::name_all(&mut source.lines);
    complete(client, args, &mut source)?;
    let mut keys = match &args.output {
        Some(path) if !args.dry_run => Some(KeysFile::open(path)?),
        _ => None,
    };
    let mut report = Report::new(&mut source, args);
    if args.strict && !args.dry_run {
        // What is refused now changes nothing.
        let judged = send::all(client, &source.lines, true, &mut report, (None, output));
        judged?;
        if report.has_refusals() {
            report.imported = 0;
            return report.finish(args, &source, output);
        }
        report = Report::new(&mut source, args);
    }
    let sent = send::all(client, &source.lines, args.dry_run, &mut report, (keys.as_mut(), output));
    match sent {
        Ok(()) => report.finish(args, &source, output),
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
    if args.from != Format::Csv && args.rejects.is_some() {
        return wrong("--rejects writes rows of CSV", "leave it out; the report names what was refused");
    }
    let files = args.files.iter().map(|path| bytes(path)).collect::<Result<Vec<_>, Failure>>()?;
    match (args.from, &files[..]) {
        (Format::Authforge, files) => authforge::read(files, args),
        (Format::Keygen, files) => keygen::read(files, args),
        (Format::Csv, [file]) => {
            let mut source = table::read(file, args.app.as_deref())?;
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

/// What the arguments add to rows, and customers by their ids. Rows have their names by then: what is added does not change them.
fn complete(client: &Client, args: &ImportArgs, source: &mut Source) -> Result<(), Failure> {
    let mut customers: HashMap<String, Result<String, String>> = HashMap::new();
    let mut refused = Vec::new();
    for line in &mut source.lines {
        if line.row.plan_id.is_none() {
            line.row.plan_id.clone_from(&args.plan);
        }
        let Some(named) = line.row.customer_id.clone() else { continue };
        if !customers.contains_key(&named) {
            let found = match customer::id(client, &named) {
                Ok(id) => Ok(id.to_string()),
                Err(failure) if is_about_the_customer(&failure) => Err(failure.message),
                Err(failure) => return Err(failure),
            };
            customers.insert(named.clone(), found);
        }
        match &customers[&named] {
            Ok(id) => line.row.customer_id = Some(id.clone()),
            Err(why) => refused.push(Refusal::new(line.number, "customer", why.clone())),
        }
    }
    let bad: std::collections::HashSet<u64> = refused.iter().map(|refusal| refusal.line).collect();
    source.lines.retain(|line| !bad.contains(&line.number));
    source.refused.append(&mut refused);
    Ok(())
}

fn is_about_the_customer(failure: &Failure) -> bool {
    [Code::NotFound, Code::IdMalformed].iter().any(|code| failure.code == code.as_str())
}
