//! License servers: seen, approved, certified, revoked (`spec/http.md` §3.15).

use sealgate_artifact::{Code, KeyId, KeyUse, PublicKey, ServerCertificate, TenantId, UnixSeconds, limits};
use sealgate_authority::certificates::{OPERATIONS, ServerSettings};
use sealgate_authority::{AuthorityError, CertificateWindow, Side};
use sealgate_store::table::servers::Place;
use sealgate_store::table::{self, AuditRow, CertificateRow, KeyRow, KeyScope, KeyStage, ServerRow};
use sealgate_store::{Tx, Work};
use sealgate_wire::{ApproveServer, CountedQuery, Page, Reason, ServerView, Timestamp};
use serde_json::json;

use crate::desk::Desk;
use crate::keys::{Completed, KeyChanges};
use crate::page::Part;
use crate::{Caller, check};

const WAITING: &str = "waiting";
const APPROVED: &str = "approved";
pub(crate) const REVOKED: &str = "revoked";
/// Every word for where a server stands.
pub(crate) const STATUSES: [&str; 3] = [WAITING, APPROVED, REVOKED];

/// Certificates in one transaction.
const AT_ONCE: u32 = 100;

/// The servers that answer running software.
#[derive(Clone)]
pub struct Servers {
    desk: Desk,
    changes: KeyChanges,
    own: Option<ServerSettings>,
}

impl Servers {
    pub(crate) fn new(desk: Desk, changes: KeyChanges, own: Option<ServerSettings>) -> Self {
        Self { desk, changes, own }
    }

    /// Makes the server of this process known and approves it: it shares its process with the keys that could certify
    /// any server, so an approval would protect nothing.
    pub async fn register_own(&self) -> Result<(), AuthorityError> {
        let Some(own) = &self.own else { return Ok(()) };
        self.desk.db.write(RegisterOwn(new_row(own, self.desk.ids.now()))).await?;
        // What keeps its activation key out of a tenant's keyset is in the log, and the job tries again.
        let _ = self.changes.complete_tenants().await;
        self.certify_first(own.key).await
    }

    /// Certifies this server; what is wrong with another one is for the job to say, and keeps nobody from revoking it.
    async fn certify_first(&self, key: PublicKey) -> Result<(), AuthorityError> {
        let authority = self.changes.signing_authority().await?;
        let server = table::servers::find(&self.desk.db, key).await?;
        let is_trusted = |server: &ServerRow| server.approved_at.is_some() && server.revoked_at.is_none();
        if let Some(server) = server.filter(is_trusted) {
            self.certify_one(&server, authority).await?;
        }
        // Each server that fails is in the log, and the job tries all of them again.
        let _ = self.certify_all().await;
        Ok(())
    }

    /// The servers: first those about which something was decided, whatever others say of themselves.
    pub async fn list(&self, _: &Caller, query: &CountedQuery) -> Result<Page<ServerView>, AuthorityError> {
        let place = |text: &str| Place::parse(text).ok_or(());
        let part = Part::new("servers", query.cursor.as_deref(), query.limit, place)?.or_count(query.count);
        let rows = |after, most| table::servers::list(&self.desk.db, after, most);
        part.read(rows, |listed| listed.place.clone(), |listed| Ok(view(&listed.server))).await
    }

    /// One of them.
    pub async fn show(&self, _: &Caller, id: &str) -> Result<ServerView, AuthorityError> {
        self.find(id).await.map(|server| view(&server))
    }

    /// Lets a server be certified at the origins that whoever approves it saw, and sign activation proofs with the key that they
    /// saw, if it still reports these. Doing it again changes nothing, or goes on where there was no room for that key.
    pub async fn approve(
        &self,
        caller: &Caller,
        id: &str,
        request: &ApproveServer,
    ) -> Result<ServerView, AuthorityError> {
        let key = self.find(id).await?.server_key;
        // A server says of itself where it is found, and whoever has its database user says it too.
        let window = CertificateWindow::at(self.desk.ids.now(), None);
        check::certificate(&certificate(key, &request.origins, caller.tenant, window))?;
        let activation_key = request.activation_key.as_deref().map(check::activation_key).transpose()?;
        let mut detail = json!({ "origins": request.origins });
        if let Some(key) = activation_key {
            detail["activation_key"] = key.id(KeyUse::Activation).to_string().into();
        }
        let audit = self.desk.audit(caller, "server.approved", id.to_owned(), &detail);
        let (origins, at) = (request.origins.clone(), self.desk.ids.now());
        let approve = Approve { key, origins, activation_key, at, audit };
        let is_new = self.desk.write(caller, approve).await?;
        // Before its first certificate is shown.
        let completed = self.changes.complete_tenants().await;
        if is_new {
            self.certify_first(key).await?;
        }
        completed.and_then(Completed::needs_room)?;
        self.find(id).await.map(|server| view(&server))
    }

    /// Revokes a server: its certificates go, the keyset tells every client (`spec/keys.md` §5.10), and its activation keys are
    /// revoked in every tenant's keyset that lists them. It is silent
    /// even if the keyset has no room for it: then asking again goes on where this stopped.
    pub async fn revoke(
        &self,
        caller: &Caller,
        id: &str,
        request: &Reason,
    ) -> Result<ServerView, AuthorityError> {
        check::reason(request.reason.as_deref())?;
        let server = self.find(id).await?;
        self.end(caller, server, false, request).await?;
        self.find(id).await.map(|server| view(&server))
    }

    /// Revokes a server that a keyset lists as revoked: so it was believed once, whatever the database knows of it. Says whether that
    /// is new.
    pub(crate) async fn revoke_listed(
        &self,
        caller: &Caller,
        key: PublicKey,
        request: &Reason,
    ) -> Result<bool, AuthorityError> {
        let known = table::servers::find(&self.desk.db, key).await?;
        let was_revoked = known.as_ref().is_some_and(|server| server.revoked_at.is_some());
        let unknown = || ServerRow {
            server_key: key,
            origins: vec![],
            created_at: self.desk.ids.now(),
            approved_at: None,
            revoked_at: None,
            activation_key: None,
            activation_approved_at: None,
        };
        let is_listed = self.end(caller, known.unwrap_or_else(unknown), true, request).await?;
        Ok(is_listed || !was_revoked)
    }

    /// Says whether the installation's keyset lists it now and did not before. `was_believed`: somebody has seen that it was.
    async fn end(
        &self,
        caller: &Caller,
        server: ServerRow,
        was_believed: bool,
        request: &Reason,
    ) -> Result<bool, AuthorityError> {
        let id = server.server_key.id(KeyUse::Server).to_string();
        let turn = self.changes.installations_turn().await;
        let now = self.desk.ids.now();
        let revoked_at = server.revoked_at.unwrap_or(now);
        let detail = json!({ "reason": request.reason });
        let audit = self.desk.audit(caller, "server.revoked", id.clone(), &detail);
        let silence = Silence { server: server.clone(), at: now, audit };
        // What follows is done whatever becomes of the caller: a revocation that is only half done looks like a whole one.
        let was_trusted = self.desk.write(caller, silence).await? || was_believed;
        while self.desk.db.write(ForgetCertificates(server.server_key)).await? {}
        // Anybody can make up servers. One that nobody could have believed takes no room in the keyset.
        let mut listed = Ok(false);
        if was_trusted && now.minus(limits::CERTIFICATE_SECONDS) <= revoked_at {
            let key = KeyRow {
                public_key: server.server_key,
                key_use: KeyUse::Server,
                scope: KeyScope::Installation,
                state: KeyStage::Revoked,
                published_at: server.created_at,
                ended_at: Some(revoked_at),
            };
            let detail = json!({ "use": KeyUse::Server.as_str(), "reason": request.reason });
            let audit = self.desk.audit(caller, "key.revoked", id, &detail);
            listed = self.changes.revoke_server(key, audit).await;
        }
        drop(turn);
        // Also where the installation's keyset has no room.
        self.changes.complete_tenants().await?;
        listed
    }

    /// Completes the keysets of tenants, and then makes every certificate that is missing, ends soon, was signed by a clock that was ahead, names other origins or operations,
    /// or was signed by an authority that signs no more. While the clock is doubted, it makes those that are not in force, for
    /// a day.
    pub async fn certify(&self) -> Result<(), AuthorityError> {
        // Where there is no room is in the log. It keeps nobody from being certified.
        let completed = self.changes.complete_tenants().await;
        self.certify_all().await.and(completed.map(drop))
    }

    async fn certify_all(&self) -> Result<(), AuthorityError> {
        let authority = self.changes.signing_authority().await?;
        let mut outcome = Ok(());
        for server in table::servers::trusted(&self.desk.db).await? {
            if let Err(error) = self.certify_one(&server, authority).await {
                let server = server.server_key.id(KeyUse::Server).to_string();
                tracing::error!(server, %error, "a server gets no certificates");
                outcome = outcome.and(Err(error));
            }
        }
        outcome
    }

    async fn certify_one(&self, server: &ServerRow, authority: PublicKey) -> Result<(), AuthorityError> {
        let now = self.desk.ids.now();
        let window = CertificateWindow::at(now, self.desk.ids.clock_watch().doubt(Side::Vendor));
        let CertificateWindow { until, latest, .. } = window;
        let key = server.server_key;
        let idle = table::certificates::count_outside(&self.desk.db, key, now, latest).await?;
        if idle > 0 {
            let server = key.id(KeyUse::Server).to_string();
            tracing::warn!(server, idle, "certificates are not in force now: they are made anew");
        }
        loop {
            let missing = table::certificates::tenants_without(
                &self.desk.db,
                (server, &OPERATIONS),
                authority,
                (until, latest),
                AT_ONCE,
            );
            let tenants = missing.await?;
            if tenants.is_empty() {
                return Ok(());
            }
            let made = tenants.iter().map(|tenant| self.sign(server, authority, *tenant, window));
            let made = made.collect::<Result<_, _>>()?;
            if !self.desk.db.write(StoreCertificates { server: server.clone(), made }).await? {
                return Ok(());
            }
        }
    }

    /// Makes every keyset and license anew that a clock had signed that was ahead.
    pub async fn renew_ahead(&self) -> Result<(), AuthorityError> {
        self.changes.renew_ahead().await
    }

    fn sign(
        &self,
        server: &ServerRow,
        authority: PublicKey,
        tenant: TenantId,
        window: CertificateWindow,
    ) -> Result<CertificateRow, AuthorityError> {
        let certificate = certificate(server.server_key, &server.origins, tenant, window);
        Ok(CertificateRow {
            server_key: server.server_key,
            tenant,
            signer: authority,
            origins: server.origins.clone(),
            operations: certificate.operations.clone(),
            expires_at: certificate.expires_at,
            envelope: self.changes.sign(&certificate, &[authority])?,
        })
    }

    async fn find(&self, id: &str) -> Result<ServerRow, AuthorityError> {
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let id = KeyId::parse(id).ok_or_else(unknown)?;
        let key = table::servers::key_of(&self.desk.db, |key| key.id(KeyUse::Server) == id).await?;
        let server = table::servers::find(&self.desk.db, key.ok_or_else(unknown)?).await?;
        server.ok_or_else(unknown)
    }
}

fn certificate(
    public_key: PublicKey,
    origins: &[String],
    tenant: TenantId,
    CertificateWindow { issued_at, expires_at, .. }: CertificateWindow,
) -> ServerCertificate {
    ServerCertificate {
        issued_at,
        expires_at,
        public_key,
        tenants: vec![tenant],
        origins: origins.to_vec(),
        operations: OPERATIONS.map(str::to_owned).to_vec(),
    }
}

fn new_row(server: &ServerSettings, now: UnixSeconds) -> ServerRow {
    ServerRow {
        server_key: server.key,
        origins: server.origins.clone(),
        created_at: now,
        approved_at: Some(now),
        revoked_at: None,
        activation_key: server.activation_key,
        activation_approved_at: None,
    }
}

fn view(server: &ServerRow) -> ServerView {
    let status = match (server.revoked_at, server.approved_at) {
        (Some(_), _) => REVOKED,
        (None, Some(_)) => APPROVED,
        (None, None) => WAITING,
    };
    ServerView {
        server_id: server.server_key.id(KeyUse::Server).to_string(),
        public_key: server.server_key.to_string(),
        origins: server.origins.clone(),
        status: status.to_owned(),
        created_at: Timestamp(server.created_at),
        approved_at: server.approved_at.map(Timestamp),
        revoked_at: server.revoked_at.map(Timestamp),
        activation_key: server.activation_key.map(|key| key.to_string()),
        activation_approved_at: server.activation_approved_at.map(Timestamp),
    }
}

struct RegisterOwn(ServerRow);

impl Work for RegisterOwn {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let server = &self.0;
        table::servers::upsert(tx, server).await?;
        let known = table::servers::find(&mut *tx, server.server_key).await?;
        let Some(known) = known.filter(|known| known.revoked_at.is_none()) else { return Ok(()) };
        if known.approved_at.is_none() {
            table::servers::decide(tx, server).await?;
        }
        let (Some(key), None) = (server.activation_key, known.activation_approved_at) else { return Ok(()) };
        match approve_activation(tx, server.server_key, key, server.created_at).await {
            Err(AuthorityError::Invalid { .. }) => {
                let key = key.id(KeyUse::Activation).to_string();
                tracing::error!(
                    key,
                    "this server's activation key has ended or serves something else: it is not listed"
                );
                Ok(())
            }
            done => done,
        }
    }
}

struct Approve {
    key: PublicKey,
    /// The origins that were seen.
    origins: Vec<String>,
    /// The activation key that was seen.
    activation_key: Option<PublicKey>,
    at: UnixSeconds,
    audit: AuditRow,
}

impl Work for Approve {
    /// Whether it was not approved before.
    type Output = bool;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AuthorityError> {
        let server = table::servers::find(&mut *tx, self.key).await?;
        let server = server.ok_or(AuthorityError::Refused(Code::NotFound))?;
        if server.revoked_at.is_some() {
            return Err(AuthorityError::Refused(Code::ServerRevoked));
        }
        // spec/http.md §3.15: "If they are not the present ones, in this order, it is `origins_changed`".
        let is_seen = self.activation_key.is_none_or(|seen| server.activation_key == Some(seen));
        if server.origins != self.origins || !is_seen {
            return Err(AuthorityError::Refused(Code::OriginsChanged));
        }
        let is_new = server.approved_at.is_none();
        let key = self.activation_key.filter(|_| server.activation_approved_at.is_none());
        if is_new {
            if table::keys::has_other_use(&mut *tx, self.key, KeyUse::Server).await? {
                let why = "a server whose key serves nothing else";
                return Err(AuthorityError::Invalid { field: "server_id", why });
            }
            table::servers::decide(tx, &ServerRow { approved_at: Some(self.at), ..server }).await?;
        }
        if let Some(key) = key {
            approve_activation(tx, self.key, key, self.at).await?;
        }
        if is_new || key.is_some() {
            table::audit::insert(tx, &self.audit).await?;
        }
        Ok(is_new)
    }
}

/// `spec/keys.md` §2.1: one key has one use. Else every chain would be refused in which the key stands twice.
async fn approve_activation(
    tx: &mut Tx<'_>,
    server: PublicKey,
    key: PublicKey,
    at: UnixSeconds,
) -> Result<(), AuthorityError> {
    if table::activation_keys::find(&mut *tx, key).await?.is_some()
        || table::keys::has_other_use(&mut *tx, key, KeyUse::Activation).await?
    {
        let why = "a key that serves nothing else, and that no other server had";
        return Err(AuthorityError::Invalid { field: "activation_key", why });
    }
    Ok(table::activation_keys::approve(tx, server, key, at).await?)
}

/// What a revocation does first: from then on nobody certifies the server. Says whether it could have been believed.
struct Silence {
    server: ServerRow,
    at: UnixSeconds,
    audit: AuditRow,
}

impl Work for Silence {
    type Output = bool;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AuthorityError> {
        let key = self.server.server_key;
        let was_trusted = table::servers::was_trusted(&mut *tx, key).await?;
        let known = table::servers::find(&mut *tx, key).await?;
        if known.is_none() {
            table::servers::upsert(tx, &self.server).await?;
        }
        if known.is_none_or(|known| known.revoked_at.is_none()) {
            table::servers::revoke(tx, &self.server, self.at).await?;
            table::audit::insert(tx, &self.audit).await?;
        }
        Ok(was_trusted)
    }
}

/// A server has a certificate for each tenant: between the pages, others write.
struct ForgetCertificates(PublicKey);

impl Work for ForgetCertificates {
    /// Whether there may be more.
    type Output = bool;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AuthorityError> {
        Ok(table::certificates::forget(tx, self.0).await?)
    }
}

/// Certificates for a server, if it is still to be trusted as it was when they were made.
struct StoreCertificates {
    server: ServerRow,
    made: Vec<CertificateRow>,
}

impl Work for StoreCertificates {
    /// Whether they were stored.
    type Output = bool;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AuthorityError> {
        // Whoever was revoked while they were signed gets none.
        if table::servers::find(&mut *tx, self.server.server_key).await?.as_ref() != Some(&self.server) {
            return Ok(false);
        }
        for row in &self.made {
            table::certificates::upsert(tx, row).await?;
        }
        Ok(true)
    }
}
