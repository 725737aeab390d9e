//! What revocation data lists, and what lifts that it did (`spec/revocation.md` §5.3, `spec/guard.md` §3.2, §4.2). What each vector expects was
//! worked out from those clauses.

use super::case::{Case, Shelf};
use super::guard_kept::{OTHER, admitted, latch, start};
use super::guard_state::{ADMITTED, END, HOUR, asked, ended, fell, free, heard, held, licensed, put};
use crate::forge::DAY;
use crate::{Artifact, ShownHeld, ShownLatch, StateAsked};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Guard);
    listed(&mut shelf);
    lifted(&mut shelf);
    shelf.cases
}

fn taken_back(held: ShownHeld) -> ShownHeld {
    ShownHeld { listed: true, ..held }
}

fn listed(shelf: &mut Shelf) {
    let mut one = |name: &str, shows: &str, question: StateAsked, expected: &str| {
        put(shelf, &format!("listed_{name}"), shows, question, expected);
    };
    let (plain, revoked) = (|| taken_back(held(None)), fell("revoked"));
    one("plain", "What is listed gives no right, at once.", asked(ADMITTED, plain()), &revoked);
    let never = ShownHeld { admission: None, ..plain() };
    one("without_admission", "A license without an admission.", asked(ADMITTED, never), &revoked);
    let told = taken_back(ended(Some(heard()), "revoked", ADMITTED + DAY));
    one("in_grace", "A grace that a server gave ends with it.", asked(ADMITTED, told), &revoked);
    let late = asked(END, plain());
    one("expired", "It comes before the license's end.", late, &revoked);
    let early = asked(ADMITTED - DAY - 1, plain());
    one("not_yet", "And after its begin.", early, &free("not_yet_valid"));
    let doubted = StateAsked { doubted: true, ..asked(ADMITTED, plain()) };
    one("doubted", "It follows from no clock, so it is kept by a doubted one, too.", doubted, &revoked);
    let kept = StateAsked { kept: Some(latch("expired")), ..asked(ADMITTED, plain()) };
    let expected = format!("{} kept=expired", free("revoked"));
    one("other_kept", "What an earlier run left behind stays beside it.", kept, &expected);
}

fn lifted(shelf: &mut Shelf) {
    let kept = ShownLatch { license_version: Some(3), ..latch("revoked") };
    let version = |version, held| ShownHeld { license_version: Some(version), ..held };
    let mut one = |name: &str, shows: &str, held, expected: String| {
        put(shelf, &format!("kept_revoked_{name}"), shows, start(&kept, held), &expected);
    };
    let shows = "The same version, where what listed it was lost: it stays.";
    one("same", shows, version(3, admitted(ADMITTED)), fell("revoked"));
    one("older", "An older version.", version(2, admitted(ADMITTED)), fell("revoked"));
    let newer = || version(4, admitted(ADMITTED));
    one("newer", "A newer version lifts it.", newer(), licensed(ADMITTED + 8 * HOUR));
    one("newer_listed", "Unless it is listed, too.", taken_back(newer()), fell("revoked"));
    let proof = || version(3, admitted(ADMITTED + 1));
    one("newer_admission", "A newer admission.", proof(), licensed(ADMITTED + 1 + 8 * HOUR));
    one("newer_admission_listed", "Likewise.", taken_back(proof()), fell("revoked"));
    let longer = ShownHeld { expires_at: Some(END + DAY), ..version(3, admitted(ADMITTED)) };
    one("later_end", "A later end does not.", longer, fell("revoked"));
    let other = ShownHeld { license_id: OTHER.to_owned(), ..version(1, admitted(ADMITTED)) };
    one("other_license", "It says nothing about another license.", other, licensed(ADMITTED + 8 * HOUR));
}
