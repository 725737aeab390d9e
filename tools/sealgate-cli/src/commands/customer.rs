//! `sealgate customer`.

use std::path::Path;

use sealgate_artifact::{Code, CustomerId};
use sealgate_wire::{
    CreateCustomer, CustomerForgotten, CustomerView, CustomersMerged, ForgetCustomer, MergeCustomers, Page,
    Seats, UpdateCustomer,
};
use serde_json::{Map, Value};

use super::sets;
use crate::args::{CustomerCommand, CustomerFields, Global, ListCustomersArgs, UpdateCustomerArgs};
use crate::client::{Client, filters, quoted};
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, say, seat_count};
use crate::parts::{Again, Parts};

const PATH: &str = "/api/v1/customers";

pub(crate) fn run(global: &Global, command: &CustomerCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let customer: CustomerView = match command {
        CustomerCommand::Create(args) => {
            let fields = change(&args.fields)?;
            let wish = CreateCustomer {
                name: args.name.clone(),
                company: fields.company,
                email: fields.email,
                external_id: fields.external_id,
                metadata: fields.metadata,
                max_devices: fields.max_devices,
            };
            client.post_once(PATH, &wish)?
        }
        CustomerCommand::List(args) => return list(&client, args, output),
        CustomerCommand::Show { customer } => client.get(&format!("{PATH}/{}", id(&client, customer)?))?,
        CustomerCommand::Update(args) => return update(&client, args, output),
        CustomerCommand::Merge { from, into, yes } => {
            return merge(&client, (from, into), *yes, output);
        }
        CustomerCommand::Forget { customer, after, yes } => {
            return forget(&client, id(&client, customer)?, (after.clone(), *yes), output);
        }
    };
    output.result(&customer, |customer| say!("{}", text(customer)));
    Ok(())
}

fn update(client: &Client, args: &UpdateCustomerArgs, output: &Output) -> Result<(), Failure> {
    let wish = UpdateCustomer { name: args.name.clone(), ..change(&args.fields)? };
    if wish == UpdateCustomer::default() {
        return Err(sets::nothing_to_change());
    }
    let path = format!("{PATH}/{}", id(client, &args.customer)?);
    let before: Option<CustomerView> = client.get_if_allowed(&path)?;
    let after: CustomerView = client.patch_once(&path, &wish)?;
    output.result(&after, |after| {
        say!("{}", text(after));
        if let Some(before) = before {
            let names = ["name", "company", "email", "external id", "metadata", "most devices"];
            let pairs = pairs(&before).into_iter().zip(pairs(after));
            let pairs = pairs.filter(|((name, _), _)| names.contains(name));
            let lines = pairs.filter_map(|((name, before), (_, after))| sets::changed(name, &before, &after));
            sets::say_differences(&sets::or_nothing(lines.collect()));
        }
    });
    Ok(())
}

/// The customer that a person named by its id, or by `external:X`.
pub(crate) fn id(client: &Client, named: &str) -> Result<CustomerId, Failure> {
    let unusable =
        |failure: Failure| failure.fix("give the customer's id, or external:X with your own name for it");
    let Some(external_id) = named.strip_prefix("external:") else {
        return CustomerId::parse(named).map_err(|e| unusable(Failure::from(e)));
    };
    let found: Result<Page<CustomerView>, Failure> =
        client.get(&format!("{PATH}?external_id={}", quoted(external_id)));
    let found = found.map_err(|failure| {
        let fix = "give the customer's id, or use a token that has the scope customers:read, too: external:X is looked up first";
        failure.fix_for(Code::ScopeMissing, fix)
    })?;
    let found = found.items.first().ok_or_else(|| {
        Failure::new(Code::NotFound, "no customer has this external id").fix("see `sealgate customer list`")
    })?;
    CustomerId::parse(&found.customer_id).map_err(|e| unusable(Failure::from(e)))
}

fn change(fields: &CustomerFields) -> Result<UpdateCustomer, Failure> {
    Ok(UpdateCustomer {
        name: None,
        company: fields.company.clone(),
        email: fields.email.clone(),
        external_id: fields.external_id.clone(),
        metadata: fields.metadata.as_deref().map(metadata).transpose()?,
        max_devices: fields.max_devices.map(Seats),
    })
}

fn metadata(text: &str) -> Result<Map<String, Value>, Failure> {
    let unusable = |code, why: String| {
        Failure::new(code, format!("--metadata: {why}"))
            .fix(r#"give a JSON object as in {"segment": "A"}, or @FILE"#)
    };
    let bytes = match text.strip_prefix('@') {
        Some(path) => {
            let unreadable = |e: std::io::Error| unusable(Code::FileUnreadable, format!("{path}: {e}"));
            files::read(Path::new(path)).map_err(unreadable)?
        }
        None => text.as_bytes().to_vec(),
    };
    serde_json::from_slice(&bytes).map_err(|e| unusable(Code::MalformedRequest, e.to_string()))
}

fn list(client: &Client, args: &ListCustomersArgs, output: &Output) -> Result<(), Failure> {
    let filters = filters(&[
        ("name", &args.name),
        ("email", &args.email),
        ("external_id", &args.external_id),
        ("text", &args.text),
    ]);
    let customers: Vec<CustomerView> = client.get_all(&format!("{PATH}?limit=200{filters}"))?;
    let none =
        "no customers match; `sealgate customer create NAME` makes one, `sealgate customer list` lists all";
    output.list(&customers, none, |customers| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let row = |c: &CustomerView| {
            let name = if c.forgotten_at.is_some() { "(forgotten)".to_owned() } else { text(&c.name) };
            vec![c.customer_id.clone(), name, text(&c.company), text(&c.email), text(&c.external_id)]
        };
        let head = ["CUSTOMER", "NAME", "COMPANY", "EMAIL", "EXTERNAL ID"];
        Output::table(&head, customers.iter().map(row));
    });
    Ok(())
}

fn text(customer: &CustomerView) -> String {
    let mut pairs = pairs(customer);
    pairs.retain(|(_, value)| !value.is_empty());
    Output::pairs_text(&pairs)
}

fn pairs(customer: &CustomerView) -> Vec<(&'static str, String)> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let count = |value: Option<u64>| match value {
        Some(n) if n > 1_000 => "more than 1000".to_owned(),
        Some(n) => n.to_string(),
        None => String::new(),
    };
    let metadata = Value::Object(customer.metadata.clone());
    vec![
        ("customer", customer.customer_id.clone()),
        ("name", text(&customer.name)),
        ("company", text(&customer.company)),
        ("email", text(&customer.email)),
        ("external id", text(&customer.external_id)),
        ("metadata", if customer.metadata.is_empty() { String::new() } else { metadata.to_string() }),
        ("most devices", seat_count(customer.max_devices)),
        ("licenses", count(customer.licenses)),
        ("seats taken", customer.devices_used.map(|n| n.to_string()).unwrap_or_default()),
        ("created", customer.created_at.to_string()),
        ("forgotten", customer.forgotten_at.map(|at| at.to_string()).unwrap_or_default()),
    ]
}

/// Who it is about, as one sees them before one is asked.
fn about(client: &Client, customers: &[CustomerId]) -> Result<String, Failure> {
    let shown = customers.iter().map(|id| Ok(text(&client.get(&format!("{PATH}/{id}"))?)));
    Ok(shown.collect::<Result<Vec<_>, Failure>>()?.join("\n\n"))
}

fn merge(client: &Client, (from, into): (&str, &str), yes: bool, output: &Output) -> Result<(), Failure> {
    let (from, into) = (id(client, from)?, id(client, into)?);
    if from == into {
        let why = format!("{from} is named twice, and no customer is merged into itself");
        return Err(Failure::new(Code::MalformedRequest, why).fix("name another customer as the second one"));
    }
    let question = format!("Give all licenses of {from} to {into}, and remove {from}?");
    let why = "a merge of customers cannot be undone";
    Consent::new(yes, output).ask_seen(|| about(client, &[from, into]), &question, why)?;
    let wish = MergeCustomers { into: into.to_string() };
    let mut parts = Parts::new("licenses moved", output);
    let mut all = CustomersMerged { customer_id: into.to_string(), moved: 0, complete: false };
    let again = || {
        let again = Again::new("customer merge").word(&from.to_string()).word(&into.to_string());
        again.switch("--yes", yes).into()
    };
    while !all.complete {
        // Each request has a name of its own: one whose answer was lost moves nothing twice.
        let part: Result<CustomersMerged, Failure> = client.post_once(&format!("{PATH}/{from}/merge"), &wish);
        let part = part.map_err(|failure| parts.stopped(failure, again))?;
        parts.add(part.moved);
        all = CustomersMerged { moved: all.moved + part.moved, ..part };
    }
    parts.finish();
    output.result(&all, |all| say!("Licenses moved: {}. The customer {from} is gone.", all.moved));
    Ok(())
}

fn forget(
    client: &Client,
    customer: CustomerId,
    (mut after, yes): (Option<String>, bool),
    output: &Output,
) -> Result<(), Failure> {
    let question = "Forget this customer? Its name is removed here and from its licenses, which are signed again. Licenses that \
                    were given to another customer before go on saying what they say.";
    let why = "forgetting a customer cannot be undone";
    Consent::new(yes, output).ask_seen(|| about(client, &[customer]), question, why)?;
    let mut parts = Parts::new("licenses looked at", output);
    let mut all = CustomerForgotten { customer_id: customer.to_string(), licenses: 0, next: None };
    loop {
        let wish = ForgetCustomer { after: after.clone() };
        let part: Result<CustomerForgotten, Failure> =
            client.post(&format!("{PATH}/{customer}/forget"), &wish);
        let part = part.map_err(|failure| {
            parts.stopped(failure, || {
                let again = Again::new("customer forget").word(&customer.to_string());
                again.flag("--after", after.as_deref()).switch("--yes", yes).into()
            })
        })?;
        parts.add(part.licenses);
        all.licenses += part.licenses;
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    parts.finish();
    output.result(&all, |all| say!("Forgotten. Licenses looked at: {}.", all.licenses));
    Ok(())
}
