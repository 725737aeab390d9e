//! `sealgate license list`.

use sealgate_wire::{LicenseView, When};

use super::customer;
use super::license_shown::seats;
use crate::args::ListLicensesArgs;
use crate::client::{Client, filters, segment};
use crate::failure::Failure;
use crate::output::{Output, ends};

/// Every license that the flags name.
pub(crate) fn listed(client: &Client, args: &ListLicensesArgs) -> Result<Vec<LicenseView>, Failure> {
    let app = args.app.as_deref().map(segment).transpose()?.map(|id| id.to_string());
    let customer = args.customer.as_deref().map(|named| customer::id(client, named)).transpose()?;
    let customer = customer.map(|id| id.to_string());
    let when = |when: &Option<When>| when.as_ref().map(|when| when.as_str().to_owned());
    let filters = filters(&[
        ("app_id", &app),
        ("plan_id", &args.plan),
        ("customer_id", &customer),
        ("device", &args.device),
        ("status", &args.status),
        ("tier", &args.tier),
        ("label", &args.label),
        ("text", &args.text),
        ("ends_after", &when(&args.ends_after)),
        ("ends_before", &when(&args.ends_before)),
        ("sort", &args.sort),
    ]);
    client.get_all(&format!("/api/v1/licenses?limit=200{filters}"))
}

pub(crate) fn list(client: &Client, args: &ListLicensesArgs, output: &Output) -> Result<(), Failure> {
    let licenses = listed(client, args)?;
    output.result(&licenses, |licenses| {
        let row = |l: &LicenseView| {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            vec![
                l.license_id.clone(),
                l.status.clone(),
                seats(l),
                ends(l.expires_at),
                l.trial.map(|trial| format!("{}d", trial.days)).unwrap_or_default(),
                text(&l.label),
                text(&l.customer_id),
            ]
        };
        let head = ["LICENSE", "STATUS", "SEATS", "ENDS", "TRIAL", "LABEL", "CUSTOMER"];
        Output::table(&head, licenses.iter().map(row));
    });
    Ok(())
}
