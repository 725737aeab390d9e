//! What holds for any license file, and a stand-in for signatures.

use proptest::prelude::*;
use sealgate_artifact::{Code, Decimal, UnixSeconds, encode_base64, limits};

use self::signs::KEY;
use crate::{
    Expected, FileRefusal, FileVariables, Here, LicenseFile, Machines, Status, Typ, UnsignedFile,
    ValidateAnswer, Variable, payload,
};

/// A stand-in for a signature: whoever knows the public key and the text can make it.
pub(crate) mod signs {
    use sealgate_artifact::PublicKey;
    use sha2::{Digest, Sha256};

    /// The key that signs in tests.
    pub(crate) const KEY: PublicKey = PublicKey::from_bytes([1; 32]);
    /// A key that signs nothing.
    pub(crate) const OTHER_KEY: PublicKey = PublicKey::from_bytes([2; 32]);

    pub(crate) fn sign(key: &PublicKey, text: &[u8]) -> [u8; 64] {
        let digest = Sha256::new().chain_update(key.as_bytes()).chain_update(text).finalize();
        std::array::from_fn(|i| digest[i % 32])
    }

    pub(crate) fn verify(key: &PublicKey, text: &[u8], signature: &[u8]) -> bool {
        sign(key, text) == signature
    }
}

fn signed(file: &UnsignedFile) -> String {
    file.with_signature(&signs::sign(&KEY, file.payload().as_bytes()))
}

/// Texts that nobody should have to think of.
fn awkward() -> BoxedStrategy<String> {
    prop_oneof![any::<String>(), "[\"\\\\\n\r\t\u{8}\u{c}\u{7f}é漢🦀 /<>&']{0,20}", "[a-z0-9-]{1,36}"].boxed()
}

fn word() -> BoxedStrategy<String> {
    "[!-~é漢🦀]{1,40}".boxed()
}

fn moment() -> impl Strategy<Value = UnixSeconds> {
    (0..=limits::LAST_SECOND).prop_map(|seconds| UnixSeconds::new(seconds).expect("in range"))
}

fn variables(names: impl Strategy<Value = String>) -> impl Strategy<Value = FileVariables> {
    let value = prop_oneof![
        any::<bool>().prop_map(Variable::Flag),
        (1 - limits::INTEGER_BOUND..limits::INTEGER_BOUND).prop_map(Variable::Number),
        any::<i64>().prop_map(Variable::Number),
        "-?(0|[1-9][0-9]{0,6})[.][0-9]{0,7}[1-9]"
            .prop_map(|text| { Variable::Decimal(Decimal::parse(&text).expect("a number with a fraction")) }),
        awkward().prop_map(Variable::Text),
    ];
    prop::collection::vec((names, value), 0..5)
}

fn machines(names: impl Strategy<Value = String>) -> impl Strategy<Value = Machines> {
    prop::option::of(prop::collection::vec(names, 0..4))
        .prop_map(|hwids| hwids.map_or(Machines::Any, |hwids| Machines::Bound { hwids }))
}

/// Files of these words, well formed or not.
fn file(word: BoxedStrategy<String>) -> impl Strategy<Value = LicenseFile> {
    let head = (word.clone(), word.clone(), word.clone(), word.clone(), machines(word));
    let times = (moment(), prop::option::of(moment()), prop::option::of(prop::option::of(moment())));
    let more = (
        prop::option::of(awkward()),
        prop::option::of(variables(awkward())),
        prop::option::of(variables("[a-z]{1,9}")),
    );
    (head, times, more).prop_map(|(head, times, more)| LicenseFile {
        app_id: head.0,
        license_key: head.1,
        jti: head.2,
        kid: head.3,
        hwid: head.4,
        issued_at: times.0,
        expires_at: times.1,
        license_expires_at: times.2,
        label: more.0,
        license_variables: more.1,
        app_variables: more.2,
    })
}

/// Opens a file on a machine where it counts.
fn open_at_home(text: &str, file: &LicenseFile) -> Result<LicenseFile, FileRefusal> {
    let hwid = match &file.hwid {
        Machines::Bound { hwids } => hwids.last().map_or("", String::as_str),
        Machines::Any => "anything",
    };
    let now = UnixSeconds::new(file.expires_at.map_or(0, |end| end.get().saturating_sub(1))).expect("a time");
    let here = Here { app_id: &file.app_id, hwid, now };
    LicenseFile::unopened(text)?.open(&[KEY], signs::verify, &here).map(|file| file.get().clone())
}

proptest! {
    /// Any file that is made is read back the same, and has exactly its five header lines.
    #[test]
    fn what_is_made_is_read(file in file(word())) {
        // A file that ended as soon as time began counts nowhere.
        prop_assume!(file.expires_at.is_none_or(|end| end.get() > 0));
        let unsigned = file.unsigned();
        prop_assume!(unsigned.is_ok());
        let unsigned = unsigned.expect("just seen");
        let text = signed(&unsigned);
        prop_assert_eq!(text.split('\n').position(str::is_empty), Some(6));
        prop_assert_eq!(open_at_home(&text, &file), Ok(file));
    }

    /// The writer never makes a file that the reader would refuse.
    #[test]
    fn what_is_not_read_is_never_made(file in prop_oneof![file(word()), file(awkward())]) {
        prop_assume!(file.expires_at.is_none_or(|end| end.get() > 0));
        let forced = UnsignedFile { headers: "Version: 1\n\n".to_owned(), payload: payload::write(&file) };
        let read = open_at_home(&signed(&forced), &file);
        prop_assert_eq!(read.is_ok_and(|read| read == file), file.unsigned().is_ok());
    }

    /// The writer never makes a file whose text would begin another header line or would be trimmed by clients.
    #[test]
    fn no_header_is_ever_smuggled_in(
        mut file in file(word()),
        field in 0usize..5,
        at in any::<prop::sample::Index>(),
        with in prop_oneof!["\\p{Cc}", Just("\nLicense: x".to_owned()), Just("\r\n\r\n".to_owned())],
        ends in prop::option::of("[ \u{a0}\u{2003}]"),
    ) {
        file.hwid = Machines::Bound { hwids: vec!["device-1".to_owned()] };
        let Machines::Bound { hwids } = &mut file.hwid else { unreachable!() };
        let places = [&mut file.app_id, &mut file.license_key, &mut file.jti, &mut file.kid, &mut hwids[0]];
        let place = places.into_iter().nth(field).expect("one of five");
        let chars: Vec<usize> = place.char_indices().map(|(at, _)| at).collect();
        match ends {
            Some(space) => place.push_str(&space),
            None => place.insert_str(chars[at.index(chars.len())], &with),
        }
        prop_assert_eq!(file.unsigned().err(), Some(FileRefusal::MalformedPayload));
    }

    /// spec/authforge.md §2.5: one key signs files and answers, and no file is ever opened as an answer.
    #[test]
    fn no_file_is_an_answer(file in file(word()), nonce in "[0-9a-f]{32}") {
        let payload = payload::write(&file);
        let signature = encode_base64(&signs::sign(&KEY, payload.as_bytes()));
        let (status, key_id) = (Status::Success, file.kid.clone());
        let answer = ValidateAnswer { status, valid: true, payload, signature, key_id, nonce: nonce.clone() };
        let expected = Expected { typ: Typ::Validate, app_id: &file.app_id, hwid: "", nonce: &nonce, license_id: None };
        let opened = answer.unopened().expect("a signature").open(&[KEY], signs::verify, &expected);
        prop_assert_eq!(opened.err(), Some(Code::AnswerInvalid));
    }
}
