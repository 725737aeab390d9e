//! What a machine without a network asks for, and the file in which its request travels.

use sealgate_artifact::{
    AboutDevice, AppId, Bundle, Carrier, Code, Kind, LicenseHint, Nonce, OfflineRequest, PublicKey,
    StatementId, TenantId, UnixSeconds, Unverified,
};
use sealgate_container::{
    Container, ContainerError, Entry, EntryName, Parts, Purpose, encode_statement, write,
};
use sealgate_trust::{Accepted, Machine, TrustFile, Verified, is_for_machine, verify_bundle};

use crate::{Build, TestDevice};

impl TestDevice {
    /// A request for a bundle, before it is signed.
    pub fn offline_request(&self, build: &Build, license: Option<LicenseHint>, n: u32) -> OfflineRequest {
        OfflineRequest {
            tenant: TenantId::parse(&build.trust.tenant).expect("an identifier"),
            app: AppId::parse(&build.trust.app).expect("an identifier"),
            license,
            device_key: self.key,
            fingerprint: None,
            nonce: Nonce::from_random(u128::from(n).to_be_bytes()),
            client_time: UnixSeconds::new(1_800_000_000).expect("in range"),
            about: AboutDevice::default(),
            bundle: None,
        }
    }

    /// The file of a request (`.sgreq`).
    pub fn request_file(&self, request: &OfflineRequest) -> Vec<u8> {
        let signed = Carrier::decode(self.sign_any(request).get().as_bytes()).expect("was just signed");
        let statement = encode_statement(Kind::OfflineRequest, &signed.envelope).expect("it fits");
        write(Purpose::Request, &[(EntryName::OfflineRequest, &statement)]).expect("a container")
    }
}

impl Build {
    /// The bundle of a file, as a machine believes it at that time that knows what the build pins.
    pub fn bundle(&self, file: &[u8], now: u64) -> Result<Verified<Bundle>, Code> {
        let container = Container::read(file).map_err(|error| error.code())?;
        assert_eq!(container.purpose(), Purpose::License);
        let contents =
            |entry: &Entry| Ok::<_, ContainerError>(entry.contents(file).expect("all of it").to_vec());
        let carrier =
            Parts::new(&container, contents).license().map_err(|error| error.code())?.bundle.encode();
        let text = serde_json::to_vec(&self.trust).expect("JSON");
        let trust = TrustFile::parse(&text).expect("a trust file");
        let trust =
            trust.verify(&Accepted::default(), UnixSeconds::new(now).expect("a time")).expect("it holds");
        let app = AppId::parse(&self.trust.app).expect("an identifier");
        let bundle = Unverified::<Bundle>::decode(&carrier).expect("a bundle");
        verify_bundle(&trust, &bundle, Some(app)).map_err(|error| error.code())
    }
}

/// Whether a bundle is for the machine with this key, which keeps that request.
pub fn is_for(
    bundle: &Verified<Bundle>,
    device_key: PublicKey,
    request: Option<StatementId>,
) -> Result<(), Code> {
    let machine = Machine { device_key, request, has_activated: false };
    is_for_machine(bundle, &machine).map_err(|error| error.code())
}

/// How many entries a container has.
pub fn entries(file: &[u8]) -> usize {
    Container::read(file).expect("a container").entries().len()
}
