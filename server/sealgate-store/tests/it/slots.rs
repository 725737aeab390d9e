//! Slots: given out once, listed for good, and forgotten where that harms nobody (`spec/revocation.md` §1).

use std::collections::BTreeSet;

use sealgate_artifact::{
    ActivationId, AppId, ChainHead, Code, Nonce, PublicKey, StatementId, TenantId, UnixSeconds,
};
use sealgate_store::table::{
    ActivationRow, AppRow, BlockDue, Ended, LicenseRow, ShardRow, SignedLicense, SlotOwner, SlotRow, Slotted,
    activations, apps, licenses, listings, shards, slot_blocks, slots,
};
use sealgate_store::{Db, StoreError, Tx, work};
use sealgate_testkit::{Engine, TestDatabase, on_postgres};

use crate::support::{at, license, on_both_engines, unsigned, with_license};

const BLOCK: u64 = 1 << 20;

async fn store(db: &Db, license: &LicenseRow, slot: u64) -> Result<(), StoreError> {
    let insert = work((license.clone(), slot), |(license, slot), tx| {
        let signed = SignedLicense { slot: Some(*slot), ..unsigned() };
        Box::pin(async move { licenses::insert(tx, license, &signed).await })
    });
    db.write(insert).await
}

async fn next_version(db: &Db, license: &LicenseRow, slot: u64) -> Result<LicenseRow, StoreError> {
    let next = LicenseRow { version: license.version + 1, ..license.clone() };
    let change = work((next.clone(), slot), |(next, slot), tx| {
        let signed = SignedLicense { slot: Some(*slot), ..unsigned() };
        Box::pin(async move { licenses::store_version(tx, next, &signed).await })
    });
    db.write(change).await.map(|()| next)
}

async fn listed(db: &Db, license: &LicenseRow, block: u64) -> Vec<u32> {
    slots::listed(db, license.tenant, (license.app, block), at()).await.expect("is read")
}

async fn owner(db: &Db, license: &LicenseRow, slot: u64) -> Option<SlotOwner> {
    slots::license_of_slot(db, license.tenant, license.app, slot).await.expect("is read")
}

fn activation(license: &LicenseRow, n: u8) -> ActivationRow {
    ActivationRow {
        id: ActivationId::from_bytes([n; 16]),
        tenant: license.tenant,
        license: license.id,
        device_key: key(n),
        generation: 1,
        begun: vec![],
        request: StatementId::from_bytes([n; 32]),
        first_nonce: Nonce::from_random([n; 16]),
        fingerprint: None,
        proof_id: StatementId::from_bytes([n; 32]),
        statement: license.statement,
        proof: b"{}".to_vec(),
        ended: None,
        head: ChainHead::EMPTY,
        anchor: 0,
        reanchor_asked_at: None,
        activated_at: at(),
    }
}

fn key(n: u8) -> PublicKey {
    PublicKey::from_bytes([n; 32])
}

async fn activate(db: &Db, license: &LicenseRow, n: u8, slot: u64) -> Result<(), StoreError> {
    let row = SlotRow {
        tenant: license.tenant,
        app: license.app,
        slot,
        license: license.id,
        what: Slotted::Proof(ActivationId::from_bytes([n; 16]), 1),
        expires_at: license.expires_at,
    };
    let begin = work((activation(license, n), row), |(activation, row), tx| {
        Box::pin(async move {
            activations::begin(tx, activation, false).await?;
            slots::give_proof(tx, row).await
        })
    });
    db.write(begin).await
}

#[tokio::test]
async fn a_slot_is_given_out_once_in_an_app() {
    on_both_engines(async |db| {
        let first = with_license(db, 3).await;
        let second = license(3);
        store(db, &second, 7).await.expect("is stored");
        assert!(matches!(store(db, &license(3), 7).await, Err(StoreError::SlotTaken)));
        assert!(matches!(next_version(db, &second, 7).await, Err(StoreError::SlotTaken)));
        assert!(matches!(activate(db, &first, 1, 7).await, Err(StoreError::SlotTaken)));
        activate(db, &first, 1, 8).await.expect("is stored");
        assert!(matches!(next_version(db, &first, 8).await, Err(StoreError::SlotTaken)));
        // What was refused has left nothing.
        let held = licenses::find(db, second.tenant, second.id).await.expect("is read").expect("is there");
        assert_eq!((held.version, held.terms.conditions.slot), (1, Some(7)));
        let next = next_version(db, &second, 9).await.expect("is stored");
        let held = licenses::find(db, second.tenant, second.id).await.expect("is read").expect("is there");
        assert_eq!((held.version, held.terms.conditions.slot), (2, Some(9)));
        let what = owner(db, &next, 9).await.expect("is known");
        assert_eq!((what.license, what.what), (Some(second.id), Some(Slotted::Version(2))));
        let what = owner(db, &next, 8).await.expect("is known");
        let proof = Slotted::Proof(ActivationId::from_bytes([1; 16]), 1);
        assert_eq!((what.license, what.what, what.listed_at), (Some(first.id), Some(proof), None));
        let asked: BTreeSet<u64> = (0..100).collect();
        let taken = slots::taken(db, next.app, &asked).await.expect("is read");
        assert_eq!(taken, [7, 8, 9].into());
        // Another app's slots, and another tenant's view.
        let other = AppId::from_bytes([9; 16]);
        assert!(slots::taken(db, other, &asked).await.expect("is read").is_empty());
        let twin = TenantId::from_bytes([9; 16]);
        assert_eq!(slots::license_of_slot(db, twin, next.app, 9).await.expect("is read"), None);
    })
    .await;
}

#[tokio::test]
async fn what_is_listed_stays_listed_until_it_ends() {
    on_both_engines(async |db| {
        let first = with_license(db, 3).await;
        let ends = LicenseRow { expires_at: Some(at().plus(100)), ..license(3) };
        let place = |n: u64| BLOCK * 3 + n;
        store(db, &ends, place(5)).await.expect("is stored");
        let endless =
            LicenseRow { expires_at: None, ..next_version(db, &ends, place(4)).await.expect("is stored") };
        let endless = next_version(db, &endless, place(3)).await.expect("is stored");
        activate(db, &endless, 1, place(2)).await.expect("is stored");
        activate(db, &first, 2, place(1)).await.expect("is stored");
        assert_eq!(listed(db, &first, 3).await, [] as [u32; 0]);
        let earlier = work(ends.id, |license, tx| {
            Box::pin(async move { slots::list_earlier(tx, *license, 3, at()).await })
        });
        assert_eq!(db.write(earlier).await.expect("is listed"), 2);
        assert_eq!(listed(db, &first, 3).await, [4, 5]);
        let revoke =
            work(endless, |license, tx| Box::pin(async move { begin(tx, license, at().plus(9)).await }));
        db.write(revoke).await.expect("all that is left is listed");
        let go_on = work((), |(), tx| Box::pin(async move { listings::go_on(tx, at()).await }));
        assert!(!db.write(go_on).await.expect("is read"), "nothing is left");
        assert_eq!(listed(db, &first, 3).await, [2, 3, 4, 5]);
        // Since when does not change.
        assert_eq!(owner(db, &first, place(4)).await.expect("is known").listed_at, Some(at()));
        assert_eq!(owner(db, &first, place(3)).await.expect("is known").listed_at, Some(at().plus(9)));
        let later = slots::listed(db, first.tenant, (first.app, 3), at().plus(100)).await.expect("is read");
        assert_eq!(later, [2, 3], "what has ended by itself");
        let twin = TenantId::from_bytes([9; 16]);
        assert!(slots::listed(db, twin, (first.app, 3), at()).await.expect("is read").is_empty());
        assert!(listed(db, &first, 2).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn proofs_are_listed_where_the_activation_has_ended_for_good() {
    on_both_engines(async |db| {
        let license = with_license(db, 3).await;
        for (n, code) in [
            (1, None),
            (2, Some(Code::NotActivated)),
            (3, Some(Code::ChainMismatch)),
            (4, Some(Code::Expired)),
        ] {
            activate(db, &license, n, u64::from(n)).await.expect("is stored");
            let before = activation(&license, n);
            let ended = code.map(|code| Ended { code, at: at(), grace_until: at() });
            let end = work((before.clone(), ActivationRow { ended, ..before }), |(before, row), tx| {
                Box::pin(async move { activations::replace(tx, before, row).await })
            });
            assert!(db.write(end).await.expect("is stored"));
        }
        let names: Vec<String> = (1..40).map(|n| key(n).to_string()).collect();
        let list = work((license.id, names), |(license, names), tx| {
            Box::pin(async move { slots::list_proofs(tx, *license, names, at()).await })
        });
        db.write(list).await.expect("is listed");
        assert_eq!(listed(db, &license, 0).await, [2, 3]);
        // A device that gives its seat back.
        let leave = work(license.id, |license, tx| {
            Box::pin(async move { activations::deactivate(tx, *license, &[key(1).to_string()], at()).await })
        });
        db.write(leave).await.expect("is stored");
        assert_eq!(listed(db, &license, 0).await, [1, 2, 3]);
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_s_slots_are_listed_whoever_had_them() {
    on_both_engines(async |db| {
        let stored = with_license(db, 3).await;
        let (tenant, app) = (stored.tenant, stored.app);
        store(db, &license(3), 6).await.expect("is stored");
        let known: Vec<u64> = (0..60).chain(0..3).chain([5 * BLOCK + 1]).collect();
        let import = |at: UnixSeconds| {
            work((tenant, app, known.clone(), at), |(tenant, app, known, at), tx| {
                Box::pin(async move { slots::list_known(tx, (*tenant, *app), known, (*at, *at)).await })
            })
        };
        db.write(import(at())).await.expect("is taken over");
        db.write(import(at().plus(5))).await.expect("the same again changes nothing");
        assert_eq!(listed(db, &stored, 0).await, (0..60).collect::<Vec<_>>());
        assert_eq!(listed(db, &stored, 5).await, [1]);
        let of_nobody = SlotOwner { license: None, what: None, expires_at: None, listed_at: Some(at()) };
        assert_eq!(owner(db, &stored, 7).await, Some(of_nobody));
        assert_eq!(owner(db, &stored, 6).await.expect("is known").what, Some(Slotted::Version(1)));
        assert!(matches!(store(db, &license(3), 5 * BLOCK + 1).await, Err(StoreError::SlotTaken)));
        // Nothing is drawn from a block of which nobody knows what else was given out.
        let blocks = slots::blocks(db, tenant, None, 10).await.expect("is read");
        let seen: Vec<_> = blocks.iter().map(|b| (b.app, b.block, b.listings)).collect();
        assert_eq!(seen, [(app, 0, 2), (app, 5, 2)]);
        assert_eq!(slots::blocks(db, tenant, Some((app, 0)), 10).await.expect("is read"), blocks[1..]);
        assert!(
            slots::blocks(db, TenantId::from_bytes([9; 16]), None, 10).await.expect("is read").is_empty()
        );
        let last = slot_blocks::newest(db, app).await.expect("is read").expect("is there");
        assert_eq!((last.block, last.is_full), (5, true));
        open(db, &stored, Some(5)).await;
        let last = slot_blocks::newest(db, app).await.expect("is read").expect("is there");
        assert_eq!((last.block, last.bits, last.is_full), (6, 10, false));
    })
    .await;
}

async fn open(db: &Db, license: &LicenseRow, last: Option<u64>) {
    let open = work((license.tenant, license.app, last), |(tenant, app, last), tx| {
        Box::pin(async move { slot_blocks::open_next(tx, (*tenant, *app), *last).await })
    });
    db.write(open).await.expect("is opened");
}

async fn close_all(db: &Db, license: &LicenseRow) -> u64 {
    let all =
        work(license.tenant, |tenant, tx| Box::pin(async move { slot_blocks::close_all(tx, *tenant).await }));
    db.write(all).await.expect("is stored")
}

#[tokio::test]
async fn a_block_opens_wider_and_never_narrower() {
    on_both_engines(async |db| {
        let license = with_license(db, 3).await;
        let app = license.app;
        let first = slot_blocks::newest(db, app).await.expect("is read").expect("an app has one");
        assert_eq!((first.block, first.bits, first.is_full), (0, 10, false));
        assert_eq!(slot_blocks::newest(db, AppId::from_bytes([9; 16])).await.expect("is read"), None);
        open(db, &license, None).await;
        for (bits, is) in [(12, 12), (11, 12), (20, 20)] {
            let widen = work((app, bits), |(app, bits), tx| {
                Box::pin(async move { slot_blocks::widen(tx, *app, 0, *bits).await })
            });
            db.write(widen).await.expect("is stored");
            let block = slot_blocks::find(db, app, 0).await.expect("is read").expect("is there");
            assert_eq!((block.bits, block.is_full), (is, false));
        }
        assert_eq!(close_all(db, &license).await, 1);
        assert!(slot_blocks::find(db, app, 0).await.expect("is read").is_some_and(|block| block.is_full));
        open(db, &license, Some(0)).await;
        assert_eq!(close_all(db, &license).await, 1);
    })
    .await;
}

/// Where a runtime has a database user of its own, he could otherwise open more blocks than a snapshot can name.
#[tokio::test]
async fn on_postgres_a_block_that_is_not_used_is_not_left() {
    let database = TestDatabase::create(Engine::Postgres);
    let db = &Db::open(&database.location()).await.expect("opens");
    let license = with_license(db, 3).await;
    let newest = async || slot_blocks::newest(db, license.app).await.expect("is read").expect("is there");
    open(db, &license, Some(0)).await;
    assert_eq!(newest().await.block, 0);
    let widen =
        work(license.app, |app, tx| Box::pin(async move { slot_blocks::widen(tx, *app, 0, 20).await }));
    db.write(widen).await.expect("is stored");
    let close = work(license.app, |app, tx| Box::pin(async move { slot_blocks::close(tx, *app, 0).await }));
    db.write(close).await.expect("is stored");
    open(db, &license, Some(0)).await;
    assert_eq!((newest().await.block, newest().await.bits, newest().await.is_full), (0, 20, false));
    db.close().await;
}

/// A shard is due while it knows another number than its block has.
#[tokio::test]
async fn whatever_lists_or_forgets_something_is_counted_in_its_block() {
    on_both_engines(async |db| {
        let first = with_license(db, 3).await;
        let listings = async || {
            let blocks = slots::blocks(db, first.tenant, None, 10).await.expect("is read");
            blocks.iter().map(|block| block.listings).collect::<Vec<_>>()
        };
        let held = license(3);
        store(db, &held, 1).await.expect("is stored");
        let held = next_version(db, &held, 2).await.expect("is stored");
        activate(db, &held, 1, 3).await.expect("is stored");
        assert_eq!(listings().await, [0], "nothing was taken back");
        let earlier =
            || work(held.id, |id, tx| Box::pin(async move { slots::list_earlier(tx, *id, 2, at()).await }));
        db.write(earlier()).await.expect("is listed");
        assert_eq!(listings().await, [1]);
        db.write(earlier()).await.expect("is listed");
        assert_eq!(listings().await, [1], "there was nothing to list");
        let leave = work(held.id, |license, tx| {
            Box::pin(async move { activations::deactivate(tx, *license, &[key(1).to_string()], at()).await })
        });
        db.write(leave).await.expect("is stored");
        assert_eq!(listings().await, [2]);
        let all = work(held.clone(), |held, tx| Box::pin(async move { begin(tx, held, at()).await }));
        db.write(all).await.expect("is listed");
        assert_eq!(listings().await, [3]);
        let known = work((held.tenant, held.app), |(tenant, app), tx| {
            Box::pin(async move { slots::list_known(tx, (*tenant, *app), &[9, BLOCK], (at(), at())).await })
        });
        db.write(known).await.expect("is listed");
        assert_eq!(listings().await, [4, 1]);
        let ended = LicenseRow { expires_at: Some(at()), ..license(3) };
        store(db, &ended, BLOCK + 1).await.expect("is stored");
        let prune = work((), |(), tx| Box::pin(async move { slots::prune(tx, at(), None).await }));
        db.write(prune).await.expect("is forgotten");
        assert_eq!(listings().await, [4, 2]);
    })
    .await;
}

async fn begin(tx: &mut Tx<'_>, license: &LicenseRow, at: UnixSeconds) -> Result<(), StoreError> {
    let owner = (license.tenant, license.app, license.id);
    listings::begin(tx, owner, license.terms.conditions.slot, at).await
}

/// A shard never lists less because somebody wrote nonsense into a row.
#[tokio::test]
async fn whatever_time_it_has_what_is_listed_is_read() {
    let database = TestDatabase::create(Engine::Sqlite);
    let db = &Db::open(&database.location()).await.expect("opens");
    let held = with_license(db, 3).await;
    let other = license(3);
    let meddle = |sql: &str| {
        let file = rusqlite::Connection::open(database.file()).expect("opens");
        file.execute_batch(sql).expect("is stored");
    };
    store(db, &other, 7).await.expect("is stored");
    for (n, time) in [i64::MIN, -5, i64::MAX].into_iter().enumerate() {
        activate(db, &other, u8::try_from(n).expect("small") + 1, 10 + n as u64).await.expect("is stored");
        meddle(&format!("UPDATE slots SET listed_at = {time} WHERE slot = {}", 10 + n));
    }
    meddle("UPDATE slots SET activation_id = 'loot', generation = -1 WHERE slot = 11");
    assert_eq!(listed(db, &held, 0).await, [10, 11, 12]);
    db.close().await;
}

#[tokio::test]
async fn only_blocks_that_are_full_forget_what_has_ended() {
    on_both_engines(async |db| {
        let stored = with_license(db, 3).await;
        let over = at().plus(100);
        for block in 0..3u64 {
            // At both ends of a block and in between.
            for (place, expires_at) in
                [(0, Some(at())), (9_000, Some(over)), (9_001, None), (BLOCK - 1, Some(at()))]
            {
                let license = LicenseRow { expires_at, ..license(3) };
                store(db, &license, block * BLOCK + place).await.expect("is stored");
            }
        }
        assert_eq!(close_all(db, &stored).await, 1);
        open(db, &stored, Some(0)).await;
        let known = work((stored.tenant, stored.app), |(tenant, app), tx| {
            Box::pin(
                async move { slots::list_known(tx, (*tenant, *app), &[2 * BLOCK + 7], (at(), at())).await },
            )
        });
        db.write(known).await.expect("the third one is closed");
        let places = [0, 9_000, 9_001, BLOCK - 1];
        let all: BTreeSet<u64> = (0..3).flat_map(|block| places.map(|place| block * BLOCK + place)).collect();
        prune(db, over.minus(1)).await;
        let left = slots::taken(db, stored.app, &all).await.expect("is read");
        let gone = [0, BLOCK - 1, 2 * BLOCK, 3 * BLOCK - 1];
        assert_eq!(left, all.iter().copied().filter(|slot| !gone.contains(slot)).collect());
        prune(db, over).await;
        assert_eq!(slots::taken(db, stored.app, &all).await.expect("is read").len(), 6);
    })
    .await;
}

async fn prune(db: &Db, now: UnixSeconds) {
    let (mut from, mut turns) = (None, 0);
    loop {
        let turn =
            work((now, from), |(now, from), tx| Box::pin(async move { slots::prune(tx, *now, *from).await }));
        from = db.write(turn).await.expect("is forgotten");
        turns += 1;
        if from.is_none() {
            assert_eq!(turns, 2 * 64, "two blocks, in parts");
            return;
        }
    }
}

async fn is_as_read(db: &Db, due: BlockDue) -> bool {
    let ask = work(due, |due, tx: &mut Tx<'_>| Box::pin(shards::is_as_read(tx, due)));
    db.write(ask).await.expect("is read")
}

/// `spec/revocation.md` §7.1: a list of a history that was lost meanwhile has more changes than there are, or follows another shard.
#[tokio::test]
async fn a_shard_is_stored_only_where_it_was_read() {
    on_both_engines(async |db| {
        let license = with_license(db, 1).await;
        let due = BlockDue { app: license.app, block: 0, listings: 0, version: None };
        assert!(is_as_read(db, due).await);
        assert!(!is_as_read(db, BlockDue { listings: 1, ..due }).await, "so many changes are lost");
        assert!(!is_as_read(db, BlockDue { version: Some(7), ..due }).await, "so is the last shard");
        assert!(!is_as_read(db, BlockDue { block: 9, ..due }).await, "so is the block");
        let id = StatementId::from_bytes([1; 32]);
        let (issued_at, signer) = (at(), key(3));
        let row = ShardRow {
            app: license.app,
            block: 0,
            version: 7,
            issued_at,
            listed: 0,
            listings: 0,
            signer,
            id,
        };
        let keep = work((license.tenant, row), |(tenant, row), tx| {
            Box::pin(async move { shards::upsert(tx, *tenant, row, b"{}").await })
        });
        assert!(db.write(keep).await.expect("is stored"));
        assert!(is_as_read(db, BlockDue { version: Some(7), ..due }).await);
        assert!(!is_as_read(db, due).await && !is_as_read(db, BlockDue { version: Some(6), ..due }).await);
    })
    .await;
}

/// What a runtime's database user may do to what snapshots list.
#[tokio::test]
async fn a_tenant_has_so_many_blocks_that_somebody_said_are_known_and_proofs_are_of_their_licenses_app() {
    let database = TestDatabase::create(Engine::Postgres);
    let db = Db::open(&database.location()).await.expect("opens");
    let license = with_license(&db, 1).await;
    for n in 2..5 {
        let more = work((license.clone(), n), |(license, n), tx| {
            Box::pin(async move {
                let app = apps::find(&mut *tx, license.tenant, license.app).await?.expect("it is there");
                let (id, name) = (AppId::from_bytes([*n; 16]), format!("Another {n}"));
                apps::insert(tx, &AppRow { id, name, slug: None, ..app }).await
            })
        });
        db.write(more).await.expect("is stored");
    }
    let url = database.postgres_url().expect("PostgreSQL");
    let all = "DO $$DECLARE made BIGINT; BEGIN \
        PERFORM know_slot_block(tenant_id, app_id, n) FROM apps CROSS JOIN GENERATE_SERIES(1, 300) AS all_of_them (n); \
        SELECT COUNT(*) INTO made FROM slot_blocks WHERE block > 0; \
        IF made <> 200 THEN RAISE 'he made % blocks known', made; END IF; END$$";
    on_postgres(&url, all).expect("as many as there may be");
    let other = AppId::from_bytes([2; 16]);
    for (app, is_its) in [(license.app, true), (other, false)] {
        let give = format!(
            "INSERT INTO slots (app_id, slot, block, tenant_id, license_id, activation_id, generation) \
             VALUES ('{app}', 77, 0, '{}', '{}', 'loot', 1)",
            license.tenant, license.id
        );
        let given = on_postgres(&url, &give).map_err(|why| why.to_string());
        assert_eq!(given.is_ok(), is_its, "{given:?}");
        assert!(given.is_ok() || given.is_err_and(|why| why.contains("slots_app")));
    }
    db.close().await;
}
