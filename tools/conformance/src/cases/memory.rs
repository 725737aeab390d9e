//! What a verifier accepted before (`spec/keys.md` §4.7).

use sealgate_artifact::{Code, KeyUse};

use super::case::{Case, Shelf};
use crate::forge::{
    AUTHORITY, DAY, Draft, NOW, OTHER_TENANT, ROOT, SECOND_AUTHORITY, SECOND_ROOT, STRANGER, Seed, TENANT,
    THIRD_ROOT, World, entry, keyset, keyset_text, public_text, root_text, tenant_keyset_text, with,
};
use crate::{Artifact, Memory, Remembered};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Memory);
    of_keyset(&mut shelf);
    of_tenant_keyset(&mut shelf);
    of_root(&mut shelf);
    of_tenant(&mut shelf);
    shelf.cases
}

fn remembered(version: u64, statement: &str, raised_by: &[Seed]) -> Remembered {
    let raised_by = raised_by.iter().map(|seed| public_text(*seed)).collect();
    Remembered { version, statement: statement.to_owned(), raised_by }
}

/// The id of a statement that is not in the chain.
fn another() -> String {
    Draft::new("keyset", "{}").id()
}

fn knowing(world: World, memory: Memory) -> World {
    World { accepted: Some(memory), ..world }
}

fn of_keyset(shelf: &mut Shelf) {
    // The keyset of the chain has version 1.
    let own = World::of_tenant().keyset.id();
    let with_keyset =
        |maximum| knowing(World::of_tenant(), Memory { keyset: Some(maximum), ..Memory::default() });
    shelf.valid(
        "keyset_newer",
        "A newer keyset than the remembered one.",
        &with_keyset(remembered(0, &another(), &[ROOT])),
    );
    shelf.valid(
        "keyset_same",
        "The very keyset that was accepted before.",
        &with_keyset(remembered(1, &own, &[ROOT])),
    );
    let rollback = with_keyset(remembered(2, &another(), &[ROOT]));
    shelf.invalid(
        "keyset_rollback",
        Code::VersionRollback,
        "An older keyset than the remembered one.",
        &rollback,
    );
    let forked = with_keyset(remembered(1, &another(), &[ROOT]));
    shelf.invalid("keyset_fork", Code::Equivocation, "Another keyset of the remembered version.", &forked);
    let huge = with_keyset(remembered(9_007_199_254_740_991, &another(), &[STRANGER]));
    let shows = "An enormous version that a root raised which has left since: it does not stand.";
    shelf.valid("keyset_raised_by_former_root", shows, &huge);

    let roots = |threshold, maximum| {
        let world = World {
            roots: [ROOT, SECOND_ROOT].map(public_text).to_vec(),
            threshold,
            keyset: keyset(&keyset_text()).signed(SECOND_ROOT, KeyUse::Root),
            ..World::of_tenant()
        };
        knowing(world, Memory { keyset: Some(maximum), ..Memory::default() })
    };
    let maximum = || remembered(2, &another(), &[ROOT, STRANGER]);
    let shows = "Two roots raised it, one of them has left, one is enough: it stands.";
    shelf.invalid("keyset_raiser_left_one_of_two", Code::VersionRollback, shows, &roots(1, maximum()));
    let shows = "Two roots raised it, one of them has left, and two are needed: it does not stand.";
    shelf.valid("keyset_raiser_left_two_of_two", shows, &roots(2, maximum()));
}

fn of_tenant_keyset(shelf: &mut Shelf) {
    let own = World::of_tenant().tenant_keyset.id();
    let memory = |maximum| Memory {
        tenant: Some(TENANT.to_owned()),
        tenant_keyset: Some(maximum),
        ..Memory::default()
    };
    let with_maximum = |maximum| knowing(World::of_tenant(), memory(maximum));
    let same = with_maximum(remembered(1, &own, &[AUTHORITY]));
    shelf.valid("tenant_keyset_same", "The very tenant keyset that was accepted before.", &same);
    let rollback = with_maximum(remembered(2, &another(), &[AUTHORITY]));
    shelf.invalid(
        "tenant_keyset_rollback",
        Code::VersionRollback,
        "An older one than the remembered.",
        &rollback,
    );
    let forked = with_maximum(remembered(1, &another(), &[AUTHORITY]));
    shelf.invalid(
        "tenant_keyset_fork",
        Code::Equivocation,
        "Another one of the remembered version.",
        &forked,
    );

    // The authority that raised it is listed beside the one that signed what is presented.
    let listing = |state: &str| {
        let entries = entry("authority", &public_text(SECOND_AUTHORITY), state);
        let text = with(&keyset_text(), "]}", &format!(",{entries}]}}"));
        let huge = remembered(9_007_199_254_740_991, &another(), &[SECOND_AUTHORITY]);
        knowing(World { keyset: keyset(&text), ..World::of_tenant() }, memory(huge))
    };
    let shows = "A stolen authority raised the version as far as it goes and was revoked: honest ones are accepted again.";
    shelf.valid("tenant_keyset_raised_by_revoked", shows, &listing("revoked"));
    let shows = "The same authority only retired: what it raised stands.";
    shelf.invalid("tenant_keyset_raised_by_retired", Code::VersionRollback, shows, &listing("retired"));
    let huge = remembered(9_007_199_254_740_991, &another(), &[SECOND_AUTHORITY]);
    let shows = "The authority that raised it is listed no more: it does not stand.";
    shelf.valid("tenant_keyset_raised_by_unlisted", shows, &knowing(World::of_tenant(), memory(huge)));
}

fn of_root(shelf: &mut Shelf) {
    let first = root(1, &[ROOT], &[ROOT]);
    let second = root(2, &[SECOND_ROOT], &[ROOT, SECOND_ROOT]);
    let chain = |statements: &[&Draft], last: Seed, maximum| {
        let world = World {
            root_chain: Some(statements.iter().map(|draft| (*draft).clone()).collect()),
            keyset: Draft::new("keyset", keyset_text()).signed(last, KeyUse::Root),
            ..World::of_tenant()
        };
        knowing(world, Memory { root: Some(maximum), ..Memory::default() })
    };
    let lineage = [ROOT, SECOND_ROOT];
    let second_known = || remembered(2, &second.id(), &lineage);
    shelf.valid(
        "root_same",
        "The roots that were accepted before.",
        &chain(&[&first, &second], SECOND_ROOT, second_known()),
    );
    let third = root(3, &[THIRD_ROOT], &[SECOND_ROOT, THIRD_ROOT]);
    let further = chain(&[&first, &second, &third], THIRD_ROOT, second_known());
    shelf.valid("root_further", "The way leads through the remembered statement and on.", &further);
    let back = chain(&[&first], ROOT, second_known());
    let shows = "The chain is cut short: its last roots were replaced already.";
    shelf.invalid("root_rollback", Code::VersionRollback, shows, &back);
    let other = root(2, &[THIRD_ROOT], &[ROOT, THIRD_ROOT]);
    let forked = chain(&[&first, &other], THIRD_ROOT, second_known());
    shelf.invalid(
        "root_fork",
        Code::Equivocation,
        "Another second statement, signed by the same roots.",
        &forked,
    );
    let on = root(3, &[STRANGER], &[THIRD_ROOT, STRANGER]);
    let forked = chain(&[&first, &other, &on], STRANGER, second_known());
    let shows = "The fork goes on to a higher version than the remembered one.";
    shelf.invalid("root_fork_further", Code::Equivocation, shows, &forked);
    let far = root(9, &[STRANGER], &[THIRD_ROOT, STRANGER]);
    let forked = chain(&[&first, &other, &far], STRANGER, second_known());
    let shows =
        "A gap behind the fork: the remembered id is compared before the next statement is looked at.";
    shelf.invalid("root_fork_before_gap", Code::Equivocation, shows, &forked);

    let newer = World {
        roots: vec![public_text(SECOND_ROOT)],
        root_version: Some(2),
        ..chain(&[&second], SECOND_ROOT, second_known())
    };
    shelf.valid("root_pinned_anew", "A newer build pins what the older one had followed.", &newer);
    let taken = remembered(50, &another(), &[ROOT, STRANGER]);
    let moved = World {
        roots: vec![public_text(SECOND_ROOT)],
        root_version: Some(2),
        ..chain(&[&second], SECOND_ROOT, taken)
    };
    let shows =
        "Thieves led the old roots to version 50; the newer build pins none of those, so it does not stand.";
    shelf.valid("root_pins_replaced", shows, &moved);
}

fn of_tenant(shelf: &mut Shelf) {
    let other = Memory { tenant: Some(OTHER_TENANT.to_owned()), ..Memory::default() };
    let any = World { expect_tenant: None, ..World::of_tenant() };
    shelf.invalid(
        "other_tenant",
        Code::WrongTenant,
        "The memory is of another tenant.",
        &knowing(any.clone(), other.clone()),
    );
    let ended = with(&keyset_text(), &(NOW + 365 * DAY).to_string(), &(NOW - DAY).to_string());
    let ended = World { keyset: keyset(&ended), ..any };
    let shows =
        "The memory is of another tenant, and the keyset has ended: tenants are judged at the tenant keyset.";
    shelf.invalid("other_tenant_and_keyset_ended", Code::KeysetExpired, shows, &knowing(ended, other));
    let text = with(&tenant_keyset_text(), "\"version\":1", "\"version\":7");
    let newer = World { tenant_keyset: crate::forge::tenant_keyset(&text), ..World::of_tenant() };
    let memory = Memory {
        tenant: Some(TENANT.to_owned()),
        tenant_keyset: Some(remembered(6, &another(), &[AUTHORITY])),
        ..Memory::default()
    };
    shelf.valid("tenant_keyset_newer", "The tenant's next keyset.", &knowing(newer, memory));
}

fn root(version: u64, keys: &[Seed], by: &[Seed]) -> Draft {
    let keys: Vec<String> = keys.iter().map(|seed| public_text(*seed)).collect();
    let draft = Draft::new("root", root_text(version, &keys, 1));
    by.iter().fold(draft, |draft, seed| draft.signed(*seed, KeyUse::Root))
}
