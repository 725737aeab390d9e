//! Databases, rows and units of work to test with.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use sealgate_artifact::{
    AppId, Device, DeviceId, LicenseId, MaxDevices, PublicKey, TenantId, Tier, UnixSeconds,
};
use sealgate_store::table::{
    AppRow, DeviceRow, KeyHash, LicenseRow, SignedLicense, TenantRow, Terms, apps, devices, licenses, tenants,
};
use sealgate_store::{Db, StoreError, Tx, Work, work};
use sealgate_testkit::{Engine, TestDatabase};

const AT: u64 = 1_800_000_000;

pub(crate) fn at() -> UnixSeconds {
    UnixSeconds::new(AT).expect("in range")
}

/// Runs a test body on a fresh store of each engine, and closes it.
pub(crate) async fn on_both_engines(body: impl AsyncFn(&Db)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = TestDatabase::create(engine);
        let db = Db::open(&database.location()).await.expect("opens");
        body(&db).await;
        db.close().await;
    }
}

/// A license with `seats`, not stored yet. No two are alike.
pub(crate) fn license(seats: u32) -> LicenseRow {
    static LAST: AtomicU8 = AtomicU8::new(0);
    let n = LAST.fetch_add(1, Ordering::SeqCst);
    LicenseRow {
        id: LicenseId::new(AT * 1000, [n; 10]),
        tenant: TenantId::new(AT * 1000, [1; 10]),
        app: AppId::new(AT * 1000, [2; 10]),
        key_hash: KeyHash([n; 32]),
        key_sealed: vec![5; 60],
        plan: None,
        label: Some("étiquette".to_owned()),
        customer: None,
        licensee: "{}".to_owned(),
        terms: Terms {
            tier: Tier::Licensed,
            features: r#"[{"name":"db.query"}]"#.to_owned(),
            limits: "[]".to_owned(),
            max_devices: MaxDevices::Limited(seats),
            files: false,
            conditions: sealgate_artifact::Conditions::default(),
            trial: None,
        },
        variables: "{}".to_owned(),
        not_before: at(),
        expires_at: None,
        end_day: None,
        suspended_at: None,
        revoked_at: None,
        suspend_reason: None,
        revoke_reason: None,
        version: 1,
        statement: sealgate_artifact::StatementId::from_bytes([9; 32]),
        created_at: at(),
        external_id: None,
        devices_used: 0,
        pools: 0,
        bundles_end: None,
    }
}

/// Stores the tenant and the app of every license here.
pub(crate) fn bootstrap() -> impl Work<Output = (), Error = StoreError> {
    work(license(1), |LicenseRow { tenant, app, .. }, tx| {
        Box::pin(async move {
            tenants::insert(&mut *tx, &tenant_row(*tenant)).await?;
            apps::insert(tx, &app_row(*tenant, *app)).await
        })
    })
}

pub(crate) fn tenant_row(id: TenantId) -> TenantRow {
    TenantRow {
        id,
        name: "tenant".to_owned(),
        issuer_key: PublicKey::from_bytes([7; 32]),
        offline: true,
        suspended_at: None,
        created_at: at(),
    }
}

fn app_row(tenant: TenantId, id: AppId) -> AppRow {
    AppRow {
        id,
        tenant,
        name: "app".to_owned(),
        slug: None,
        secret_hash: [1; 32],
        former_secret: None,
        public_key: PublicKey::from_bytes([2; 32]),
        next_public_key: PublicKey::from_bytes([3; 32]),
        variables: "{}".to_owned(),
        credits: None,
        require_secret: false,
        lifetime_files: false,
        list_reported_addresses: false,
        show_labels: false,
        disabled_at: None,
        created_at: at(),
    }
}

/// Stores a license.
pub(crate) fn issue(license: LicenseRow) -> impl Work<Output = (), Error = StoreError> {
    work(license, |license, tx| Box::pin(async move { licenses::insert(tx, license, &unsigned()).await }))
}

/// Revokes a license.
pub(crate) fn revoke(license: LicenseRow) -> impl Work<Output = (), Error = StoreError> {
    work(license, |license, tx| {
        Box::pin(async move {
            let locked = licenses::lock(&mut *tx, license.tenant, license.id).await?.expect("it is there");
            let (revoked_at, revoke_reason) = (Some(at()), Some("returned".to_owned()));
            licenses::store(tx, &LicenseRow { revoked_at, revoke_reason, ..locked }).await
        })
    })
}

/// Takes a seat if one is free; the number of seats taken, or the refusal after having written all the same.
pub(crate) struct TakeSeat(pub(crate) LicenseRow, pub(crate) String);

impl Work for TakeSeat {
    type Output = u64;
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let locked = licenses::lock(tx, self.0.tenant, self.0.id).await?.expect("it is there");
        let (used, _) = devices::count_seats(&mut *tx, &locked, &hwid(&self.1)).await?;
        devices::take_seat(tx, &locked, &device(&self.0, &self.1)).await?;
        let seats = self.0.terms.max_devices.seats().expect("counted");
        if used < u64::from(seats) { Ok(used + 1) } else { Err(full()) }
    }
}

pub(crate) fn full() -> StoreError {
    StoreError::Corrupt("every seat is taken".to_owned())
}

/// Stores one license with so many seats, and what it needs.
pub(crate) async fn with_license(db: &Db, seats: u32) -> LicenseRow {
    let license = license(seats);
    db.write(bootstrap()).await.expect("is stored");
    db.write(issue(license.clone())).await.expect("is stored");
    license
}

/// What stands in the place of a signed statement where nobody reads it.
pub(crate) fn unsigned() -> SignedLicense {
    SignedLicense {
        signer: PublicKey::from_bytes([7; 32]),
        id: sealgate_artifact::StatementId::from_bytes([9; 32]),
        envelope: b"{}".to_vec(),
        slot: None,
    }
}

/// The device of that name.
pub(crate) fn hwid(name: &str) -> Device {
    Device::parse("hwid", name).expect("a hwid")
}

/// A device of that name on its way to a seat. No two have the same id.
pub(crate) fn device(license: &LicenseRow, hwid: &str) -> DeviceRow {
    static LAST: AtomicU64 = AtomicU64::new(0);
    DeviceRow::new(
        DeviceId::new(AT * 1000 + LAST.fetch_add(1, Ordering::SeqCst), [6; 10]),
        license,
        self::hwid(hwid),
        at(),
    )
}

/// Whether the database says from memory that the license is revoked.
pub(crate) async fn is_revoked(db: &Db, license: &LicenseRow) -> bool {
    let entry = db.cached_license(license.app, license.key_hash).await.expect("answers");
    entry.expect("is there").license.revoked_at.is_some()
}
