//! What each group of writes changed, for the caches of every process. The writer adds to it.

use crate::columns::signed;
use crate::history::KEPT_CHANGES;
use crate::sql::query;
use crate::statements::{AT_ONCE, at_once, statements};
use crate::{StoreError, Tx};

statements! {
    FORGET_OLD = concat!(
        "DELETE FROM changes WHERE n IN (SELECT n FROM changes WHERE n < (SELECT n FROM change_counter WHERE id = 1) - $1 \
         ORDER BY n LIMIT ",
        at_once!(),
        ")"
    );
    // No honest group leaves one.
    FORGET_ABOVE = concat!(
        "DELETE FROM changes WHERE n IN (SELECT n FROM changes WHERE n > (SELECT n FROM change_counter WHERE id = 1) \
         ORDER BY n DESC LIMIT ",
        at_once!(),
        ")"
    );
}

/// Forgets records of long ago, and such as are above the counter, as many as are deleted at once; `true` if there may be
/// more.
pub async fn forget(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let old = query(FORGET_OLD).bind(signed(KEPT_CHANGES)).execute(&mut *tx).await?;
    let above = query(FORGET_ABOVE).execute(tx).await?;
    if above > 0 {
        tracing::warn!(above, "change records above the counter were deleted: no server writes them");
    }
    Ok(old == AT_ONCE || above == AT_ONCE)
}
