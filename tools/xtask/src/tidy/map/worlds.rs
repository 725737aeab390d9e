//! Functions that are handed a whole world: a struct through which everything can be reached.

use super::arrows::{segments, type_path};
use super::modules::Modules;
use super::names::Target;
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{FnArg, Item, Type};

/// The worlds, each with the crate that defines it. One whose crate or struct does not exist is in nobody's way.
const WORLDS: &[(&str, &str)] =
    &[("sealgate-authority", "Authority"), ("sealgate-control", "Control"), ("sealgate-runtime", "Runtime")];

/// How often a crate hands a world on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Worlds {
    /// Functions and methods with a parameter whose type names a world: `&Authority`, `State<Arc<Authority>>`
    pub(super) functions: usize,
    /// Methods of a world itself that take `self`
    pub(super) methods: usize,
    /// Structs of others with a field whose type names a world
    pub(super) holders: usize,
}

/// Counts in one crate. Closures, and functions that macros write, are not seen.
pub(super) fn worlds(krate: &str, modules: &Modules) -> Worlds {
    let mut known = Known { krate, modules, aliases: BTreeSet::new() };
    for (at, scope) in modules.scopes.iter().enumerate() {
        for item in &scope.items {
            if let Item::Type(alias) = item
                && known.mentions(at, &alias.ty)
            {
                known.aliases.insert((at, alias.ident.to_string()));
            }
        }
    }
    let mut counter = Counter { known: &known, at: 0, in_world: false, worlds: Worlds::default() };
    for (at, scope) in modules.scopes.iter().enumerate() {
        counter.at = at;
        scope.items.iter().for_each(|item| counter.visit_item(item));
    }
    counter.worlds
}

struct Known<'a> {
    krate: &'a str,
    modules: &'a Modules,
    /// `type` items that name a world
    aliases: BTreeSet<(usize, String)>,
}

impl Known<'_> {
    fn mentions(&self, at: usize, of: &Type) -> bool {
        let mut search = Search { known: self, at, found: false };
        search.visit_type(of);
        search.found
    }

    fn is_world(&self, at: usize, path: &[String]) -> bool {
        match self.modules.resolve(at, path) {
            Some(Target::Item { scope, name, next: None }) => {
                self.aliases.contains(&(scope, name.clone())) || WORLDS.contains(&(self.krate, name.as_str()))
            }
            Some(Target::Outside(path)) => WORLDS.iter().any(|(krate, name)| {
                path.first().is_some_and(|first| *first == krate.replace('-', "_"))
                    && path.last().is_some_and(|last| last == name)
            }),
            _ => false,
        }
    }
}

struct Search<'a> {
    known: &'a Known<'a>,
    at: usize,
    found: bool,
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_type_path(&mut self, path: &'ast syn::TypePath) {
        self.found |= self.known.is_world(self.at, &segments(&path.path));
        visit::visit_type_path(self, path);
    }
}

struct Counter<'a> {
    known: &'a Known<'a>,
    at: usize,
    in_world: bool,
    worlds: Worlds,
}

impl<'ast> Visit<'ast> for Counter<'_> {
    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        let takes = signature.inputs.iter().any(|input| match input {
            FnArg::Typed(parameter) => self.known.mentions(self.at, &parameter.ty),
            FnArg::Receiver(_) => false,
        });
        let has_self = matches!(signature.inputs.first(), Some(FnArg::Receiver(_)));
        self.worlds.functions += usize::from(takes);
        self.worlds.methods += usize::from(self.in_world && has_self);
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        let path = type_path(&block.self_ty);
        self.in_world = path.is_some_and(|path| self.known.is_world(self.at, &path));
        visit::visit_item_impl(self, block);
        self.in_world = false;
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        let holds = item.fields.iter().any(|field| self.known.mentions(self.at, &field.ty));
        self.worlds.holders += usize::from(holds);
    }
}
