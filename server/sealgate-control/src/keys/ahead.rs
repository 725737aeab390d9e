//! Signing again what clients do not take: keysets and licenses that a clock that was ahead had signed, and keysets that have ended
//! or soon do. A doubted clock does the former, too: nothing ends later by it, and customers would be refused meanwhile.

use std::collections::BTreeMap;

use sealgate_artifact::{Keyset, LicenseId, TenantId, TenantKeyset, UnixSeconds, Unverified};
use sealgate_authority::seats::HEAD_START_SECONDS;
use sealgate_authority::{AuthorityError, CLOCK_TOLERANCE_SECONDS, Side, broken, event_row};
use sealgate_store::table::{self, KeyScope, LicenseRow};

use super::change::{Change, KeyChanges};
use super::resign::{Renewal, ResignPage};
use super::version::{begin, first_version, next_version, soon};

/// Rows that are read at once.
const PAGE: u32 = 100;

impl KeyChanges {
    /// Makes every keyset and license anew that is from the future, and every keyset that has ended or soon does.
    pub(crate) async fn renew_ahead(&self) -> Result<(), AuthorityError> {
        self.renew_keysets_ahead().await?;
        while self.renew_keysets_that_end().await? {}
        while self.renew_licenses().await? {}
        Ok(())
    }

    /// A page of the keysets that have ended or soon do. `false` if nothing is left. A doubted clock can give no new end.
    async fn renew_keysets_that_end(&self) -> Result<bool, AuthorityError> {
        let ids = &self.desk().ids;
        if ids.clock_watch().doubt(Side::Vendor).is_some() {
            return Ok(false);
        }
        let page = table::keysets::ending(&self.desk().db, soon(ids.now()), PAGE).await?;
        for scope in &page {
            tracing::info!(%scope, "a keyset has ended or soon does: it is made anew");
            let _turn = self.installations_turn().await;
            self.desk().retry(|| self.prepare_again(*scope)).await?;
        }
        Ok(page.len() == PAGE as usize)
    }

    async fn renew_keysets_ahead(&self) -> Result<(), AuthorityError> {
        let latest = self.desk().ids.now().plus(CLOCK_TOLERANCE_SECONDS);
        let mut after = String::new();
        loop {
            // spec/keys.md §5.3: a version is at least the minute in which it was signed.
            let page = table::keysets::newer(&self.desk().db, &after, first_version(latest), PAGE).await?;
            for (scope, envelope) in &page {
                if issued_at(*scope, envelope)? > latest {
                    tracing::warn!(%scope, "a keyset was signed by a clock that was ahead: it is made anew");
                    let _turn = self.installations_turn().await;
                    self.desk().retry(|| self.prepare_again(*scope)).await?;
                }
            }
            match page.last() {
                Some((scope, _)) if page.len() == PAGE as usize => after = scope.to_string(),
                _ => return Ok(()),
            }
        }
    }

    /// The same keys in the next version.
    async fn prepare_again(&self, scope: KeyScope) -> Result<Change, AuthorityError> {
        let (mut change, ring) = (Change::of_nothing(), self.ring(scope).await?);
        match scope {
            KeyScope::Installation => {
                let root = ring.signing(sealgate_artifact::KeyUse::Root)?;
                self.publish_installation(&mut change, &ring, root).await?;
            }
            _ => self.publish_tenant(&mut change, &ring, self.signing_authority().await?).await?,
        }
        Ok(change)
    }

    /// Signs a page of the licenses without a start date that begin later than now. `false` if nothing is left. No clock is asked
    /// that shows less than when this installation worked: it would have licenses begin long before they were sold.
    async fn renew_licenses(&self) -> Result<bool, AuthorityError> {
        let (desk, now) = (self.desk(), self.desk().ids.now());
        if desk.ids.clock_watch().doubt(Side::Vendor).is_some_and(|doubt| doubt.precedes_noted()) {
            return Ok(false);
        }
        // An id begins with the time: what was issued in the future is at the end of the index.
        let first = LicenseId::new(now.get() * 1000, [0; 10]);
        let page = table::licenses::begin_after(&desk.db, first, (now, HEAD_START_SECONDS), PAGE).await?;
        for license in &page {
            tracing::warn!(license = %license.id, "a license was issued by a clock that was ahead: it is signed again");
        }
        // A transaction for each would keep customers waiting where many were issued.
        let mut by_tenant: BTreeMap<TenantId, Vec<&LicenseRow>> = BTreeMap::new();
        for license in &page {
            by_tenant.entry(license.tenant).or_default().push(license);
        }
        for (tenant, licenses) in &by_tenant {
            desk.retry(|| self.prepare_begun(*tenant, licenses)).await?;
        }
        Ok(page.len() == PAGE as usize)
    }

    /// The same licenses of a tenant in their next versions, which begin now.
    async fn prepare_begun(
        &self,
        tenant: TenantId,
        licenses: &[&LicenseRow],
    ) -> Result<ResignPage, AuthorityError> {
        let (desk, now) = (self.desk(), self.desk().ids.now());
        let row = table::tenants::find(&desk.db, tenant).await?;
        let issuer = row.ok_or_else(|| broken("a license without its tenant"))?.issuer_key;
        let slots = self.issuers().slots.draw_for(licenses).await?;
        let mut renewals = vec![];
        for (license, slot) in licenses.iter().zip(slots) {
            let version = next_version(license.version, now)?;
            let renewed = LicenseRow { version, not_before: begin(now), ..(*license).clone() };
            let signed = self.issuers().sign_again(&renewed, (slot, issuer))?;
            let event = event_row(&desk.ids, &renewed, "license_resigned", None, &desk.ids.request_id());
            let (license, before, not_before) = (license.id, license.version, renewed.not_before);
            renewals.push(Renewal { license, before, not_before, version, signed, event });
            // A hundred signatures take a while; other requests go on in between.
            tokio::task::yield_now().await;
        }
        let ids = renewals.iter().map(|renewal| renewal.license).collect();
        Ok(ResignPage { issuer: (tenant, issuer), renewals, ids, audit: None })
    }
}

fn issued_at(scope: KeyScope, envelope: &[u8]) -> Result<UnixSeconds, AuthorityError> {
    Ok(match scope {
        KeyScope::Installation => Unverified::<Keyset>::decode(envelope)?.danger_peek()?.issued_at,
        _ => Unverified::<TenantKeyset>::decode(envelope)?.danger_peek()?.issued_at,
    })
}
