//! Prints the OpenAPI document, for `cargo xtask codegen`.

fn main() {
    println!("{}", sealgate_http::openapi());
}
