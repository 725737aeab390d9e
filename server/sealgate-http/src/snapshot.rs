//! `GET /api/v1/snapshot`: the newest snapshot as a container, for anybody (`spec/revocation.md` §7.2, `spec/http.md` §3.22).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use sealgate_artifact::{Code, encode_hex};
use sealgate_authority::{AuthorityError, SnapshotFile, SnapshotFiles};
use sealgate_wire::SnapshotQuery;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::api::parameters;
use crate::misfit::Misfit;
use crate::online::{Asker, refuse};
use crate::problem::Problem;
use crate::query::QueryOf;
use crate::schema::{answer, problem};
use crate::transfers::{Transfer, Transfers};

/// How long anybody may keep the answer, in seconds: a job signs every minute.
const KEPT: &str = "public, max-age=60";

/// What answers.
#[derive(Clone)]
pub(crate) struct Downloads {
    files: SnapshotFiles,
    transfers: Transfers,
}

impl Downloads {
    pub(crate) fn new(files: SnapshotFiles) -> Self {
        Self { files, transfers: Transfers::default() }
    }
}

/// The container; nothing to whoever has it.
pub(crate) async fn newest(
    State(Downloads { files, transfers }): State<Downloads>,
    asker: Asker,
    headers: HeaderMap,
    QueryOf(query): QueryOf<SnapshotQuery>,
) -> Response {
    let file = match files.newest(&query.app_id, Some(asker.address)).await {
        Ok(file) => file,
        Err(AuthorityError::Refused(Code::NotFound)) => return no_such_app(&asker),
        Err(error) => return refuse(&error, &asker.id),
    };
    let tag = format!("\"{}\"", encode_hex(&file.row.sha256));
    let told = [(header::CACHE_CONTROL, KEPT.to_owned()), (header::ETAG, tag.clone())];
    if headers.get_all(header::IF_NONE_MATCH).iter().any(|held| names(held.as_bytes(), tag.as_bytes())) {
        return (StatusCode::NOT_MODIFIED, told).into_response();
    }
    let Some(transfer) = transfers.begin(file.row.bytes, asker.address, Instant::now()) else {
        return refuse(&AuthorityError::Busy("too many read snapshots just now"), &asker.id);
    };
    let about = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, file.row.bytes.to_string()),
    ];
    (told, about, body(files, file, transfer)).into_response()
}

/// Who has no tenant has no slugs either.
fn no_such_app(asker: &Asker) -> Response {
    let why = "no app has this id; it takes the id here, not the slug".to_owned();
    let misfit = Misfit { field: Some("app_id".to_owned()), why };
    Problem::misfit(Code::NotFound, misfit, &asker.id).into_response()
}

/// Part by part: nobody holds all of it.
fn body(files: SnapshotFiles, file: SnapshotFile, transfer: Transfer) -> Body {
    let begin = (files, file, transfer, 0_u64, 0_u64);
    let parts = try_unfold(begin, |(files, file, transfer, part, sent)| async move {
        if sent >= file.row.bytes {
            return Ok(None);
        }
        if !transfer.may_go_on(Instant::now()) {
            return Err(AuthorityError::Busy("the transfer was slow, and made room for another one"));
        }
        let next = files.part(&file, part).await?;
        // It was replaced long ago: the transfer breaks off, and is begun anew.
        let next = next.ok_or(AuthorityError::Busy("the snapshot is not kept any more"))?;
        let sent = sent + next.len() as u64;
        Ok::<_, AuthorityError>(Some((next, (files, file, transfer, part + 1, sent))))
    });
    Body::from_stream(parts)
}

/// Whether a list of tags names this one. A weak one is the same bytes, too.
fn names(list: &[u8], tag: &[u8]) -> bool {
    let trimmed = |held: &[u8]| {
        let held = held.trim_ascii();
        held.strip_prefix(b"W/").unwrap_or(held) == tag || held == b"*"
    };
    list.split(|byte| *byte == b',').any(trimmed)
}

/// In the OpenAPI document.
pub(crate) fn describe(document: &mut Value) {
    let file = json!({ "type": "string", "format": "binary" });
    document["paths"]["/api/v1/snapshot"]["get"] = json!({
        "operationId": "snapshot",
        "tags": ["runtime"],
        "summary": "The newest revocation data, as a container",
        "security": [],
        "parameters": parameters::<SnapshotQuery>(),
        "responses": {
            "200": { "description": "a container", "content": { "application/octet-stream": { "schema": file } } },
            "304": { "description": "the client has it already" },
            "400": answer("not of the documented form", &problem()),
            "404": answer("no such app", &problem()),
            "429": answer("too many requests", &problem()),
            "500": answer("the server failed", &problem()),
            "503": answer("the server cannot answer now", &problem()),
        },
    });
}
