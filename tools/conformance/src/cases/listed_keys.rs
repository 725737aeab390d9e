//! What lists of keys may hold (`spec/keys.md` §2.1 and §2.3): over roots, keyset and tenant keyset together every key
//! stands once and is sound, whatever its use or state.

use sealgate_artifact::{Code, KeyUse, encode_base64};

use super::case::{Case, Shelf};
use super::{certificate, ed25519};
use crate::admission::{ACTIVATION, LOG, SNAPSHOT, UPDATE};
use crate::forge::{
    AUTHORITY, DEVICE, Draft, ISSUER, ROOT, SECOND_AUTHORITY, SECOND_ISSUER, SECOND_ROOT, SECOND_SERVER,
    Seed, World, certificate_text, entry, keyset, keyset_text, license, license_text, public_text,
    tenant_keyset, tenant_keyset_text, with,
};
use crate::{Artifact, Question};

/// The root, the authority and the issuer stand in their places already; these entries come behind them.
const NONE: [String; 0] = [];

pub(super) fn cases() -> Vec<Case> {
    [in_a_keyset(), in_a_tenant_keyset(), of_other_uses(), under_other_uses()].concat()
}

/// Uses that no kind of the chain needs (`spec/keys.md` §3, §5.4): word, use, key.
const OTHER_USES: [(&str, KeyUse, Seed); 4] = [
    ("activation", KeyUse::Activation, ACTIVATION),
    ("update", KeyUse::Update, UPDATE),
    ("snapshot", KeyUse::Snapshot, SNAPSHOT),
    ("log", KeyUse::Log, LOG),
];

/// Each such key, listed in both lists in turn.
fn of_other_uses() -> Vec<Case> {
    let shelves = [Artifact::Keyset, Artifact::TenantKeyset].map(|artifact| {
        let mut shelf = Shelf::of(artifact);
        let under = |entries: &[String]| match artifact {
            Artifact::Keyset => listing(entries, &NONE),
            _ => listing(&NONE, entries),
        };
        for (word, _, seed) in OTHER_USES {
            for state in ["active", "retired", "revoked"] {
                let shows = format!("A key of the use `{word}`, {state}; it signs nothing of the chain.");
                let world = under(&[entry(word, &public_text(seed), state)]);
                shelf.valid(&format!("{word}_key_{state}"), &shows, &world);
            }
            let weak = entry(word, &encode_base64(&ed25519::mixed_order_key()), "active");
            let shows = format!("A key of the use `{word}` has a torsion component.");
            shelf.invalid(&format!("{word}_key_of_mixed_order"), Code::KeyWeak, &shows, &under(&[weak]));
            let twice =
                [entry(word, &public_text(seed), "active"), entry(word, &public_text(seed), "retired")];
            let shows = format!("A key of the use `{word}` stands twice.");
            shelf.invalid(&format!("{word}_key_twice"), Code::KeyDuplicate, &shows, &under(&twice));
            let capital = word.to_uppercase();
            let shows = "A use in a second spelling.";
            let world = under(&[entry(&capital, &public_text(seed), "active")]);
            shelf.invalid(&format!("{word}_key_upper_case"), Code::FieldInvalid, shows, &world);
        }
        let all = OTHER_USES.map(|(word, _, seed)| entry(word, &public_text(seed), "active"));
        shelf.valid(
            "keys_of_all_uses",
            "Keys of uses that sign nothing of the chain, together.",
            &under(&all),
        );
        let mixed = OTHER_USES.map(|(word, _, _)| entry(word, &public_text(ACTIVATION), "active"));
        let shows = "One key in two uses that sign nothing of the chain.";
        shelf.invalid("one_key_in_other_uses", Code::KeyDuplicate, shows, &under(&mixed[..2]));
        let issuer = [entry("activation", &public_text(ISSUER), "active")];
        let shows = "The issuer admits devices, too.";
        shelf.invalid("issuer_as_activation_key", Code::KeyDuplicate, shows, &under(&issuer));
        let notary = [entry("notary", &public_text(ACTIVATION), "active")];
        shelf.invalid("listed_use_unknown", Code::FieldInvalid, "A use that there is not.", &under(&notary));
        shelf.cases
    });
    shelves.concat()
}

/// Each kind of the chain, signed by a key of such a use that is listed where the kind's signers are.
fn under_other_uses() -> Vec<Case> {
    let [mut keysets, mut tenant_keysets, mut licenses, mut certificates] =
        [Artifact::Keyset, Artifact::TenantKeyset, Artifact::License, Artifact::ServerCertificate]
            .map(Shelf::of);
    let all = OTHER_USES.map(|(word, _, seed)| entry(word, &public_text(seed), "active"));
    let world = |listed: [&[String]; 2]| World {
        license: Some(license(license_text())),
        ..listing(listed[0], listed[1])
    };
    for (word, key_use, seed) in OTHER_USES {
        let signed = |draft: Draft| Draft { signatures: vec![], ..draft }.signed(seed, key_use);
        let name = format!("signed_by_listed_{word}_key");
        let code = Code::SignatureInvalid;
        let above = world([&all, &NONE]);
        let shows = format!("A keyset that its own key of the use `{word}` signed.");
        keysets.invalid(
            &name,
            code,
            &shows,
            &World { keyset: signed(above.keyset.clone()), ..above.clone() },
        );
        let shows = format!("A tenant keyset that a key of the use `{word}` signed, which the keyset lists.");
        let tenant_keyset = signed(above.tenant_keyset.clone());
        tenant_keysets.invalid(&name, code, &shows, &World { tenant_keyset, ..above.clone() });
        let shows = format!("A certificate that a key of the use `{word}` signed, which the keyset lists.");
        let by = certificate::question(&above, &signed(crate::forge::certificate(&certificate_text())));
        certificates.refused(&name, code, &shows, Question::Certificate(Box::new(by)));
        let below = world([&NONE, &all]);
        let shows =
            format!("A license that a key of the use `{word}` signed, which the tenant keyset lists.");
        licenses.invalid(
            &name,
            code,
            &shows,
            &World { license: Some(signed(license(license_text()))), ..below },
        );
    }
    let shows = "A license of an issuer that stands beside keys of all other uses.";
    licenses.valid("beside_keys_of_all_uses", shows, &world([&NONE, &all]));
    [keysets, tenant_keysets, licenses, certificates].map(|shelf| shelf.cases).concat()
}

fn in_a_keyset() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Keyset);
    let root = entry("root", &public_text(SECOND_ROOT), "active");
    let shows = "A root that is not pinned may be listed; it signs nothing here.";
    shelf.valid("unpinned_root_beside", shows, &listing(&[root], &NONE));
    let server = entry("server", &public_text(SECOND_SERVER), "revoked");
    let shows = "A server that was revoked; it signs nothing here.";
    shelf.valid("revoked_server_beside", shows, &listing(&[server], &NONE));
    let mut refuse = |name: &str, code: Code, shows: &str, entries: &[String]| {
        shelf.invalid(name, code, shows, &listing(entries, &NONE));
    };
    let device = entry("device", &public_text(DEVICE), "active");
    let shows = "A device's key is listed nowhere: its requests name it.";
    refuse("device_listed", Code::FieldInvalid, shows, &[device]);
    let again = |key_use: &str, state: &str| [entry(key_use, &public_text(AUTHORITY), state)];
    let shows = "One key active and revoked: a reader that looks at one entry only would still believe it.";
    refuse("authority_active_and_revoked", Code::KeyDuplicate, shows, &again("authority", "revoked"));
    let shows = "One key in two uses of which only one signs here.";
    refuse("authority_in_two_uses", Code::KeyDuplicate, shows, &again("app", "active"));
    let shows = "The second use is revoked; the key still stands twice.";
    refuse("authority_in_two_uses_one_revoked", Code::KeyDuplicate, shows, &again("issuer", "revoked"));
    let revoked = entry("authority", &public_text(SECOND_AUTHORITY), "revoked");
    let shows = "One key twice, revoked both times: even where nothing follows from it.";
    refuse("revoked_twice", Code::KeyDuplicate, shows, &[revoked.clone(), revoked]);
    let root = |key_use: &str, state: &str| [entry(key_use, &public_text(ROOT), state)];
    refuse("root_listed", Code::KeyDuplicate, "A pinned root listed as a root.", &root("root", "active"));
    let shows = "A pinned root listed as an authority.";
    refuse("root_as_authority", Code::KeyDuplicate, shows, &root("authority", "active"));
    let shows = "A pinned root listed as revoked: who pinned it decides, and the list contradicts.";
    refuse("root_listed_as_revoked", Code::KeyDuplicate, shows, &root("root", "revoked"));
    for (name, code, shows, entry) in unsound("authority") {
        refuse(name, code, shows, &[entry]);
    }
    let weak = unsound("authority").map(|(_, _, _, entry)| entry)[0].clone();
    let [again] = again("authority", "active");
    let shows = "Keys are checked in order: first an unsound one, then one that stands twice.";
    refuse("unsound_before_twice", Code::KeyWeak, shows, &[weak.clone(), again.clone()]);
    let shows = "Keys are checked in order: first one that stands twice, then an unsound one.";
    refuse("twice_before_unsound", Code::KeyDuplicate, shows, &[again, weak]);
    shelf.cases
}

fn in_a_tenant_keyset() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::TenantKeyset);
    let mut refuse = |name: &str, code: Code, shows: &str, above: &[String], entries: &[String]| {
        shelf.invalid(name, code, shows, &listing(above, entries));
    };
    let device = entry("device", &public_text(DEVICE), "revoked");
    let shows = "A device's key is listed nowhere, not as revoked either.";
    refuse("device_listed", Code::FieldInvalid, shows, &NONE, &[device]);
    let server = |seed| [entry("server", &public_text(seed), "revoked")];
    let shows = "A revoked server that both lists name.";
    refuse("server_revoked_twice", Code::KeyDuplicate, shows, &server(SECOND_SERVER), &server(SECOND_SERVER));
    let shows = "The authority, listed as a revoked server.";
    refuse("authority_as_revoked_server", Code::KeyDuplicate, shows, &NONE, &server(AUTHORITY));
    let issuer = |key_use: &str, state: &str| [entry(key_use, &public_text(ISSUER), state)];
    let shows = "One key active and revoked: a reader that looks at one entry only would still believe it.";
    refuse("issuer_active_and_revoked", Code::KeyDuplicate, shows, &NONE, &issuer("issuer", "revoked"));
    let shows = "One key in two uses of which only one signs here.";
    refuse("issuer_in_two_uses", Code::KeyDuplicate, shows, &NONE, &issuer("app", "active"));
    let as_issuer = |seed, state: &str| [entry("issuer", &public_text(seed), state)];
    let shows = "The authority that vouches for the tenant is its issuer too.";
    refuse("authority_as_issuer", Code::KeyDuplicate, shows, &NONE, &as_issuer(AUTHORITY, "active"));
    let shows = "The same, as an issuer that verifies nothing.";
    refuse("authority_as_revoked_issuer", Code::KeyDuplicate, shows, &NONE, &as_issuer(AUTHORITY, "revoked"));
    let shows = "A pinned root is an issuer too.";
    refuse("root_as_issuer", Code::KeyDuplicate, shows, &NONE, &as_issuer(ROOT, "active"));
    let revoked = [entry("authority", &public_text(SECOND_AUTHORITY), "revoked")];
    let shows = "A key that the keyset revoked comes back as an issuer.";
    let back = as_issuer(SECOND_AUTHORITY, "active");
    refuse("revoked_authority_as_issuer", Code::KeyDuplicate, shows, &revoked, &back);
    let shows = "The issuer stands in the keyset too, for the same use.";
    refuse("issuer_in_keyset_too", Code::KeyDuplicate, shows, &issuer("issuer", "active"), &NONE);
    let app = [entry("app", &public_text(SECOND_ISSUER), "retired")];
    let shows = "A key of a use that neither list needs stands in both.";
    refuse("app_key_in_both", Code::KeyDuplicate, shows, &app, &app);
    for (name, code, shows, entry) in unsound("issuer") {
        refuse(name, code, shows, &NONE, &[entry]);
    }
    shelf.cases
}

/// Entries of unsound keys that would verify nothing even if they were sound, or little.
fn unsound(signing_use: &str) -> [(&'static str, Code, &'static str, String); 4] {
    let mixed = encode_base64(&ed25519::mixed_order_key());
    let small = encode_base64(&ed25519::small_order_encodings()[2]);
    let off = encode_base64(&ed25519::off_the_curve());
    [
        (
            "retired_of_mixed_order",
            Code::KeyWeak,
            "A key that is only listed as retired has a torsion component.",
            entry(signing_use, &mixed, "retired"),
        ),
        (
            "revoked_of_mixed_order",
            Code::KeyWeak,
            "A key that is only listed as revoked has a torsion component.",
            entry(signing_use, &mixed, "revoked"),
        ),
        (
            "retired_off_the_curve",
            Code::KeyMalformed,
            "A key that is only listed as retired is no point of the curve.",
            entry(signing_use, &off, "retired"),
        ),
        (
            "app_key_of_small_order",
            Code::KeyWeak,
            "A key of a use that signs nothing here is a point of order 1.",
            entry("app", &small, "active"),
        ),
    ]
}

/// A sound chain with more entries in its keyset and its tenant keyset.
fn listing(in_keyset: &[String], in_tenant_keyset: &[String]) -> World {
    let more = |text: &str, entries: &[String]| {
        let entries = entries.iter().fold(String::new(), |before, entry| before + "," + entry);
        with(text, "]}", &(entries + "]}"))
    };
    World {
        keyset: keyset(&more(&keyset_text(), in_keyset)),
        tenant_keyset: tenant_keyset(&more(&tenant_keyset_text(), in_tenant_keyset)),
        ..World::of_tenant()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::answer;

    const USES: [&str; 9] =
        ["root", "authority", "server", "issuer", "activation", "update", "snapshot", "log", "app"];
    const STATES: [&str; 3] = ["active", "retired", "revoked"];

    /// A list's entries: any uses and states; keys come later.
    fn slots(most: usize) -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
        prop::collection::vec((prop::sample::select(&USES[..]), prop::sample::select(&STATES[..])), 0..=most)
    }

    /// A chain in which the keys of `seeds` stand in order: further roots, then both lists behind their first entry.
    fn world(roots: usize, keyset: &[(&str, &str)], tenant_keyset: &[(&str, &str)], seeds: &[Seed]) -> World {
        let entries = |slots: &[(&str, &str)], seeds: &[Seed]| -> Vec<String> {
            let entry =
                |((key_use, state), seed): (&(&str, &str), &Seed)| entry(key_use, &public_text(*seed), state);
            slots.iter().zip(seeds).map(entry).collect()
        };
        let (root_seeds, listed) = seeds.split_at(roots);
        let (above, below) = listed.split_at(keyset.len());
        let world = listing(&entries(keyset, above), &entries(tenant_keyset, below));
        let pinned = [ROOT].iter().chain(root_seeds).map(|seed| public_text(*seed));
        World { roots: pinned.collect(), ..world }
    }

    proptest! {
        /// `spec/keys.md` §2.1: *any* repetition over roots, keyset and tenant keyset is refused, and nothing else is.
        #[test]
        fn any_key_that_stands_twice_is_refused(
            roots in 0..3usize,
            keyset in slots(11),
            tenant_keyset in slots(15),
            first in any::<prop::sample::Index>(),
            second in any::<prop::sample::Index>(),
        ) {
            let free = roots + keyset.len() + tenant_keyset.len();
            let mut seeds: Vec<Seed> = (100..).take(free).collect();
            let distinct = world(roots, &keyset, &tenant_keyset, &seeds);
            prop_assert_eq!(answer(&distinct.question()), format!("ok {}", distinct.ids()));
            prop_assume!(free > 0);
            let second = second.index(free);
            // A key of another slot, or one of the three that stand in every chain.
            let others: Vec<Seed> =
                [ROOT, AUTHORITY, ISSUER].into_iter().chain(seeds.iter().copied().filter(|s| *s != seeds[second])).collect();
            seeds[second] = *first.get(&others);
            let twice = world(roots, &keyset, &tenant_keyset, &seeds);
            prop_assert_eq!(answer(&twice.question()), "key_duplicate");
        }
    }
}
