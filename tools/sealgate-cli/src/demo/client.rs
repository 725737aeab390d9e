//! A small client, as a vendor would build it into a product: it believes an answer only after checking the signature
//! and that the answer is to *its* question.

use sealgate_artifact::{Code, PublicKey};
use sealgate_authforge::{Expected, Failed, Opened, Typ, ValidateAnswer, ValidatePayload};
use sealgate_authority::ports::{Entropy, System};
use sealgate_trust::ed25519;
use serde_json::json;

use crate::address::direct;

/// What a build embeds.
pub(super) struct Product {
    pub(super) url: String,
    pub(super) app_id: String,
    pub(super) app_secret: String,
    pub(super) public_key: PublicKey,
}

/// A question on its way.
pub(super) struct Asked {
    hwid: String,
    nonce: String,
    /// The answer as it came over the network.
    pub(super) answer: ValidateAnswer,
    /// How many bytes that were.
    pub(super) bytes: usize,
}

/// Why there is no valid license, in a stable code.
pub(super) type Refused = String;

impl Product {
    /// Asks the server with a fresh nonce; a refusal comes back as the server's code.
    pub(super) fn ask(&self, license_key: &str, hwid: &str) -> Result<Asked, Refused> {
        let mut random = [0; 16];
        System.fill(&mut random);
        let nonce = format!("{:032x}", u128::from_be_bytes(random));
        let body = json!({
            "appId": self.app_id,
            "appSecret": self.app_secret,
            "licenseKey": license_key,
            "hwid": hwid,
            "nonce": nonce,
        });
        let unreachable = |_| Code::ServerUnreachable.to_string();
        let agent: ureq::Agent = direct().build().into();
        let mut response =
            agent.post(format!("{}/auth/validate", self.url)).send_json(body).map_err(unreachable)?;
        let bytes = response.body_mut().read_to_vec().map_err(unreachable)?;
        if response.status() != 200 {
            let failed: Failed =
                serde_json::from_slice(&bytes).map_err(|_| Code::AnswerInvalid.to_string())?;
            return Err(failed.error);
        }
        let answer = serde_json::from_slice(&bytes).map_err(|_| Code::AnswerInvalid.to_string())?;
        Ok(Asked { hwid: hwid.to_owned(), nonce, answer, bytes: bytes.len() })
    }

    /// Signature first, then form, then whether it is the answer to this question: only then is it believed.
    pub(super) fn believe(&self, asked: &Asked) -> Result<Opened<ValidatePayload>, Code> {
        let expected = Expected {
            typ: Typ::Validate,
            app_id: &self.app_id,
            hwid: &asked.hwid,
            nonce: &asked.nonce,
            license_id: None,
        };
        asked.answer.unopened()?.open(&[self.public_key], ed25519::verify, &expected)
    }
}
