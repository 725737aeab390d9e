//! A program that needs a license. Run it with a license key: `cargo run -p sealgate --example license -- KEY`.
//! The trust.json beside it belongs to nobody: put your own in its place.

use std::process::ExitCode;

use sealgate::{Client, Error, License};

const TRUST: &[u8] = include_bytes!("trust.json");

fn main() -> ExitCode {
    let key = std::env::args().nth(1).unwrap_or_default();
    match license(&key) {
        Ok(license) => {
            println!("{} license, export: {}", license.tier().as_str(), license.has_feature("export"));
            return ExitCode::SUCCESS;
        }
        Err(Error::License(no)) => eprintln!("no license: {no}. {}", no.fix()),
        Err(error) => eprintln!("not known now ({}): {error}. {}", error.code(), error.fix()),
    }
    ExitCode::FAILURE
}

fn license(key: &str) -> Result<License, Error> {
    let client =
        Client::builder(TRUST).server("https://license.example.com").state_dir("./sealgate-state").build()?;
    client.validate_license(key)
}
