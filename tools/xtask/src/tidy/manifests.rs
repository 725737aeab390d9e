//! What every crate's manifest must say.

use super::Finding;
use super::members::Member;
use toml::Table;

/// Crates that are a border to what is loaded by its name: there each unsafe line says why it is sound. They have lints of their own, because
/// the workspace's cannot be changed for one crate.
const BORDERS: &[&str] = &["guarded-rules"];

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
    let manifest = member.manifest.parse::<Table>().unwrap_or_default();
    if BORDERS.contains(&member.name.as_str()) {
        if lint(&manifest, &["rust", "unsafe_code"]).and_then(toml::Value::as_str) != Some("deny") {
            found("[lints", "needs `unsafe_code = \"deny\"`".to_owned());
        }
    } else if lint(&manifest, &["workspace"]).and_then(toml::Value::as_bool) != Some(true) {
        found("[lints]", "needs `[lints] workspace = true`".to_owned());
    }
    findings
}

fn lint<'a>(manifest: &'a Table, path: &[&str]) -> Option<&'a toml::Value> {
    path.iter().try_fold(manifest.get("lints")?, |table, name| table.get(name))
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
    fn a_border_denies_what_it_does_not_give_a_reason_for() {
        let border = |manifest: &str| {
            let name = BORDERS[0].to_owned();
            let folder = format!("examples/{name}");
            let (manifest, description) = (manifest.to_owned(), Some("words".to_owned()));
            check_member(&Member { name, folder, manifest, description, ..Member::default() }).len()
        };
        assert_eq!(border("[lints.rust]\nunsafe_code = \"deny\"\n"), 0);
        assert_eq!(border("[lints.rust]\nunsafe_code = \"allow\"\n"), 1);
        assert_eq!(border(""), 1);
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
