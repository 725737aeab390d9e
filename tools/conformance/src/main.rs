//! The vectors' own program, and Rust's conformance program (`verifiers/README.md`).

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sealgate_artifact::{PublicKey, UnixSeconds};

#[derive(Parser)]
#[command(name = "conformance")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write every vector, or say which differ from what would be written
    Generate {
        #[arg(long)]
        verify: bool,
    },
    /// Write first inputs for the fuzz targets
    Seeds { corpus: PathBuf },
    /// Print test points for the Ed25519 rule: `SET ok|no PUBHEX MSGHEX SIGHEX`
    Points,
    /// Write files that hold today, for `verify`, and print `ROOT FILE ANSWER` for each
    Files { folder: PathBuf },
    /// Answer lines `PUBHEX MSGHEX SIGHEX` with `ok` or `no`
    Ed25519,
    /// Answer the vectors whose paths are given line by line
    Vectors,
    /// Say what the licenses of the vectors grant whose paths are given line by line
    Contents {
        /// Print the right answers instead: `PATH ANSWER`
        #[arg(long)]
        expected: bool,
    },
    /// Verify a file by typed roots, with FILE.trust beside it
    Verify {
        #[arg(long, value_name = "PUB", num_args = 1.., required = true)]
        root: Vec<String>,
        #[arg(long, default_value_t = 1)]
        threshold: usize,
        file: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> std::io::Result<ExitCode> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
    match command {
        Command::Generate { verify: true } => return Ok(report(&conformance::verify(&vectors)?)),
        Command::Generate { verify: false } => println!("{} files", conformance::generate(&vectors)?),
        Command::Seeds { corpus } => println!("{} inputs", conformance::write_seeds(&vectors, &corpus)?),
        Command::Points => {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            for point in conformance::points() {
                writeln!(out, "{point}")?;
            }
            out.flush()?;
        }
        Command::Files { folder } => {
            for line in conformance::write_files(&folder, now().get())? {
                println!("{line}");
            }
        }
        Command::Ed25519 => answer_lines(|line| conformance::answer_point(line).to_owned())?,
        Command::Vectors => answer_lines(|line| conformance::answer_vector(Path::new(line)))?,
        Command::Contents { expected: true } => {
            for line in conformance::contents(&vectors)? {
                println!("{line}");
            }
        }
        Command::Contents { expected: false } => {
            answer_lines(|line| conformance::answer_contents(Path::new(line)))?;
        }
        Command::Verify { root, threshold, file } => return Ok(verify(root, threshold, file)),
    }
    Ok(ExitCode::SUCCESS)
}

fn answer_lines(answer: impl Fn(&str) -> String) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        writeln!(out, "{}", answer(&line?))?;
    }
    out.flush()
}

/// Options may stand before or after the file, so the last word behind `--root` may be the file.
fn verify(mut root: Vec<String>, threshold: usize, file: Option<PathBuf>) -> ExitCode {
    let Some(file) = file.or_else(|| root.pop().map(PathBuf::from)).filter(|_| !root.is_empty()) else {
        eprintln!("usage: conformance verify --root PUB… [--threshold N] FILE");
        return ExitCode::from(2);
    };
    let roots: Result<Vec<_>, _> =
        root.iter().map(|text| PublicKey::parse(text).map_err(|e| e.code())).collect();
    let found = roots.and_then(|roots| conformance::verify_file(roots, threshold, &file, now()));
    match found {
        Ok(id) => {
            println!("ok {id}");
            ExitCode::SUCCESS
        }
        Err(code) => {
            println!("{code}");
            ExitCode::FAILURE
        }
    }
}

fn now() -> UnixSeconds {
    let since = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970");
    UnixSeconds::new(since.as_secs()).expect("a clock before the year 10000")
}

fn report(differences: &[conformance::Difference]) -> ExitCode {
    for difference in differences {
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
