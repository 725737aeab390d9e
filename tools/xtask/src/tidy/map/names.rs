//! What a path means: the module that defines it, through every import and re-export on the way.

use super::modules::{Modules, Scope};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A module itself.
    Module(usize),
    /// Something that the module defines, perhaps by a macro, and the segment behind it.
    Item { scope: usize, name: String, next: Option<String> },
    /// Something of another crate, by its full path.
    Outside(Vec<String>),
}

/// A search: names that were looked up on the way, so that imports in a circle end; none is looked up twice.
#[derive(Default)]
struct Search<'a> {
    seen: Vec<(usize, &'a str)>,
}

impl Modules {
    /// What the path leads to, as seen from a module. Nothing for a local name, or one that only a macro knows.
    pub(super) fn resolve(&self, from: usize, segments: &[String]) -> Option<Target> {
        self.follow(from, segments, Wanted::Anything, &mut Search::default())
    }

    /// The same of a name that the module imports in whichever way, but does not define.
    pub(super) fn resolve_imported(&self, from: usize, name: &str) -> Option<Target> {
        if self.scopes[from].defined.contains(name) {
            return None;
        }
        self.imported(from, name, Visible::All, &mut Search::default())
    }

    fn follow<'a>(
        &'a self,
        from: usize,
        segments: &'a [String],
        wanted: Wanted,
        search: &mut Search<'a>,
    ) -> Option<Target> {
        let (first, rest) = segments.split_first()?;
        let start = match first.as_str() {
            "crate" => Target::Module(self.root_of(from)),
            "self" => Target::Module(from),
            "super" => Target::Module(self.scopes[from].parent?),
            "Self" => return None,
            name => match self.look_up(from, name, wanted.at(rest), Visible::All, search) {
                Some(target) => target,
                None if rest.is_empty() => return None,
                None => return Some(Target::Outside(segments.to_vec())),
            },
        };
        self.go_on(start, rest, wanted, search)
    }

    fn go_on<'a>(
        &'a self,
        at: Target,
        rest: &'a [String],
        wanted: Wanted,
        search: &mut Search<'a>,
    ) -> Option<Target> {
        let Some((first, behind)) = rest.split_first() else { return Some(at) };
        match at {
            Target::Module(scope) if first == "super" => {
                self.go_on(Target::Module(self.scopes[scope].parent?), behind, wanted, search)
            }
            Target::Module(scope) => {
                let next = self.look_up(scope, first, wanted.at(behind), Visible::All, search);
                // A name that is not there is one that a macro makes.
                let made = || Target::Item { scope, name: first.clone(), next: None };
                self.go_on(next.unwrap_or_else(made), behind, wanted, search)
            }
            Target::Item { scope, name, .. } => Some(Target::Item { scope, name, next: Some(first.clone()) }),
            Target::Outside(path) => Some(Target::Outside([&path, rest].concat())),
        }
    }

    /// A module and a function may share a name.
    fn look_up<'a>(
        &'a self,
        at: usize,
        name: &'a str,
        wanted: Wanted,
        visible: Visible,
        search: &mut Search<'a>,
    ) -> Option<Target> {
        let scope = &self.scopes[at];
        let child = scope.children.get(name).map(|child| Target::Module(*child));
        if child.is_some() && wanted == Wanted::Module {
            return child;
        }
        let item = || Target::Item { scope: at, name: name.to_owned(), next: None };
        let defined = scope.defined.contains(name).then(item);
        defined.or_else(|| self.imported(at, name, visible, search)).or(child)
    }

    fn imported<'a>(
        &'a self,
        at: usize,
        name: &'a str,
        visible: Visible,
        search: &mut Search<'a>,
    ) -> Option<Target> {
        if search.seen.contains(&(at, name)) {
            return None;
        }
        search.seen.push((at, name));
        let scope = &self.scopes[at];
        let import = scope.imports.get(name).filter(|import| import.exported || visible == Visible::All);
        let named = import.and_then(|import| self.follow(at, &import.segments, Wanted::Anything, search));
        named.or_else(|| scope.globs.iter().find_map(|glob| self.in_glob(at, glob, name, search)))
    }

    fn in_glob<'a>(
        &'a self,
        at: usize,
        glob: &'a [String],
        name: &'a str,
        search: &mut Search<'a>,
    ) -> Option<Target> {
        match self.follow(at, glob, Wanted::Module, search)? {
            Target::Module(scope) if scope != at => {
                let visible = if self.is_below(at, scope) { Visible::All } else { Visible::Exported };
                self.look_up(scope, name, Wanted::Anything, visible, search)
            }
            _ => None,
        }
    }

    fn is_below(&self, scope: usize, above: usize) -> bool {
        self.scopes[scope].parent.is_some_and(|parent| parent == above || self.is_below(parent, above))
    }

    fn root_of(&self, scope: usize) -> usize {
        self.scopes[scope].parent.map_or(scope, |parent| self.root_of(parent))
    }
}

/// What a name is expected to be: what goes on or is imported whole is the module, what ends may be a function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Module,
    Anything,
}

impl Wanted {
    /// For a segment before these.
    fn at(self, rest: &[String]) -> Self {
        if rest.is_empty() { self } else { Self::Module }
    }
}

/// Which imports of a module are seen: a module below sees the private ones too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visible {
    All,
    Exported,
}

impl Scope {
    /// Whether the module only declares and re-exports others, so that naming it names nothing yet.
    pub(super) fn is_a_list(&self) -> bool {
        self.items.is_empty()
    }
}
