//! License servers: seen, approved, certified, revoked (`spec/http.md` §3.15).

use sealgate_artifact::{Code, KeyUse, PublicKey, ServerCertificate, TenantId, UnixSeconds};
use sealgate_store::{AuditRow, CertificateRow, KeyRow, KeyStage, ServerRow, Tx, Work, read, write};
use sealgate_trust::sign_statement;
use sealgate_wire::{Page, Reason, ServerView, Timestamp};
use serde_json::json;

use super::bootstrap::INSTALLATION;
use super::{ATTEMPTS, check, keys};
use crate::{Authority, AuthorityError, Caller};

/// How long a certificate holds, and when the next one is made. A stolen server's key dies with its certificate.
const CERTIFICATE_SECONDS: u64 = 14 * 24 * 60 * 60;
const RENEW_SECONDS: u64 = 7 * 24 * 60 * 60;
/// Certificates in one transaction.
const AT_ONCE: u32 = 100;
/// What a server may answer.
const OPERATIONS: [&str; 1] = ["validate"];

/// Makes this process's server known. One that shares its process with the Authority needs no approval.
pub async fn register_server(a: &Authority) -> Result<(), AuthorityError> {
    let Some(own) = a.own_server() else { return Ok(()) };
    let now = a.now();
    let server = ServerRow {
        server_key: own.key,
        origins: own.origins.clone(),
        created_at: now,
        approved_at: a.role().has_control().then_some(now),
        revoked_at: None,
    };
    a.db.write(Register(server)).await?;
    certify_servers(a).await
}

/// Every server.
pub async fn list_servers(a: &Authority, _: &Caller) -> Result<Page<ServerView>, AuthorityError> {
    let rows = read::servers::list(&a.db).await?;
    Ok(Page { items: rows.iter().map(view).collect(), next_cursor: None })
}

/// Lets a server be certified at the origins that it says. Doing it again changes nothing.
pub async fn approve_server(a: &Authority, caller: &Caller, id: &str) -> Result<ServerView, AuthorityError> {
    let server = find(a, id).await?;
    if server.revoked_at.is_some() {
        return Err(AuthorityError::Refused(Code::ServerRevoked));
    }
    if server.approved_at.is_none() {
        let detail = json!({ "origins": server.origins });
        let audit = a.audit_row(caller, "server.approved", id.to_owned(), &detail);
        let server = ServerRow { approved_at: Some(a.now()), ..server };
        a.db.write(Decide { server, audit }).await?;
        certify_servers(a).await?;
    }
    find(a, id).await.map(|server| view(&server))
}

/// Takes a server's word away: its certificates go, and the keyset tells every client (`spec/keys.md` §5.10).
pub async fn revoke_server(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &Reason,
) -> Result<ServerView, AuthorityError> {
    check::reason(wish.reason.as_deref())?;
    let server = find(a, id).await?;
    let _turn = a.key_changes.lock().await;
    if server.revoked_at.is_none() {
        let row = KeyRow {
            public_key: server.server_key,
            key_use: KeyUse::Server,
            scope: INSTALLATION.to_owned(),
            state: KeyStage::Revoked,
            published_at: server.created_at,
            ended_at: Some(a.now()),
        };
        for attempt in 1..=ATTEMPTS {
            let detail = json!({ "reason": wish.reason });
            let audit = a.audit_row(caller, "server.revoked", id.to_owned(), &detail);
            match keys::publish_revoked_server(a, row.clone(), audit.clone()).await {
                Err(AuthorityError::Superseded) if attempt < ATTEMPTS => {}
                done => {
                    done?;
                    break;
                }
            }
        }
        a.db.write(Silence { key: server.server_key, at: a.now() }).await?;
    }
    find(a, id).await.map(|server| view(&server))
}

/// Makes every certificate that is missing, about to end, for other origins, or by an authority that signs no more.
pub(crate) async fn certify_servers(a: &Authority) -> Result<(), AuthorityError> {
    if !a.role().has_control() {
        return Ok(());
    }
    let authority = keys::signing_authority(a).await?;
    let is_trusted = |server: &ServerRow| server.approved_at.is_some() && server.revoked_at.is_none();
    for server in read::servers::list(&a.db).await?.into_iter().filter(is_trusted) {
        let until = a.now().plus(RENEW_SECONDS);
        loop {
            let tenants = read::servers::tenants_without(&a.db, &server, authority, until, AT_ONCE).await?;
            if tenants.is_empty() {
                break;
            }
            let made = tenants.iter().map(|tenant| certify(a, &server, authority, TenantId::parse(tenant)?));
            a.db.write(PutCertificates(made.collect::<Result<_, _>>()?)).await?;
        }
    }
    Ok(())
}

fn certify(
    a: &Authority,
    server: &ServerRow,
    authority: PublicKey,
    tenant: TenantId,
) -> Result<CertificateRow, AuthorityError> {
    let certificate = ServerCertificate {
        issued_at: a.now(),
        expires_at: a.now().plus(CERTIFICATE_SECONDS),
        public_key: server.server_key,
        tenants: vec![tenant],
        origins: server.origins.clone(),
        operations: OPERATIONS.map(str::to_owned).to_vec(),
    };
    Ok(CertificateRow {
        server_key: server.server_key,
        tenant,
        signer: authority,
        origins: server.origins.clone(),
        expires_at: certificate.expires_at,
        envelope: sign_statement(&*a.signer, &certificate, &[authority])?.encode(),
    })
}

async fn find(a: &Authority, id: &str) -> Result<ServerRow, AuthorityError> {
    let rows = read::servers::list(&a.db).await?;
    let found = rows.into_iter().find(|row| row.server_key.id(KeyUse::Server).to_string() == id);
    found.ok_or(AuthorityError::Refused(Code::NotFound))
}

fn view(server: &ServerRow) -> ServerView {
    let status = match (server.revoked_at, server.approved_at) {
        (Some(_), _) => "revoked",
        (None, Some(_)) => "approved",
        (None, None) => "waiting",
    };
    ServerView {
        server_id: server.server_key.id(KeyUse::Server).to_string(),
        public_key: server.server_key.to_string(),
        origins: server.origins.clone(),
        status: status.to_owned(),
        created_at: Timestamp(server.created_at),
        approved_at: server.approved_at.map(Timestamp),
        revoked_at: server.revoked_at.map(Timestamp),
    }
}

struct Register(ServerRow);

impl Work for Register {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let server = &self.0;
        write::servers::put(tx, server).await?;
        let known = write::servers::current(tx, server.server_key).await?;
        if server.approved_at.is_some()
            && known.is_some_and(|known| known.approved_at.is_none() && known.revoked_at.is_none())
        {
            write::servers::decide(tx, server).await?;
        }
        Ok(())
    }
}

struct Decide {
    server: ServerRow,
    audit: AuditRow,
}

impl Work for Decide {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        write::servers::decide(tx, &self.server).await?;
        Ok(write::records::audit(tx, &self.audit).await?)
    }
}

/// What a revocation does besides the keyset. It comes after it: a crash in between leaves a server that every client
/// with the new keyset refuses, and the same request goes on.
struct Silence {
    key: PublicKey,
    at: UnixSeconds,
}

impl Work for Silence {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        if let Some(server) = write::servers::current(tx, self.key).await? {
            write::servers::decide(tx, &ServerRow { revoked_at: Some(self.at), ..server }).await?;
        }
        Ok(write::servers::forget_certificates(tx, self.key).await?)
    }
}

struct PutCertificates(Vec<CertificateRow>);

impl Work for PutCertificates {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        for row in &self.0 {
            write::servers::put_certificate(tx, row).await?;
        }
        Ok(())
    }
}
