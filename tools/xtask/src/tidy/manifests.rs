//! What every crate's manifest must say.

use super::Finding;
use super::members::Member;
use toml::Table;

/// The folder carries the package's name, the lints are the workspace's, and a description is there.
pub(super) fn check(members: &[Member]) -> Vec<Finding> {
    members.iter().flat_map(check_member).collect()
}

fn check_member(member: &Member) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |needle: &str, message: String| {
        findings.push(Finding::at(member.manifest_path(), &member.manifest, needle, message));
    };
    if member.folder.rsplit('/').next() != Some(&member.name) {
        found(
            "name",
            format!("folder and package have different names: {} and {}", member.folder, member.name),
        );
    }
    if member.description.as_deref().is_none_or(str::is_empty) {
        found("[package]", "no description".to_owned());
    }
    if !inherits_lints(&member.manifest) {
        found("[lints]", "needs `[lints] workspace = true`".to_owned());
    }
    findings
}

fn inherits_lints(manifest: &str) -> bool {
    let table = manifest.parse::<Table>().unwrap_or_default();
    table.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(name: &str, description: Option<&str>, manifest: &str) -> Vec<String> {
        let member = Member {
            name: name.to_owned(),
            folder: "core/right".to_owned(),
            manifest: manifest.to_owned(),
            description: description.map(str::to_owned),
            ..Member::default()
        };
        check_member(&member).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_good_manifest_passes() {
        assert!(messages("right", Some("words"), "[lints]\nworkspace = true\n").is_empty());
    }

    #[test]
    fn each_breach_is_found() {
        let good = "[lints]\nworkspace = true\n";
        assert!(messages("wrong", Some("words"), good)[0].contains("different names"));
        assert!(messages("right", None, good)[0].contains("description"));
        assert!(
            messages("right", Some("words"), "[lints.rust]\nunsafe_code = \"allow\"\n")[0]
                .contains("[lints]")
        );
        assert!(messages("right", Some("words"), "# [lints] workspace = true")[0].contains("[lints]"));
    }
}
