//! Modules that a server did not approve, as somebody says.

use sealgate_artifact::{Module, decode_hex, limits};
use sealgate_wire::ModuleView;

/// Those of an answer that read. The rest says nothing about rights, and is passed over. Whatever would steer a terminal is no
/// module.
pub(crate) fn modules(views: Vec<ModuleView>) -> Vec<Module> {
    let module = |view: ModuleView| {
        let sha256 = decode_hex(&view.sha256)?;
        let module = Module { name: view.name, sha256, version: view.version, signer: view.signer };
        module.is_well_formed().then_some(module)
    };
    views.into_iter().take(limits::MODULES).filter_map(module).collect()
}
