//! `sealgate offline` of bundles: licenses for machines without a network.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use sealgate_artifact::{BundleId, Code};
use sealgate_container::{Container, Purpose};
use sealgate_wire::{BundleMode, BundleView, ExportBundle, Reason, RespondOffline};

use super::bundle_file::{self, Place};
use super::lists;
use crate::args::{BundleFileArgs, ExportBundleArgs, Mode, PartArgs, RespondArgs};
use crate::client::Client;
use crate::confirm::Consent;
use crate::container::{of_container, of_what};
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, say};
use crate::streams::one_dash;

/// A bundle that runs longer than so many days is worth a word: nothing calls it back.
const LONG_DAYS: u64 = 90;
const DAY: u64 = 86_400;

const NOBODY_COUNTS: &str =
    "nobody enforces the number of a pool: every machine that gets the file can use it";

/// Signs a bundle of a license, and writes its file.
pub(super) fn export(client: &Client, args: &ExportBundleArgs, output: &Output) -> Result<(), Failure> {
    let mut inputs: Vec<Option<&Path>> = vec![Some(Path::new(&args.key))];
    inputs.extend(args.request.iter().map(|path| Some(&**path)));
    one_dash(&inputs)?;
    let order = ExportBundle {
        mode: args.mode.map(|mode| match mode {
            Mode::Bound => BundleMode::Bound,
            Mode::Pool => BundleMode::Pool,
        }),
        pool: args.pool,
        requests: args.request.iter().map(|path| read_request(path)).collect::<Result<_, _>>()?,
        replaces: args.replaces.as_deref().map(id).transpose()?.map(|id| id.to_string()),
        valid_until: Some(args.valid_until.clone()),
    };
    let license = client.license_id(&args.key)?.to_string();
    // Before anything is signed.
    let place = Place::of(&args.file, Some(&license))?;
    let path = format!("/api/v1/licenses/{license}/bundles");
    let made: BundleView = client.post_named(&path, &order, args.idempotency_key.clone())?;
    deliver(client, (&made, &args.file), place, output)
}

/// Answers a machine's request, and writes the file of the answer.
pub(super) fn respond(client: &Client, args: &RespondArgs, output: &Output) -> Result<(), Failure> {
    one_dash(&[Some(&args.request), args.license.as_deref().map(Path::new)])?;
    let request = read_request(&args.request)?;
    let license = args.license.as_deref().map(|key| client.license_id(key)).transpose()?;
    let license = license.map(|id| id.to_string());
    let place = Place::of(&args.file, license.as_deref())?;
    let order = RespondOffline { request, license_id: license, valid_until: args.valid_until.clone() };
    let made: BundleView = client.post("/api/v1/offline/respond", &order)?;
    deliver(client, (&made, &args.file), place, output)
}

/// The bundles of a license.
pub(super) fn list(client: &Client, (key, part): (&str, &PartArgs), output: &Output) -> Result<(), Failure> {
    let path = format!("/api/v1/licenses/{}/bundles", client.license_id(key)?);
    let none = "this license has no bundles; `sealgate offline export` makes one";
    lists::print(client, (&path, "", none), part, output, |bundles: &[BundleView]| {
        let row = |bundle: &BundleView| {
            vec![
                bundle.bundle_id.clone(),
                bundle.serial.to_string(),
                machines(bundle),
                bundle.valid_until.to_string(),
                state(bundle).to_owned(),
            ]
        };
        Output::table(&["BUNDLE", "SERIAL", "MACHINES", "ENDS", "STATE"], bundles.iter().map(row));
    })
}

/// One bundle.
pub(super) fn show(client: &Client, bundle: &str, output: &Output) -> Result<(), Failure> {
    let bundle: BundleView = client.get(&path(bundle)?)?;
    output.result(&bundle, print);
    Ok(())
}

/// Writes the file of a bundle again.
pub(super) fn file(
    client: &Client,
    (bundle, args): (&str, &BundleFileArgs),
    output: &Output,
) -> Result<(), Failure> {
    let bundle: BundleView = client.get(&path(bundle)?)?;
    let place = Place::of(args, Some(&bundle.license_id))?;
    bundle_file::write(client, (&bundle, args), (&place, &[]), output)
}

/// Lists the slot of a bundle.
pub(super) fn revoke(
    client: &Client,
    bundle: &str,
    (reason, yes): (Option<&String>, bool),
    output: &Output,
) -> Result<(), Failure> {
    let path = path(bundle)?;
    let seen = || Ok(Output::pairs_text(&pairs(&client.get(&path)?)));
    let question = "Revoke this bundle? Its machines hear of it only from something newer, and hold their seats until it ends.";
    Consent::new(yes, output).ask_seen(seen, question, "revoking a bundle cannot be undone")?;
    let wish = Reason { reason: reason.cloned() };
    let bundle: BundleView = client.post(&format!("{path}/revoke"), &wish)?;
    output.result(&bundle, |bundle| {
        print(bundle);
        say!(
            "\nIts machines hear of it from the next bundle of this license, or from a snapshot: `sealgate offline snapshot --sign -o FILE`. \
             Its seats stay taken until {}.",
            bundle.valid_until
        );
    });
    Ok(())
}

/// Writes the file of a bundle that was just signed, and says what one should know of it.
fn deliver(
    client: &Client,
    (made, args): (&BundleView, &BundleFileArgs),
    place: Place,
    output: &Output,
) -> Result<(), Failure> {
    let careful = careful(made);
    let place = place.named(&made.license_id);
    let written =
        place.and_then(|place| bundle_file::write(client, (made, args), (&place, &careful), output));
    // It is signed, and takes its seats, whether or not the file came.
    written.map_err(|failure| {
        let again = format!("sealgate offline file {} -o FILE", made.bundle_id);
        let fix = match &failure.fix {
            Some(fix) => format!("{fix}; then write the file with `{again}`: the bundle is signed"),
            None => format!("write the file with `{again}`: the bundle is signed"),
        };
        failure.fix(fix)
    })
}

/// What one should know of a bundle before it leaves.
fn careful(made: &BundleView) -> Vec<String> {
    let days = made.valid_until.0.get().saturating_sub(made.issued_at.0.get()).div_ceil(DAY);
    let pool = (made.mode == BundleMode::Pool).then(|| NOBODY_COUNTS.to_owned());
    let long = (days > LONG_DAYS).then(|| {
        format!("it runs for {days} days, and nothing calls it back before: with a shorter one, a machine that should stop stops earlier")
    });
    pool.into_iter().chain(long).collect()
}

/// A machine's file in base64. Whether the device signed it, the server says.
fn read_request(path: &Path) -> Result<String, Failure> {
    let bytes = files::read(path).map_err(|e| files::unreadable(path, &e))?;
    let container = Container::read(&bytes).map_err(|error| of_container(path, &error))?;
    match container.purpose() {
        Purpose::Request => Ok(STANDARD.encode(bytes)),
        other => Err(Failure::new(
            Code::ContainerInvalid,
            format!("{}: this is {}, and no machine's request", path.display(), of_what(other)),
        )
        .fix("give the file that `sglic request` wrote on the machine; its usual ending is .sgreq")),
    }
}

fn path(bundle: &str) -> Result<String, Failure> {
    Ok(format!("/api/v1/bundles/{}", id(bundle)?))
}

fn id(bundle: &str) -> Result<BundleId, Failure> {
    BundleId::parse(bundle).map_err(|error| {
        Failure::from(error).fix("give the bundle's id that `sealgate offline list KEY` shows")
    })
}

fn machines(bundle: &BundleView) -> String {
    match bundle.mode {
        BundleMode::Bound => bundle.machines.to_string(),
        BundleMode::Pool => format!("pool of {}", bundle.machines),
    }
}

fn state(bundle: &BundleView) -> &'static str {
    match (bundle.live, bundle.revoked_at) {
        (false, _) => "ended",
        (true, Some(_)) => "revoked",
        (true, None) => "live",
    }
}

fn pairs(bundle: &BundleView) -> Vec<(&'static str, String)> {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut pairs = vec![
        ("bundle", bundle.bundle_id.clone()),
        ("license", bundle.license_id.clone()),
        ("app", bundle.app_id.clone()),
        ("serial", bundle.serial.to_string()),
        ("machines", machines(bundle)),
        ("ends", bundle.valid_until.to_string()),
        ("state", state(bundle).to_owned()),
        ("signed", bundle.issued_at.to_string()),
        ("made by", bundle.made_by.clone()),
        ("answers request", optional(&bundle.request)),
        ("replaces", optional(&bundle.replaces)),
        ("line", Some(bundle.line.clone()).filter(|line| *line != bundle.bundle_id).unwrap_or_default()),
        ("revoked at", bundle.revoked_at.map(|at| at.to_string()).unwrap_or_default()),
        ("reason", optional(&bundle.revoke_reason)),
        ("statement", bundle.statement_id.clone()),
    ];
    pairs.retain(|(_, value)| !value.is_empty());
    pairs
}

fn print(bundle: &BundleView) {
    Output::pairs(&pairs(bundle));
    if !bundle.device_keys.is_empty() {
        say!("\ndevice keys:");
        for key in &bundle.device_keys {
            say!("  {key}");
        }
    }
}
