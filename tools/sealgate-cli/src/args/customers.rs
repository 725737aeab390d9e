//! Customers.

use clap::{Args as ClapArgs, Subcommand};
use sealgate_artifact::MaxDevices;

use super::{PartArgs, max_devices};

const MERGING: &str = "\
The licenses of the first customer become those of the second, with their ids, keys and devices. Then the first \
customer is removed, with its name and notes.

Examples:
  sealgate customer merge acme-2 acme
  sealgate customer merge external:shop-17 external:shop-4";

const FORGETTING: &str = "\
Removes the name, company, e-mail address, external id, slug and metadata of the customer, and what the customer's \
licenses say about it: these are signed again, and their former versions are deleted. The licenses stay, and so does \
the customer's id. It cannot be undone. What customers hold, backups, and labels that you wrote yourself stay as they are. So \
do licenses that you gave to another customer before: they say what they say until you change that, with \
`license update --no-licensee`.";

#[derive(Subcommand)]
pub(crate) enum CustomerCommand {
    /// Create a customer
    Create(CreateCustomerArgs),
    /// List customers, newest first: all, or those that match one of the flags
    List(ListCustomersArgs),
    /// Show a customer
    Show {
        /// The customer's id, slug or e-mail address, or external:X with your own name for it
        customer: String,
    },
    /// Change a customer; licenses that say its name go on saying what they say
    Update(UpdateCustomerArgs),
    /// Give all licenses of one customer to another one, and remove the first
    #[command(after_help = MERGING)]
    Merge {
        /// The customer who is removed: its id, slug or e-mail address, or external:X
        from: String,
        /// The customer who gets the licenses: its id, slug or e-mail address, or external:X
        into: String,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Remove all that is personal of a customer, from its licenses, too
    #[command(after_help = FORGETTING)]
    Forget {
        /// The customer's id, slug or e-mail address, or external:X with your own name for it
        customer: String,
        /// Go on after this license, as an interrupted run said
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
}

#[derive(ClapArgs)]
pub(crate) struct CreateCustomerArgs {
    /// The customer's name, at most 128 characters
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) fields: CustomerFields,
}

#[derive(ClapArgs)]
pub(crate) struct UpdateCustomerArgs {
    /// The customer's id, slug or e-mail address, or external:X with your own name for it
    pub(crate) customer: String,
    /// The customer's name, at most 128 characters
    #[arg(long, value_name = "N")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) fields: CustomerFields,
}

#[derive(ClapArgs)]
pub(crate) struct CustomerFields {
    /// The slug, by which you can name the customer: lower-case letters, digits and hyphens [default: of a new customer, made from
    /// the name]. An empty text is none
    #[arg(long, value_name = "SLUG")]
    pub(crate) slug: Option<String>,
    /// The e-mail address; an empty text removes it
    #[arg(long, value_name = "E")]
    pub(crate) email: Option<String>,
    /// The company; an empty text removes it
    #[arg(long, value_name = "C")]
    pub(crate) company: Option<String>,
    /// Your own name for the customer, such as a shop's number; no two customers of yours have the same. An empty text
    /// removes it
    #[arg(long, value_name = "X")]
    pub(crate) external_id: Option<String>,
    /// Your own notes: a JSON object, or @FILE to read one; @- reads standard input
    #[arg(long, value_name = "JSON")]
    pub(crate) metadata: Option<String>,
    /// The most devices over all of the customer's licenses, or `unlimited`
    #[arg(long, value_name = "N", value_parser = max_devices::parse)]
    pub(crate) max_devices: Option<MaxDevices>,
}

#[derive(ClapArgs)]
pub(crate) struct ListCustomersArgs {
    /// Only customers whose name starts with this text (upper and lower case alike)
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// Only customers whose e-mail address starts with this text (upper and lower case alike)
    #[arg(long, value_name = "TEXT")]
    pub(crate) email: Option<String>,
    /// Only the customer whom you call so
    #[arg(long, value_name = "X")]
    pub(crate) external_id: Option<String>,
    /// Only customers with all of these words in their name, company, e-mail address or external id (case and accents do not
    /// count)
    #[arg(long, value_name = "WORDS")]
    pub(crate) text: Option<String>,
    #[command(flatten)]
    pub(crate) part: PartArgs,
}
