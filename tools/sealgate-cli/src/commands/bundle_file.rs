//! The file of a bundle: where it goes, and what is told beside it.

use std::path::PathBuf;

use sealgate_artifact::{Code, encode_hex};
use sealgate_container::Purpose;
use sealgate_wire::{AppView, BundleMode, BundleView};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::bundle_readme;
use super::written::write as write_file;
use crate::args::{BundleFileArgs, Keys};
use crate::client::Client;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, complain, say};
use crate::streams::is_dash;

/// What lies beside the file.
const README: &str = "README.txt";
/// Digits of the license's id in the name of a file.
const DIGITS: usize = 8;

/// Where a file goes.
pub(super) struct Place {
    path: PathBuf,
    /// A folder, where the file's name follows from the license that the answer names.
    is_folder: bool,
    overwrite: bool,
    with_readme: bool,
}

impl Place {
    /// As far as that is known before there is a bundle: then nothing is signed that finds no place.
    pub(super) fn of(args: &BundleFileArgs, license: Option<&str>) -> Result<Self, Failure> {
        if is_dash(&args.output) && args.with_readme {
            let why = "beside standard output lies no README.txt";
            return Err(Failure::new(Code::MalformedRequest, why).fix("give -o FILE or -o FOLDER"));
        }
        let place = Self {
            path: args.output.clone(),
            is_folder: files::is_folder(&args.output),
            overwrite: args.overwrite,
            with_readme: args.with_readme,
        };
        match license {
            Some(license) => place.named(license),
            None => place.free(),
        }
    }

    /// With the name of the file, if it goes into a folder.
    pub(super) fn named(self, license: &str) -> Result<Self, Failure> {
        if !self.is_folder {
            return self.free();
        }
        let begin: String = license.chars().take(DIGITS).collect();
        let name = format!("license-{begin}{}", Purpose::License.file_ending());
        Self { path: self.path.join(name), is_folder: false, ..self }.free()
    }

    /// Nothing that lies there is lost unasked.
    fn free(self) -> Result<Self, Failure> {
        if self.is_folder || self.overwrite || is_dash(&self.path) {
            return Ok(self);
        }
        let readme = self.with_readme.then(|| self.readme());
        let taken =
            [Some(self.path.clone()), readme].into_iter().flatten().find(|path| files::is_there(path));
        match taken {
            None => Ok(self),
            Some(path) => {
                Err(Failure::new(Code::NameTaken, format!("{}: there is a file already", path.display()))
                    .fix("choose another -o, or add --overwrite"))
            }
        }
    }

    fn readme(&self) -> PathBuf {
        self.path.with_file_name(README)
    }
}

/// Downloads the file of a bundle and writes it. `careful` is what one should know of it.
pub(super) fn write(
    client: &Client,
    (bundle, args): (&BundleView, &BundleFileArgs),
    (place, careful): (&Place, &[String]),
    output: &Output,
) -> Result<(), Failure> {
    let keys = match args.keys {
        Keys::All => "all",
        Keys::Tenant => "tenant",
        Keys::None => "none",
    };
    let bytes = client.get_bytes(&format!("/api/v1/bundles/{}/file?keys={keys}", bundle.bundle_id))?;
    let written = write_file(&place.path, &bytes)?;
    let is_alone = is_dash(&place.path);
    if is_alone || !output.json {
        for careful in careful {
            complain!("careful: {careful}");
        }
    }
    if is_alone {
        return Ok(());
    }
    let sha256 = encode_hex(&Sha256::digest(&bytes));
    let readme = if place.with_readme { Some(write_readme(client, bundle, (place, &sha256))?) } else { None };
    let mut result = json!({
        "bundle_id": bundle.bundle_id,
        "license_id": bundle.license_id,
        "serial": bundle.serial,
        "mode": bundle.mode,
        "machines": bundle.machines,
        "statement_id": bundle.statement_id,
        "sha256": sha256,
        "bytes": bytes.len(),
        "valid_until": bundle.valid_until,
        "file": place.path,
    });
    if !careful.is_empty() {
        result["careful"] = json!(careful);
    }
    if readme.is_some() {
        result["readme"] = json!(place.readme());
    }
    output.result(&result, |_| {
        say!("{written}");
        if let Some(readme) = &readme {
            say!("{readme}");
        }
        let machines = match bundle.mode {
            BundleMode::Bound if bundle.machines == 1 => "1 machine".to_owned(),
            BundleMode::Bound => format!("{} machines", bundle.machines),
            BundleMode::Pool => format!("a pool of {} machines", bundle.machines),
        };
        say!(
            "bundle {}, serial {}: for {machines}, until {}",
            bundle.bundle_id,
            bundle.serial,
            bundle.valid_until
        );
    });
    Ok(())
}

fn write_readme(
    client: &Client,
    bundle: &BundleView,
    (place, sha256): (&Place, &str),
) -> Result<String, Failure> {
    // Whoever may not see apps writes the id.
    let app: Option<AppView> = client.get_if_allowed(&format!("/api/v1/apps/{}", bundle.app_id))?;
    let product = app.map_or_else(|| bundle.app_id.clone(), |app| app.name);
    let file = place.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let text = bundle_readme::text(bundle, (&product, &file, sha256));
    write_file(&place.readme(), text.as_bytes())
}
