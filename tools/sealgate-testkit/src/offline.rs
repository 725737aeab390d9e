//! What a machine without a network asks for, and the file in which its request travels.

use sealgate_artifact::{
    AboutDevice, AppId, Carrier, Kind, LicenseHint, Nonce, OfflineRequest, TenantId, UnixSeconds,
};
use sealgate_container::{EntryName, Purpose, encode_statement, write};

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
