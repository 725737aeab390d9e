//! What each group of writes changed, for the caches of every process. The writer adds to it.

use crate::columns::signed;
use crate::history::KEPT_CHANGES;
use crate::sql::query;
use crate::statements::statements;
use crate::{StoreError, Tx};

statements! {
    FORGET_OLD = "DELETE FROM changes WHERE n < (SELECT n FROM change_counter WHERE id = 1) - $1";
    // No honest group leaves one.
    FORGET_ABOVE = "DELETE FROM changes WHERE n > (SELECT n FROM change_counter WHERE id = 1)";
}

/// Forgets the records of long ago, and those above the counter.
pub async fn forget(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    query(FORGET_OLD).bind(signed(KEPT_CHANGES)).execute(&mut *tx).await?;
    let above = query(FORGET_ABOVE).execute(tx).await?;
    if above > 0 {
        tracing::warn!(above, "change records above the counter were deleted: no server writes them");
    }
    Ok(())
}
