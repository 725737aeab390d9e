//! Two customers who are one: the licenses of the one go to the other.

use sealgate_artifact::CustomerId;
use sealgate_authority::AuthorityError;
use sealgate_store::table::licenses::Filter;
use sealgate_store::table::{self, AuditRow};
use sealgate_store::{Tx, Work};
use sealgate_wire::{CustomersMerged, MergeCustomers};
use serde_json::json;

use super::known::{Customers, find, has_room, lock_known};
use crate::{Caller, named};

/// Licenses that one request moves: nobody else writes meanwhile.
const MOST_MOVED: u32 = 500;

impl Customers {
    /// Gives the first licenses of a customer to another one, and removes the customer when none is left.
    pub async fn merge(
        &self,
        caller: &Caller,
        from: &str,
        request: &MergeCustomers,
    ) -> Result<CustomersMerged, AuthorityError> {
        let _turn = self.desk.turn(caller, MOST_MOVED as usize).await;
        self.desk.once(caller, || self.prepare_merge(caller, from, request)).await
    }

    async fn prepare_merge(
        &self,
        caller: &Caller,
        from: &str,
        request: &MergeCustomers,
    ) -> Result<Merge, AuthorityError> {
        let from = named::customer(&self.desk, caller, from).await?;
        let into = named::customer(&self.desk, caller, &request.into).await?;
        for customer in [from, into] {
            find(&self.desk, caller, customer).await?;
        }
        if from == into {
            return Err(AuthorityError::Invalid { field: "into", why: "another customer" });
        }
        let audit = self.desk.audit(caller, "customer.merged", from.to_string(), &json!({}));
        Ok(Merge { from, into, audit })
    }
}

struct Merge {
    from: CustomerId,
    into: CustomerId,
    /// Its detail is known when it is done.
    audit: AuditRow,
}

impl Work for Merge {
    type Output = CustomersMerged;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<CustomersMerged, AuthorityError> {
        let (tenant, from, into) = (self.audit.tenant, self.from, self.into);
        // Licenses are locked before customers, and of two customers the older one first.
        let moved = table::bought::move_some(tx, tenant, (from, into), MOST_MOVED).await?;
        let first = lock_known(tx, tenant, from.min(into)).await?;
        let second = lock_known(tx, tenant, from.max(into)).await?;
        let (giver, taker) = if first.id == from { (first, second) } else { (second, first) };
        has_room(&mut *tx, &taker, 0).await?;
        table::bought::copy_trials(tx, tenant, (from, into)).await?;
        let filter = Filter::Customer(from);
        let complete = table::licenses::list(&mut *tx, tenant, &filter, None, 1).await?.is_empty();
        if complete {
            table::customers::delete(tx, &giver).await?;
        }
        let detail = json!({ "into": into.to_string(), "moved": moved, "complete": complete });
        let audit = AuditRow { detail: detail.to_string(), ..self.audit.clone() };
        table::audit::insert(tx, &audit).await?;
        Ok(CustomersMerged { customer_id: into.to_string(), moved, complete })
    }
}
