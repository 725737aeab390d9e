//! `sealgate`, the vendor's program.

fn main() -> std::process::ExitCode {
    sealgate_cli::run(std::env::args_os())
}
