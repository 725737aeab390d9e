//! Keys, keysets and root statements: whose they are, and what replaces what.

use sealgate_artifact::{AppId, KeyUse, PublicKey, TenantId, UnixSeconds};
use sealgate_store::table::keysets::KeysetRow;
use sealgate_store::table::{KeyRow, KeyScope, KeyStage, key_list, keys, keysets, roots};
use sealgate_store::{Db, StoreError, work};

use crate::support::{at, bootstrap, license, on_both_engines};

#[tokio::test]
async fn a_key_comes_back_with_its_scope() {
    on_both_engines(async |db| {
        db.write(bootstrap()).await.expect("is stored");
        let (tenant, app) = (license(1).tenant, license(1).app);
        let (of_all, issuer) =
            (key(1, KeyUse::Root, KeyScope::Installation), key(2, KeyUse::Issuer, KeyScope::Tenant(tenant)));
        let former = key(3, KeyUse::App, KeyScope::App(app));
        let rows = [of_all.clone(), issuer.clone(), former.clone()];
        let stored = work(rows, |rows, tx| {
            Box::pin(async move {
                for row in rows {
                    keys::upsert(&mut *tx, row).await?;
                }
                // A transaction reads what it wrote itself.
                assert!(keys::is_known(&mut *tx, rows[0].public_key).await?);
                keys::of_scope(&mut *tx, rows[1].scope).await
            })
        });
        assert_eq!(db.write(stored).await.expect("is stored"), std::slice::from_ref(&issuer));
        assert_eq!(keys::of_scope(db, KeyScope::Installation).await.expect("reads"), [of_all]);
        assert_eq!(keys::of_scope(db, issuer.scope).await.expect("reads"), [issuer]);
        let listed = key_list::list(db, tenant, None, 200).await.expect("reads");
        assert!(listed.iter().any(|listed| listed.key == former), "{listed:?}");
    })
    .await;
}

fn key(n: u8, key_use: KeyUse, scope: KeyScope) -> KeyRow {
    let public_key = PublicKey::from_bytes([n; 32]);
    KeyRow { public_key, key_use, scope, state: KeyStage::Active, published_at: at(), ended_at: None }
}

#[test]
fn a_scope_is_spelled_as_the_column_holds_it() {
    let (tenant, app) = (TenantId::new(1, [1; 10]), AppId::new(1, [2; 10]));
    assert_eq!(KeyScope::Installation.to_string(), "installation");
    assert_eq!(KeyScope::Tenant(tenant).to_string(), tenant.to_string());
    assert_eq!(KeyScope::App(app).to_string(), app.to_string());
}

#[tokio::test]
async fn the_keysets_of_tenants_are_read_in_pages() {
    on_both_engines(async |db| {
        let tenants: Vec<TenantId> = (1..=5).map(|n| TenantId::new(n, [9; 10])).collect();
        store_keyset(db, KeyScope::Installation, 1).await;
        for tenant in tenants.iter().rev() {
            store_keyset(db, KeyScope::Tenant(*tenant), 1).await;
        }
        let mut pages = vec![];
        loop {
            let page = keysets::tenants(db, pages.last().copied(), 2).await.expect("reads");
            if page.is_empty() {
                break;
            }
            pages.extend(page);
        }
        assert_eq!(pages, tenants, "and not the installation's");
    })
    .await;
}

#[tokio::test]
async fn only_the_newest_keyset_is_replaced() {
    on_both_engines(async |db| {
        store_keyset(db, KeyScope::Installation, 7).await;
        assert!(!replace(db, 6, 8).await, "6 is not the newest");
        assert_eq!(keysets::find(db, KeyScope::Installation).await.expect("reads"), Some(vec![7]));
        assert!(replace(db, 7, 8).await);
        assert_eq!(keysets::find(db, KeyScope::Installation).await.expect("reads"), Some(vec![8]));
    })
    .await;
}

#[tokio::test]
async fn keysets_that_end_are_found_and_one_of_which_no_end_is_known_too() {
    on_both_engines(async |db| {
        let tenants = [1, 2].map(|n| KeyScope::Tenant(TenantId::new(n, [0; 10])));
        for (scope, version) in [(tenants[0], 9), (KeyScope::Installation, 0), (tenants[1], 8)] {
            store_keyset(db, scope, version).await;
        }
        let ending = async |at, limit| keysets::ending(db, end(at), limit).await.expect("reads");
        assert_eq!(ending(7, 9).await, [KeyScope::Installation]);
        assert_eq!(ending(9, 9).await, [KeyScope::Installation, tenants[1], tenants[0]]);
        assert_eq!(ending(9, 2).await, [KeyScope::Installation, tenants[1]]);
        for (at, count) in [(7, 0), (8, 1), (9, 2)] {
            assert_eq!(keysets::count_ended(db, end(at)).await.expect("reads"), count, "{at}");
        }
    })
    .await;
}

fn end(at: u8) -> UnixSeconds {
    UnixSeconds::new(at.into()).expect("in range")
}

/// One that ends in the second of its version.
fn keyset(version: u8) -> KeysetRow {
    KeysetRow { version: version.into(), expires_at: end(version), envelope: vec![version] }
}

async fn store_keyset(db: &Db, scope: KeyScope, version: u8) {
    let stored = work((scope, version), |(scope, version), tx| {
        Box::pin(async move { keysets::upsert(tx, *scope, &keyset(*version)).await })
    });
    db.write(stored).await.expect("is stored");
}

async fn replace(db: &Db, before: u8, version: u8) -> bool {
    let replaced = work((before, version), |(before, version), tx| {
        let before = u64::from(*before);
        Box::pin(async move { keysets::replace(tx, KeyScope::Installation, before, &keyset(*version)).await })
    });
    db.write(replaced).await.expect("answers")
}

#[tokio::test]
async fn root_statements_come_in_the_order_of_their_versions_and_none_is_replaced() {
    on_both_engines(async |db| {
        for version in [2, 10, 1] {
            insert_root(db, version).await.expect("is stored");
        }
        let again = insert_root(db, 2).await;
        assert!(matches!(again, Err(StoreError::Duplicate)), "{again:?}");
        assert_eq!(roots::list(db).await.expect("reads"), [[1], [2], [10]]);
    })
    .await;
}

async fn insert_root(db: &Db, version: u8) -> Result<(), StoreError> {
    db.write(work(version, |version, tx| {
        Box::pin(async move { roots::insert(tx, u64::from(*version), &[*version]).await })
    }))
    .await
}
