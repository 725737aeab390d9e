//! `sealgate customer`.

use std::path::Path;

use sealgate_artifact::{Code, CustomerId};
use sealgate_wire::{
    CreateCustomer, CustomerForgotten, CustomerView, CustomersMerged, ForgetCustomer, MergeCustomers, Seats,
    UpdateCustomer,
};
use serde_json::{Map, Value};

use super::{lists, sets};
use crate::args::{CustomerCommand, CustomerFields, Global, ListCustomersArgs, UpdateCustomerArgs};
use crate::client::{Client, filters};
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::files;
use crate::names;
use crate::output::{Output, say, seat_count};
use crate::parts::Parts;
use crate::signals;

const PATH: &str = "/api/v1/customers";

pub(crate) fn run(global: &Global, command: &CustomerCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let customer: CustomerView = match command {
        CustomerCommand::Create(args) => {
            let fields = change(&args.fields)?;
            let wish = CreateCustomer {
                name: args.name.clone(),
                slug: fields.slug,
                company: fields.company,
                email: fields.email,
                external_id: fields.external_id,
                metadata: fields.metadata,
                max_devices: fields.max_devices,
            };
            client.post_once(PATH, &wish).map_err(taken)?
        }
        CustomerCommand::List(args) => return list(&client, args, output),
        CustomerCommand::Show { customer } => client.get(&names::customer_path(customer)?)?,
        CustomerCommand::Update(args) => return update(&client, args, output),
        CustomerCommand::Merge { from, into, yes } => {
            return merge(&client, (from, into), *yes, output);
        }
        CustomerCommand::Forget { customer, after, yes } => {
            return forget(&client, customer, (after.clone(), *yes), output);
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
    let path = names::customer_path(&args.customer)?;
    let before: Option<CustomerView> = client.get_if_allowed(&path)?;
    let after: CustomerView = client.patch_once(&path, &wish).map_err(taken)?;
    output.result(&after, |after| {
        say!("{}", text(after));
        if let Some(before) = before {
            let shown = ["name", "slug", "company", "email", "external id", "metadata", "most devices"];
            let pairs = pairs(&before).into_iter().zip(pairs(after));
            let pairs = pairs.filter(|((name, _), _)| shown.contains(name));
            let lines = pairs.filter_map(|((name, before), (_, after))| sets::changed(name, &before, &after));
            sets::say_differences(&sets::or_nothing(lines.collect()));
        }
    });
    Ok(())
}

fn taken(failure: Failure) -> Failure {
    let fix = "`sealgate customer show external:X`, with that external id, shows who has it; give another --external-id";
    failure.fix_for(Code::ExternalIdTaken, fix)
}

/// The customer's id, or the name itself where the token may not see customers.
fn id(client: &Client, named: &str) -> Result<String, Failure> {
    if CustomerId::parse(named).is_ok() {
        return Ok(named.to_owned());
    }
    let found: Option<CustomerView> = client.get_if_allowed(&names::customer_path(named)?)?;
    Ok(found.map_or_else(|| named.to_owned(), |customer| customer.customer_id))
}

fn change(fields: &CustomerFields) -> Result<UpdateCustomer, Failure> {
    Ok(UpdateCustomer {
        name: None,
        slug: fields.slug.clone(),
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
    let none =
        "no customers match; `sealgate customer create NAME` makes one, `sealgate customer list` lists all";
    lists::print(client, (PATH, &filters, none), &args.part, output, |customers| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let row = |c: &CustomerView| {
            let name = if c.forgotten_at.is_some() { "(forgotten)".to_owned() } else { text(&c.name) };
            vec![
                c.customer_id.clone(),
                text(&c.slug),
                name,
                text(&c.company),
                text(&c.email),
                text(&c.external_id),
            ]
        };
        let head = ["CUSTOMER", "SLUG", "NAME", "COMPANY", "EMAIL", "EXTERNAL ID"];
        Output::table(&head, customers.iter().map(row));
    })
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
        ("slug", text(&customer.slug)),
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
fn about(client: &Client, customers: &[&str]) -> Result<String, Failure> {
    let shown = customers.iter().map(|named| Ok(text(&client.get(&names::customer_path(named)?)?)));
    Ok(shown.collect::<Result<Vec<_>, Failure>>()?.join("\n\n"))
}

fn merge(client: &Client, (from, into): (&str, &str), yes: bool, output: &Output) -> Result<(), Failure> {
    // Whoever was seen before the answer is who is meant, also where somebody else gets the slug meanwhile.
    let (from, into) = (id(client, from)?, id(client, into)?);
    let (from, into) = (from.as_str(), into.as_str());
    let path = format!("{}/merge", names::customer_path(from)?);
    let wish = MergeCustomers { into: names::customer(into)? };
    if from == into {
        let why = format!("{from} is named twice, and no customer is merged into itself");
        return Err(Failure::new(Code::MalformedRequest, why).fix("name another customer as the second one"));
    }
    let question = format!("Give all licenses of {from} to {into}, and remove {from}?");
    let why = "a merge of customers cannot be undone";
    Consent::new(yes, output).ask_seen(|| about(client, &[from, into]), &question, why)?;
    let mut parts = Parts::new("licenses moved", output);
    let mut all = CustomersMerged { customer_id: into.to_string(), moved: 0, complete: false };
    let again = || {
        let again = client.again("customer merge").word(from).word(into);
        again.switch("--yes", yes).into()
    };
    while !all.complete {
        // Each request has a name of its own: one whose answer was lost moves nothing twice.
        let send = |()| client.post_once(&path, &wish);
        let part: Result<CustomersMerged, Failure> = signals::none_came().and_then(send);
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
    named: &str,
    (mut after, yes): (Option<String>, bool),
    output: &Output,
) -> Result<(), Failure> {
    let question = "Forget this customer? Its name is removed here and from its licenses, which are signed again. Licenses that \
                    were given to another customer before go on saying what they say.";
    let why = "forgetting a customer cannot be undone";
    // The slug and the vendor's own name go with the first part, and whoever goes on afterwards needs the id.
    let mut customer = id(client, named)?;
    Consent::new(yes, output).ask_seen(|| about(client, &[&customer]), question, why)?;
    let mut parts = Parts::new("licenses looked at", output);
    let mut all = CustomerForgotten { customer_id: customer.clone(), licenses: 0, next: None };
    loop {
        let wish = ForgetCustomer { after: after.clone() };
        let path = format!("{}/forget", names::customer_path(&customer)?);
        let part: Result<CustomerForgotten, Failure> =
            signals::none_came().and_then(|()| client.post(&path, &wish));
        let part = part.map_err(|failure| {
            parts.stopped(failure, || {
                let again = client.again("customer forget").word(&customer);
                again.flag("--after", after.as_deref()).switch("--yes", yes).into()
            })
        })?;
        parts.add(part.licenses);
        customer.clone_from(&part.customer_id);
        (all.customer_id, all.licenses) = (part.customer_id, all.licenses + part.licenses);
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    parts.finish();
    output.result(&all, |all| say!("Forgotten. Licenses looked at: {}.", all.licenses));
    Ok(())
}
