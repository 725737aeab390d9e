//! What revocation data lists, and what lifts that it did (`spec/revocation.md` §5.3, `spec/guard.md` §3.2, §4.2). What each vector expects was
//! worked out from those clauses.

use super::case::{Case, Shelf};
use super::guard_kept::{OTHER, admitted, latch, start};
use super::guard_state::{ADMITTED, END, HOUR, asked, ended, fell, free, heard, held, licensed, put};
use crate::forge::DAY;
use crate::{Artifact, ShownHeld, StateAsked};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Guard);
    listed(&mut shelf);
    lifted(&mut shelf);
    lost(&mut shelf);
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
    let kept = latch("revoked");
    let mut one = |name: &str, shows: &str, held, expected: String| {
        put(shelf, &format!("kept_revoked_{name}"), shows, start(&kept, held), &expected);
    };
    one("listed", "It is listed still.", taken_back(admitted(ADMITTED)), fell("revoked"));
    let proof = || admitted(ADMITTED + 1);
    one("newer_admission_listed", "However new the admission is.", taken_back(proof()), fell("revoked"));
    let longer = ShownHeld { expires_at: Some(END + DAY), ..taken_back(admitted(ADMITTED)) };
    one("later_end", "Or how late its end.", longer, fell("revoked"));
    let shows =
        "Nothing that is held is listed: it is another version, or the key that listed it was revoked.";
    one("not_listed", shows, admitted(ADMITTED), licensed(ADMITTED + 8 * HOUR));
    one("newer_admission", "Likewise with a newer proof.", proof(), licensed(ADMITTED + 1 + 8 * HOUR));
    let other = ShownHeld { license_id: OTHER.to_owned(), ..admitted(ADMITTED) };
    one("other_license", "It says nothing about another license.", other, licensed(ADMITTED + 8 * HOUR));
}

fn lost(shelf: &mut Shelf) {
    let mut one = |name: &str, shows: &str, question: StateAsked, expected: &str| {
        put(shelf, &format!("unseen_{name}"), shows, question, expected);
    };
    let unseen = |held| ShownHeld { unseen: true, ..held };
    let stale = free("revocations_stale");
    one(
        "plain",
        "Data that was imported, and would say whether it is listed, is lost.",
        asked(ADMITTED, unseen(held(None))),
        &stale,
    );
    let never = ShownHeld { admission: None, ..unseen(held(None)) };
    one("without_admission", "A license without an admission.", asked(ADMITTED, never), &stale);
    let listed = taken_back(unseen(held(None)));
    one("listed", "What is known to be listed is told.", asked(ADMITTED, listed), &fell("revoked"));
    one("expired", "So is an end.", asked(END, unseen(held(None))), &fell("expired"));
}
