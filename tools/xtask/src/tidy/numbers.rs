//! How long a file and a function may be.

use super::Finding;
use super::tree::{Source, Tree};
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 80;

/// Every Rust file and function above its limit; generated code is exempt.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.sources.iter().filter(|source| !source.is_generated()).flat_map(check_source).collect()
}

fn check_source(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = source.text.lines().count();
    if lines > FILE_LINES {
        findings.push(Finding::new(
            &source.path,
            lines,
            format!("{lines} lines; a file has at most {FILE_LINES}"),
        ));
    }
    match syn::parse_file(&source.text) {
        Ok(file) => {
            let mut functions = Functions { path: &source.path, findings: &mut findings };
            functions.visit_file(&file);
        }
        Err(error) => {
            findings.push(Finding::new(
                &source.path,
                error.span().start().line,
                format!("is not Rust: {error}"),
            ));
        }
    }
    findings
}

struct Functions<'a> {
    path: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl Functions<'_> {
    /// From the signature to the closing brace: documentation above a function is never too long.
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let start = signature.span().start().line;
        let lines = last_line(block.span()) - start + 1;
        if lines > FUNCTION_LINES {
            let message =
                format!("`{}` has {lines} lines; a function has at most {FUNCTION_LINES}", signature.ident);
            self.findings.push(Finding::new(self.path, start, message));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.measure(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

fn last_line(span: Span) -> usize {
    span.end().line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        check(&Tree::of(&[("a.rs", text)])).into_iter().map(|finding| finding.message).collect()
    }

    /// A function of exactly this many lines.
    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    g();\n".repeat(lines - 2))
    }

    #[test]
    fn the_limits_themselves_pass_and_one_more_line_does_not() {
        assert!(messages(&"// x\n".repeat(FILE_LINES)).is_empty());
        assert!(messages(&"// x\n".repeat(FILE_LINES + 1))[0].contains("a file"));
        assert!(messages(&function(FUNCTION_LINES)).is_empty());
        assert!(messages(&function(FUNCTION_LINES + 1))[0].contains("`long` has 81 lines"));
    }

    #[test]
    fn methods_and_nested_functions_count() {
        let long = function(FUNCTION_LINES + 1);
        assert_eq!(messages(&format!("struct S; impl S {{ {long} }}")).len(), 1);
        assert_eq!(messages(&format!("trait T {{ {long} }}")).len(), 1);
        assert_eq!(messages(&format!("mod m {{ fn outer() {{ {long} }} }}")).len(), 2);
    }

    #[test]
    fn generated_code_is_exempt_and_broken_code_is_found() {
        assert!(messages(&format!("// @generated\n{}", function(200))).is_empty());
        assert!(messages("fn (")[0].contains("is not Rust"));
    }
}
