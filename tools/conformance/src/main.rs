//! `cargo run -p conformance -- generate [--verify]`, and `seeds FOLDER` for `fuzz/`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["generate"] => conformance::generate(&vectors).map(|files| println!("{files} files")),
        ["generate", "--verify"] => return report(conformance::verify(&vectors)),
        ["seeds", corpus] => conformance::write_seeds(&vectors, Path::new(corpus))
            .map(|envelopes| println!("{envelopes} envelopes")),
        _ => {
            eprintln!("usage: conformance generate [--verify] | seeds FOLDER");
            return ExitCode::from(2);
        }
    };
    outcome.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
}

fn report(differences: std::io::Result<Vec<conformance::Difference>>) -> ExitCode {
    let differences = match differences {
        Ok(differences) => differences,
        Err(error) => return failed(&error),
    };
    for difference in &differences {
        eprintln!("{difference}");
    }
    if differences.is_empty() {
        println!("the vectors are what the tool writes");
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "{} files differ; run `cargo run -p conformance -- generate` and look at the change",
        differences.len()
    );
    ExitCode::FAILURE
}

fn failed(error: &std::io::Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}
