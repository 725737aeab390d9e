//! The paths a Rust file names, read from its tokens: inside macros too, but not in comments and strings.

use crate::failure::{Doing, Result};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path such as `std::fs::read`, with its line. `as` and `*` count as segments, so that renaming a crate and
/// importing all of it can be told from naming it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NamedPath {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

impl NamedPath {
    /// Whether `pattern`, such as `std::fs`, stands anywhere in it.
    pub(super) fn holds(&self, pattern: &str) -> bool {
        let wanted: Vec<&str> = pattern.split("::").collect();
        self.segments.windows(wanted.len()).any(|window| window == wanted.as_slice())
    }
}

/// Every path of a file, with groups such as `std::{fs, env}` spread out.
pub(super) fn named_paths(text: &str) -> Result<Vec<NamedPath>> {
    let tokens: TokenStream = text.parse().doing("read the tokens")?;
    let mut found = Vec::new();
    collect(tokens, &[], &mut found);
    Ok(found)
}

fn collect(tokens: TokenStream, prefix: &[String], found: &mut Vec<NamedPath>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut segments = prefix.to_vec();
    while let Some(token) = tokens.next() {
        let line = token.span().start().line;
        match token {
            TokenTree::Ident(ident) => {
                segments.push(ident.to_string().trim_start_matches("r#").to_owned());
                let mut ends = true;
                if is_colon(tokens.peek()) {
                    tokens.next();
                    ends = !is_colon(tokens.peek()); // one colon gives a type, two go on
                    if !ends {
                        tokens.next();
                    }
                } else if matches!(tokens.peek(), Some(TokenTree::Ident(word)) if *word == "as") {
                    segments.push("as".to_owned());
                }
                if ends {
                    found.push(NamedPath {
                        segments: std::mem::replace(&mut segments, prefix.to_vec()),
                        line,
                    });
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '*' && !segments.is_empty() => {
                segments.push("*".to_owned());
                found.push(NamedPath { segments: std::mem::replace(&mut segments, prefix.to_vec()), line });
            }
            TokenTree::Group(group) => {
                let spreads = group.delimiter() == Delimiter::Brace && segments.len() > prefix.len();
                let inherited = if spreads { std::mem::take(&mut segments) } else { Vec::new() };
                collect(group.stream(), &inherited, found);
                segments = prefix.to_vec();
            }
            _ => segments = prefix.to_vec(),
        }
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, pattern: &str) -> bool {
        named_paths(text).unwrap().iter().any(|path| path.holds(pattern))
    }

    #[test]
    fn plain_grouped_and_macro_paths_are_found() {
        assert!(holds("fn f() { std::fs::read(p); }", "std::fs"));
        assert!(holds("use std::{env, fs};", "std::fs"));
        assert!(holds("use std::{collections::{BTreeMap}, fs::{self, File}};", "std::fs"));
        assert!(holds("fn f() { println!(\"{:?}\", std::env::var(x)); }", "std::env"));
        assert!(holds("use std::time::{Duration, Instant};", "Instant"));
        assert!(holds("use sealgate_store::*;", "sealgate_store::*"));
        assert!(holds("use sealgate_store as s;", "sealgate_store::as"));
        assert!(holds("use sealgate_store::{self as s};", "sealgate_store::self::as"));
    }

    #[test]
    fn comments_strings_types_and_other_paths_are_not() {
        assert!(!holds("// std::fs\nfn f() { g(\"std::fs\"); }", "std::fs"));
        assert!(!holds("/// Reads no std::fs.\nfn f() {}", "std::fs"));
        assert!(!holds("struct S { std: fs }", "std::fs"));
        assert!(!holds("use std::{env, collections}; use a::{fs};", "std::fs"));
        assert!(!holds("use std::fmt;\nmod fs {}", "std::fs"));
    }

    #[test]
    fn the_line_is_that_of_the_name() {
        let paths = named_paths("fn f() {}\n\nuse std::fs;\n").unwrap();
        assert!(paths.iter().any(|path| path.holds("std::fs") && path.line == 3));
    }
}
