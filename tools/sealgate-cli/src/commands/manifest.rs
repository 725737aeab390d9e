//! `sealgate manifest`: which modules a license may have beside those of releases.

use sealgate_artifact::{Code, LicenseId, limits};
use sealgate_wire::{ApprovalView, ApprovalsChanged, DecideModules, SubmitModules};

use super::{lists, modules};
use crate::args::{DecideArgs, Global, ManifestCommand};
use crate::client::{Client, filters};
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::names;
use crate::output::{Output, say};

pub(crate) fn run(global: &Global, command: &ManifestCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    match command {
        ManifestCommand::List { license, app, status, part } => {
            let license = license.as_deref().map(|named| client.license_id(named)).transpose()?;
            let filters = filters(&[
                ("license_id", &license.map(|id| id.to_string())),
                ("app_id", &names::app_field(app.as_deref())?),
                ("status", status),
            ]);
            let none = "no modules; a device that is refused for its modules leaves them here";
            lists::print(&client, ("/api/v1/approvals", &filters, none), part, output, |approvals| {
                say!("{}", table(approvals));
            })
        }
        ManifestCommand::Submit { license, files } => {
            let id = client.license_id(license)?;
            let list: Result<Vec<_>, Failure> =
                files.iter().map(|file| Ok(modules::hash(file, file, output)?.module)).collect();
            let wish = SubmitModules { modules: list? };
            let named = wish.modules.len() as u64;
            let changed: ApprovalsChanged = client.post_once(&path(id), &wish)?;
            output.result(&changed, |changed| {
                let others =
                    if changed.changed < named { "; the license had the others already" } else { "" };
                say!("{} of {named} now wait for your decision{others}", changed.changed);
            });
            Ok(())
        }
        ManifestCommand::Approve(args) => {
            decide(&client, args, &Deed { path: "approve", from: "pending", done: "approved" }, output)
        }
        ManifestCommand::Reject(args) => {
            decide(&client, args, &Deed { path: "reject", from: "pending", done: "rejected" }, output)
        }
        ManifestCommand::Revoke(args) => {
            decide(&client, args, &Deed { path: "reject", from: "approved", done: "revoked" }, output)
        }
    }
}

fn path(license: LicenseId) -> String {
    format!("/api/v1/licenses/{license}/approvals")
}

/// What is decided about modules: how the API calls it, about which of them, and what is then to be said.
struct Deed {
    path: &'static str,
    from: &'static str,
    done: &'static str,
}

fn decide(client: &Client, args: &DecideArgs, deed: &Deed, output: &Output) -> Result<(), Failure> {
    let license = client.license_id(&args.license)?;
    let all: Vec<ApprovalView> =
        client.get_all(&format!("/api/v1/approvals?limit=200&license_id={license}"))?;
    let mut chosen = vec![];
    if args.all {
        chosen.extend(all.into_iter().filter(|module| module.status == deed.from));
    } else {
        for id in &args.approvals {
            let found = all.iter().find(|module| module.approval_id == *id);
            let unknown = || {
                let why = format!("the license has no module {id}");
                Failure::new(Code::NotFound, why).fix("`sealgate manifest list --license KEY` shows them")
            };
            chosen.push(found.ok_or_else(unknown)?.clone());
        }
    }
    let mut changed = ApprovalsChanged { license_id: license.to_string(), changed: 0 };
    if !chosen.is_empty() {
        // Whoever names modules one by one has seen them. What ends rights is shown and asked for all the same.
        if args.all || deed.done == "revoked" {
            let question = format!("These modules are to be {} for this license. Go on?", deed.done);
            let why = "it decides what this license's devices may run";
            Consent::new(args.yes, output).ask_seen(|| Ok(table(&chosen)), &question, why)?;
        }
        for some in chosen.chunks(limits::MODULES) {
            let wish = DecideModules {
                approval_ids: some.iter().map(|module| module.approval_id.clone()).collect(),
                reason: args.reason.clone(),
            };
            let part: ApprovalsChanged =
                client.post_once(&format!("{}/{}", path(license), deed.path), &wish)?;
            changed.changed += part.changed;
        }
    }
    output.result(&changed, |changed| deed.tell(changed.changed, chosen.len() as u64));
    Ok(())
}

impl Deed {
    /// How many modules were changed of those that were meant, and what devices notice of it.
    fn tell(&self, changed: u64, meant: u64) {
        match (meant, changed) {
            (0, _) => say!("nothing was changed: the license has no module that is {}", self.from),
            (_, 0) => say!("nothing was changed: this was decided before"),
            (meant, changed) if changed < meant => {
                say!("{changed} {}; the others were decided so before", self.done);
            }
            (_, changed) => say!("{changed} {}", self.done),
        }
        match self.done {
            "approved" if changed > 0 => say!("\nDevices that were refused can be activated again."),
            "revoked" if changed > 0 => {
                say!("\nDevices that are active go on with what they have, until they are activated again.");
            }
            _ => {}
        }
    }
}

fn table(approvals: &[ApprovalView]) -> String {
    let row = |module: &ApprovalView| {
        vec![
            module.approval_id.clone(),
            module.license_id.clone(),
            module.status.clone(),
            module.source.clone(),
            module.name.clone(),
            module.version.clone().unwrap_or_default(),
            module.signer.clone().unwrap_or_default(),
            module.sha256.clone(),
        ]
    };
    let head = ["APPROVAL", "LICENSE", "STATUS", "NAMED BY", "FILE", "VERSION", "SIGNER", "SHA-256"];
    Output::table_text(&head, approvals.iter().map(row))
}
