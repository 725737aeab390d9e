//! Lists of modules as vendors write them (`spec/activation.md` §2.2).

use sealgate_artifact::{Module, decode_hex, limits};
use sealgate_authority::AuthorityError;
use sealgate_wire::ListedModule;

/// The modules of a list, in their order.
pub(crate) fn parse(list: &[ListedModule]) -> Result<Vec<Module>, AuthorityError> {
    let invalid = |why| AuthorityError::Invalid { field: "modules", why };
    if list.len() > limits::MODULES {
        return Err(invalid("at most 1,024"));
    }
    let malformed = "each with a name of 1 to 128 bytes without folders, 64 lower-case hexadecimal digits, and a version and a \
                     signer of 1 to 64 bytes if any; no control characters";
    let module = |module: &ListedModule| {
        let ListedModule { name, sha256, version, signer } = module.clone();
        let module = Module { name, sha256: decode_hex(&sha256)?, version, signer };
        module.is_well_formed().then_some(module)
    };
    let modules: Option<Vec<Module>> = list.iter().map(module).collect();
    let mut modules = modules.ok_or_else(|| invalid(malformed))?;
    modules.sort();
    if modules.windows(2).any(|two| (&two[0].name, two[0].sha256) == (&two[1].name, two[1].sha256)) {
        return Err(invalid("no two with the same name and SHA-256"));
    }
    if Module::text_of_list(&modules).len() > limits::ATTACHMENT_BYTES {
        return Err(invalid("at most 262,144 bytes, as a list in a statement has them"));
    }
    Ok(modules)
}
