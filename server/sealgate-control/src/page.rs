//! Pages of lists (`spec/http.md` §3.5).

use sealgate_authority::AuthorityError;
use sealgate_wire::Page;

/// The most items of one page.
const LIMIT: u32 = 200;

/// The page size within 1 to 200; 50 when none was requested.
fn size(requested: Option<u32>) -> u32 {
    requested.unwrap_or(50).clamp(1, LIMIT)
}

/// A page of a list: where it begins and how long it is.
pub(crate) struct Part<T> {
    list: String,
    /// The item before.
    pub(crate) after: Option<T>,
    size: u32,
}

impl<T> Part<T> {
    /// Reads a cursor. It names its list, so that no other takes it.
    pub(crate) fn new<E>(
        list: impl Into<String>,
        cursor: Option<&str>,
        limit: Option<u32>,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Self, AuthorityError> {
        let list = list.into();
        let after = cursor.map(|cursor| {
            let item = cursor.strip_prefix(&list).and_then(|rest| rest.strip_prefix('.'));
            let item = item.and_then(|item| parse(item).ok());
            item.ok_or(AuthorityError::Invalid { field: "cursor", why: "not a cursor of this list" })
        });
        Ok(Self { after: after.transpose()?, list, size: size(limit) })
    }

    /// How many rows to ask for: one more than are shown tells whether there are more.
    pub(crate) fn rows(&self) -> u32 {
        self.size + 1
    }

    /// The page that these rows make.
    pub(crate) fn page<R, V>(
        &self,
        mut rows: Vec<R>,
        name: impl Fn(&R) -> String,
        view: impl FnMut(&R) -> V,
    ) -> Page<V> {
        let more = rows.len() > self.size as usize;
        rows.truncate(self.size as usize);
        let next_cursor = rows.last().filter(|_| more).map(|row| format!("{}.{}", self.list, name(row)));
        Page { items: rows.iter().map(view).collect(), next_cursor }
    }
}
