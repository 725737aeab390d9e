//! The names that the modules below `table` had before. To be deleted when nobody uses them any more.
#![expect(missing_docs, reason = "each is what it forwards to")]

use sealgate_artifact::{AppId, KeyUse, PublicKey, TenantId, UnixSeconds};

use crate::table::{self, KeyScope};
use crate::{StoreError, Tx};

pub use crate::table::{
    AccessRow, AnswerRow, AppRow, AuditRow, CertificateRow, DeviceRow, EventRow, KeyHash, KeyStage,
    LicenseRow, LifetimeFileRow, Listed, PlanRow, ServerRow, TenantRow, Terms, TokenRow,
};

/// Reads that took a transaction under another name, or only that.
macro_rules! in_tx {
    ($($name:ident = $of:path, ($($arg:ident: $type:ty),*) -> $out:ty;)*) => {$(
        pub async fn $name(tx: &mut $crate::Tx<'_>, $($arg: $type),*) -> Result<$out, $crate::StoreError> {
            $of(tx, $($arg),*).await
        }
    )*};
}

/// A key whose scope is a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    pub public_key: PublicKey,
    pub key_use: KeyUse,
    pub scope: String,
    pub state: KeyStage,
    pub published_at: UnixSeconds,
    pub ended_at: Option<UnixSeconds>,
}

impl From<table::KeyRow> for KeyRow {
    fn from(row: table::KeyRow) -> Self {
        let table::KeyRow { public_key, key_use, scope, state, published_at, ended_at } = row;
        Self { public_key, key_use, scope: scope.to_string(), state, published_at, ended_at }
    }
}

impl KeyRow {
    fn scoped(&self) -> Result<table::KeyRow, StoreError> {
        let Self { public_key, key_use, scope, state, published_at, ended_at } = self.clone();
        let scope = match (key_use, AppId::parse(&scope)) {
            (KeyUse::App, Ok(id)) => KeyScope::App(id),
            _ => scope_of(&scope)?,
        };
        Ok(table::KeyRow { public_key, key_use, scope, state, published_at, ended_at })
    }
}

fn scope_of(text: &str) -> Result<KeyScope, StoreError> {
    match (text, TenantId::parse(text)) {
        ("installation", _) => Ok(KeyScope::Installation),
        (_, Ok(id)) => Ok(KeyScope::Tenant(id)),
        _ => Err(StoreError::Corrupt(format!("no scope: {text}"))),
    }
}

pub mod read {
    use super::{KeyRow, scope_of, table};
    pub use crate::table::{access, answers, audit, devices, events, tokens};
    use crate::{Db, StoreError};

    pub mod apps {
        pub use crate::table::apps::*;
        use sealgate_artifact::{AppId, TenantId};

        in_tx! { current = find, (tenant: TenantId, id: AppId) -> Option<AppRow>; }
    }

    pub mod plans {
        pub use crate::table::plans::*;
        use sealgate_artifact::{PlanId, TenantId};

        in_tx! { current = find, (tenant: TenantId, id: PlanId) -> Option<PlanRow>; }
    }

    pub mod tenants {
        pub use crate::table::tenants::*;
        use sealgate_artifact::TenantId;

        in_tx! { current = find, (id: TenantId) -> Option<TenantRow>; }
    }

    pub mod keys {
        use super::{Db, KeyRow, StoreError, scope_of, table};

        pub async fn of_scope(db: &Db, scope: &str) -> Result<Vec<KeyRow>, StoreError> {
            let rows = table::keys::of_scope(db, scope_of(scope)?).await?;
            Ok(rows.into_iter().map(KeyRow::from).collect())
        }

        pub async fn of_apps(db: &Db, tenant: super::super::TenantId) -> Result<Vec<KeyRow>, StoreError> {
            Ok(table::keys::of_apps(db, tenant).await?.into_iter().map(KeyRow::from).collect())
        }
    }

    pub mod licenses {
        pub use crate::table::devices::has_seat as has_device;
        pub use crate::table::licenses::*;
    }

    pub mod installation {
        use super::{Db, StoreError, scope_of, table};
        pub use crate::table::installation::{id, is_alive};
        pub use crate::table::roots::list as root_statements;

        pub async fn keyset(db: &Db, scope: &str) -> Result<Option<Vec<u8>>, StoreError> {
            table::keysets::find(db, scope_of(scope)?).await
        }

        pub async fn tenant_scopes(db: &Db) -> Result<Vec<String>, StoreError> {
            let tenants = table::keysets::tenants(db, None, u32::MAX).await?;
            Ok(tenants.iter().map(ToString::to_string).collect())
        }
    }

    pub mod servers {
        use super::{Db, StoreError, table};
        pub use crate::table::certificates::find as certificate;
        pub use crate::table::servers::{find, list};

        pub async fn tenants_without(
            db: &Db,
            server: &table::ServerRow,
            signer: super::super::PublicKey,
            until: super::super::UnixSeconds,
            limit: u32,
        ) -> Result<Vec<String>, StoreError> {
            let tenants = table::certificates::tenants_without(db, server, signer, until, limit).await?;
            Ok(tenants.iter().map(ToString::to_string).collect())
        }
    }
}

pub mod write {
    use super::{KeyRow, PublicKey, StoreError, Tx, scope_of, table};
    pub use crate::table::{answers, licenses, plans, tokens};

    pub mod access {
        pub use crate::table::access::*;
        use sealgate_artifact::{AppId, LicenseId};

        in_tx! {
            count = crate::table::access::count, (app: AppId, source: &str) -> u64;
            count_of_license = crate::table::access::count_of_license, (app: AppId, license: LicenseId) -> u64;
        }
    }

    pub mod lifetime_files {
        pub use crate::table::lifetime_files::*;
        use sealgate_artifact::LicenseId;

        in_tx! {
            find = crate::table::lifetime_files::find, (license: LicenseId, identity: &str) -> Option<LifetimeFileRow>;
            count = crate::table::lifetime_files::count, (license: LicenseId) -> u64;
        }
    }

    pub mod tenants {
        pub use crate::table::tenants::*;
        use sealgate_artifact::{PublicKey, TenantId};

        in_tx! { has_issuer = crate::table::tenants::has_issuer, (tenant: TenantId, key: PublicKey) -> bool; }
    }

    pub mod apps {
        use super::{StoreError, Tx, table};
        pub use crate::table::apps::{insert, spend_credit, store};
        use sealgate_artifact::UnixSeconds;

        fn at(seconds: u64) -> Result<UnixSeconds, StoreError> {
            UnixSeconds::new(seconds).ok_or_else(|| StoreError::Corrupt("no time".to_owned()))
        }

        pub async fn debit(tx: &mut Tx<'_>, question: &[u8], seconds: u64) -> Result<bool, StoreError> {
            table::debits::insert(tx, question, at(seconds)?).await
        }

        pub async fn forget_debits(tx: &mut Tx<'_>, before: u64) -> Result<(), StoreError> {
            table::debits::forget(tx, at(before)?).await
        }
    }

    pub mod audit {
        use crate::table::AuditRow;
        pub use crate::table::audit::{link, upsert_head as put_head};
        use sealgate_artifact::TenantId;

        in_tx! {
            head = crate::table::audit::head, (tenant: TenantId) -> Option<(u64, [u8; 32])>;
            waiting = crate::table::audit::waiting, (limit: u32) -> Vec<AuditRow>;
        }
    }

    pub mod installation {
        use super::{StoreError, Tx, scope_of, table};
        pub use crate::table::installation::insert_id as found;

        pub async fn put_keyset(
            tx: &mut Tx<'_>,
            scope: &str,
            version: u64,
            envelope: &[u8],
        ) -> Result<(), StoreError> {
            if scope.starts_with("root/") {
                return table::roots::insert(tx, version, envelope).await;
            }
            table::keysets::upsert(tx, scope_of(scope)?, version, envelope).await
        }

        pub async fn replace_keyset(
            tx: &mut Tx<'_>,
            scope: &str,
            before: u64,
            version: u64,
            envelope: &[u8],
        ) -> Result<bool, StoreError> {
            table::keysets::replace(tx, scope_of(scope)?, before, version, envelope).await
        }
    }

    pub mod keys {
        use super::{KeyRow, PublicKey, StoreError, Tx, scope_of, table};
        pub use crate::table::keys::forget;

        pub async fn put(tx: &mut Tx<'_>, key: &KeyRow) -> Result<(), StoreError> {
            table::keys::upsert(tx, &key.scoped()?).await
        }

        pub async fn is_active(tx: &mut Tx<'_>, scope: &str, key: PublicKey) -> Result<bool, StoreError> {
            table::keys::is_active(tx, scope_of(scope)?, key).await
        }

        in_tx! { is_known = table::keys::is_known, (key: PublicKey) -> bool; }
    }

    pub mod records {
        pub use crate::table::audit::insert as audit;
        pub use crate::table::events::{forget as forget_events, insert as event};
    }

    pub mod seats {
        use super::{StoreError, Tx, table};
        use sealgate_artifact::{Device, LicenseId, UnixSeconds};

        pub use crate::table::devices::{release_seat as release, take_seat as take};
        use crate::table::{DeviceRow, LicenseRow};

        pub async fn held(tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<Vec<DeviceRow>, StoreError> {
            table::devices::of_license(tx, locked.id).await
        }

        in_tx! {
            count_devices = table::devices::count_seats, (locked: &LicenseRow, device: &Device) -> (u64, bool);
            used = table::devices::seats_used, (locked: &LicenseRow) -> u64;
            released_since = table::devices::released_since, (license: LicenseId, since: UnixSeconds) -> u64;
        }
    }

    pub mod servers {
        use super::{PublicKey, table};
        pub use crate::table::certificates::{forget as forget_certificates, upsert as put_certificate};
        pub use crate::table::servers::{decide, upsert as put};

        in_tx! { current = table::servers::find, (key: PublicKey) -> Option<table::ServerRow>; }
    }
}
