//! The check of a signed answer (`spec/authforge.md` §4).

use sealgate_artifact::{Code, Value, decode_base64, parse_json};

use crate::{ValidateAnswer, ValidatePayload};

/// What was asked: an answer to anything else is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// `validate` for `POST /auth/validate`.
    pub typ: &'a str,
    /// The app.
    pub app_id: &'a str,
    /// The device.
    pub hwid: &'a str,
    /// The nonce of this one question.
    pub nonce: &'a str,
    /// The license, where the client knows which one its key belongs to.
    pub license_id: Option<&'a str>,
}

impl ValidateAnswer {
    /// What the answer says, once its signature, its form and its question are right, in this order. `verify` says
    /// whether the app's key signed these bytes.
    pub fn open(
        &self,
        verify: impl Fn(&[u8], &[u8; 64]) -> bool,
        asked: &Asked<'_>,
    ) -> Result<ValidatePayload, Code> {
        // spec/authforge.md §4.1: over the text as it came, before anything of it is decoded.
        let signature =
            decode_base64(&self.signature, "signature").ok().and_then(|bytes| bytes.try_into().ok());
        if !signature.is_some_and(|signature| verify(self.payload.as_bytes(), &signature)) {
            return Err(Code::SignatureInvalid);
        }
        let payload = read(&self.payload).ok_or(Code::AnswerInvalid)?;
        if asked.is_answered_by(&payload) { Ok(payload) } else { Err(Code::NonceMismatch) }
    }
}

impl Asked<'_> {
    /// spec/authforge.md §4.3: byte by byte.
    fn is_answered_by(&self, payload: &ValidatePayload) -> bool {
        payload.nonce == self.nonce
            && payload.typ == self.typ
            && payload.app_id == self.app_id
            && payload.hwid == self.hwid
            && self.license_id.is_none_or(|license| payload.license_id == license)
    }
}

/// spec/authforge.md §4.2: an object of the strict profile, with the fields of the payload.
fn read(payload: &str) -> Option<ValidatePayload> {
    let json = decode_base64(payload, "payload").ok()?;
    // The derived reader would also take a list of the fields' values.
    matches!(parse_json(&json), Ok(Value::Object(_))).then_some(())?;
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{Code, encode_base64};
    use serde_json::{Value, json};

    use super::Asked;
    use crate::ValidateAnswer;
    use crate::authforge::tests::signs;

    const ASKED: Asked<'_> = Asked {
        typ: "validate",
        app_id: "app-1",
        hwid: "device-1",
        nonce: "0123456789abcdef0123456789abcdef",
        license_id: None,
    };

    fn payload() -> Value {
        json!({
            "sessionToken": "a.b", "timestamp": "2027-01-31T00:00:00Z", "expiresIn": 1_800_000_000, "nonce": ASKED.nonce,
            "requestId": "r-1", "licenseExpiresAt": null, "typ": ASKED.typ, "appId": ASKED.app_id,
            "licenseId": "license-1", "hwid": ASKED.hwid,
        })
    }

    fn signed(payload: &str) -> ValidateAnswer {
        ValidateAnswer {
            status: "success".to_owned(),
            valid: true,
            signature: encode_base64(&signs::sign(payload.as_bytes())),
            payload: payload.to_owned(),
            key_id: String::new(),
            nonce: String::new(),
        }
    }

    fn open(payload: &str, asked: &Asked<'_>) -> Result<String, Code> {
        signed(payload).open(signs::verify, asked).map(|payload| payload.license_id)
    }

    fn open_json(json: &str) -> Result<String, Code> {
        open(&encode_base64(json.as_bytes()), &ASKED)
    }

    #[test]
    fn the_answer_to_the_question_is_opened() {
        let text = encode_base64(payload().to_string().as_bytes());
        assert_eq!(open(&text, &ASKED).as_deref(), Ok("license-1"));
        for (license_id, expected) in [("license-1", None), ("license-2", Some(Code::NonceMismatch))] {
            let asked = Asked { license_id: Some(license_id), ..ASKED };
            assert_eq!(open(&text, &asked).err(), expected);
        }
        let mut more = payload();
        more["later"] = json!({ "versions": [] });
        assert!(open_json(&more.to_string()).is_ok(), "an unknown field is left alone");
    }

    #[test]
    fn the_signature_comes_first_then_the_form() {
        for payload in ["", "bm8=", "no base64", "e30"] {
            let mut answer = signed(payload);
            assert_eq!(answer.open(signs::verify, &ASKED).err(), Some(Code::AnswerInvalid), "{payload}");
            for wrong in [
                String::new(),
                answer.signature.replace('=', ""),
                encode_base64(&[0; 64]),
                encode_base64(&[0; 63]),
            ] {
                answer.signature = wrong;
                assert_eq!(
                    answer.open(signs::verify, &ASKED).err(),
                    Some(Code::SignatureInvalid),
                    "{payload}"
                );
            }
        }
    }

    #[test]
    fn other_forms_are_invalid_before_anything_is_compared() {
        let asked_by_another = payload().to_string().replace(ASKED.nonce, "another");
        assert_eq!(open_json(&asked_by_another), Err(Code::NonceMismatch));
        let twice = asked_by_another.replacen('{', r#"{"nonce":"0","#, 1);
        let list =
            json!(["a.b", "2027-01-31T00:00:00Z", 1, "n", "r", null, 1, 1, null, "validate", "a", "l", "h"]);
        let missing = asked_by_another.replace("requestId", "other");
        for json in [twice, list.to_string(), missing, "null".to_owned(), format!("{asked_by_another} x")] {
            assert_eq!(open_json(&json), Err(Code::AnswerInvalid), "{json}");
        }
    }

    /// Any two texts that are nearly the same.
    fn text() -> impl Strategy<Value = String> {
        "[aA]{0,2} ?é?"
    }

    proptest! {
        /// No answer to another question is ever opened, whatever differs; and the answer to the question always is.
        #[test]
        fn no_answer_to_another_question_is_ever_opened(
            said in prop::array::uniform5(text()),
            asked in prop::array::uniform5(text()),
            differs in prop::option::of(0usize..5),
            knows_license in any::<bool>(),
        ) {
            let mut of = said.clone();
            if let Some(at) = differs {
                of[at].clone_from(&asked[at]);
            }
            let mut answer = payload();
            for (name, value) in ["typ", "appId", "hwid", "nonce", "licenseId"].into_iter().zip(&said) {
                answer[name] = json!(value);
            }
            let license_id = knows_license.then_some(of[4].as_str());
            let question = Asked { typ: &of[0], app_id: &of[1], hwid: &of[2], nonce: &of[3], license_id };
            let same = said[..4] == of[..4] && license_id.is_none_or(|license| license == said[4]);
            let opened = open(&encode_base64(answer.to_string().as_bytes()), &question);
            prop_assert_eq!(opened.err(), (!same).then_some(Code::NonceMismatch));
        }

        /// Nothing that `verify` did not say yes to is ever opened, whatever it says.
        #[test]
        fn nothing_unsigned_is_ever_opened(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9+/=]") {
            let mut answer = signed(&encode_base64(payload().to_string().as_bytes()));
            let at = at.index(answer.payload.len());
            prop_assume!(answer.payload[at..=at] != to);
            answer.payload.replace_range(at..=at, &to);
            prop_assert_eq!(answer.open(signs::verify, &ASKED).err(), Some(Code::SignatureInvalid));
        }
    }
}
