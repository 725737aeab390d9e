//! The paths a Rust file names, read from its tokens: inside macros too, but not in comments and strings.

use harness::failure::{Doing, Result};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::iter::Peekable;

/// A path such as `std::fs::read`, with its line. `as` and `*` count as segments, so that renaming a crate and
/// importing all of it can be told from naming it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NamedPath {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
    pub(super) role: Role,
    /// The modules written out in the same file (`mod a { … }`) that it stands in.
    pub(super) inside: Vec<String>,
}

/// How a path is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// In a private import, a type, an expression
    Named,
    /// In a `pub use`, of whatever visibility
    Exported,
    /// A method of some value: behind a dot, before its arguments
    Called,
    /// A field of some value
    Field,
    /// The name of a field, variable or function where it is declared
    Declared,
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
    Ok(paths_of(text.parse().doing("read the tokens")?))
}

/// The same of tokens that were read already.
pub(super) fn paths_of(tokens: TokenStream) -> Vec<NamedPath> {
    let mut reader = Reader::default();
    reader.read(tokens, &[], false);
    reader.found
}

/// The tokens without what `#[cfg(test)]` stands on: items, fields, statements.
pub(super) fn without_tests(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut kept = Vec::new();
    while let Some(token) = tokens.next() {
        let is_attribute = is_punct(Some(&token), '#');
        match token {
            _ if is_attribute && is_test_only(tokens.peek()) => skip_item(&mut tokens),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_tests(group.stream()));
                inner.set_span(group.span());
                kept.push(TokenTree::Group(inner));
            }
            token => kept.push(token),
        }
    }
    kept.into_iter().collect()
}

type Tokens = Peekable<proc_macro2::token_stream::IntoIter>;

/// `[cfg(test)]`, `[cfg(all(test, …))]`.
fn is_test_only(attribute: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(group)) = attribute else { return false };
    let text: String = group.stream().to_string().split_whitespace().collect();
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// From behind the `#` to the end of what it stands on.
fn skip_item(tokens: &mut Tokens) {
    let mut keyword = None;
    for token in tokens.by_ref() {
        match &token {
            TokenTree::Ident(word) if keyword.is_none_or(|first| first == Ends::AtSemicolon) => {
                keyword = Ends::of(&word.to_string()).or(keyword);
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            TokenTree::Punct(punct) if punct.as_char() == ',' && keyword.is_none() => return,
            TokenTree::Group(group)
                if group.delimiter() == Delimiter::Brace && keyword == Some(Ends::AtBrace) =>
            {
                return;
            }
            _ => {}
        }
    }
}

/// Where an item ends: `const fn` ends as a function does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    AtBrace,
    AtSemicolon,
}

impl Ends {
    fn of(keyword: &str) -> Option<Self> {
        match keyword {
            "fn" | "mod" | "impl" | "trait" | "struct" | "enum" | "union" | "macro_rules" => {
                Some(Self::AtBrace)
            }
            "use" | "const" | "static" | "type" | "let" => Some(Self::AtSemicolon),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Reader {
    found: Vec<NamedPath>,
    inside: Vec<String>,
}

impl Reader {
    fn read(&mut self, tokens: TokenStream, prefix: &[String], mut exported: bool) {
        let mut tokens = tokens.into_iter().peekable();
        let mut segments = prefix.to_vec();
        let mut before = Before::default();
        while let Some(token) = tokens.next() {
            let line = token.span().start().line;
            let was = before.step(&token);
            match token {
                TokenTree::Ident(ident) if ident == "pub" => {
                    tokens.next_if(|next| is_group(next, Delimiter::Parenthesis)); // `(crate)` names nothing
                }
                TokenTree::Ident(ident) if ident == "mod" => self.read_module(&mut tokens),
                TokenTree::Ident(ident) => {
                    exported |= ident == "use" && was == Before::Public;
                    segments.push(ident.to_string().trim_start_matches("r#").to_owned());
                    let (goes_on, labels) = skip_colons(&mut tokens);
                    if matches!(tokens.peek(), Some(TokenTree::Ident(word)) if *word == "as") && !labels {
                        segments.push("as".to_owned());
                    }
                    if !goes_on {
                        let role = match was.role(exported, labels && segments.len() == 1) {
                            Role::Field if tokens.peek().is_some_and(has_arguments) => Role::Called,
                            role => role,
                        };
                        self.found(std::mem::replace(&mut segments, prefix.to_vec()), line, role);
                    }
                }
                TokenTree::Group(group) => {
                    let spreads = group.delimiter() == Delimiter::Brace && segments.len() > prefix.len();
                    let inherited = if spreads { std::mem::take(&mut segments) } else { Vec::new() };
                    self.read(group.stream(), &inherited, spreads && exported);
                    segments = prefix.to_vec();
                }
                TokenTree::Punct(punct) => {
                    if punct.as_char() == '*' && !segments.is_empty() {
                        segments.push("*".to_owned());
                    }
                    if segments.len() > prefix.len() {
                        // All of a module, or a path that goes on with types: `Vec::<u8>::new`.
                        let role = was.role(exported, false);
                        self.found(std::mem::take(&mut segments), line, role);
                    }
                    exported &= punct.as_char() != ';';
                    segments = prefix.to_vec();
                }
                TokenTree::Literal(_) => segments = prefix.to_vec(),
            }
        }
    }

    /// Behind `mod`: a name, and perhaps what is in it.
    fn read_module(&mut self, tokens: &mut Tokens) {
        let Some(TokenTree::Ident(name)) = tokens.next_if(|next| matches!(next, TokenTree::Ident(_))) else {
            return;
        };
        if let Some(TokenTree::Group(group)) = tokens.next_if(|next| is_group(next, Delimiter::Brace)) {
            self.inside.push(name.to_string());
            self.read(group.stream(), &[], false);
            self.inside.pop();
        }
    }

    fn found(&mut self, segments: Vec<String>, line: usize, role: Role) {
        self.found.push(NamedPath { segments, line, role, inside: self.inside.clone() });
    }
}

/// What stands before a token, as far as it says how a name is meant.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Before {
    #[default]
    Other,
    Public,
    Function,
    Dot,
    /// `..`, behind which a name is free again
    Dots,
}

impl Before {
    /// Moves on by a token; returns what stood before it.
    fn step(&mut self, token: &TokenTree) -> Self {
        let next = match token {
            TokenTree::Ident(word) if *word == "pub" => Self::Public,
            TokenTree::Ident(word) if *word == "fn" => Self::Function,
            TokenTree::Punct(punct) if punct.as_char() == '.' && *self == Self::Dot => Self::Dots,
            TokenTree::Punct(punct) if punct.as_char() == '.' => Self::Dot,
            _ => Self::Other,
        };
        std::mem::replace(self, next)
    }

    fn role(self, exported: bool, labels: bool) -> Role {
        match self {
            _ if exported => Role::Exported,
            Self::Dot => Role::Field,
            Self::Function => Role::Declared,
            _ if labels => Role::Declared,
            _ => Role::Named,
        }
    }
}

/// Colons behind a name: two go on with the path, one gives a type.
fn skip_colons(tokens: &mut Tokens) -> (bool, bool) {
    if tokens.next_if(|next| is_punct(Some(next), ':')).is_none() {
        return (false, false);
    }
    let goes_on = tokens.next_if(|next| is_punct(Some(next), ':')).is_some();
    (goes_on, !goes_on)
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn has_arguments(token: &TokenTree) -> bool {
    is_group(token, Delimiter::Parenthesis)
}

fn is_group(token: &TokenTree, wanted: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == wanted)
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

    fn of_role(text: &str, role: Role) -> Vec<String> {
        let paths = named_paths(text).unwrap().into_iter();
        paths.filter(|path| path.role == role).map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn a_path_that_goes_on_with_types_is_found() {
        assert!(holds("fn f() { crate::a::B::<u8>::new(); }", "crate::a::B"));
        assert!(holds("fn f() -> Option<crate::a::B> { None }", "crate::a::B"));
    }

    #[test]
    fn every_path_has_its_role() {
        let text = "pub(crate) use a::{b::C, d}; use e::F; fn g(h: I) { h.j(); h.n; k::l(0..m) }";
        assert_eq!(of_role(text, Role::Exported), ["use", "a::b::C", "a::d"]);
        assert_eq!(of_role(text, Role::Called), ["j"]);
        assert_eq!(of_role(text, Role::Field), ["n"]);
        assert_eq!(of_role(text, Role::Declared), ["g", "h"]);
        let named = of_role(text, Role::Named);
        assert!(named.contains(&"e::F".to_owned()) && named.contains(&"k::l".to_owned()));
        assert!(!named.contains(&"crate".to_owned()), "a visibility names nothing");
        assert!(named.contains(&"m".to_owned()), "behind two dots a name is free");
    }

    #[test]
    fn a_path_knows_the_modules_written_around_it() {
        let paths = named_paths("mod a { mod b { use c::D; } } use e::F;").unwrap();
        let inside = |pattern: &str| paths.iter().find(|path| path.holds(pattern)).unwrap().inside.join("::");
        assert_eq!(inside("c::D"), "a::b");
        assert_eq!(inside("e::F"), "");
    }

    #[test]
    fn what_only_tests_see_is_left_out() {
        let kept = |text: &str| without_tests(text.parse().unwrap()).to_string().replace(' ', "");
        assert_eq!(kept("#[cfg(test)] mod tests; fn f() {}"), "fnf(){}");
        assert_eq!(kept("#[cfg(test)] #[derive(Debug)] struct S<A, B> { a: A } fn f() {}"), "fnf(){}");
        assert_eq!(kept("#[cfg(test)] use a::{b, c}; fn f() {}"), "fnf(){}");
        assert_eq!(kept("#[cfg(test)] pub const fn g() -> [u8; 3] { [1; 3] } fn f() {}"), "fnf(){}");
        assert_eq!(kept("#[cfg(test)] const A: [u8; 1] = { [1] }; fn f() {}"), "fnf(){}");
        assert_eq!(kept("struct S { #[cfg(test)] a: A, b: B }"), "structS{b:B}");
        assert_eq!(kept("impl S { #[cfg(all(test, unix))] fn g() {} fn h() {} }"), "implS{fnh(){}}");
        assert_eq!(kept("#[cfg(unix)] fn f() {}"), "#[cfg(unix)]fnf(){}");
    }
}
