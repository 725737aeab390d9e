//! The modules of a crate: which file each lies in, what it defines and imports, and every path in it.

use super::super::paths::{NamedPath, paths_of, without_tests};
use super::super::tree::Tree;
use harness::failure::{Doing, Failure, Result};
use proc_macro2::TokenStream;
use std::collections::{BTreeMap, BTreeSet};
use syn::{Item, UseTree};

/// A crate's modules, without those that only tests see.
#[derive(Default)]
pub(super) struct Modules {
    /// One for each file, parents before children.
    pub(super) files: Vec<File>,
    /// One for each module, those written out in a file (`mod a { … }`) too.
    pub(super) scopes: Vec<Scope>,
}

/// A module with a file of its own.
pub(super) struct File {
    /// Below the crate's root, such as `keys::ring`. Empty for the crate's root, `main` for a program beside a library.
    pub(super) name: String,
    /// Relative to the workspace's root.
    pub(super) path: String,
    pub(super) parent: Option<usize>,
}

/// What names mean within a module.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) file: usize,
    pub(super) parent: Option<usize>,
    pub(super) children: BTreeMap<String, usize>,
    /// What it defines, modules aside.
    pub(super) defined: BTreeSet<String>,
    pub(super) imports: BTreeMap<String, Import>,
    /// Modules of which it imports everything.
    pub(super) globs: Vec<Vec<String>>,
    pub(super) paths: Vec<NamedPath>,
    pub(super) items: Vec<Item>,
}

/// What a name that was imported stands for.
pub(super) struct Import {
    pub(super) segments: Vec<String>,
    pub(super) exported: bool,
}

impl Modules {
    /// Follows `mod` from each root file of a crate: its library and its programs.
    pub(super) fn read(tree: &Tree, roots: &[String]) -> Result<Self> {
        let texts = tree.sources.iter().map(|source| (source.path.as_str(), source.text.as_str())).collect();
        let mut reader = Reader { texts, modules: Self::default() };
        for root in roots {
            let (folder, stem) = split(root);
            let is_the_crate = stem == "lib" || roots.len() == 1;
            let name = if is_the_crate { String::new() } else { stem.to_owned() };
            reader.read_file(root, name, folder, None)?;
        }
        Ok(reader.modules)
    }

    /// Whether `file` is `ancestor` or lies anywhere below it.
    pub(super) fn is_within(&self, file: usize, ancestor: usize) -> bool {
        file == ancestor || self.files[file].parent.is_some_and(|parent| self.is_within(parent, ancestor))
    }

    /// The room of a file: the child of the crate's root that it is or lies in, or the root.
    pub(super) fn room(&self, file: usize) -> usize {
        match self.files[file].parent {
            Some(parent) if self.files[parent].parent.is_some() => self.room(parent),
            _ => file,
        }
    }
}

struct Reader<'a> {
    texts: BTreeMap<&'a str, &'a str>,
    modules: Modules,
}

impl Reader<'_> {
    /// `folder` is where the files of its children lie.
    fn read_file(&mut self, path: &str, name: String, folder: &str, parent: Option<usize>) -> Result<usize> {
        let text = self.texts.get(path).ok_or_else(|| Failure::new(format!("{path} is not in the tree")))?;
        let tokens: TokenStream = text.parse().doing(format_args!("read the tokens of {path}"))?;
        let tokens = without_tests(tokens);
        let parsed: syn::File = syn::parse2(tokens.clone()).doing(format_args!("read {path}"))?;

        let file = self.modules.files.len();
        let above = parent.map(|scope| self.modules.scopes[scope].file);
        self.modules.files.push(File { name, path: path.to_owned(), parent: above });
        let scope = self.read_scope(file, parent, parsed.items, folder)?;
        for path in paths_of(tokens) {
            let inner = path.inside.iter().try_fold(scope, |at, name| {
                self.modules.scopes[at].children.get(name).copied() // nothing for modules that macros write
            });
            self.modules.scopes[inner.unwrap_or(scope)].paths.push(path);
        }
        Ok(scope)
    }

    fn read_scope(
        &mut self,
        file: usize,
        parent: Option<usize>,
        items: Vec<Item>,
        folder: &str,
    ) -> Result<usize> {
        let scope = self.modules.scopes.len();
        self.modules.scopes.push(Scope { file, parent, ..Scope::default() });
        let mut kept = Vec::new();
        for item in items {
            match item {
                Item::Mod(module) => {
                    let name = module.ident.to_string();
                    let inner_folder = format!("{folder}/{name}");
                    let child = match module.content {
                        Some((_, items)) => self.read_scope(file, Some(scope), items, &inner_folder)?,
                        None => self.read_child(file, scope, &name, &inner_folder)?,
                    };
                    self.modules.scopes[scope].children.insert(name, child);
                }
                Item::Use(item) => {
                    let exported = !matches!(item.vis, syn::Visibility::Inherited);
                    self.modules.scopes[scope].import(&item.tree, &[], exported);
                }
                item => {
                    self.modules.scopes[scope].defined.extend(defined_name(&item));
                    kept.push(item);
                }
            }
        }
        self.modules.scopes[scope].items = kept;
        Ok(scope)
    }

    fn read_child(&mut self, file: usize, scope: usize, name: &str, folder: &str) -> Result<usize> {
        let candidates = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
        let Some(path) = candidates.iter().find(|path| self.texts.contains_key(path.as_str())) else {
            let from = &self.modules.files[file].path;
            return Err(Failure::new(format!("{from} declares {name}, and there is no {}", candidates[0])));
        };
        let parent = &self.modules.files[file].name;
        let full = if parent.is_empty() { name.to_owned() } else { format!("{parent}::{name}") };
        self.read_file(path, full, folder, Some(scope))
    }
}

impl Scope {
    fn import(&mut self, tree: &UseTree, prefix: &[String], exported: bool) {
        let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &with(&path.ident), exported),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, prefix, exported)),
            UseTree::Glob(_) => self.globs.push(prefix.to_vec()),
            UseTree::Name(name) if name.ident == "self" => {
                if let Some(last) = prefix.last().cloned() {
                    self.imports.insert(last, Import { segments: prefix.to_vec(), exported });
                }
            }
            UseTree::Name(name) => {
                self.imports.insert(name.ident.to_string(), Import { segments: with(&name.ident), exported });
            }
            UseTree::Rename(name) => {
                let segments = if name.ident == "self" { prefix.to_vec() } else { with(&name.ident) };
                self.imports.insert(name.rename.to_string(), Import { segments, exported });
            }
        }
    }
}

fn defined_name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

fn split(path: &str) -> (&str, &str) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    (folder, name.strip_suffix(".rs").unwrap_or(name))
}
