//! The arrows between a crate's modules: A → B where A names something that B defines.

use super::super::paths::{NamedPath, Role};
use super::modules::Modules;
use super::names::Target;
use std::collections::{BTreeMap, BTreeSet};
use syn::{ImplItem, Item, TraitItem, Type};

/// Pairs of files, each with the first place where the one names the other.
pub(super) type Arrows = BTreeMap<(usize, usize), Place>;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) line: usize,
}

/// Every arrow between two different files.
///
/// - A private `use`, and every path in a body, a type or a macro's tokens, is an arrow to the module that *defines*
///   what it names: re-exports on the way are followed.
/// - A path that ends at a module is an arrow to its file, unless that file only declares and re-exports: then what is
///   named through it counts.
/// - A `pub use` of something below the module is a table of contents and no arrow; any other `pub use` is one.
/// - A method that stands in an `impl` away from its type is named by `Type::method`, and by `.method()` where no other
///   type of the crate has a method of that name.
pub(super) fn arrows(modules: &Modules) -> Arrows {
    let strays = Strays::of(modules);
    let mut arrows = Arrows::new();
    for (at, scope) in modules.scopes.iter().enumerate() {
        for path in &scope.paths {
            for to in targets(modules, &strays, at, path) {
                let place = || Place { path: modules.files[scope.file].path.clone(), line: path.line };
                if to != scope.file {
                    arrows.entry((scope.file, to)).or_insert_with(place);
                }
            }
        }
    }
    arrows
}

fn targets(modules: &Modules, strays: &Strays, at: usize, path: &NamedPath) -> Vec<usize> {
    let scope = &modules.scopes[at];
    let is_bare = |segment: &String| matches!(segment.as_str(), "as" | "*" | "self");
    let end = path.segments.iter().rposition(|segment| !is_bare(segment)).map_or(0, |last| last + 1);
    let target = match &path.segments[..end] {
        _ if matches!(path.role, Role::Declared | Role::Field) => None,
        [name] if path.role == Role::Called => return strays.only(name).into_iter().collect(),
        // An import is an arrow where it stands; a re-export and a glob are not yet.
        [name] if scope.imports.get(name).is_none_or(|import| import.exported) => {
            modules.resolve_imported(at, name)
        }
        [] | [_] => None,
        segments => modules.resolve(at, segments),
    };
    let mut found = Vec::new();
    match target {
        Some(Target::Module(module)) if !modules.scopes[module].is_a_list() => {
            found.push(modules.scopes[module].file);
        }
        Some(Target::Item { scope, name, next }) => {
            let file = modules.scopes[scope].file;
            found.push(file);
            found.extend(next.and_then(|method| strays.of_type(file, &name, &method)));
        }
        _ => {}
    }
    found.retain(|to| path.role != Role::Exported || !modules.is_within(*to, scope.file));
    found
}

/// Methods in an `impl` that stands in another file than its type.
#[derive(Default)]
struct Strays {
    by_type: BTreeMap<(usize, String, String), usize>,
    /// Every method's name, with the files of the strays among them; `None` is a method at home.
    by_name: BTreeMap<String, BTreeSet<Option<usize>>>,
}

impl Strays {
    fn of(modules: &Modules) -> Self {
        let mut strays = Self::default();
        for (at, scope) in modules.scopes.iter().enumerate() {
            for item in &scope.items {
                match item {
                    Item::Impl(block) => strays.add(modules, at, block),
                    Item::Trait(item) => {
                        let methods = item.items.iter().filter_map(|item| match item {
                            TraitItem::Fn(method) => Some(method.sig.ident.to_string()),
                            _ => None,
                        });
                        methods.for_each(|name| {
                            strays.by_name.entry(name).or_default().insert(None);
                        });
                    }
                    _ => {}
                }
            }
        }
        strays
    }

    fn add(&mut self, modules: &Modules, at: usize, block: &syn::ItemImpl) {
        let here = modules.scopes[at].file;
        let home = type_path(&block.self_ty).and_then(|path| modules.resolve(at, &path));
        let home = match home {
            Some(Target::Item { scope, name, .. }) if block.trait_.is_none() => {
                Some((modules.scopes[scope].file, name)).filter(|(file, _)| *file != here)
            }
            _ => None,
        };
        for item in &block.items {
            let ImplItem::Fn(method) = item else { continue };
            let name = method.sig.ident.to_string();
            self.by_name.entry(name.clone()).or_default().insert(home.as_ref().map(|_| here));
            if let Some((file, type_name)) = &home {
                self.by_type.insert((*file, type_name.clone(), name), here);
            }
        }
    }

    fn of_type(&self, file: usize, type_name: &str, method: &str) -> Option<usize> {
        self.by_type.get(&(file, type_name.to_owned(), method.to_owned())).copied()
    }

    /// The file of the only method of that name.
    fn only(&self, method: &str) -> Option<usize> {
        let files = self.by_name.get(method)?;
        if files.len() == 1 { *files.first()? } else { None }
    }
}

/// The segments of a type that is a plain path.
pub(super) fn type_path(of: &Type) -> Option<Vec<String>> {
    match of {
        Type::Path(path) if path.qself.is_none() => Some(segments(&path.path)),
        _ => None,
    }
}

/// A path's names, without what they are generic over.
pub(super) fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}
