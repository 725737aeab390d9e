//! Prints the table of configuration keys for `docs/book/operators.md`.

fn main() {
    print!("{}", sealgate_server::config::guide_table());
}
