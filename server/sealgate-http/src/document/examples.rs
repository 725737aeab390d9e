//! An example of every shape. The Rust type reads each when the document is made; a test holds it against its schema.

use serde_json::{Value, json};

use super::rows::Row;

const APP: &str = "01926a3b-0000-7000-8000-00000000a001";
const PLAN: &str = "01926a3b-0000-7000-8000-00000000a002";
const CUSTOMER: &str = "01926a3b-0000-7000-8000-00000000a003";
const LICENSE: &str = "01926a3b-0000-7000-8000-00000000a004";
const ACTIVATION: &str = "01926a3b-0000-7000-8000-00000000a00f";
const DEVICE: &str = "01926a3b-0000-7000-8000-00000000a005";
const TENANT: &str = "01926a3b-0000-7000-8000-00000000a006";
const TOKEN: &str = "01926a3b-0000-7000-8000-00000000a007";
const ENTRY: &str = "01926a3b-0000-7000-8000-00000000a008";
const EVENT: &str = "01926a3b-0000-7000-8000-00000000a009";
const RELEASE: &str = "01926a3b-0000-7000-8000-00000000a00a";
const APPROVAL: &str = "01926a3b-0000-7000-8000-00000000a00b";
const BUNDLE: &str = "01926a3b-0000-7000-8000-00000000a010";
const REQUEST: &str = "0190a1b2c3d4e5f6071829";
const KEY_ID: &str = "4f1d2c3b4a59687766554433221100ff";
const LICENSE_KEY: &str = "000G-40R4-0M30-E209-185G-R38E-1YRB";
const PUBLIC_KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const SPKI: &str = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const BEGIN: &str = "2027-01-31T00:00:00Z";
const END: &str = "2028-01-31T00:00:00Z";

/// Reads a table of shapes, each with its example.
macro_rules! rows {
    ($($name:ident $example:tt)*) => {
        vec![$(Row::of::<sealgate_wire::$name>(stringify!($name), json!($example))),*]
    };
}

/// Every shape with its example.
pub(super) fn rows() -> Vec<Row> {
    let mut all = vendor();
    all.extend(sales());
    all.extend(licenses());
    all.extend(bundles());
    all.extend(devices());
    all.extend(releases());
    all.extend(records());
    all.extend(runtime());
    all.extend(authforge());
    all.extend(health());
    all
}

fn features() -> Value {
    json!([{ "name": "export", "value": "pdf" }, { "name": "sso" }])
}

fn module() -> Value {
    json!({ "name": "editor", "sha256": HASH, "version": "2.1.0", "signer": KEY_ID })
}

fn limits() -> Value {
    json!([{ "name": "projects", "value": 10 }])
}

fn variables() -> Value {
    json!({ "theme": "dark", "workers": 4, "beta": true })
}

fn licensee() -> Value {
    json!({ "name": "Ada Lovelace", "company": "Analytical Engines Ltd", "email": "ada@example.com" })
}

fn policy() -> Value {
    json!({
        "heartbeat": { "interval": 3_600, "grace": 86_400 }, "seat": "lease", "fail": "hard", "integrity": "where_listed",
        "tenant_limits": [["render", 60]],
    })
}

fn offline() -> Value {
    json!({ "days": 90, "pool": 20, "journal_days": 30 })
}

fn allowances() -> Value {
    json!({ "releases": 4, "replacements": 1 })
}

fn envelope() -> Value {
    json!({
        "payloadType": "application/vnd.sealgate.license.v1+json",
        "payload": "eyJsaWNlbnNlIjoi4oCmIn0=",
        "signatures": [{ "keyid": KEY_ID, "sig": "c2lnbmF0dXJlIG9mIDY0IGJ5dGVz" }],
    })
}

/// Tenants, tokens, apps.
fn vendor() -> Vec<Row> {
    rows! {
        Nothing {}
        Problem {
            "code": "external_id_taken", "message": "A license or customer of this tenant already has that external id.",
            "request_id": REQUEST, "license_id": LICENSE,
        }
        CreateTenant { "name": "Example Software" }
        TenantCreated { "tenant_id": TENANT, "admin_token": "the-token-of-the-owner" }
        TenantView { "tenant_id": TENANT, "name": "Example Software", "offline": true, "created_at": BEGIN }
        UpdateTenant { "offline": false }
        CreateToken { "name": "shop", "scopes": ["licenses:read", "licenses:write"], "expires_at": "90d" }
        TokenCreated {
            "token_id": TOKEN, "token": "the-new-token", "scopes": ["licenses:read", "licenses:write"], "expires_at": END,
        }
        TokenView {
            "token_id": TOKEN, "name": "shop", "scopes": ["licenses:read", "licenses:write"], "created_at": BEGIN,
            "expires_at": END,
        }
        OwnToken {
            "tenant_id": TENANT, "tenant_name": "Example Software", "token_id": TOKEN, "name": "shop",
            "scopes": ["licenses:read", "licenses:write"], "expires_at": END,
        }
        RevokeToken { "keep_made": true }
        TokenRevoked {
            "token_id": TOKEN, "name": "shop", "scopes": ["licenses:read"], "created_at": BEGIN, "expires_at": null,
            "revoked_at": END, "also_revoked": 2,
        }
        CreateApp { "name": "Editor" }
        AppCreated {
            "app_id": APP, "app_secret": "the-secret-of-the-app", "public_key": PUBLIC_KEY,
            "next_public_key": PUBLIC_KEY, "public_key_spki": SPKI,
        }
        AppView {
            "app_id": APP, "name": "Editor", "public_key": PUBLIC_KEY, "next_public_key": PUBLIC_KEY,
            "public_key_spki": SPKI, "credits": 500, "require_secret": false, "danger_lifetime_files": false,
            "list_reported_addresses": false, "show_labels": false, "created_at": BEGIN,
        }
        UpdateApp { "require_secret": true }
        RotateSecret { "keep_former_seconds": 86_400 }
        SecretRotated { "app_id": APP, "app_secret": "the-new-secret", "former_secret_until": END }
        Variables { "variables": (variables()) }
        ChangeVariables { "variables": { "theme": "light" }, "remove_variables": ["beta"] }
        GrantCredits { "amount": 500 }
        CreditsView { "balance": 500 }
        Trust {
            "roots": [PUBLIC_KEY], "threshold": 1, "root_version": 1, "keyset_chain": [(envelope()), (envelope())],
            "tenant_keyset": (envelope()), "tenant": TENANT, "app": APP,
        }
        SignedStatement (envelope())
    }
}

/// Plans, customers.
fn sales() -> Vec<Row> {
    rows! {
        CreatePlan {
            "app_id": APP, "name": "Pro", "tier": "licensed", "features": (features()), "limits": (limits()),
            "max_devices": 3, "duration": "1y", "policy": (policy()), "max_instances": 2, "offline": (offline()),
            "allowances": (allowances()), "variables": (variables()),
            "licensee": ["name", "company"],
        }
        UpdatePlan {
            "features": [{ "name": "sso" }], "max_devices": "unlimited", "duration": null, "policy": null,
            "allowances": { "releases": 4 },
        }
        PlanView {
            "plan_id": PLAN, "app_id": APP, "app": "editor", "name": "Pro", "slug": "pro", "tier": "licensed", "features": (features()),
            "limits": (limits()), "max_devices": 3, "duration": "1y", "files": false, "policy": (policy()),
            "max_instances": 2, "offline": (offline()), "allowances": (allowances()), "variables": (variables()), "licensee": ["name", "company"], "created_at": BEGIN,
        }
        Trial { "days": 14, "per": "device" }
        Feature { "name": "export", "value": "pdf" }
        Limit { "name": "projects", "value": 10 }
        Policy (policy())
        Heartbeat { "interval": 3_600, "grace": 86_400, "longest_grace": 259_200 }
        SeatHold "lease"
        Fail "hard"
        Integrity "where_listed"
        AntiTamper { "unknown": "tamper", "agents": ["watchdog"] }
        Unknown "tamper"
        ClockPolicy { "tolerance": 600, "mode": "run_time" }
        ClockMode "run_time"
        Freshness { "warn": 14, "restrict": 60, "block": 90 }
        TenantLimit ["render", 60]
        OfflinePermit (offline())
        OfflineChange { "days": 90, "pool": null }
        Allowances (allowances())
        AllowancesChange { "releases": 4, "replacements": null }
        CreateCustomer {
            "name": "Ada Lovelace", "company": "Analytical Engines Ltd", "email": "ada@example.com",
            "external_id": "shop-1815", "metadata": { "segment": "A" }, "max_devices": 20,
        }
        UpdateCustomer { "email": "", "metadata": { "segment": "B" } }
        CustomerView {
            "customer_id": CUSTOMER, "name": "Ada Lovelace", "company": "Analytical Engines Ltd",
            "email": "ada@example.com", "external_id": "shop-1815", "metadata": { "segment": "A" }, "max_devices": 20,
            "licenses": 2, "devices_used": 3, "created_at": BEGIN,
        }
        MergeCustomers { "into": CUSTOMER }
        CustomersMerged { "customer_id": CUSTOMER, "moved": 2, "complete": true }
        ForgetCustomer { "after": LICENSE }
        CustomerForgotten { "customer_id": CUSTOMER, "licenses": 5000, "next": LICENSE }
    }
}

fn terms(tier: &str) -> Value {
    json!({
        "plan_id": PLAN, "plan": "pro", "tier": tier, "features": features(), "limits": limits(), "variables": variables(),
        "max_devices": 3, "expires_at": END, "files": false, "policy": policy(), "max_instances": 2, "offline": offline(),
        "allowances": allowances(), "trial_days": null,
        "trial_per": null, "label": "order 1815", "customer_id": CUSTOMER, "customer": "ada-lovelace", "licensee": licensee(),
    })
}

/// Releases, modules of licenses.
fn releases() -> Vec<Row> {
    rows! {
        PublishRelease {
            "version": "2.1.0", "target": "linux/x86_64", "length": 4_194_304, "sha256": HASH, "modules": [(module())],
        }
        ListedModule (module())
        ReleaseView {
            "release_id": RELEASE, "app_id": APP, "app": "editor", "version": "2.1.0", "target": "linux/x86_64", "length": 4_194_304,
            "sha256": HASH, "modules": 1, "published_at": BEGIN,
        }
        SubmitModules { "modules": [(module())] }
        DecideModules { "approval_ids": [APPROVAL], "reason": "their own build" }
        ApprovalsChanged { "license_id": LICENSE, "changed": 1 }
        ApprovalView {
            "approval_id": APPROVAL, "license_id": LICENSE, "app_id": APP, "app": "editor", "status": "approved",
            "source": "device", "name": "editor", "sha256": HASH, "version": "2.1.0", "signer": KEY_ID, "submitted_at": BEGIN,
            "decided_at": BEGIN,
        }
    }
}

/// Licenses and access lists.
fn licenses() -> Vec<Row> {
    rows! {
        IssueLicenses {
            "app_id": APP, "plan_id": PLAN, "max_devices": 3, "expires_at": "1y", "max_instances": 2,
            "allowances": { "releases": 4 }, "label": "order 1815", "customer_id": CUSTOMER, "external_id": "order-1815",
        }
        Licensee (licensee())
        LicensesIssued {
            "licenses": [{ "license_id": LICENSE, "license_key": LICENSE_KEY, "expires_at": END, "max_devices": 3 }],
        }
        IssuedLicense { "license_id": LICENSE, "license_key": LICENSE_KEY, "expires_at": null, "max_devices": "unlimited" }
        LicenseView {
            "license_id": LICENSE, "app_id": APP, "app": "editor", "plan_id": PLAN, "plan": "pro", "status": "active",
            "tier": "licensed", "features": (features()), "limits": (limits()), "max_devices": 3, "devices_used": 1, "pool_seats": 1,
            "expires_at": END, "files": false, "policy": (policy()), "max_instances": 2, "offline": (offline()),
            "allowances": (allowances()), "label": "order 1815", "customer_id": CUSTOMER,
            "customer": "ada-lovelace", "licensee": (licensee()), "external_id": "order-1815",
            "version": 30_000_000, "created_at": BEGIN,
        }
        LookUpLicense { "license_key": LICENSE_KEY }
        UpdateLicense {
            "tier": "enterprise", "features": [{ "name": "sso" }], "max_devices": 5, "expires_at": null,
            "offline": { "days": 90 }, "policy": null,
        }
        LicensePreview {
            "license_id": LICENSE, "before": (terms("licensed")), "after": (terms("enterprise")), "changed": ["tier"],
            "lessened": [], "version": 30_000_000, "new_version": true, "devices_used": 1, "devices_to_release": 0,
        }
        LicenseTerms (terms("licensed"))
        LicenseKeyShown { "license_id": LICENSE, "license_key": LICENSE_KEY }
        RevealKeys { "license_ids": [LICENSE] }
        LicenseKeysShown { "licenses": [{ "license_id": LICENSE, "license_key": LICENSE_KEY }] }
        ImportLicenses {
            "app_id": "editor", "dry_run": false,
            "rows": [{ "name": "order-1815", "plan_id": "pro", "label": "Order 1815", "hwids": ["desk-12"] }],
        }
        ImportRow {
            "name": "order-1815", "license_id": LICENSE, "plan_id": "pro", "tier": "licensed", "features": (features()), "limits": (limits()),
            "variables": (variables()), "max_devices": 3, "expires_at": "1y", "label": "Order 1815", "customer_id": CUSTOMER,
            "licensee": (licensee()), "external_id": "order-1815", "license_key": "7Q2M-9XKD-4RTB-W6HJ-F3NC", "hwids": ["desk-12"],
            "suspended": false,
        }
        LicensesImported {
            "rows": [{ "outcome": "imported", "license_id": LICENSE, "license_key": LICENSE_KEY, "expires_at": END }],
        }
        ImportedRow {
            "outcome": "there", "license_id": LICENSE, "devices_added": 1, "devices_left_out": 1,
            "code": "device_limit", "message": "Every seat of the license is taken by another device.",
        }
        ResignLicenses { "after": LICENSE }
        LicensesResigned { "resigned": 5000, "next": LICENSE }
        RenewLicense { "expires_at": "1y", "if_version": 30_000_000 }
        StopLicense { "reason": "refunded", "if_version": 30_000_000 }
        ResumeLicense { "if_version": 30_000_000 }
        Reason { "reason": "refunded" }
        ReleaseDevices { "override_allowance": true }
        Released { "license_id": LICENSE, "released": [DEVICE], "devices_used": 0, "releases_left": 1 }
        MakeAuthforgeFile { "hwid": "desk-12", "expires_at": "90d" }
        AuthforgeFile {
            "file": "-----BEGIN AUTHFORGE LICENSE-----\n…\n-----END AUTHFORGE LICENSE-----\n",
            "file_name": "desk-12.authforge", "jti": LICENSE, "expires_at": END,
        }
        AddAccess { "app_id": APP, "effect": "deny", "ip": "192.0.2.0/24", "reason": "abuse", "expires_at": "90d" }
        AccessView {
            "entry_id": ENTRY, "app_id": APP, "app": "editor", "source": "vendor", "effect": "deny", "ip": "192.0.2.0/24",
            "reason": "abuse", "created_at": BEGIN, "expires_at": END,
        }
    }
}

/// Devices, and those that were admitted.
fn devices() -> Vec<Row> {
    rows! {
        DeviceView {
            "device_id": DEVICE, "license_id": LICENSE, "kind": "key", "identity": PUBLIC_KEY, "first_seen": BEGIN,
            "last_seen": BEGIN, "name": "desk", "platform": "linux x86_64", "product_version": "4.2.0",
            "metadata": { "desk": "12" },
        }
        ActivationView {
            "activation_id": ACTIVATION, "license_id": LICENSE, "device_id": DEVICE, "device_key": PUBLIC_KEY, "generation": 1,
            "activated_at": BEGIN, "last_heard": BEGIN, "instances": 1, "chain_seq": 12,
            "ended": { "code": "chain_mismatch", "at": BEGIN, "grace_until": END },
            "anchors": [{ "generation": 1, "anchor": 1, "held_seq": 4, "taken_seq": 12, "asked_at": BEGIN, "at": BEGIN }],
        }
        ActivationEnd { "code": "chain_mismatch", "at": BEGIN, "grace_until": END }
        ChainAnchorView { "generation": 1, "anchor": 1, "held_seq": 4, "taken_seq": 12, "asked_at": BEGIN, "at": BEGIN }
        ChainEntryView {
            "anchor": 0, "seq": 1, "at": BEGIN, "tenant": "__host__", "action": "rule", "hash": HASH, "mac": HASH,
        }
        UpdateDevice { "metadata": { "desk": "12" } }
    }
}

/// Events, the audit log, servers, the clock, keys.
fn records() -> Vec<Row> {
    let audit = json!({
        "audit_id": EVENT, "seq": 7, "hash": HASH, "at": BEGIN, "actor": format!("token:{TOKEN}"),
        "action": "license.revoked", "subject": LICENSE, "detail": "{\"reason\":\"refunded\"}", "request_id": REQUEST,
    });
    let not_done = json!({ "id": LICENSE, "code": "unavailable" });
    rows! {
        EventView {
            "event_id": EVENT, "at": BEGIN, "kind": "refused", "code": "device_limit", "app_id": APP, "app": "editor",
            "license_id": LICENSE, "device": "desk-12", "request_id": REQUEST, "count": 1,
        }
        AuditView (audit)
        AuditExport { "tenant_id": TENANT, "items": [(audit)], "head": { "seq": 7, "hash": HASH } }
        AuditHead { "seq": 7, "hash": HASH }
        ServerView {
            "server_id": KEY_ID, "public_key": PUBLIC_KEY, "origins": ["https://licenses.example.com"],
            "status": "approved", "created_at": BEGIN, "approved_at": BEGIN,
            "activation_key": PUBLIC_KEY, "activation_approved_at": BEGIN,
        }
        ApproveServer { "origins": ["https://licenses.example.com"], "activation_key": PUBLIC_KEY }
        ClockView { "in_doubt": true, "shown": END, "expected": BEGIN, "set_by": 691_200, "server_id": KEY_ID }
        AcceptClock { "set_by": 691_200 }
        SnapshotView (snapshot())
        ImportSnapshot { "file": "k1NHQw0KGgo…", "source": "the backup of October" }
        SnapshotImported {
            "version": 30_000_000, "issued_at": BEGIN, "sha256": HASH, "revoked": 17, "listed": 2, "shards": 1, "unknown": 0,
            "licenses_suspended": [LICENSE], "devices_released": [], "servers_revoked": [],
            "keys_revoked": [], "keys_retired": [], "failed": [(not_done)],
        }
        NotDone (not_done)
        SnapshotSigned { "complete": true, "snapshot": (snapshot()), "again_in": 20 }
        JobView {
            "name": "forget", "every": 60, "status": "running", "last_started_at": BEGIN, "last_done_at": BEGIN,
            "last_failed_at": BEGIN, "last_error": "unavailable", "due_at": END, "holder": "00112233445566778899aabbccddeeff",
            "late": false,
        }
        KeyView {
            "keyid": KEY_ID, "use": "issuer", "scope": TENANT, "public_key": PUBLIC_KEY, "not_before": BEGIN,
            "not_after": null, "state": "active",
        }
        RotateKey { "use": "issuer" }
        KeyRevoked { "keyid": KEY_ID, "complete": true, "dark": [LICENSE], "dark_bundles": [BUNDLE] }
    }
}

/// Bundles for machines without a network.
fn bundles() -> Vec<Row> {
    rows! {
        BundleView {
            "bundle_id": BUNDLE, "license_id": LICENSE, "app_id": APP, "serial": 30_000_000, "version": 30_000_000, "line": BUNDLE,
            "mode": "bound", "machines": 1, "device_keys": [PUBLIC_KEY], "request": HASH, "replaces": BUNDLE,
            "statement_id": HASH, "issued_at": BEGIN, "valid_until": END, "live": true, "revoked_at": BEGIN,
            "revoke_reason": "the stick is lost", "made_by": format!("token:{TOKEN}"),
        }
        ExportBundle { "mode": "bound", "requests": ["k1NHQw0KGgo…"], "replaces": BUNDLE, "valid_until": "90d" }
        RespondOffline { "request": "k1NHQw0KGgo…", "license_id": LICENSE, "valid_until": "90d" }
    }
}

fn snapshot() -> Value {
    json!({
        "version": 30_000_000, "issued_at": BEGIN, "next_update": END, "age": 40, "shards": 3, "revoked": 17, "bytes": 4096,
        "sha256": HASH, "due": false,
    })
}

/// Questions of running software.
fn runtime() -> Vec<Row> {
    rows! {
        OnlineQuestion { "request": (envelope()), "holds": [HASH] }
        OnlineAnswer {
            "decision": (envelope()), "certificate": (envelope()), "keyset": (envelope()), "tenant_keyset": (envelope()),
            "license": { "statement": (envelope()), "attachments": {} },
            "seats": [{ "device_id": DEVICE, "name": "desk", "last_seen": BEGIN }],
        }
        HeartbeatQuestion { "request": (envelope()), "holds": [HASH] }
        HeartbeatReply { "answer": (envelope()), "certificate": (envelope()), "tenant_keyset": (envelope()) }
        SeatView { "device_id": DEVICE, "name": "desk", "last_seen": BEGIN }
        TrustUpdate { "roots": [(envelope())], "keyset": (envelope()), "certificate": (envelope()) }
        CheckView { "name": "clock", "ok": false, "message": "this machine's clock was set", "fix": "Compare the clocks." }
    }
}

/// What clients ask that were written for AuthForge, in types that only read or only write.
fn authforge() -> Vec<Row> {
    let nonce = "00112233445566778899aabbccddeeff";
    let key = json!({
        "appId": APP, "appSecret": "the-secret-of-the-app", "licenseKey": LICENSE_KEY, "hwid": "desk-12", "nonce": nonce,
    });
    let session =
        json!({ "appId": APP, "sessionToken": "cGF5bG9hZA.bWFj", "hwid": "desk-12", "nonce": nonce });
    let allowed = json!({
        "status": "success", "valid": true, "payload": "eyJzZXNzaW9uVG9rZW4iOiLigKYifQ==",
        "signature": "c2lnbmF0dXJlIG9mIDY0IGJ5dGVz", "keyId": KEY_ID, "nonce": nonce,
    });
    let banned = json!({ "status": "success", "licenseRevoked": false, "hwidBlacklisted": true, "ipBlacklisted": false });
    let file = json!({
        "status": "success", "file": "-----BEGIN AUTHFORGE LICENSE-----\n…\n-----END AUTHFORGE LICENSE-----\n",
        "fileName": "desk-12.authforge", "jti": LICENSE, "replay": false,
    });
    vec![
        Row::shown("AuthforgeValidate", key.clone()),
        Row::shown("AuthforgeHeartbeat", session.clone()),
        Row::shown("AuthforgeSelfBan", session),
        Row::shown("AuthforgeActivate", key),
        Row::shown("AuthforgeAllowed", allowed),
        Row::shown("AuthforgeSelfBanned", banned),
        Row::shown("AuthforgeActivated", file),
        Row::shown("AuthforgeRefused", json!({ "status": "failed", "error": "invalid_key" })),
    ]
}

fn health() -> Vec<Row> {
    let not_ready = json!({
        "code": "unavailable", "message": "this machine's clock was set. Compare the clocks.", "request_id": REQUEST,
    });
    vec![
        Row::shown("Alive", json!({ "status": "ok" })),
        Row::shown("Ready", json!({ "status": "ready" })),
        Row::shown("NotReady", not_ready),
        Row::shown(
            "DatabaseWentBack",
            json!({ "from": 7012, "to": 6990, "fix": "Take over the newest snapshot." }),
        ),
    ]
}
