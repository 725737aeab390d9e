//! `sealgate license key` and `sealgate license rekey`.

use sealgate_artifact::Code;
use sealgate_wire::{LicenseKeyShown, Nothing, Reason};

use crate::client::Client;
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::once::Once;
use crate::output::{Output, say};

/// Shows a license's key, where that is really wished: the audit log says so.
pub(crate) fn show(client: &Client, named: &str, reveal: bool, output: &Output) -> Result<(), Failure> {
    if !reveal {
        let why = "a license key is a secret, and the audit log says who saw it";
        return Err(Failure::new(Code::MalformedRequest, why).fix("add --reveal"));
    }
    let path = format!("/api/v1/licenses/{}/reveal-key", client.license_id(named)?);
    let shown: LicenseKeyShown = client.post(&path, &Nothing {})?;
    let key = |shown: &LicenseKeyShown| shown.license_key.clone();
    let again = || {
        let again = client.again("license key").word(&shown.license_id).switch("--reveal", true);
        format!("show it again with: {}", String::from(again))
    };
    output.only_once(&shown, key, |shown| say!("{}", key(shown)), again);
    Ok(())
}

/// Gives a license another key.
pub(crate) fn exchange(
    client: &Client,
    named: &str,
    (reason, yes, name): (Option<&String>, bool, Option<&String>),
    output: &Output,
) -> Result<(), Failure> {
    let id = client.license_id(named)?;
    let question = format!("Give license {id} another key? The present one is refused then.");
    Consent::new(yes, output).ask(&question, "the present key is refused from then on")?;
    let path = format!("/api/v1/licenses/{id}/rekey");
    let again = client.again("license rekey").word(&id.to_string());
    let again = again.flag("--reason", reason.map(String::as_str)).switch("--yes", true);
    let once = Once::new(again, name);
    let wish = Reason { reason: reason.cloned() };
    let shown: LicenseKeyShown = once.post(client, (&path, &wish), output)?;
    output.only_once(&shown, |shown| shown.license_key.clone(), |shown| {
        Output::pairs(&[("license", shown.license_id.clone()), ("key", shown.license_key.clone())]);
        say!(
            "\nDevices keep their seats. Online, the former key is refused from now on. AuthForge files that were made before hold it, and work until they end."
        );
    }, || once.way_back(&format!("the license {id} has another key")));
    Ok(())
}
