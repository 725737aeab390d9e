//! Our own CSV.

use sealgate_wire::{ImportRow, Licensee, Seats};

use super::buyer::{self, Buyer};
use super::cells::{self, said};
use super::customers;
use super::places::Places;
use super::row::{Line, Refusal, Source};
use super::{foreign, shown};
use crate::args::{ImportArgs, max_devices};
use crate::dates;
use crate::failure::Failure;
use crate::names;
use sealgate_artifact::Code;

/// What a row may say.
pub(in crate::commands) const COLUMNS: [&str; 21] = [
    "app",
    "plan",
    "tier",
    "max_devices",
    "expires",
    "label",
    "customer",
    "external_id",
    "features",
    "limits",
    "vars",
    "status",
    "licensee_name",
    "licensee_company",
    "licensee_email",
    "license_key",
    "hwids",
    buyer::COLUMNS[0],
    buyer::COLUMNS[1],
    buyer::COLUMNS[2],
    buyer::COLUMNS[3],
];
/// The id that an exported license has.
const ID: &str = "license_id";
/// What a list of refused rows says besides, before what came.
pub(super) const REJECTED: [&str; 4] = ["reject_line", "reject_column", "reject_reason", NUMBER];
/// How many rows like it were imported before it was refused.
pub(super) const NUMBER: &str = "reject_number";
/// What an export says besides.
const PASSED_OVER: [&str; 2] = ["devices_used", "created_at"];

/// Reads a file. What cannot be read as rows at all is a failure; a bad row is refused by itself.
pub(super) fn read(bytes: &[u8], args: &ImportArgs) -> Result<Source, Failure> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if let Some(failure) = foreign::of_another_system(bytes) {
        return Err(failure);
    }
    let first = bytes.trim_ascii_start().split(|b| b"\r\n".contains(b)).next().unwrap_or_default();
    // Spreadsheets write semicolons where a comma stands in numbers.
    let delimiter = if first.contains(&b';') && !first.contains(&b',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(bytes);
    let header = header(&mut reader)?;
    let mut source = Source { header, ..Source::default() };
    let mut places = Places::new(bytes);
    for record in reader.byte_records() {
        let record = record.map_err(|e| unreadable(&e.to_string()))?;
        let line = places.line(&record);
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            source.empty_rows += 1;
            continue;
        }
        source.cells.insert(line, record.iter().map(<[u8]>::to_vec).collect());
        let cells: Result<Vec<String>, _> =
            record.iter().map(|cell| String::from_utf8(cell.to_vec())).collect();
        let Ok(cells) = cells else {
            let reason = "not in UTF-8: save the file as \"CSV UTF-8\"";
            source.refused.push(Refusal::of_line(line, reason));
            continue;
        };
        match (Cells { header: &source.header, texts: &cells, line }).line(args) {
            Ok(line) => source.lines.push(line),
            Err(refusal) => source.refused.push(refusal),
        }
    }
    Ok(source)
}

fn unreadable(why: &str) -> Failure {
    Failure::new(Code::FieldInvalid, format!("the file is no CSV: {why}"))
        .fix("give a file with a row of column names first; --help lists them")
}

fn header(reader: &mut csv::Reader<&[u8]>) -> Result<Vec<String>, Failure> {
    let header = reader.headers().map_err(|e| unreadable(&e.to_string()))?;
    let header: Vec<String> = header.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    if header.iter().all(String::is_empty) {
        return Err(unreadable("nothing stands in it"));
    }
    let known = |name: &str| {
        name == ID || COLUMNS.contains(&name) || PASSED_OVER.contains(&name) || REJECTED.contains(&name)
    };
    let unknown = header.iter().enumerate().filter(|(_, name)| !known(name));
    let unknown: Vec<String> = unknown
        .map(|(at, name)| shown::name(name).map_or_else(|| format!("number {}", at + 1), str::to_owned))
        .collect();
    if !unknown.is_empty() {
        let why = format!("unknown columns: {}", unknown.join(", "));
        let fix = format!("the first row names the columns, which are: {}", COLUMNS.join(", "));
        return Err(Failure::new(Code::FieldInvalid, why).fix(fix));
    }
    if let Some(twice) = header.iter().enumerate().find(|(at, name)| header[..*at].contains(name)) {
        return Err(unreadable(&format!("the column {} is there twice", twice.1)));
    }
    Ok(header)
}

/// The app of a row that names none: that of its plan, where the plan is named with its app, or the one that the arguments name,
/// or the tenant's only one.
pub(super) fn app_of(plan: Option<&str>, args: &ImportArgs) -> String {
    let of_plan = |plan: &str| plan.split_once('/').map(|(app, _)| app.to_owned());
    let named = plan.and_then(of_plan).or_else(|| args.app.clone());
    named.or_else(|| args.plan.as_deref().and_then(of_plan)).unwrap_or_else(|| names::ONLY.to_owned())
}

struct Cells<'a> {
    header: &'a [String],
    texts: &'a [String],
    line: u64,
}

impl Cells<'_> {
    fn line(&self, args: &ImportArgs) -> Result<Line, Refusal> {
        if self.texts.len() != self.header.len() {
            let reason = format!(
                "{} cells where the first row has {}: check commas and quotation marks",
                self.texts.len(),
                self.header.len()
            );
            return Err(Refusal::of_line(self.line, reason));
        }
        let plan = self.text("plan");
        let app = self.text("app").unwrap_or_else(|| app_of(plan.as_deref(), args));
        let number = |text: &str| text.parse().map_err(|_| "expected the number that stood here".to_owned());
        let buyer = customers::read(self.line, |column| self.text(column))?;
        let row = ImportRow {
            name: String::new(),
            license_id: self.text(ID),
            plan_id: plan,
            tier: self.text("tier"),
            features: self.read("features", cells::features)?,
            limits: self.read("limits", cells::limits)?,
            variables: self.read("vars", cells::variables)?,
            max_devices: self.read("max_devices", max_devices::parse)?.map(Seats),
            expires_at: self.read("expires", dates::parse)?.map(|date| date.0),
            label: self.text("label"),
            customer_id: self.text("customer").or_else(|| buyer.as_ref().map(Buyer::named)),
            licensee: self.licensee(),
            external_id: self.text("external_id"),
            license_key: self.text("license_key"),
            hwids: self.read("hwids", cells::names)?.unwrap_or_default(),
            suspended: self.read("status", suspended)?.filter(|suspended| *suspended),
        };
        Ok(Line {
            number: self.line,
            before: self.read(NUMBER, number)?.unwrap_or_default(),
            app,
            buyer,
            row,
        })
    }

    fn text(&self, column: &str) -> Option<String> {
        let at = self.header.iter().position(|name| name == column)?;
        let text = said(self.texts.get(at)?);
        (!text.is_empty()).then_some(text)
    }

    fn read<T>(&self, column: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(column) else { return Ok(None) };
        read(&text).map(Some).map_err(|why| Refusal::new(self.line, column, why).value(&text))
    }

    fn licensee(&self) -> Option<Licensee> {
        let licensee = Licensee {
            name: self.text("licensee_name"),
            company: self.text("licensee_company"),
            email: self.text("licensee_email"),
        };
        (licensee != Licensee::default()).then_some(licensee)
    }
}

fn suspended(status: &str) -> Result<bool, String> {
    match status {
        "active" => Ok(false),
        "suspended" => Ok(true),
        _ => {
            Err("expected active or suspended: what is over is not imported, so leave the line out"
                .to_owned())
        }
    }
}
