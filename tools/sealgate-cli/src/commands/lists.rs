//! Lists: all of them, the first ones, or how many there are.

use sealgate_artifact::Code;
use sealgate_wire::Page;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::args::PartArgs;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Output, say};

/// The most items of a page.
const PAGE: u32 = 200;

/// Prints as much of a list as is wished. The filters are the rest of a query; the last text is for a list without items.
pub(crate) fn print<T: Serialize + DeserializeOwned>(
    client: &Client,
    (path, filters, none): (&str, &str, &str),
    part: &PartArgs,
    output: &Output,
    table: impl Fn(&[T]),
) -> Result<(), Failure> {
    if part.count {
        let count = count(client, &format!("{path}?count=true{filters}"))?;
        output.result(&json!({ "count": count }), |_| say!("{count}"));
        return Ok(());
    }
    let page = part.limit.unwrap_or(PAGE).min(PAGE);
    let url = format!("{path}?limit={page}{filters}");
    let items: Vec<T> = match part.limit {
        Some(most) => client.get_some(&url, most as usize)?,
        None => client.get_all(&url)?,
    };
    output.list(&items, none, table);
    Ok(())
}

/// One request looks at some of the rows; together they look at all.
fn count(client: &Client, path: &str) -> Result<u64, Failure> {
    let mut url = path.to_owned();
    let mut count = 0;
    loop {
        let page: Page<Value> = client.get(&url)?;
        let is_old = || Failure::new(Code::AnswerInvalid, Code::AnswerInvalid.meaning());
        count += page.count.ok_or_else(is_old)?;
        let Some(cursor) = page.next_cursor else { return Ok(count) };
        url = format!("{path}&cursor={cursor}");
    }
}
