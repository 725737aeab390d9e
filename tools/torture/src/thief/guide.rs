//! What the operator's guide and SECURITY.md say: the thief has the rights that the guide lists, what he may damage is what
//! they name, and the vendor does what stands there, word for word.

use harness::failure::{Failure, Result};

const GUIDE: &str = include_str!("../../../../docs/book/operators.md");
const SECURITY: &str = include_str!("../../../../SECURITY.md");
/// The section that a vendor opens after a theft.
const AFTER_A_THEFT: &str = "### A stolen runtime";

/// The rights of a runtime's database user of this name, for the owner to grant.
pub(super) fn rights(role: &str) -> Result<String> {
    blocks(GUIDE, "sql").first().map(|sql| sql.replace("runtime", role)).ok_or_else(|| missing("the rights"))
}

/// What keeps every runtime's user out of the other databases, for a superuser.
pub(super) fn other_databases() -> Result<&'static str> {
    blocks(GUIDE, "sql").get(1).copied().ok_or_else(|| missing("who may connect to other databases"))
}

/// What the owner of the database runs after a theft: block by block, for a user of this name.
pub(super) fn after_a_theft(role: &str) -> Result<Vec<String>> {
    Ok(blocks(section()?, "sql").iter().map(|sql| sql.replace("runtime", role)).collect())
}

/// What turns a user of this name away before PostgreSQL knows him: lines of `pg_hba.conf`.
pub(super) fn turns_away(role: &str) -> Result<String> {
    let lines = blocks(section()?, "conf").first().map(|lines| lines.replace("runtime", role));
    lines.ok_or_else(|| missing("which lines turn a user away"))
}

/// An error unless the section about thefts tells to run this command.
pub(super) fn tells(command: &str) -> Result<()> {
    if words(section()?).contains(&words(command)) { Ok(()) } else { Err(missing(command)) }
}

/// An error unless SECURITY.md or the guide openly says that a thief can do this until he is locked out.
pub(super) fn admits(damage: &str) -> Result<()> {
    let says = |text: &str| words(text).contains(&words(damage));
    if says(SECURITY) || says(GUIDE) { Ok(()) } else { Err(missing(damage)) }
}

fn section() -> Result<&'static str> {
    let (_, section) = GUIDE.split_once(AFTER_A_THEFT).ok_or_else(|| missing(AFTER_A_THEFT))?;
    Ok(section.split_once("\n## ").map_or(section, |(section, _)| section))
}

fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    let parts = text.split(begin.as_str()).skip(1);
    parts.filter_map(|part| part.split_once("```")).map(|(block, _)| block).collect()
}

/// Without the line breaks of the page.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn missing(what: &str) -> Failure {
    Failure::new(format!("the guide does not say: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_grants_rights_and_takes_them_away() {
        assert!(rights("loot").unwrap().contains("GRANT SELECT ON ALL TABLES IN SCHEMA public TO loot"));
        assert!(after_a_theft("loot").unwrap().first().unwrap().contains("loot"));
        assert!(other_databases().unwrap().contains("ON DATABASE postgres"));
        assert!(words(&turns_away("loot").unwrap()).contains("host all loot all reject"));
        tells("sealgate server revoke ID").unwrap();
        assert!(tells("sealgate server forgive ID").is_err());
        assert!(admits("make licenses for everybody").is_err());
    }
}
