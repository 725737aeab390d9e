//! The check of a signed answer (`spec/authforge.md` §4).

use std::collections::BTreeMap;

use sealgate_artifact::{Code, PublicKey, Value, decode_base64, parse_with_decimals};
use serde_json::value::{RawValue, to_raw_value};

use crate::variable::WITH_VARIABLES;
use crate::{Opened, Typ, Unopened, ValidateAnswer, ValidatePayload, Verify};

/// What the answer must be about: the request that the client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The operation that was asked for.
    pub typ: Typ,
    /// The app in the request.
    pub app_id: &'a str,
    /// The device in the request.
    pub hwid: &'a str,
    /// The nonce of this one request.
    pub nonce: &'a str,
    /// The license's id, if the client knows which license its key belongs to.
    pub license_id: Option<&'a str>,
}

impl ValidateAnswer {
    /// The signed part of the answer, to be opened. `signature_invalid` if the signature is not the canonical base64 of
    /// 64 bytes (`spec/authforge.md` §4.1).
    pub fn unopened(&self) -> Result<Unopened<ValidatePayload>, Code> {
        Unopened::new(self.payload.clone(), &self.signature).ok_or(Code::SignatureInvalid)
    }
}

impl Unopened<ValidatePayload> {
    /// Checks signature, form and content, in this order (`spec/authforge.md` §4), and gives what the answer says.
    /// `keys` are the keys that the client trusts for this app. Fails with `signature_invalid`, `answer_invalid` or
    /// `nonce_mismatch`.
    pub fn open(
        &self,
        keys: &[PublicKey],
        verify: Verify,
        expected: &Expected<'_>,
    ) -> Result<Opened<ValidatePayload>, Code> {
        // spec/authforge.md §4.1: over the text as it came, before anything of it is decoded.
        let signed = self.signed(keys, verify).ok_or(Code::SignatureInvalid)?;
        let payload = read(signed.text())?;
        if expected.matches(&payload) { Ok(signed.opened(payload)) } else { Err(Code::NonceMismatch) }
    }
}

impl Expected<'_> {
    /// spec/authforge.md §4.3: byte by byte.
    fn matches(&self, payload: &ValidatePayload) -> bool {
        payload.nonce == self.nonce
            && payload.typ == self.typ
            && payload.app_id == self.app_id
            && payload.hwid == self.hwid
            && self.license_id.is_none_or(|license| payload.license_id == license)
    }
}

/// spec/authforge.md §4.2: an object of the strict profile, with the fields of the payload.
fn read(payload: &str) -> Result<ValidatePayload, Code> {
    let json = decode_base64(payload, "payload").map_err(|_| Code::AnswerInvalid)?;
    // The derived reader would also accept a list of the fields' values.
    let Ok(Value::Object(_)) = parse_with_decimals(&json, &WITH_VARIABLES) else {
        return Err(Code::AnswerInvalid);
    };
    serde_json::from_slice(&json).map_err(|_| unreadable(&json))
}

/// spec/authforge.md §4.3: a `typ` that this version does not know belongs to an operation that nobody here asked for.
/// Any other fault is one of form.
fn unreadable(json: &[u8]) -> Code {
    // As they are written: numbers with a fraction have one spelling.
    let mut fields: BTreeMap<String, Box<RawValue>> = match serde_json::from_slice(json) {
        Ok(fields) => fields,
        Err(_) => return Code::AnswerInvalid,
    };
    let known = to_raw_value(&Typ::Validate).expect("a word can be written");
    let typ = fields.insert("typ".to_owned(), known);
    let rest = serde_json::to_vec(&fields).expect("what was read can be written");
    let rest_is_sound = serde_json::from_slice::<ValidatePayload>(&rest).is_ok();
    if rest_is_sound && typ.is_some_and(|typ| typ.get().starts_with('"')) {
        Code::NonceMismatch
    } else {
        Code::AnswerInvalid
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{Code, encode_base64};
    use serde_json::{Value, json};

    use super::Expected;
    use crate::tests::signs::{self, KEY, OTHER_KEY};
    use crate::{Status, Typ, ValidateAnswer};

    const EXPECTED: Expected<'_> = Expected {
        typ: Typ::Validate,
        app_id: "app-1",
        hwid: "device-1",
        nonce: "0123456789abcdef0123456789abcdef",
        license_id: None,
    };

    fn payload() -> Value {
        json!({
            "sessionToken": "a.b", "timestamp": "2027-01-31T00:00:00Z", "expiresIn": 1_800_000_000, "nonce": EXPECTED.nonce,
            "requestId": "r-1", "licenseExpiresAt": null, "typ": EXPECTED.typ, "appId": EXPECTED.app_id,
            "licenseId": "license-1", "hwid": EXPECTED.hwid,
        })
    }

    fn signed(payload: &str) -> ValidateAnswer {
        ValidateAnswer {
            status: Status::Success,
            valid: true,
            signature: encode_base64(&signs::sign(&KEY, payload.as_bytes())),
            payload: payload.to_owned(),
            key_id: String::new(),
            nonce: String::new(),
        }
    }

    fn open_answer(answer: &ValidateAnswer, expected: &Expected<'_>) -> Result<String, Code> {
        answer
            .unopened()?
            .open(&[KEY], signs::verify, expected)
            .map(|payload| payload.get().license_id.clone())
    }

    fn open(payload: &str, expected: &Expected<'_>) -> Result<String, Code> {
        open_answer(&signed(payload), expected)
    }

    fn open_json(json: &str) -> Result<String, Code> {
        open(&encode_base64(json.as_bytes()), &EXPECTED)
    }

    #[test]
    fn the_answer_to_the_request_is_opened() {
        let text = encode_base64(payload().to_string().as_bytes());
        assert_eq!(open(&text, &EXPECTED).as_deref(), Ok("license-1"));
        for (license_id, expected) in [("license-1", None), ("license-2", Some(Code::NonceMismatch))] {
            let expected_license = Expected { license_id: Some(license_id), ..EXPECTED };
            assert_eq!(open(&text, &expected_license).err(), expected);
        }
        let mut more = payload();
        more["later"] = json!({ "versions": [] });
        assert!(open_json(&more.to_string()).is_ok(), "an unknown field is left alone");
    }

    #[test]
    fn the_signature_comes_first_then_the_form() {
        for payload in ["", "bm8=", "no base64", "e30"] {
            let mut answer = signed(payload);
            assert_eq!(open_answer(&answer, &EXPECTED).err(), Some(Code::AnswerInvalid), "{payload}");
            for wrong in [
                String::new(),
                answer.signature.replace('=', ""),
                encode_base64(&[0; 64]),
                encode_base64(&[0; 63]),
            ] {
                answer.signature = wrong;
                assert_eq!(open_answer(&answer, &EXPECTED).err(), Some(Code::SignatureInvalid), "{payload}");
            }
        }
    }

    #[test]
    fn only_a_trusted_key_opens_an_answer() {
        let unopened = signed(&encode_base64(payload().to_string().as_bytes())).unopened().expect("64 bytes");
        for keys in [&[][..], &[OTHER_KEY]] {
            let refused = unopened.open(keys, signs::verify, &EXPECTED);
            assert_eq!(refused.err(), Some(Code::SignatureInvalid));
        }
        let opened = unopened.open(&[OTHER_KEY, KEY], signs::verify, &EXPECTED);
        assert_eq!(opened.map(|opened| opened.signed_by()).ok(), Some(KEY));
    }

    #[test]
    fn other_forms_are_invalid_before_anything_is_compared() {
        let for_another = payload().to_string().replace(EXPECTED.nonce, "another");
        assert_eq!(open_json(&for_another), Err(Code::NonceMismatch));
        let twice = for_another.replacen('{', r#"{"nonce":"0","#, 1);
        let list =
            json!(["a.b", "2027-01-31T00:00:00Z", 1, "n", "r", null, 1, 1, null, "validate", "a", "l", "h"]);
        let missing = for_another.replace("requestId", "other");
        let no_typ = for_another.replace(r#""validate""#, "1");
        let other_typ_and_missing = missing.replace("validate", "later");
        let others = ["null".to_owned(), format!("{for_another} x")];
        for json in
            [twice, list.to_string(), missing, no_typ, other_typ_and_missing].into_iter().chain(others)
        {
            assert_eq!(open_json(&json), Err(Code::AnswerInvalid), "{json}");
        }
    }

    /// `spec/authforge.md` §2.8: in their one spelling, in variables, and nowhere else.
    #[test]
    fn variables_may_have_a_fraction() {
        let with = |name: &str, value: &str| {
            payload().to_string().replacen('{', &format!(r#"{{"{name}":{{"rate":{value}}},"#), 1)
        };
        for name in ["appVariables", "licenseVariables"] {
            assert!(open_json(&with(name, "0.5")).is_ok());
            assert!(open_json(&with(name, "-0.000001")).is_ok());
            // What is for another operation is told apart from what has no form, with fractions too.
            let for_later = with(name, "0.000001").replace(r#""validate""#, r#""later""#);
            assert_eq!(open_json(&for_later), Err(Code::NonceMismatch));
            for value in
                ["1.0", "0.50", "1e3", "5e-1", ".5", "-0", "0.1234567890123456", "[0.5]", r#"{"a":0.5}"#]
            {
                assert_eq!(open_json(&with(name, value)), Err(Code::AnswerInvalid), "{value}");
            }
        }
        let elsewhere = [with("later", "0.5"), payload().to_string().replace("1800000000", "1800000000.5")];
        for json in elsewhere {
            assert_eq!(open_json(&json), Err(Code::AnswerInvalid), "{json}");
        }
    }

    /// Texts of which any two are nearly the same.
    fn text() -> impl Strategy<Value = String> {
        "[aA]{0,2} ?é?"
    }

    fn typ() -> impl Strategy<Value = Typ> {
        prop::sample::select(vec![Typ::Validate, Typ::Heartbeat])
    }

    /// Words of this version, and some that only another version could know.
    fn typ_word() -> impl Strategy<Value = Value> {
        prop_oneof![typ().prop_map(|typ| json!(typ)), text().prop_map(|word| json!(word))]
    }

    proptest! {
        /// An answer opens exactly if it belongs to the request, whatever differs.
        #[test]
        fn an_answer_opens_exactly_for_its_request(
            (typ_said, typ) in (typ_word(), typ()),
            said in prop::array::uniform4(text()),
            sent in prop::array::uniform4(text()),
            differs in prop::option::of(0usize..4),
            knows_license in any::<bool>(),
        ) {
            let mut of = said.clone();
            if let Some(at) = differs {
                of[at].clone_from(&sent[at]);
            }
            let mut answer = payload();
            for (name, value) in ["appId", "hwid", "nonce", "licenseId"].into_iter().zip(&said) {
                answer[name] = json!(value);
            }
            answer["typ"] = typ_said.clone();
            let license_id = knows_license.then_some(of[3].as_str());
            let expected = Expected { typ, app_id: &of[0], hwid: &of[1], nonce: &of[2], license_id };
            let same = typ_said == json!(typ)
                && said[..3] == of[..3]
                && license_id.is_none_or(|license| license == said[3]);
            let opened = open(&encode_base64(answer.to_string().as_bytes()), &expected);
            prop_assert_eq!(opened.err(), (!same).then_some(Code::NonceMismatch));
        }

        /// No changed letter of the payload passes the signature check, whatever it becomes.
        #[test]
        fn no_changed_payload_is_ever_opened(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9+/=]") {
            let mut answer = signed(&encode_base64(payload().to_string().as_bytes()));
            let at = at.index(answer.payload.len());
            prop_assume!(answer.payload[at..=at] != to);
            answer.payload.replace_range(at..=at, &to);
            prop_assert_eq!(open_answer(&answer, &EXPECTED).err(), Some(Code::SignatureInvalid));
        }
    }
}
