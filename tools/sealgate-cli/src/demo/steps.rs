//! What the demo shows, a true sentence at a time.
#![expect(clippy::disallowed_methods, reason = "the demo times its own steps")]

use std::path::Path;
use std::time::Instant;

use sealgate_artifact::{Code, PublicKey};
use sealgate_wire::{
    AppCreated, CreateApp, IssueLicenses, IssuedLicense, LicenseView, LicensesIssued, Reason, Trust,
};
use serde_json::json;

use super::client::Product;
use crate::args::{Global, now};
use crate::client::Client;
use crate::commands::verify::{judge, pins_of};
use crate::failure::Failure;
use crate::output::{Output, say};

const FIRST_DEVICE: &str = "5bed7b0d6a2f4e1c9b83d7a60f52e41c5bed7b0d6a2f4e1c9b83d7a60f52e41c";
const SECOND_DEVICE: &str = "0c14e25f06a7d38b9c1e4f2a6d0b7deb0c14e25f06a7d38b9c1e4f2a6d0b7deb";

/// Numbered sentences with their timing.
pub(super) struct Story {
    json: bool,
    quiet: bool,
    began: Instant,
    last: Instant,
    told: u32,
}

impl Story {
    pub(super) fn begin(output: &Output) -> Self {
        let now = Instant::now();
        Self { json: output.json, quiet: output.quiet, began: now, last: now, told: 0 }
    }

    /// Tells what was done since the last sentence.
    pub(super) fn tell(&mut self, sentence: &str) {
        let took = self.last.elapsed();
        self.told += 1;
        if self.json {
            say!("{}", json!({ "step": self.told, "sentence": sentence, "micros": took.as_micros() }));
        } else if !self.quiet {
            say!("{:>2}. {sentence}  [{:.1} ms]", self.told, took.as_secs_f64() * 1000.0);
        }
        self.last = Instant::now();
    }

    pub(super) fn end(&self) {
        if !self.json && !self.quiet {
            say!("\n{} steps in {:.2} s, each checked.", self.told, self.began.elapsed().as_secs_f64());
        }
    }
}

/// The whole story against the server at `url`. A step that does not go as told ends the demo with a failure.
pub(super) fn tell(mut story: Story, url: &str, dir: &Path) -> Result<Story, Failure> {
    let global = Global {
        json: false,
        url: url.to_owned(),
        token: None,
        data: Some(dir.join("data")),
        config: None,
        quiet: false,
        verbose: 0,
    };
    let vendor = Client::new(&global)?;
    let (product, app) = create_app(&mut story, &vendor, url)?;
    let license = issue(&mut story, &vendor, &app)?;
    validate(&mut story, &product, &license)?;
    refuse_forgery(&mut story, &product, &license)?;
    refuse_second_device(&mut story, &product, &license)?;
    verify_offline(&mut story, &vendor, &app, &license)?;
    revoke(&mut story, &vendor, &product, &license)?;
    Ok(story)
}

fn create_app(story: &mut Story, vendor: &Client, url: &str) -> Result<(Product, AppCreated), Failure> {
    let app: AppCreated = vendor.post("/api/v1/apps", &CreateApp { name: "Demo app".to_owned() })?;
    story.tell(&format!("The vendor created an app; builds embed its public key {}.", app.public_key));
    let product = Product {
        url: url.to_owned(),
        app_id: app.app_id.clone(),
        app_secret: app.app_secret.clone(),
        public_key: PublicKey::parse(&app.public_key)?,
    };
    Ok((product, app))
}

fn issue(story: &mut Story, vendor: &Client, app: &AppCreated) -> Result<IssuedLicense, Failure> {
    let order = IssueLicenses {
        app_id: app.app_id.clone(),
        plan_id: None,
        max_devices: None,
        expires_at: Some(Some(sealgate_wire::Timestamp(now().plus(365 * 24 * 60 * 60)))),
        label: Some("demo".to_owned()),
        customer: None,
        count: None,
    };
    let issued: LicensesIssued = vendor.post("/api/v1/licenses", &order)?;
    let license = issued.licenses.into_iter().next();
    let license = license.ok_or_else(|| Failure::new(Code::AnswerInvalid, "no license was issued"))?;
    story.tell(&format!("It issued a license for one device and one year: {}.", license.license_key));
    Ok(license)
}

fn validate(story: &mut Story, product: &Product, license: &IssuedLicense) -> Result<(), Failure> {
    let asked = product.ask(&license.license_key, FIRST_DEVICE).map_err(unexpected)?;
    let begun = Instant::now();
    let payload = product.believe(&asked).map_err(unexpected)?;
    let verified = begun.elapsed().as_micros();
    require(payload.license_id == license.license_id, "the answer names another license")?;
    story.tell(&format!(
        "A client asked and believed the {}-byte answer: signature, nonce, app and device are right (checked in {verified} µs).",
        asked.bytes
    ));
    Ok(())
}

fn refuse_forgery(story: &mut Story, product: &Product, license: &IssuedLicense) -> Result<(), Failure> {
    let mut asked = product.ask(&license.license_key, FIRST_DEVICE).map_err(unexpected)?;
    asked.answer.payload = with_one_letter_changed(&asked.answer.payload);
    let verdict = product.believe(&asked).err();
    require(verdict == Some(Code::SignatureInvalid), "a forged answer was believed")?;
    story.tell("On the way, one letter of the next answer was changed: the client refused it with `signature_invalid`.");
    Ok(())
}

fn refuse_second_device(
    story: &mut Story,
    product: &Product,
    license: &IssuedLicense,
) -> Result<(), Failure> {
    let refusal = product.ask(&license.license_key, SECOND_DEVICE).err();
    require(refusal.as_deref() == Some("hwid_mismatch"), "a second device got a seat")?;
    story.tell(
        "A second device asked for the same license: refused with `hwid_mismatch`, the one seat is taken.",
    );
    Ok(())
}

fn verify_offline(
    story: &mut Story,
    vendor: &Client,
    app: &AppCreated,
    license: &IssuedLicense,
) -> Result<(), Failure> {
    let file = vendor.get_bytes(&format!("/api/v1/licenses/{}/file", license.license_id))?;
    let trust: Trust = vendor.get(&format!("/api/v1/apps/{}/trust", app.app_id))?;
    let pinned = pins_of(&trust)?;
    let begun = Instant::now();
    let (verified, _) = judge(&file, &pinned, &trust, now())?;
    let took = begun.elapsed().as_micros();
    require(verified.get().license.to_string() == license.license_id, "the file holds another license")?;
    story.tell(&format!(
        "The {}-byte license file was verified offline, from the pinned root over two keysets to the license ({took} µs).",
        file.len()
    ));

    let forged = with_one_letter_changed(&String::from_utf8_lossy(&file));
    let verdict = judge(forged.as_bytes(), &pinned, &trust, now()).err().map(|f| f.code);
    require(verdict.as_deref() == Some("signature_invalid"), "a forged license file was believed")?;
    story.tell("One letter of the file was changed: refused with `signature_invalid`.");
    Ok(())
}

fn revoke(
    story: &mut Story,
    vendor: &Client,
    product: &Product,
    license: &IssuedLicense,
) -> Result<(), Failure> {
    let path = format!("/api/v1/licenses/{}/revoke", license.license_id);
    let request = Reason { reason: Some("end of the demo".to_owned()) };
    let _: LicenseView = vendor.post(&path, &request)?;
    let refusal = product.ask(&license.license_key, FIRST_DEVICE).err();
    require(refusal.as_deref() == Some("revoked"), "a revoked license was accepted")?;
    story.tell(
        "The vendor revoked the license; the very next question from its device was refused with `revoked`.",
    );
    Ok(())
}

/// The tenth letter of a base64 text, exchanged for another: still well formed, no longer true.
fn with_one_letter_changed(text: &str) -> String {
    let at = text.find("ey").map_or(10, |begin| begin + 10);
    let other = if text[at..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

fn require(holds: bool, otherwise: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(Code::SystemError, otherwise)) }
}

fn unexpected(code: impl std::fmt::Display) -> Failure {
    Failure::new(Code::SystemError, format!("an honest question was refused: {code}"))
}
