//! `sealgate events`.

use sealgate_artifact::Code;
use sealgate_wire::EventView;

use super::lists;
use crate::args::{EventsArgs, Global};
use crate::client::{Client, filters};
use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(global: &Global, args: &EventsArgs, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let license = args.license.as_deref().map(|key| client.license_id(key)).transpose()?;
    let license = license.map(|id| id.to_string());
    let filters = filters(&[("license_id", &license), ("request_id", &args.request), ("code", &args.code)]);
    let none = match args.code.as_ref().filter(|code| Code::parse(code).is_none()) {
        Some(code) => format!(
            "no events match: {code} is no code that this version knows; `sealgate events` names codes"
        ),
        None => "no events match; they are kept 90 days".to_owned(),
    };
    lists::print(&client, ("/api/v1/events", &filters, &none), &args.part.part(), output, |events| {
        let row = |e: &EventView| {
            let what = match (&e.code, &e.reason, &e.moved_from) {
                (None, _, None) => e.kind.clone(),
                (None, _, Some(from)) => format!("{} (from {from})", e.kind),
                (Some(code), None, _) => format!("{} ({code})", e.kind),
                (Some(code), Some(reason), _) => format!("{} ({code}: {reason})", e.kind),
            };
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            let app = e.app.as_ref().or(e.app_id.as_ref()).cloned().unwrap_or_default();
            vec![e.at.to_string(), what, app, text(&e.license_id), text(&e.device), e.request_id.clone()]
        };
        Output::table(&["AT", "WHAT", "APP", "LICENSE", "DEVICE", "REQUEST"], events.iter().map(row));
    })
}
