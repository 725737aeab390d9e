//! `sealgate tenant`.

use sealgate_artifact::{Code, TenantId};
use sealgate_wire::{CreateTenant, Nothing, TenantCreated, TenantView, UpdateTenant};

use super::lists;
use crate::args::{Global, PartArgs, TenantCommand};
use crate::client::Client;
use crate::failure::Failure;
use crate::once::Once;
use crate::output::{Output, say};

pub(crate) fn run(global: &Global, command: &TenantCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let path = |named: &str| find(&client, named).map(|id| format!("/api/v1/tenants/{id}"));
    let tenant: TenantView = match command {
        TenantCommand::Create { name, once } => {
            let again = client.again("tenant create").word(name);
            return create(&client, (name, &Once::new(again, once.idempotency_key.as_ref())), output);
        }
        TenantCommand::List(part) => return list(&client, part, output),
        TenantCommand::Show(arg) => client.get(&path(&arg.tenant)?)?,
        TenantCommand::Suspend(arg) => {
            client.post(&format!("{}/suspend", path(&arg.tenant)?), &Nothing {})?
        }
        TenantCommand::Resume(arg) => client.post(&format!("{}/resume", path(&arg.tenant)?), &Nothing {})?,
        TenantCommand::Offline { allowed, tenant } => {
            client.patch(&path(&tenant.tenant)?, &UpdateTenant { offline: Some(allowed.0) })?
        }
    };
    output.result(&tenant, |tenant| {
        Output::pairs(&[
            ("tenant", tenant.tenant_id.clone()),
            ("name", tenant.name.clone()),
            ("status", status(tenant).to_owned()),
            ("offline", if tenant.offline { "on" } else { "off" }.to_owned()),
            ("created", tenant.created_at.to_string()),
        ]);
        if matches!(command, TenantCommand::Suspend(_)) {
            say!(
                "\nIts requests are refused from now on. Licenses in the field that work offline keep working."
            );
        }
    });
    Ok(())
}

fn create(client: &Client, (name, once): (&str, &Once), output: &Output) -> Result<(), Failure> {
    let wish = CreateTenant { name: name.to_owned() };
    let created: TenantCreated = once.post(client, ("/api/v1/tenants", &wish), output)?;
    output.only_once(
        &created,
        |tenant| tenant.admin_token.clone(),
        |tenant| {
            Output::pairs(&[
                ("tenant", tenant.tenant_id.clone()),
                ("owner's token", tenant.admin_token.clone()),
            ]);
            say!("\nThe token is shown only once.");
        },
        || once.way_back(&format!("the tenant {} is made", created.tenant_id)),
    );
    Ok(())
}

fn list(client: &Client, part: &PartArgs, output: &Output) -> Result<(), Failure> {
    let none = "no tenants; `sealgate tenant create NAME` makes one";
    lists::print(client, ("/api/v1/tenants", "", none), part, output, |tenants| {
        let row = |t: &TenantView| {
            let offline = if t.offline { "on" } else { "off" }.to_owned();
            vec![t.tenant_id.clone(), t.name.clone(), status(t).to_owned(), offline, t.created_at.to_string()]
        };
        Output::table(&["TENANT", "NAME", "STATUS", "OFFLINE", "CREATED"], tenants.iter().map(row));
    })
}

fn status(tenant: &TenantView) -> &'static str {
    if tenant.suspended_at.is_some() { "suspended" } else { "active" }
}

/// The tenant of that id or name.
fn find(client: &Client, named: &str) -> Result<String, Failure> {
    if let Ok(id) = TenantId::parse(named) {
        return Ok(id.to_string());
    }
    let tenants: Vec<TenantView> = client.get_all("/api/v1/tenants?limit=200")?;
    let found = tenants.into_iter().find(|tenant| tenant.name == named).map(|tenant| tenant.tenant_id);
    found.ok_or_else(|| {
        Failure::new(Code::NotFound, Code::NotFound.meaning())
            .fix("`sealgate tenant list` shows ids and names")
    })
}
