//! What AuthForge's Developer API gives: a page of `GET /v1/licenses`, several in a list, or single licenses.

use std::collections::{BTreeSet, HashMap};

use sealgate_artifact::{Code, MaxDevices};
use sealgate_wire::Seats;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::foreign::{self, Records, Unfit};
use super::row::{Line, Refusal, Source};
use super::table::app_of;
use crate::args::ImportArgs;
use crate::failure::Failure;

const OF: &str = "AuthForge";

/// A license. What is not named here says nothing that a license of ours has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct License {
    #[serde(rename = "licenseKey")]
    key: String,
    app_id: Option<String>,
    status: String,
    expires_at: Option<String>,
    max_hwid_slots: Option<u64>,
    #[serde(default)]
    unlimited_hwid_slots: bool,
    #[serde(default)]
    hwid_list: Vec<String>,
    label: Option<String>,
    /// Not in that answer: it is of `GET /v1/licenses/{licenseKey}/variables`, put here by whoever saved both.
    #[serde(rename = "licenseVariables")]
    variables: Option<Map<String, Value>>,
}

pub(super) fn read(files: &[Vec<u8>], args: &ImportArgs) -> Result<Source, Failure> {
    let mut found = Vec::new();
    for bytes in files {
        collect(foreign::document(bytes, OF)?, &mut found)?;
    }
    let apps = Apps::new(&found, args)?;
    let mut records = Records::default();
    for license in &found {
        records.add(None, |line| self::line(line, license, &apps, args));
    }
    Ok(records.source)
}

fn collect(document: Value, found: &mut Vec<Value>) -> Result<(), Failure> {
    match document {
        Value::Array(all) => all.into_iter().try_for_each(|one| collect(one, found)),
        Value::Object(mut page) if page.contains_key("licenses") => match page.remove("licenses") {
            Some(Value::Array(all)) => {
                found.extend(all);
                Ok(())
            }
            _ => Err(foreign::no_document(OF, "`licenses` is no list")),
        },
        Value::Object(license) if license.contains_key("licenseKey") => {
            found.push(Value::Object(license));
            Ok(())
        }
        other => Err(foreign::not_of(OF, "neither `licenses` nor a `licenseKey`", &other)),
    }
}

/// Which app of ours is which of theirs.
struct Apps {
    named: HashMap<String, String>,
    other: Option<String>,
}

impl Apps {
    fn new(found: &[Value], args: &ImportArgs) -> Result<Self, Failure> {
        let named = foreign::map(&args.map)?;
        // Whoever names some apps means these.
        let is_open = args.app.is_some() || named.is_empty();
        let apps = Self { named, other: is_open.then(|| app_of(None, args)) };
        let ids: BTreeSet<&str> = found.iter().filter_map(|license| license["appId"].as_str()).collect();
        foreign::all_are_there(&apps.named, &ids, "apps")?;
        let unnamed: Vec<&str> = ids.into_iter().filter(|id| !apps.named.contains_key(*id)).collect();
        if apps.other.is_some() && unnamed.len() > 1 {
            let why = format!("licenses of several apps: {}", unnamed.join(", "));
            return Err(Failure::new(Code::MalformedRequest, why)
                .fix("say which is which with --map THEIR_APP_ID=APP_ID"));
        }
        Ok(apps)
    }

    fn of(&self, theirs: Option<&String>, line: u64) -> Result<String, Refusal> {
        let app = theirs.and_then(|id| self.named.get(id)).or(self.other.as_ref());
        app.cloned().ok_or_else(|| {
            let why = "no app of yours: give --app, or --map THEIR_APP_ID=APP_ID";
            Refusal::new(line, "appId", why).value(theirs.map_or("", String::as_str))
        })
    }
}

fn line(line: u64, license: &Value, apps: &Apps, args: &ImportArgs) -> Result<Line, Unfit> {
    let license: License = foreign::object(line, license, OF)?;
    match license.status.as_str() {
        "active" => {}
        "revoked" => return Err(Unfit::LeftOut(Refusal::new(line, "status", "revoked"))),
        other => {
            return Err(Refusal::new(line, "status", "expected active or revoked").value(other).into());
        }
    }
    let app = apps.of(license.app_id.as_ref(), line)?;
    let hwids = if args.without_devices { vec![] } else { license.hwid_list };
    let mut row = foreign::row(foreign::name("authforge", &license.key), &license.key, hwids);
    row.max_devices = match (license.unlimited_hwid_slots, license.max_hwid_slots) {
        (true, _) => Some(Seats(MaxDevices::Unlimited)),
        (false, Some(slots)) => Some(foreign::seats(line, "maxHwidSlots", slots)?),
        (false, None) => None,
    };
    row.expires_at = Some(foreign::end(line, "expiresAt", license.expires_at.as_deref())?);
    row.label = license.label;
    let read = |values| foreign::variables(line, "licenseVariables", values);
    row.variables = license.variables.as_ref().map(read).transpose()?;
    Ok(Line { number: line, before: 0, app, buyer: None, row })
}
