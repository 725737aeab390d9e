//! Pages of lists (`spec/http.md` §3.5).

use std::fmt::Display;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sealgate_authority::AuthorityError;
use sealgate_wire::Page;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The most items of one page.
const LIMIT: u32 = 200;
/// A page that has so many bytes ends, whatever was wished: it is made and sent while others wait for an answer.
const BYTES: usize = 256 * 1024;
/// Rows that are read first. Nobody knows yet how long they are.
const FIRST: usize = 16;
/// The most that are read together, however short those before them were.
const TOGETHER: usize = 64;
/// Bytes after which others get their turn.
const PIECE: usize = 32 * 1024;
/// Rows of a list that one request looks at, however few of them are wanted: others wait for the database, too.
const LOOKED_AT: usize = 2_000;

/// The name of a list that holds what these filters let through: no other takes its cursors.
pub(crate) fn name_of<Q: Serialize + Default + PartialEq>(list: &str, filters: &Q) -> String {
    if *filters == Q::default() {
        return list.to_owned();
    }
    let digest = Sha256::digest(serde_json::to_vec(filters).expect("filters can be written"));
    format!("{list}-{}", URL_SAFE_NO_PAD.encode(&digest[..12]))
}

/// The page size, which is at most 200; 50 when none was requested.
fn size(requested: Option<u32>) -> Result<u32, AuthorityError> {
    let why = "1 to 200; a larger number counts as 200";
    match requested {
        Some(0) => Err(AuthorityError::Invalid { field: "limit", why }),
        other => Ok(other.unwrap_or(50).min(LIMIT)),
    }
}

/// A page of a list: where it begins and how long it is.
pub(crate) struct Part<T> {
    list: String,
    /// The item before.
    after: Option<T>,
    size: u32,
    first: usize,
    /// Whether its items are only counted.
    counts: bool,
}

impl<T: Display + Clone> Part<T> {
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
        Ok(Self { after: after.transpose()?, list, size: size(limit)?, first: FIRST, counts: false })
    }

    /// A page of rows that have some hundred bytes at most: one look at the database reads all of them.
    pub(crate) fn of_short_rows(self) -> Self {
        Self { first: usize::MAX, ..self }
    }

    /// The same, or only how many there are where that is asked for.
    pub(crate) fn or_count(self, count: Option<bool>) -> Self {
        Self { counts: count.unwrap_or(false), ..self }
    }

    /// The page that these rows make. `rows` gives the next ones after a place, as many as are asked for, or all that are
    /// left.
    pub(crate) async fn read<R, V, F, E>(
        self,
        rows: impl Fn(Option<T>, u32) -> F,
        place: impl Fn(&R) -> T,
        view: impl Fn(&R) -> Result<V, AuthorityError>,
    ) -> Result<Page<V>, AuthorityError>
    where
        V: Serialize,
        F: Future<Output = Result<Vec<R>, E>>,
        AuthorityError: From<E>,
    {
        self.pick(rows, place, |row| view(row).map(Some)).await
    }

    /// The page that those of these rows make that have a view.
    pub(crate) async fn pick<R, V, F, E>(
        self,
        rows: impl Fn(Option<T>, u32) -> F,
        place: impl Fn(&R) -> T,
        view: impl Fn(&R) -> Result<Option<V>, AuthorityError>,
    ) -> Result<Page<V>, AuthorityError>
    where
        V: Serialize,
        F: Future<Output = Result<Vec<R>, E>>,
        AuthorityError: From<E>,
    {
        let Self { list, after, size, first, counts } = self;
        let (items, count, last) = if counts {
            let (count, last) = count_some(after, rows, place, view).await?;
            (vec![], Some(count), last)
        } else {
            let (items, last) = fill((size, first), after, rows, place, view).await?;
            (items, None, last)
        };
        Ok(Page { items, count, next_cursor: last.map(|last| format!("{list}.{last}")) })
    }
}

/// A page of that many items, fewer where they are long; and its last place if there are more.
pub(crate) async fn read_after<R, V, T, F, E>(
    after: T,
    size: u32,
    rows: impl Fn(Option<T>, u32) -> F,
    place: impl Fn(&R) -> T,
    view: impl Fn(&R) -> Result<V, AuthorityError>,
) -> Result<Vec<V>, AuthorityError>
where
    T: Clone,
    V: Serialize,
    F: Future<Output = Result<Vec<R>, E>>,
    AuthorityError: From<E>,
{
    let filled = fill((size, FIRST), Some(after), rows, place, |row| view(row).map(Some)).await;
    filled.map(|(items, _)| items)
}

async fn fill<R, V, T, F, E>(
    (size, first): (u32, usize),
    mut last: Option<T>,
    rows: impl Fn(Option<T>, u32) -> F,
    place: impl Fn(&R) -> T,
    view: impl Fn(&R) -> Result<Option<V>, AuthorityError>,
) -> Result<(Vec<V>, Option<T>), AuthorityError>
where
    T: Clone,
    V: Serialize,
    F: Future<Output = Result<Vec<R>, E>>,
    AuthorityError: From<E>,
{
    let mut filled = Filled { items: vec![], bytes: 0, size: size as usize, unwanted: 0 };
    loop {
        let asked = filled.next(first);
        let read = rows(last.clone(), asked).await?;
        let is_last = read.len() < asked as usize;
        for row in &read {
            if filled.is_full() {
                return Ok((filled.items, last));
            }
            match view(row)? {
                Some(item) => filled.push(item).await,
                None => filled.unwanted += 1,
            }
            last = Some(place(row));
        }
        if is_last {
            return Ok((filled.items, None));
        }
    }
}

/// How many of the rows that one request looks at have a view; and the last place if there are more rows.
async fn count_some<R, V, T, F, E>(
    mut last: Option<T>,
    rows: impl Fn(Option<T>, u32) -> F,
    place: impl Fn(&R) -> T,
    view: impl Fn(&R) -> Result<Option<V>, AuthorityError>,
) -> Result<(u64, Option<T>), AuthorityError>
where
    T: Clone,
    F: Future<Output = Result<Vec<R>, E>>,
    AuthorityError: From<E>,
{
    let (mut count, mut looked_at) = (0, 0);
    while looked_at < LOOKED_AT {
        let read = rows(last.clone(), u32::try_from(TOGETHER).unwrap_or(LIMIT)).await?;
        for row in &read {
            count += u64::from(view(row)?.is_some());
        }
        if read.len() < TOGETHER {
            return Ok((count, None));
        }
        last = read.last().map(&place);
        looked_at += read.len();
        tokio::task::yield_now().await;
    }
    Ok((count, last))
}

/// What of a page is there.
struct Filled<V> {
    items: Vec<V>,
    /// How long they are in the answer.
    bytes: usize,
    /// The most items.
    size: usize,
    /// Rows that were looked at and are not wanted.
    unwanted: usize,
}

impl<V: Serialize> Filled<V> {
    fn is_full(&self) -> bool {
        let looked_at = self.items.len() + self.unwanted;
        self.items.len() >= self.size || self.bytes >= BYTES || looked_at >= LOOKED_AT
    }

    /// How many rows to ask for: one more than are shown tells whether there are more.
    fn next(&self, first: usize) -> u32 {
        let left = self.size - self.items.len() + 1;
        let together = match self.bytes / self.items.len().max(1) {
            0 => first,
            each => (BYTES.saturating_sub(self.bytes) / each + 1).min(TOGETHER),
        };
        // Where few are wanted, many are looked at.
        let asked = if self.unwanted > self.items.len() { TOGETHER } else { left.min(together) };
        u32::try_from(asked).unwrap_or(LIMIT)
    }

    async fn push(&mut self, item: V) {
        let mut length = Length(0);
        serde_json::to_writer(&mut length, &item).expect("answers can be written");
        let pieces = self.bytes / PIECE;
        self.bytes += length.0;
        self.items.push(item);
        if self.bytes / PIECE > pieces {
            tokio::task::yield_now().await;
        }
    }
}

/// Counts what is written.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
