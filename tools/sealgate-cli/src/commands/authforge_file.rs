//! `sealgate license authforge-file`.

use std::path::Path;

use sealgate_artifact::Code;
use sealgate_wire::{AuthforgeFile, MakeAuthforgeFile};
use serde_json::json;

use super::ways_out;
use crate::args::AuthforgeFileArgs;
use crate::client::Client;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, say};
use crate::streams::{is_dash, one_dash};

pub(crate) fn run(client: &Client, args: &AuthforgeFileArgs, output: &Output) -> Result<(), Failure> {
    one_dash(&[Some(Path::new(&args.key)), args.request.as_deref()])?;
    let wish = MakeAuthforgeFile {
        hwid: args.hwid.clone(),
        any: args.any.then_some(true),
        request: args.request.as_deref().map(read_request).transpose()?,
        expires_at: args.expires.clone().map(|date| date.0),
    };
    let id = client.license_id(&args.key)?;
    let path = format!("/api/v1/licenses/{id}/authforge-file");
    let made = client.post_once(&path, &wish);
    let made: AuthforgeFile = made.map_err(|failure| ways_out::of_file(client, id, failure))?;
    // The license key stands in it.
    files::write_private(&args.output, made.file.as_bytes())
        .map_err(|e| Failure::new(Code::FileUnreadable, format!("{}: {e}", args.output.display())))?;
    if is_dash(&args.output) {
        return Ok(());
    }
    let result = json!({
        "license_id": id.to_string(),
        "jti": made.jti,
        "expires_at": made.expires_at,
        "file": args.output,
    });
    output.result(&result, |_| {
        say!("{}: written", args.output.display());
        match made.expires_at {
            Some(end) => say!("The file is valid until {end}. It cannot be taken back before then."),
            None => say!("The file is valid forever. It cannot be taken back."),
        }
    });
    Ok(())
}

fn read_request(path: &Path) -> Result<String, Failure> {
    let unreadable = |why: &str| Failure::new(Code::FileUnreadable, format!("{}: {why}", path.display()));
    let bytes = files::read(path).map_err(|e| unreadable(&e.to_string()))?;
    String::from_utf8(bytes).map_err(|_| unreadable("not UTF-8"))
}
