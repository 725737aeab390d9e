//! What keys there are.

use sealgate_authority::AuthorityError;
use sealgate_store::Db;
use sealgate_store::table::KeyRow;
use sealgate_store::table::key_list::{self, Place};
use sealgate_wire::{CountedQuery, KeyView, Page, Timestamp};

use crate::Caller;
use crate::page::Part;

/// The keys of the installation, of the caller's tenant, and of its apps, which builds embed (`spec/keys.md` §2.4).
pub(super) async fn page(
    db: &Db,
    caller: &Caller,
    query: &CountedQuery,
) -> Result<Page<KeyView>, AuthorityError> {
    let place = |text: &str| Place::parse(text).ok_or(());
    let part = Part::new("keys", query.cursor.as_deref(), query.limit, place)?.or_count(query.count);
    let rows = |after, most| key_list::list(db, caller.tenant, after, most);
    part.of_short_rows().read(rows, |listed| listed.place.clone(), |listed| Ok(view(&listed.key))).await
}

fn view(key: &KeyRow) -> KeyView {
    KeyView {
        keyid: key.public_key.id(key.key_use).to_string(),
        r#use: key.key_use.to_string(),
        scope: key.scope.to_string(),
        public_key: key.public_key.to_string(),
        not_before: Timestamp(key.published_at),
        not_after: key.ended_at.map(Timestamp),
        state: key.state.as_str().to_owned(),
    }
}
