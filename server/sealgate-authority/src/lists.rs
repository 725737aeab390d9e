//! Access lists as rows of the store, for the rule that judges them (`spec/http.md` §2.7).

use sealgate_artifact::{LicenseId, UnixSeconds};
use sealgate_rules::{Effect, ListEntry, Matcher, lists_allow};
use sealgate_store::AppEntry;
use sealgate_store::table::{AccessRow, Listed};

/// The entries for the whole app, or those for one license.
pub fn entries(app: &AppEntry, license: Option<LicenseId>) -> Vec<ListEntry<'_>> {
    app.access.iter().filter(|row| row.license == license).map(list_entry).collect()
}

/// The same without those about addresses. Each list asks for itself, so what is left is about the device.
pub fn entries_of_devices(app: &AppEntry, license: Option<LicenseId>) -> Vec<ListEntry<'_>> {
    let mut entries = entries(app, license);
    entries.retain(|entry| matches!(entry.matcher, Matcher::Hwid(_)));
    entries
}

/// Whether the app's lists and those of the license admit a device, wherever it is.
pub(crate) fn admit_device(app: &AppEntry, license: LicenseId, name: &str, now: UnixSeconds) -> bool {
    [None, Some(license)].iter().all(|of| lists_allow(&entries_of_devices(app, *of), name, None, now))
}

fn list_entry(row: &AccessRow) -> ListEntry<'_> {
    let matcher = match &row.listed {
        Listed::Hwid(hwid) => Matcher::Hwid(hwid),
        Listed::Net(net) => Matcher::Net(*net),
    };
    // A row that this version cannot read denies: when unsure, refuse.
    let effect = Effect::parse(&row.effect).unwrap_or(Effect::Deny);
    ListEntry { effect, matcher, expires_at: row.expires_at }
}
