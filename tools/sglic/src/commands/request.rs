//! `sglic request`: asks the vendor for a license, by a file.

use std::path::Path;

use sealgate::{AskedLicense, OfflineRequestFile};
use sealgate_artifact::Code;
use serde::Serialize;

use super::activate;
use crate::args::{Global, RequestArgs};
use crate::client::Here;
use crate::confirm;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, pairs};
use crate::qr;

#[derive(Serialize)]
struct Requested {
    file: String,
    bytes: usize,
    /// By which its answer names it.
    request: String,
    asked_at: String,
    /// Whether it was made before, and is not answered yet.
    again: bool,
    /// The file in Base32, as the QR code holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    base32: Option<String>,
}

pub(crate) fn run(global: &Global, args: &RequestArgs, output: Output) -> Result<(), Failure> {
    let here = Here::find(global)?;
    let client = here.offline(global)?;
    let key = args.key.as_deref().map(|key| activate::key(key, output)).transpose()?;
    let license = match (&key, args.license) {
        (Some(key), _) => AskedLicense::Key(key),
        (None, Some(id)) => AskedLicense::Id(id),
        (None, None) => AskedLicense::Unsaid,
    };
    let file = files::resolved(&args.output);
    let asked = if args.new { client.new_offline_request(license) } else { client.offline_request(license) }?;
    write(global, &file, asked.bytes())?;
    let picture = if args.qr { Some(picture(&asked)?) } else { None };
    let result = Requested {
        file: file.display().to_string(),
        bytes: asked.bytes().len(),
        request: asked.statement().to_string(),
        asked_at: asked.asked_at().to_string(),
        again: !asked.is_new(),
        base32: args.qr.then(|| qr::base32(asked.bytes())),
    };
    output.result(&result, |result| shown(result, picture));
    Ok(())
}

fn shown(result: &Requested, picture: Option<(String, usize)>) -> String {
    let asked = if result.again {
        format!("{}, the same as before: no license file answered it yet", result.asked_at)
    } else {
        result.asked_at.clone()
    };
    let mut lines = vec![
        ("request", format!("{}, {} bytes", result.file, result.bytes)),
        ("made", asked),
        ("next", "send it to the vendor; then `sglic activate FILE.sglic` with the answer".to_owned()),
    ];
    let Some((picture, columns)) = picture else { return pairs(&lines) };
    lines.push(("QR code", format!("the file in Base32; it needs a window of {columns} columns")));
    format!("{}\n{picture}", pairs(&lines))
}

fn picture(asked: &OfflineRequestFile) -> Result<(String, usize), Failure> {
    qr::drawn(asked.bytes()).ok_or_else(|| {
        Failure::new(Code::ArtifactTooLarge, "the request is too long for a QR code")
            .fix("leave --qr out, and carry the file")
    })
}

/// Another file of that name is not lost unasked.
fn write(global: &Global, file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    match files::read_if_there(file)? {
        Some(there) if there == bytes => return Ok(()),
        Some(_) => {
            let question = format!("Replace {}?", file.display());
            confirm::ask(global, &question, &format!("{} is there already", file.display()))?;
        }
        None => {}
    }
    files::write_carried(file, bytes)
}
