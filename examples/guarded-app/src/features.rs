//! What is sold, and what is not. Plans of the app list the names of what is sold; what is free stands here alone.

use sealgate::Tier;

/// What works without a license.
pub(crate) const FREE: [&str; 4] = [OPEN, ADD, LIST, SAVE];
pub(crate) const OPEN: &str = "table.open";
pub(crate) const ADD: &str = "table.add";
pub(crate) const LIST: &str = "table.list";
pub(crate) const SAVE: &str = "table.save";

/// Sold in the tier `licensed`, and above.
pub(crate) const RULES: &str = "rule-engine";

/// Sold in the tier `enterprise`.
pub(crate) const AUDIT: &str = "audit-trail";
pub(crate) const TENANTS: &str = "multi-tenant";

/// What a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: it is about the program itself.
    Nothing,
    /// One feature.
    Feature(&'static str),
    /// A tier, whatever features it has.
    Tier(Tier),
}
