use super::CrateMap;
use super::rules::Rules;
use crate::tidy::members::Member;
use crate::tidy::tree::Tree;
use crate::tidy::words;

/// The map of a crate of the server with these files below `src/`.
fn map(files: &[(&str, &str)]) -> CrateMap {
    let paths: Vec<String> = files.iter().map(|(path, _)| format!("server/house/src/{path}")).collect();
    let files: Vec<_> = paths.iter().map(String::as_str).zip(files.iter().map(|(_, text)| *text)).collect();
    let is_root = |path: &&String| path.ends_with("/lib.rs") || path.ends_with("/main.rs");
    let member = Member {
        name: "house".into(),
        folder: "server/house".into(),
        roots: paths.iter().filter(is_root).cloned().collect(),
        ..Member::default()
    };
    let tree = Tree::of(&files);
    assert!(words::check(&tree).is_empty(), "a made-up tree keeps the rules too");
    CrateMap::read(&tree, &member).unwrap()
}

/// Arrows between files, written `a>b`; the root is empty.
fn arrows(map: &CrateMap) -> Vec<String> {
    let name = |file: usize| map.modules.files[file].name.as_str();
    map.files.arrows.keys().map(|(from, to)| format!("{}>{}", name(*from), name(*to))).collect()
}

/// The arrows of `a` in a crate that has `a`, `b` with a struct, a function and a macro, and the root's `R`.
fn arrows_of_a(text: &str) -> Vec<String> {
    let all = map(&[
        ("lib.rs", "mod a; mod b; mod c; pub use b::{B, make as remake}; pub use c::*; pub struct R;"),
        ("a.rs", text),
        ("b.rs", "pub struct B; pub fn make() {} macro_rules! m { () => {} } pub(crate) use m;"),
        ("c.rs", "pub enum C { D } mod d;"),
        ("c/d.rs", ""),
    ]);
    arrows(&all).into_iter().filter(|arrow| arrow.starts_with("a>")).collect()
}

#[test]
fn every_way_to_name_a_thing_is_an_arrow_to_where_it_is_defined() {
    for text in [
        "use crate::b::B;",
        "use super::b;",
        "use crate::{c, b::{self}};",
        "fn f() { crate::b::make() }",
        "fn f() { super::b::make::<u8>() }",
        "use crate::B;",
        "use crate::remake;",
        "use super::remake as again;",
        "fn f(x: Option<crate::B>) {}",
        "fn f() { vec![crate::B]; }",
        "impl crate::b::B {}",
        "use crate::b::m;",
        "use crate::*; fn f(x: B) {}",
        "pub use crate::b::B;",
        "mod inner { use super::super::b::B; }",
        "fn f() { use crate::b::B; }",
    ] {
        assert!(arrows_of_a(text).contains(&"a>b".to_owned()), "{text}");
    }
    assert_eq!(arrows_of_a("use crate::C;"), ["a>c"], "through a glob");
    assert_eq!(arrows_of_a("use crate::C::D;"), ["a>c"]);
    assert_eq!(arrows_of_a("use crate::R;"), ["a>"]);
}

#[test]
fn what_names_nothing_of_another_module_is_no_arrow() {
    for text in [
        "",
        "use std::b::B;",
        "// crate::b::B\nfn f() { g(\"crate::b::B\") }",
        "pub(crate) struct B; fn f(b: B) {}",
        "pub(super) fn f(b: u8) { b.make; b.make() }",
        "#[cfg(test)] mod tests { use crate::b::B; }",
        "#[cfg(test)] use crate::b::B;",
        "struct A; impl A { #[cfg(test)] fn f(b: crate::b::B) {} }",
        "mod b { pub struct B; } use b::B;",
        "use crate::a::A; pub struct A;",
    ] {
        assert_eq!(arrows_of_a(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_list_of_modules_is_neither_named_nor_does_it_name() {
    let map = map(&[
        ("lib.rs", "mod a; mod b; pub use b::X;"),
        ("a.rs", "use crate::b; fn f() { b::x() }"),
        ("b/mod.rs", "mod x; pub use x::{X, x};"),
        ("b/x.rs", "pub struct X; pub fn x() {}"),
    ]);
    assert_eq!(arrows(&map), ["a>b::x"]);
}

#[test]
fn what_a_parent_re_exports_it_names_only_by_using_it() {
    let map = |text: &str| {
        let root = format!("mod b; pub use b::{{B, make}}; {text}");
        arrows(&map(&[("lib.rs", &root), ("b.rs", "pub struct B; pub fn make() {}")]))
    };
    assert_eq!(map("struct S { make: u8 } fn f(s: S) { s.make }"), Vec::<String>::new());
    assert_eq!(map("struct S { make: B }"), [">b"]);
    assert_eq!(map("fn f() { make() }"), [">b"]);
}

#[test]
fn a_private_import_is_not_seen_from_outside() {
    let map = map(&[
        ("lib.rs", "mod a; mod b; pub use a::*; pub use b::*;"),
        ("a.rs", "use crate::B;"),
        ("b.rs", "pub struct B;"),
    ]);
    assert_eq!(arrows(&map), ["a>b"]);
}

#[test]
fn imports_in_a_circle_end() {
    let map = map(&[
        ("lib.rs", "mod a; pub use a::*;"),
        ("a.rs", "pub use super::*; pub use crate::Gone; fn f(x: Missing, y: Gone) {}"),
    ]);
    assert_eq!(arrows(&map), ["a>"], "Gone can only come from a macro of the root's");
}

#[test]
fn a_module_and_a_function_may_share_a_name() {
    let map = map(&[
        ("lib.rs", "mod x; mod y; mod z; pub use x::x;"),
        ("x/mod.rs", "mod inner; pub use inner::{X, x};"),
        ("x/inner.rs", "pub fn x() {} pub struct X;"),
        ("y.rs", "use crate::x;"),
        ("z.rs", "use crate::x::X;"),
    ]);
    assert_eq!(arrows(&map), ["y>x::inner", "z>x::inner"]);
}

#[test]
fn a_method_away_from_its_type_is_named_by_who_calls_it() {
    let files = |call| {
        [
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a.rs", "pub struct A; impl A { pub fn home(&self) {} }"),
            (
                "b.rs",
                "use crate::a::A; impl A { pub fn away(&self) {} pub fn twice(&self) {} fn both(&self) {} }",
            ),
            ("c.rs", call),
            ("d.rs", "struct D; impl D { fn twice(&self) {} } use crate::a::A; impl A { fn both(&self) {} }"),
        ]
    };
    let from_c =
        |call| arrows(&map(&files(call))).into_iter().filter(|arrow| arrow.starts_with("c>")).collect();
    let none: Vec<String> = from_c("fn f(a: u8) { a.twice(); a.both(); a.away; a.home() }");
    assert!(none.is_empty(), "{none:?}");
    assert_eq!(from_c("fn f(a: u8) { a.away() }"), ["c>b"]);
    assert_eq!(from_c("fn f(a: u8) { crate::a::A::twice(a) }"), ["c>a", "c>b"]);
}

#[test]
fn programs_beside_a_library_have_roots_of_their_own() {
    let map = map(&[
        ("lib.rs", "mod a; pub struct L;"),
        ("a.rs", "use crate::L;"),
        ("main.rs", "mod b; struct M;"),
        ("b.rs", "use crate::M; use house::L;"),
    ]);
    assert_eq!(arrows(&map), ["a>", "main::b>main"]);
    assert_eq!(map.rooms.nodes, 4);
}

#[test]
fn arrows_up_go_to_an_ancestor_or_against_the_best_order() {
    let up = |files: &[(&str, &str)]| map(files).arrows_up().into_keys().collect::<Vec<_>>();
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let straight =
        [("lib.rs", "mod a; mod b; use b::B;"), ("a.rs", "use crate::b::B;"), ("b.rs", "pub struct B;")];
    assert_eq!(up(&straight), []);
    let to_parent = [("lib.rs", "mod a;"), ("a/mod.rs", "mod b; struct A;"), ("a/b.rs", "use super::A;")];
    assert_eq!(up(&to_parent), [pair("house::a::b", "house::a")]);
    let one_back = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::{b::B, c::C}; pub struct A;"),
        ("b.rs", "use crate::c::C; pub struct B;"),
        ("c.rs", "use crate::a::A; pub struct C;"),
    ];
    assert_eq!(up(&one_back), [pair("house::c", "house::a")], "not the two others");
}

#[test]
fn circles_of_files_and_of_rooms_are_found() {
    let knot = map(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::a::A; pub struct B;"),
        ("c.rs", "use crate::a::A;"),
    ]);
    assert_eq!(knot.circles(), [["house::a", "house::b"]]);
    let rooms = map(&[
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod x; pub mod w;"),
        ("a/x.rs", "use crate::b::y::Y;"),
        ("a/w.rs", "pub struct W;"),
        ("b/mod.rs", "pub mod y; mod z;"),
        ("b/y.rs", "pub struct Y;"),
        ("b/z.rs", "use crate::a::w::W;"),
    ]);
    assert_eq!((rooms.files.circles.len(), rooms.rooms.circles.len()), (0, 1));
    assert_eq!(rooms.circles(), [["house::a", "house::b"]]);
}

#[test]
fn functions_that_take_a_world_are_counted() {
    let map = map(&[
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "use sealgate_authority::Authority; type Shared = State<Arc<Authority>>;
             fn one(a: &Authority) {} fn two(a: Arc<Authority>, b: u8) {} fn three(State(a): Shared) {}
             fn four(a: &sealgate_authority::Authority) {} struct Holder<'a> { a: &'a Authority }
             impl Holder<'_> { fn no(&self) {} fn five(a: &Arc<Authority>) {} }
             #[cfg(test)] fn not_counted(a: &Authority) {}",
        ),
        (
            "b.rs",
            "struct Authority; use other::Control; fn no(a: &Authority, b: KeyUse::Authority, c: Control) {}",
        ),
    ]);
    assert_eq!((map.worlds.functions, map.worlds.methods, map.worlds.holders), (5, 0, 1));
}

#[test]
fn a_circle_is_found_and_each_arrow_up_needs_a_reason() {
    let circle = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ];
    let messages = |rules: &Rules, files: &[(&str, &str)]| -> Vec<String> {
        rules.check(&[map(files)]).into_iter().map(|finding| finding.message).collect()
    };
    let found = messages(&Rules { up: &[] }, &circle);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("circle") && found[1].contains("arrow up"));

    let up = [("lib.rs", "mod a; struct L;"), ("a.rs", "use crate::L;")];
    assert!(messages(&Rules { up: &[("house::a", "house", "why")] }, &up).is_empty());
    assert_eq!(messages(&Rules { up: &[] }, &up).len(), 1);
}

#[test]
fn rows_that_nobody_uses_and_too_many_rows_are_found() {
    let messages = |rules: &Rules| -> Vec<String> {
        let map = map(&[("lib.rs", "mod a; struct L;"), ("a.rs", "use crate::L;")]);
        rules.check(&[map]).into_iter().map(|finding| finding.message).collect()
    };
    assert!(messages(&Rules { up: &[("house", "house::a", "why")] }).iter().any(|m| m.contains("stale")));
    assert!(messages(&Rules { up: &[("house::a", "house", "why"); 10] }).is_empty());
    assert!(messages(&Rules { up: &[("house::a", "house", "why"); 11] })[0].contains("11 rows"));
}
