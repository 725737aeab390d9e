//! What the demo shows, a true sentence at a time.
#![expect(clippy::disallowed_methods, reason = "the demo times its own steps")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use sealgate::{Client as Sdk, DeniedBy, Error, Family, HttpTransport, License};
use sealgate_artifact::{Code, PublicKey};
use sealgate_trust::TrustFile;
use sealgate_wire::{
    AppCreated, CreateApp, CreatePlan, Feature, IssueLicenses, IssuedLicense, LicenseView, LicensesIssued,
    PlanView, StopLicense, Timestamp,
};

use super::between::{Between, Impostor, Mischief};
use super::client::Product;
use super::story::Story;
use crate::args::{Environment, Given, Global, now};
use crate::client::Client;
use crate::commands::audit;
use crate::commands::verify::{judge, pins_of};
use crate::failure::Failure;

const THEIR_DEVICE: &str = "5bed7b0d6a2f4e1c9b83d7a60f52e41c5bed7b0d6a2f4e1c9b83d7a60f52e41c";
const YEAR: u64 = 365 * 24 * 60 * 60;

/// The whole story against the server at `url`. A step that does not go as told ends the demo with a failure.
pub(super) fn tell(mut story: Story, url: &str, dir: &Path) -> Result<Story, Failure> {
    let global = Global {
        proxy: None,
        danger_plain_http: false,
        json: false,
        given: Given::default(),
        settings: None,
        environment: Environment::default(),
        url: Some(url.to_owned()),
        profile: None,
        token: None,
        data: Some(dir.join("data")),
        config: None,
        quiet: true,
        verbose: 0,
    };
    let vendor = Client::new(&global)?;
    let (app, plan) = create_app(&mut story, &vendor)?;
    let license = issue(&mut story, &vendor, &app, Some(&plan))?;
    let trust = vendor.get_bytes(&format!("/api/v1/apps/{}/trust", app.app_id))?;
    let program = Program::install(url, &trust, dir.join("first device"))?;
    validate(&mut story, &program, &license)?;
    refuse_forgery(&mut story, &program, &license)?;
    refuse_replay(&mut story, &program, &license)?;
    refuse_impostor(&mut story, &program, &license, url)?;
    deny_second_device(&mut story, url, &trust, dir, &license)?;
    verify_offline(&mut story, &vendor, &trust, &license)?;
    answer_authforge(&mut story, &vendor, &app, url)?;
    revoke(&mut story, &vendor, &program, &license)?;
    check_audit(&mut story, &global)?;
    Ok(story)
}

/// A product with the SDK built in, on one device.
struct Program {
    sdk: Sdk,
    way: Arc<Between>,
}

impl Program {
    fn install(url: &str, trust: &[u8], state: PathBuf) -> Result<Self, Failure> {
        // A real build includes the file; this one is built while it runs.
        let trust = trust.to_vec().leak();
        let way = Between::new(HttpTransport::builder().build().map_err(unexpected)?);
        let builder = Sdk::builder(trust).server(url).state_dir(state).transport(Arc::clone(&way));
        Ok(Self { sdk: builder.build().map_err(unexpected)?, way })
    }

    fn validate(&self, license: &IssuedLicense) -> Result<License, Error> {
        self.sdk.validate_license(&license.license_key)
    }

    /// Asks while somebody between tries this; the error must be one of security.
    fn notices(&self, mischief: Mischief, license: &IssuedLicense) -> Result<String, Failure> {
        self.way.try_this(mischief);
        let outcome = self.validate(license);
        self.way.try_this(Mischief::None);
        match outcome {
            Err(error) if error.family() == Family::Security => Ok(error.code().to_string()),
            Err(error) => Err(unexpected(error)),
            Ok(_) => Err(Failure::new(Code::SystemError, "a false answer was believed")),
        }
    }
}

fn create_app(story: &mut Story, vendor: &Client) -> Result<(AppCreated, PlanView), Failure> {
    let app: AppCreated =
        vendor.post("/api/v1/apps", &CreateApp { name: "Demo app".to_owned(), slug: None })?;
    let feature = |name: &str| Feature { name: name.to_owned(), value: None };
    let wish = CreatePlan {
        app_id: Some(app.app_id.clone()),
        name: "Pro".to_owned(),
        slug: None,
        tier: "licensed".to_owned(),
        features: Some(vec![feature("export"), feature("sync")]),
        limits: None,
        max_devices: None,
        duration: Some("1y".to_owned()),
        trial: None,
        files: Some(true),
        policy: None,
        max_instances: None,
        offline: None,
        allowances: None,
        variables: None,
        licensee: None,
    };
    let plan: PlanView = vendor.post("/api/v1/plans", &wish)?;
    story.tell("The vendor created an app, and a plan for one device and one year with the features export and sync.");
    Ok((app, plan))
}

fn issue(
    story: &mut Story,
    vendor: &Client,
    app: &AppCreated,
    plan: Option<&PlanView>,
) -> Result<IssuedLicense, Failure> {
    let order = IssueLicenses {
        app_id: Some(app.app_id.clone()),
        plan_id: plan.map(|plan| plan.plan_id.clone()),
        max_devices: None,
        expires_at: plan.is_none().then(|| Some(Timestamp(now().plus(YEAR)).into())),
        label: Some("demo".to_owned()),
        customer_id: None,
        licensee: None,
        ..IssueLicenses::default()
    };
    let issued: LicensesIssued = vendor.post("/api/v1/licenses", &order)?;
    let license = issued.licenses.into_iter().next();
    let license = license.ok_or_else(|| Failure::new(Code::AnswerInvalid, "no license was issued"))?;
    if plan.is_some() {
        story.tell(&format!(
            "The vendor issued a license from the plan, signed by its issuer key: {}.",
            license.license_key
        ));
    }
    Ok(license)
}

fn validate(story: &mut Story, program: &Program, license: &IssuedLicense) -> Result<(), Failure> {
    let rights = program.validate(license).map_err(unexpected)?;
    require(rights.id().to_string() == license.license_id, "the answer names another license")?;
    require(rights.has_feature("export"), "a feature is missing")?;
    let bytes = *program.way.bytes.lock().expect("no holder of this lock panics");
    story.tell(&format!(
        "A program with our SDK made a device key, asked, and verified the {bytes}-byte answer: server certificate, decision and license, from the pinned root down.",
    ));
    Ok(())
}

fn refuse_forgery(story: &mut Story, program: &Program, license: &IssuedLicense) -> Result<(), Failure> {
    let code = program.notices(Mischief::Forge, license)?;
    story.tell(&format!("On the way, one letter of the next decision was changed: refused with `{code}`."));
    Ok(())
}

fn refuse_replay(story: &mut Story, program: &Program, license: &IssuedLicense) -> Result<(), Failure> {
    program.validate(license).map_err(unexpected)?;
    let code = program.notices(Mischief::Replay, license)?;
    story.tell(&format!(
        "On the way, a genuine answer was replayed to the next request: refused with `{code}`."
    ));
    Ok(())
}

fn refuse_impostor(
    story: &mut Story,
    program: &Program,
    license: &IssuedLicense,
    url: &str,
) -> Result<(), Failure> {
    let impostor = Impostor::new(url, now()).map_err(unexpected)?;
    let code = program.notices(Mischief::Impersonate(Box::new(impostor)), license)?;
    story.tell(&format!(
        "A false server with its own keys sent a correctly signed yes: refused with `{code}`."
    ));
    program.validate(license).map_err(unexpected)?;
    Ok(())
}

fn deny_second_device(
    story: &mut Story,
    url: &str,
    trust: &[u8],
    dir: &Path,
    license: &IssuedLicense,
) -> Result<(), Failure> {
    let second = Program::install(url, trust, dir.join("second device"))?;
    let Err(Error::License(denied)) = second.validate(license) else {
        return Err(Failure::new(Code::SystemError, "a second device got a seat"));
    };
    require(
        denied.by == DeniedBy::Server && denied.code == "device_limit",
        "it was denied for another reason",
    )?;
    story.tell(
        "A second device asked: the only seat is taken, and the denial `device_limit` is signed as well.",
    );
    Ok(())
}

fn verify_offline(
    story: &mut Story,
    vendor: &Client,
    trust: &[u8],
    license: &IssuedLicense,
) -> Result<(), Failure> {
    let file = vendor.get_bytes(&format!("/api/v1/licenses/{}/file", license.license_id))?;
    let trust = TrustFile::parse(trust)?;
    let pinned = pins_of(&trust)?;
    let begun = Instant::now();
    let (verified, _) = judge((Path::new("the license file"), &file), &pinned, &trust.chain, now())?;
    let took = begun.elapsed().as_micros();
    require(verified.get().license.to_string() == license.license_id, "the file holds another license")?;
    story.tell(&format!(
        "The {}-byte license file was verified without a network, from the pinned root over two keysets ({took} µs).",
        file.len()
    ));
    Ok(())
}

fn answer_authforge(story: &mut Story, vendor: &Client, app: &AppCreated, url: &str) -> Result<(), Failure> {
    let license = issue(story, vendor, app, None)?;
    let product = Product {
        url: url.to_owned(),
        app_id: app.app_id.clone(),
        app_secret: app.app_secret.clone(),
        public_key: PublicKey::parse(&app.public_key)?,
    };
    let asked = product.ask(&license.license_key, THEIR_DEVICE).map_err(unexpected)?;
    let opened = product.believe(&asked).map_err(unexpected)?;
    require(opened.get().license_id == license.license_id, "the answer names another license")?;
    story.tell(&format!(
        "A client of AuthForge's wire asked about another license and got {} bytes signed by the app's key.",
        asked.bytes
    ));
    Ok(())
}

fn revoke(
    story: &mut Story,
    vendor: &Client,
    program: &Program,
    license: &IssuedLicense,
) -> Result<(), Failure> {
    let path = format!("/api/v1/licenses/{}/revoke", license.license_id);
    let request = StopLicense { reason: Some("end of the demo".to_owned()), if_version: None };
    let _: LicenseView = vendor.post(&path, &request)?;
    let Err(Error::License(denied)) = program.validate(license) else {
        return Err(Failure::new(Code::SystemError, "a revoked license was accepted"));
    };
    require(denied.by == DeniedBy::Server && denied.code == "revoked", "it was denied for another reason")?;
    story.tell("The vendor revoked the license: the very next request got the signed denial `revoked`.");
    Ok(())
}

fn check_audit(story: &mut Story, global: &Global) -> Result<(), Failure> {
    let rows = audit::verified_rows(global)?;
    story.tell(&format!(
        "The audit log was exported and its chain verified: {rows} rows, none changed or missing."
    ));
    Ok(())
}

fn require(holds: bool, otherwise: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(Code::SystemError, otherwise)) }
}

fn unexpected(why: impl std::fmt::Display) -> Failure {
    Failure::new(Code::SystemError, format!("a step did not go as told: {why}"))
}
