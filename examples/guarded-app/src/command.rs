//! The commands: their words, and what each needs.

use std::path::PathBuf;

use guarded_rules::Relation;
use sealgate::Tier;

use crate::features::{ADD, AUDIT, LIST, Need, OPEN, RULES, SAVE, TENANTS};

/// What people type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Open(PathBuf),
    Add(String, i64),
    List,
    Save(PathBuf),
    Check(Relation, i64),
    Engine(PathBuf),
    Audit,
    Tenant(String),
    Status,
    Verify,
    Beat,
    /// Looks for license files; with a file, at that one.
    Licenses(Option<PathBuf>),
    /// Yes to what was shown.
    Activate,
    /// Asks the vendor for a license, by a file.
    Request(PathBuf),
    /// What somebody may choose once the license has ended.
    ReadOnly,
    Renew,
    Help,
    Quit,
}

pub(crate) const HELP: [&str; 13] = [
    "free:        open FILE | add NAME NUMBER | list | save FILE",
    "licensed:    check < NUMBER | check = NUMBER | check > NUMBER    which entries a rule holds for",
    "             engine FILE    another library that judges rules",
    "enterprise:  audit    what was done with rules",
    "             tenant NAME    another table, of somebody else",
    "license:     status    where the program stands",
    "             verify    checks this machine now",
    "             beat      asks the server now",
    "no network:  request FILE    asks the vendor for a license, by a file",
    "             licenses [FILE]    looks for license files, and shows what is in one",
    "             activate    uses the one that was shown",
    "ended:       readonly    looks, and changes nothing | renew    says where a new license file goes",
    "             help | quit",
];

impl Command {
    /// An error says what is wrong with the line.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let rest = rest.trim();
        let file = || {
            Some(PathBuf::from(rest))
                .filter(|_| !rest.is_empty())
                .ok_or_else(|| format!("{word}: which file?"))
        };
        match (word, rest) {
            ("open", _) => file().map(Self::Open),
            ("save", _) => file().map(Self::Save),
            ("engine", _) => file().map(Self::Engine),
            ("request", _) => file().map(Self::Request),
            ("licenses", _) => Ok(Self::Licenses(file().ok())),
            ("add", _) => add(rest),
            ("check", _) => check(rest),
            ("tenant", name) if !name.is_empty() => Ok(Self::Tenant(name.to_owned())),
            ("tenant", _) => Err("tenant: which one?".to_owned()),
            ("list", "") => Ok(Self::List),
            ("audit", "") => Ok(Self::Audit),
            ("status", "") => Ok(Self::Status),
            ("verify", "") => Ok(Self::Verify),
            ("beat", "") => Ok(Self::Beat),
            ("activate", "") => Ok(Self::Activate),
            ("readonly", "") => Ok(Self::ReadOnly),
            ("renew", "") => Ok(Self::Renew),
            ("help", "") => Ok(Self::Help),
            ("quit", "") => Ok(Self::Quit),
            _ => Err("no such command; try help".to_owned()),
        }
    }

    /// Beside each action stands what it needs: nobody can forget to ask.
    pub(crate) fn need(&self) -> Need {
        match self {
            Self::Open(_) => Need::Feature(OPEN),
            Self::Add(..) => Need::Feature(ADD),
            Self::List => Need::Feature(LIST),
            Self::Save(_) => Need::Feature(SAVE),
            Self::Check(..) => Need::Feature(RULES),
            Self::Engine(_) => Need::Tier(Tier::Licensed),
            Self::Audit => Need::Feature(AUDIT),
            Self::Tenant(_) => Need::Feature(TENANTS),
            Self::Status | Self::Verify | Self::Beat | Self::Help | Self::Quit => Need::Nothing,
            Self::Licenses(_) | Self::Activate | Self::Request(_) | Self::ReadOnly | Self::Renew => {
                Need::Nothing
            }
        }
    }

    /// Whether it changes somebody's data.
    pub(crate) fn changes(&self) -> bool {
        matches!(self, Self::Add(..) | Self::Save(_))
    }
}

fn add(rest: &str) -> Result<Command, String> {
    let (name, number) = rest.rsplit_once(' ').ok_or("add: which NAME, which NUMBER?")?;
    let number = number.parse().map_err(|_| format!("add: {number} is no whole number"))?;
    Ok(Command::Add(name.trim().to_owned(), number))
}

fn check(rest: &str) -> Result<Command, String> {
    let wrong = || "check: a rule is < NUMBER, = NUMBER or > NUMBER".to_owned();
    let relation = match rest.get(..1) {
        Some("<") => Relation::Less,
        Some("=") => Relation::Equal,
        Some(">") => Relation::More,
        _ => return Err(wrong()),
    };
    Ok(Command::Check(relation, rest[1..].trim().parse().map_err(|_| wrong())?))
}

#[cfg(test)]
mod tests {
    use super::{Command, Relation};

    #[test]
    fn a_line_is_one_command_or_says_what_is_wrong() {
        assert_eq!(Command::parse(" add green apples -3 "), Ok(Command::Add("green apples".to_owned(), -3)));
        assert_eq!(Command::parse("check >10"), Ok(Command::Check(Relation::More, 10)));
        assert_eq!(Command::parse("check < 10"), Ok(Command::Check(Relation::Less, 10)));
        for wrong in [
            "",
            "open",
            "add",
            "add x",
            "add x y",
            "check",
            "check ≥ 1",
            "check > x",
            "tenant",
            "list all",
            "sell",
        ] {
            assert!(Command::parse(wrong).is_err(), "{wrong}");
        }
    }
}
