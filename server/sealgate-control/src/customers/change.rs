//! New customers, and changes of them.

use sealgate_artifact::{CustomerId, MaxDevices};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, AuditRow, CustomerRow};
use sealgate_store::{StoreError, Tx, Work};
use sealgate_wire::{CreateCustomer, CustomerView, UpdateCustomer};
use serde_json::{Value, json};

use super::check::{apply, as_update};
use super::known::{Customers, find, has_room, lock_known, view};
use crate::slugs::{Among, NewSlug};
use crate::{Caller, Scope, named};

impl Customers {
    /// Creates a customer.
    pub async fn create(
        &self,
        caller: &Caller,
        request: &CreateCustomer,
    ) -> Result<CustomerView, AuthorityError> {
        let created = self.desk.once(caller, || async { self.prepare(caller, request) }).await;
        created.map_err(|error| as_told(caller, error))
    }

    fn prepare(&self, caller: &Caller, request: &CreateCustomer) -> Result<InsertCustomer, AuthorityError> {
        let wish = as_update(request);
        let mut customer = CustomerRow {
            id: self.desk.ids.fresh(CustomerId::new),
            tenant: caller.tenant,
            name: None,
            slug: None,
            company: None,
            email: None,
            external_id: None,
            metadata: "{}".to_owned(),
            max_devices: MaxDevices::Unlimited,
            forgotten_at: None,
            created_at: self.desk.ids.now(),
        };
        apply(&wish, &mut customer)?;
        let audit = self.desk.audit(caller, "customer.created", customer.id.to_string(), &changed(&wish));
        let slug = NewSlug::of(request.slug.as_deref(), &request.name)?;
        Ok(InsertCustomer { customer, slug, audit })
    }

    /// Changes a customer. Licenses that say its name go on saying what they say.
    pub async fn update(
        &self,
        caller: &Caller,
        customer: &str,
        request: &UpdateCustomer,
    ) -> Result<CustomerView, AuthorityError> {
        let prepare = || async {
            let id = named::customer(&self.desk, caller, customer).await?;
            let customer = find(&self.desk, caller, id).await?;
            apply(request, &mut customer.clone())?;
            let (subject, detail) = (customer.id.to_string(), changed(request));
            let audit = self.desk.audit(caller, "customer.updated", subject, &detail);
            Ok(ChangeCustomer { id: customer.id, request: request.clone(), audit })
        };
        self.desk.once(caller, prepare).await.map_err(|error| as_told(caller, error))
    }
}

/// What the audit log keeps of it, for ever: which fields were named, and no name, address or note.
fn changed(request: &UpdateCustomer) -> Value {
    let named = serde_json::to_value(request).expect("a request can be written");
    let fields: Vec<_> = named.as_object().into_iter().flatten().map(|(field, _)| field).collect();
    json!({ "fields": fields, "max_devices": request.max_devices })
}

/// The external id is an existing customer's: only who may see customers learns whose.
fn as_told(caller: &Caller, error: AuthorityError) -> AuthorityError {
    match error {
        AuthorityError::CustomerTaken(_) if !caller.scopes.allow(Scope::CustomersRead) => {
            AuthorityError::Refused(error.code())
        }
        other => other,
    }
}

/// An external id belongs to one customer.
async fn unless_taken(tx: &mut Tx<'_>, customer: &CustomerRow) -> Result<(), AuthorityError> {
    let Some(external_id) = &customer.external_id else { return Ok(()) };
    match table::customers::by_external_id(tx, customer.tenant, external_id).await? {
        Some(other) if other.id != customer.id => Err(AuthorityError::CustomerTaken(other.id)),
        _ => Ok(()),
    }
}

/// Another process may have been faster.
fn unless_overtaken(stored: Result<(), StoreError>) -> Result<(), AuthorityError> {
    match stored {
        Err(StoreError::Duplicate) => Err(AuthorityError::Superseded),
        done => Ok(done?),
    }
}

struct InsertCustomer {
    /// Without its slug.
    customer: CustomerRow,
    slug: NewSlug,
    audit: AuditRow,
}

impl Work for InsertCustomer {
    type Output = CustomerView;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<CustomerView, AuthorityError> {
        unless_taken(tx, &self.customer).await?;
        let slug = self.slug.choose(tx, Among::Customers(self.customer.tenant)).await?;
        let customer = CustomerRow { slug, ..self.customer.clone() };
        unless_overtaken(table::customers::insert(tx, &customer).await)?;
        table::audit::insert(tx, &self.audit).await?;
        view(&customer)
    }
}

struct ChangeCustomer {
    id: CustomerId,
    request: UpdateCustomer,
    audit: AuditRow,
}

impl Work for ChangeCustomer {
    type Output = CustomerView;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<CustomerView, AuthorityError> {
        let locked = lock_known(tx, self.audit.tenant, self.id).await?;
        let mut customer = locked.clone();
        apply(&self.request, &mut customer)?;
        if customer == locked {
            return view(&customer);
        }
        if customer.max_devices != locked.max_devices {
            has_room(&mut *tx, &customer, 0).await?;
        }
        unless_taken(tx, &customer).await?;
        if customer.slug != locked.slug {
            Among::Customers(customer.tenant).unless_taken(tx, customer.slug.as_ref()).await?;
        }
        unless_overtaken(table::customers::store(tx, &customer).await)?;
        table::audit::insert(tx, &self.audit).await?;
        view(&customer)
    }
}
