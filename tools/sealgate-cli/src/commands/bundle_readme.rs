//! What a technician reads who holds the file of a bundle.

use sealgate_terminal::harmless;
use sealgate_wire::{BundleMode, BundleView};

/// The text of `README.txt`, for the file of that name of a product.
pub(super) fn text(bundle: &BundleView, (product, file, sha256): (&str, &str, &str)) -> String {
    let (product, file) = (harmless(product), harmless(file));
    let BundleView { valid_until, bundle_id, .. } = bundle;
    let machines = match bundle.machines {
        1 => "1 machine".to_owned(),
        count => format!("{count} machines"),
    };
    let (whom, limits) = match bundle.mode {
        BundleMode::Bound => (
            format!("{machines}: those that asked for it"),
            "The file works only on the machines that asked for it. On another machine run\n\
             \n    sglic request -o request.sgreq\n\
             \nand send request.sgreq to the vendor, who sends a file for that machine."
                .to_owned(),
        ),
        BundleMode::Pool => (
            format!("at most {machines}"),
            format!(
                "Use the file on at most {machines}: that is what was agreed upon. The program does not count\n\
                 them for you."
            ),
        ),
    };
    format!(
        "A license for machines without a network\n\
         ========================================\n\
         \n\
         Product:      {product}\n\
         File:         {file}\n\
         For:          {whom}\n\
         Works until:  {valid_until}\n\
         SHA-256:      {sha256}\n\
         Bundle:       {bundle_id}\n\
         \n\
         On each machine\n\
         ---------------\n\
         1. Bring this folder to the machine, for example on a USB stick.\n\
         2. Start the program. If it finds the file, it shows what is in it and asks. Say yes.\n\
         \x20  Or run this in the folder of the file, and say yes:\n\
         \n\
         \x20      sglic import {file}\n\
         \n\
         3. See whether it worked, and until when:\n\
         \n\
         \x20      sglic status\n\
         \n\
         Then the machine does not need the file any more.\n\
         \n\
         Good to know\n\
         ------------\n\
         {limits}\n\
         \n\
         The license stops at {valid_until}. Ask the vendor for the next file\n\
         before that. It is brought to the machine in the same way.\n\
         \n\
         If this file is lost or comes to somebody else, tell the vendor which bundle it was:\n\
         {bundle_id}\n"
    )
}
