//! Rows that hold together: a tenant with an app with a license.

use sealgate_artifact::{
    AppId, Device, DeviceId, LicenseId, MaxDevices, PublicKey, TenantId, Tier, UnixSeconds,
};

use crate::table::{
    AppRow, DeviceRow, KeyHash, LicenseRow, SignedLicense, TenantRow, Terms, apps, licenses, tenants,
};
use crate::{Db, work};

const AT: u64 = 1_800_000_000;

pub(super) fn at() -> UnixSeconds {
    UnixSeconds::new(AT).expect("in range")
}

/// Stores a license of one seat, and what it needs.
pub(super) async fn store_license(db: &Db) -> LicenseRow {
    let license = license();
    let insert = work(license.clone(), |license, tx| {
        Box::pin(async move {
            tenants::insert(tx, &tenant(license.tenant)).await?;
            apps::insert(tx, &app(license.tenant, license.app)).await?;
            licenses::insert(tx, license, &unsigned()).await
        })
    });
    db.write(insert).await.expect("is stored");
    license
}

fn tenant(id: TenantId) -> TenantRow {
    TenantRow {
        id,
        name: "tenant".to_owned(),
        issuer_key: PublicKey::from_bytes([7; 32]),
        offline: true,
        suspended_at: None,
        created_at: at(),
    }
}

fn app(tenant: TenantId, id: AppId) -> AppRow {
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

fn license() -> LicenseRow {
    LicenseRow {
        id: LicenseId::new(AT * 1000, [3; 10]),
        tenant: TenantId::new(AT * 1000, [1; 10]),
        app: AppId::new(AT * 1000, [2; 10]),
        plan: None,
        key_hash: KeyHash([4; 32]),
        key_sealed: vec![5; 60],
        label: Some("Überlänge".to_owned()),
        customer: None,
        licensee: "{}".to_owned(),
        terms: Terms {
            tier: Tier::Licensed,
            features: r#"[{"name":"db.query"}]"#.to_owned(),
            limits: "[]".to_owned(),
            max_devices: MaxDevices::Limited(1),
            files: true,
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

/// What stands in the place of a signed statement where nobody reads it.
fn unsigned() -> SignedLicense {
    SignedLicense {
        signer: PublicKey::from_bytes([7; 32]),
        id: sealgate_artifact::StatementId::from_bytes([9; 32]),
        envelope: b"{}".to_vec(),
        slot: None,
    }
}

/// The device of that name.
pub(super) fn hwid_device(hwid: &str) -> Device {
    Device::parse("hwid", hwid).expect("a hwid")
}

/// A device of that name on its way to a seat.
pub(super) fn device(license: &LicenseRow, hwid: &str) -> DeviceRow {
    let mut random = [0; 10];
    random[..hwid.len().min(10)].copy_from_slice(&hwid.as_bytes()[..hwid.len().min(10)]);
    DeviceRow::new(DeviceId::new(AT * 1000, random), license, hwid_device(hwid), at())
}
