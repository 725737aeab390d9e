//! A program that needs a license. Run it with a license key: `cargo run -p sealgate --example license -- KEY`.
//! The trust.json beside it belongs to nobody: put your own in its place.

use sealgate::{Client, Error};

const TRUST: &[u8] = include_bytes!("trust.json");

fn main() -> Result<(), Error> {
    let client =
        Client::builder(TRUST).server("https://license.example.com").state_dir("./sealgate-state").build()?;
    let key = std::env::args().nth(1).unwrap_or_default();
    match client.validate_license(&key) {
        Ok(license) => {
            println!("{} license, export: {}", license.tier().as_str(), license.has_feature("export"));
        }
        Err(Error::License(no)) => println!("no license: {no}. {}", no.fix()),
        Err(error) => println!("not known now ({}): {error}. {}", error.code(), error.fix()),
    }
    Ok(())
}
