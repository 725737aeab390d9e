//! `sealgate release`.

use sealgate_artifact::{Code, ModuleNote};
use sealgate_terminal::raw;
use sealgate_wire::{KeyView, PublishRelease, Reason, ReleaseView};
use serde::Serialize;

use super::lists;
use super::modules::{self, Marked};
use crate::args::{Global, MarkArgs, PartArgs, PublishArgs, ReleaseCommand};
use crate::client::{Client, filters, quoted};
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::names;
use crate::output::{Output, say};

pub(crate) fn run(global: &Global, command: &ReleaseCommand, output: &Output) -> Result<(), Failure> {
    match command {
        ReleaseCommand::Publish(args) => publish(&Client::new(global)?, args, output),
        ReleaseCommand::Mark(args) => mark(global, args, output),
        ReleaseCommand::List { app, part } => list(&Client::new(global)?, (app.as_deref(), part), output),
        ReleaseCommand::Show { release_id, statement } => {
            let (client, path) = (Client::new(global)?, path(release_id));
            if *statement {
                raw(&client.get_bytes(&format!("{path}/statement"))?);
                return Ok(());
            }
            let release: ReleaseView = client.get(&path)?;
            output.result(&release, print);
            Ok(())
        }
        ReleaseCommand::Revoke { release_id, reason, yes } => {
            let (client, path) = (Client::new(global)?, path(release_id));
            let seen = || Ok(Output::pairs_text(&pairs(&client.get(&path)?)));
            let question = "Revoke this release? Devices with its modules are then not activated any more.";
            Consent::new(*yes, output).ask_seen(seen, question, "revoking a release cannot be undone")?;
            let wish = Reason { reason: reason.clone() };
            let release: ReleaseView = client.post(&format!("{path}/revoke"), &wish)?;
            output.result(&release, print);
            Ok(())
        }
    }
}

fn path(id: &str) -> String {
    format!("/api/v1/releases/{}", quoted(id))
}

/// What was published, and the files that were written for it.
#[derive(Serialize)]
struct Published {
    #[serde(flatten)]
    release: ReleaseView,
    files: Vec<Marked>,
}

fn publish(client: &Client, args: &PublishArgs, output: &Output) -> Result<(), Failure> {
    let app = names::app_path(args.app.as_deref())?;
    let files = if args.as_is {
        let as_it_is = |file: &std::path::PathBuf| Marked { file: file.clone(), written: None, left: None };
        args.mark.files.iter().map(as_it_is).collect()
    } else {
        mark_all(|| client.get_all("/api/v1/keys?limit=200"), &args.mark)?
    };
    let mut hashed = vec![];
    for file in &files {
        hashed.push(modules::hash(&file.file, file.path(), output)?);
    }
    // Clap asks for one at least.
    let package = hashed.first().ok_or_else(|| Failure::new(Code::MalformedRequest, "no file was given"))?;
    let wish = PublishRelease {
        version: args.mark.version.clone(),
        target: args.target.clone(),
        length: package.length,
        sha256: package.sha256.clone(),
        modules: hashed.iter().map(|file| file.module.clone()).collect(),
    };
    let release: ReleaseView = client.post_once(&format!("{app}/releases"), &wish).inspect_err(|_| {
        // What was written lies there, whatever the server says.
        if !output.json {
            tell(&files);
        }
    })?;
    output.result(&Published { release, files }, |published| {
        tell(&published.files);
        print(&published.release);
    });
    Ok(())
}

fn mark(global: &Global, args: &MarkArgs, output: &Output) -> Result<(), Failure> {
    let files = mark_all(|| Client::new(global)?.get_all("/api/v1/keys?limit=200"), args)?;
    output.result(&serde_json::json!({ "files": files }), |_| tell(&files));
    Ok(())
}

fn mark_all(
    keys: impl FnOnce() -> Result<Vec<KeyView>, Failure>,
    args: &MarkArgs,
) -> Result<Vec<Marked>, Failure> {
    let signer = if let Some(signer) = &args.signer {
        signer.clone()
    } else {
        let keys = keys().map_err(|failure| {
            let fix =
                "use a token that has the scope keys:read, too, or give --signer ID, or publish with --as-is";
            failure.fix_for(Code::ScopeMissing, fix)
        })?;
        let signs = |key: &&KeyView| key.r#use == "update" && key.state == "active";
        let key = keys.iter().find(signs);
        key.ok_or_else(|| Failure::new(Code::KeyMissing, Code::KeyMissing.meaning()))?.keyid.clone()
    };
    let note = ModuleNote { version: args.version.clone(), signer };
    args.files.iter().map(|file| modules::mark(file, &note, args.output.as_deref())).collect()
}

/// What was written, and what was left and why.
fn tell(files: &[Marked]) {
    for Marked { file, written, left } in files {
        match (written, left) {
            (Some(written), _) => {
                say!("{}: marked copy written to {}; install this one", file.display(), written.display());
            }
            (None, Some(why)) => say!("{}: no note written, {why}", file.display()),
            (None, None) => {}
        }
    }
}

fn list(client: &Client, (app, part): (Option<&str>, &PartArgs), output: &Output) -> Result<(), Failure> {
    let filters = filters(&[("app_id", &names::app_field(app)?)]);
    let none = "no releases yet; `sealgate release publish --version V --target T FILE…` makes one";
    lists::print(client, ("/api/v1/releases", &filters, none), part, output, |releases| {
        let row = |release: &ReleaseView| {
            vec![
                release.release_id.clone(),
                app_of(release),
                release.version.clone(),
                release.target.clone(),
                release.modules.to_string(),
                release.published_at.to_string(),
                status(release).to_owned(),
            ]
        };
        let head = ["RELEASE", "APP", "VERSION", "TARGET", "MODULES", "PUBLISHED", "STATUS"];
        Output::table(&head, releases.iter().map(row));
    })
}

fn app_of(release: &ReleaseView) -> String {
    release.app.clone().unwrap_or_else(|| release.app_id.clone())
}

fn status(release: &ReleaseView) -> &'static str {
    if release.revoked_at.is_some() { "revoked" } else { "published" }
}

fn print(release: &ReleaseView) {
    Output::pairs(&pairs(release));
}

fn pairs(release: &ReleaseView) -> Vec<(&'static str, String)> {
    let mut pairs = vec![
        ("release", release.release_id.clone()),
        ("app", app_of(release)),
        ("version", release.version.clone()),
        ("target", release.target.clone()),
        ("status", status(release).to_owned()),
        ("length", format!("{} bytes", release.length)),
        ("sha256", release.sha256.clone()),
        ("modules", release.modules.to_string()),
        ("published", release.published_at.to_string()),
    ];
    pairs.extend(release.revoked_at.map(|at| ("revoked", at.to_string())));
    pairs.extend(release.revoke_reason.clone().map(|reason| ("reason", reason)));
    pairs
}
