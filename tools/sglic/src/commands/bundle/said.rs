//! What a license file says, as it is shown.

use sealgate::{BundleMachines, BundleSays, UnixSeconds};
use serde::Serialize;

use crate::commands::revocations::counted;

const DAY: u64 = 24 * 60 * 60;

/// For programs; `mode` is `bound` or `pool`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Said {
    pub(crate) license_id: String,
    pub(crate) bundle_id: String,
    statement: String,
    serial: u64,
    tier: &'static str,
    features: Vec<String>,
    licensee: Option<String>,
    mode: &'static str,
    machines: u32,
    issued_at: String,
    pub(crate) valid_until: String,
    /// Whole days until its end; 0 on the last one and afterwards.
    pub(crate) days_left: u64,
}

impl Said {
    pub(crate) fn of(says: &BundleSays, now: UnixSeconds) -> Self {
        let licensee = says.license.licensee();
        Self {
            license_id: says.license.id().to_string(),
            bundle_id: says.bundle.to_string(),
            statement: says.statement.to_string(),
            serial: says.serial,
            tier: says.license.tier().as_str(),
            features: says.license.features().iter().map(|feature| feature.name.clone()).collect(),
            licensee: licensee.company.clone().or_else(|| licensee.name.clone()),
            mode: match says.machines {
                BundleMachines::Named(_) => "bound",
                _ => "pool",
            },
            machines: says.machines.count(),
            issued_at: says.issued_at.to_string(),
            valid_until: says.ends_at.to_string(),
            days_left: days_left(says.ends_at, now),
        }
    }

    /// For people.
    pub(crate) fn lines(&self) -> Vec<(&'static str, String)> {
        let machines = counted(u64::from(self.machines), "machine");
        let machines = match self.mode {
            "bound" => format!("{machines}, which the file names"),
            _ => format!("{machines}, whichever they are"),
        };
        let mut lines = vec![("license", self.license_id.clone())];
        lines.extend(self.licensee.clone().map(|licensee| ("licensed to", licensee)));
        lines.push(("tier", self.tier.to_owned()));
        if !self.features.is_empty() {
            lines.push(("features", self.features.join(", ")));
        }
        lines.extend([
            ("machines", machines),
            ("ends", self.end()),
            ("bundle", format!("{}, serial {}", self.bundle_id, self.serial)),
            ("signed", self.issued_at.clone()),
        ]);
        lines
    }

    /// The end, and how far it is.
    pub(crate) fn end(&self) -> String {
        format!("{} ({} left)", self.valid_until, counted(self.days_left, "day"))
    }
}

fn days_left(end: UnixSeconds, now: UnixSeconds) -> u64 {
    end.get().saturating_sub(now.get()) / DAY
}
