//! Activations.

use clap::Subcommand;

use super::PartArgs;

const REANCHORING: &str = "\
Entries of the device's chain that the server does not hold stay missing, and `activation show` says which. Do this where you know why \
they are lost: the device came back from a backup, or its log was set aside. It also ends `chain_mismatch`.

A token needs devices:write and licenses:write.";

#[derive(Subcommand)]
pub(crate) enum ActivationCommand {
    /// List activations, newest first
    List {
        /// Only activations of this license: its key, its id, external:X with your own name for it, or - to read one from standard input
        #[arg(long, value_name = "KEY")]
        license: Option<String>,
        #[command(flatten)]
        part: PartArgs,
    },
    /// Show an activation, and where its chain was re-anchored
    Show {
        /// The activation's id
        activation_id: String,
    },
    /// Read what a program recorded on a device, oldest first
    Chain {
        /// The activation's id
        activation_id: String,
        /// The chain of this generation instead of the present one's
        #[arg(long, value_name = "N")]
        generation: Option<u64>,
        #[command(flatten)]
        part: PartArgs,
    },
    /// Take a device's chain as the next heartbeat shows it, without the entries before it
    #[command(after_help = REANCHORING)]
    Reanchor {
        /// The activation's id
        activation_id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}
