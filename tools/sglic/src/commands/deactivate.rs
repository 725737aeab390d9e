//! `sglic deactivate`.

use sealgate::{Client, Error};
use sealgate_artifact::Code;
use serde_json::json;

use super::bundle::kept::Kept;
use crate::args::Global;
use crate::client::Here;
use crate::confirm;
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::settings::license_beside;

pub(crate) fn run(global: &Global, output: Output) -> Result<(), Failure> {
    let mut here = Here::find(global)?;
    let offline = here.offline(global)?;
    if let Some(kept) = Kept::gone_by(&offline)? {
        return forget(global, &offline, &kept, output);
    }
    here.check_activated(global)?;
    let client = here.client(global)?;
    let question = "Give this machine's activation back? The program then runs in its free tier here.";
    confirm::ask(global, question, "an activation that is given back ends at once")?;
    output.progress(&format!("giving the activation back to {}", here.server(global)?));
    let released = match client.deactivate() {
        Ok(released) => released,
        Err(Error::License(denied)) if denied.code == Code::AllowanceSpent.as_str() => {
            let fix = "Wait, or ask the vendor to release this device.";
            return Err(Failure::from(Error::License(denied)).fix(fix));
        }
        Err(error) => return Err(error.into()),
    };
    here.settings.forget_key();
    here.settings.save(&here.folder)?;
    let proof = here.settings.proof(&here.folder);
    files::remove(&proof)?;
    files::remove(&license_beside(&proof))?;
    let result = json!({
        "license_id": released.license.to_string(),
        "devices_used": released.devices_used,
    });
    output.result(&result, |_| {
        format!("given back: this machine holds no seat of license {} any more", released.license)
    });
    Ok(())
}

/// `spec/offline.md` §5.3: nobody hears of it, and the seat is held until the file's end.
fn forget(global: &Global, client: &Client, kept: &Kept, output: Output) -> Result<(), Failure> {
    let end = &kept.said.valid_until;
    let question = format!(
        "Forget the license file? The program then runs in its free tier here. The vendor does not hear of it: the seat is held until {end}."
    );
    confirm::ask(global, &question, "a license file that is forgotten gives no right any more")?;
    client.forget_bundle().map_err(Error::from)?;
    let result = json!({
        "license_id": kept.said.license_id,
        "bundle_id": kept.said.bundle_id,
        "seat_held_until": end,
    });
    output.result(&result, |_| {
        format!(
            "forgotten: this machine goes by no license file any more; its seat of license {} is held until {end}",
            kept.said.license_id
        )
    });
    Ok(())
}
