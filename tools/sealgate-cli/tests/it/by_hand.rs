//! `docs/book/http.md`: the API by hand. The page is the test: its requests are sent in its order, and answered as it says.

use sealgate_testkit::send_with;
use serde_json::Value;

use crate::vendor::Vendor;

const PAGE: &str = include_str!("../../../../docs/book/http.md");

#[test]
fn the_requests_of_the_page_are_answered_as_it_says() {
    let vendor = Vendor::new();
    let blocks = PAGE.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let mut license = String::new();
    let mut steps = 0;
    for step in blocks.flat_map(|block| block.split("$ api ").skip(1)) {
        let (line, wanted) = step.split_once('\n').expect("an answer");
        let answer = ask(&vendor, &line.replace("LICENSE", &license));
        let (wanted, is_part) = pattern(wanted);
        assert!(fits(&wanted, &answer, is_part), "{line}\n{wanted}\n{answer}");
        if let Some(issued) = answer["licenses"][0]["license_id"].as_str() {
            issued.clone_into(&mut license);
        }
        steps += 1;
    }
    assert!(steps > 10, "{steps}");
}

/// As `api` of the page does.
fn ask(vendor: &Vendor, line: &str) -> Value {
    let words = words(line);
    let mut words = words.iter().map(String::as_str);
    let url = format!("{}/api/v1{}", vendor.server.url, words.next().expect("a path"));
    let (mut method, mut body, mut headers) = ("GET", "", vec![]);
    while let Some(flag) = words.next() {
        let value = words.next().expect("a value");
        match flag {
            "-d" => (method, body) = ("POST", value),
            "-X" => method = value,
            "-H" => headers.extend(value.split_once(": ")),
            other => panic!("{other}"),
        }
    }
    let token = std::fs::read_to_string(vendor.data().join("admin.token")).expect("the owner's token");
    send_with(method, &url, Some(token.trim()), &headers, body.as_bytes()).json()
}

/// Words of a shell, where nothing is quoted but by `'`.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate();
    let words = parts.flat_map(|(n, part)| match n % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

/// The answer on the page, and whether it leaves members out.
fn pattern(shown: &str) -> (Value, bool) {
    let whole = shown.replace(", …}", "}");
    let is_part = whole != shown;
    (serde_json::from_str(whole.trim()).unwrap_or_else(|e| panic!("{e}: {whole}")), is_part)
}

/// `"…"` is any text.
fn fits(wanted: &Value, is: &Value, is_part: bool) -> bool {
    match (wanted, is) {
        (Value::String(any), Value::String(_)) if any == "…" => true,
        (Value::Object(wanted), Value::Object(is)) => {
            let has =
                |(name, value): (&String, &Value)| is.get(name).is_some_and(|is| fits(value, is, is_part));
            (is_part || wanted.len() == is.len()) && wanted.iter().all(has)
        }
        (Value::Array(wanted), Value::Array(is)) => {
            wanted.len() == is.len() && wanted.iter().zip(is).all(|(wanted, is)| fits(wanted, is, is_part))
        }
        (wanted, is) => wanted == is,
    }
}

#[test]
fn an_answer_that_the_page_does_not_say_does_not_fit() {
    let fits = |shown: &str, is: &str| {
        let (wanted, is_part) = pattern(shown);
        fits(&wanted, &serde_json::from_str(is).expect("JSON"), is_part)
    };
    assert!(fits(r#"{"a": "…", …}"#, r#"{"a": "b", "c": 1}"#) && fits(r#"[{"a": 1}]"#, r#"[{"a": 1}]"#));
    for (shown, is) in
        [(r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#), (r#"{"a": 1, …}"#, r#"{"b": 1}"#), ("[]", "[1]")]
    {
        assert!(!fits(shown, is), "{shown} {is}");
    }
}
