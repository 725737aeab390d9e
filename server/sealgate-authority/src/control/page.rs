//! Pages of lists (`spec/http.md` §3.5).

use crate::AuthorityError;

/// How much of a list a caller wants at once.
const LIMIT: u32 = 200;

/// A wished page size within 1 to 200; 50 without a wish.
pub(super) fn size(wished: Option<u32>) -> u32 {
    wished.unwrap_or(50).clamp(1, LIMIT)
}

/// What goes on with a list after the item of this id. It names the list, so that no other takes it.
pub(super) fn cursor(list: &str, id: &str) -> String {
    format!("{list}.{id}")
}

/// The item after which to go on.
pub(super) fn after<T, E>(
    list: &str,
    cursor: Option<&str>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, AuthorityError> {
    let Some(cursor) = cursor else { return Ok(None) };
    let id = cursor.strip_prefix(list).and_then(|rest| rest.strip_prefix('.'));
    let item = id.and_then(|id| parse(id).ok());
    item.map(Some).ok_or(AuthorityError::Invalid { field: "cursor", why: "not a cursor of this list" })
}
