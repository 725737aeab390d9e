//! A product's own library: a file that is loaded when the program starts, and that the vendor approves like the program itself.
//!
//! It must never take text or addresses from the program: only numbers cross the border, so nothing that is loaded can be led astray.

use std::ffi::OsString;
use std::path::Path;

/// The name of what it exports.
const HOLDS: &[u8] = b"guarded_rules_hold";

/// How a value is compared with a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Relation {
    /// It is less.
    Less = 0,
    /// It is the same.
    Equal = 1,
    /// It is more.
    More = 2,
}

/// Whether a rule holds: 1 or 0. `relation` is a [`Relation`]; any other holds never.
#[expect(unsafe_code, reason = "the name is this library's own, and no other library has it")]
#[unsafe(no_mangle)]
pub extern "C" fn guarded_rules_hold(value: i64, relation: u8, bound: i64) -> u8 {
    u8::from(match relation {
        0 => value < bound,
        1 => value == bound,
        2 => value > bound,
        _ => false,
    })
}

/// What the file is called on this platform.
pub fn file() -> OsString {
    libloading::library_filename("guarded_rules")
}

/// A library that judges rules, as it was loaded.
#[derive(Debug)]
pub struct Library(libloading::Library);

impl Library {
    /// Loads it. What it does when it is loaded is done then, so the program loads only what belongs to it.
    #[expect(
        unsafe_code,
        reason = "loading runs the library's own start, which the vendor made, or the customer chose"
    )]
    pub fn load(file: impl AsRef<Path>) -> Result<Self, libloading::Error> {
        unsafe { libloading::Library::new(file.as_ref()) }.map(Self)
    }

    /// Whether the rule holds for this value. `None` where the library judges no rules.
    #[expect(
        unsafe_code,
        reason = "whatever has this name takes three numbers and returns one, by this crate's contract"
    )]
    pub fn holds(&self, value: i64, relation: Relation, bound: i64) -> Option<bool> {
        type Holds = extern "C" fn(i64, u8, i64) -> u8;
        let holds = unsafe { self.0.get::<Holds>(HOLDS) }.ok()?;
        Some(holds(value, relation as u8, bound) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Relation, guarded_rules_hold};

    #[test]
    fn each_relation_holds_where_it_should() {
        for (relation, holds) in
            [(Relation::Less, [1, 0, 0]), (Relation::Equal, [0, 1, 0]), (Relation::More, [0, 0, 1])]
        {
            assert_eq!(
                [1, 2, 3].map(|value| guarded_rules_hold(value, relation as u8, 2)),
                holds,
                "{relation:?}"
            );
        }
        assert_eq!(guarded_rules_hold(1, 3, 1), 0);
    }
}
