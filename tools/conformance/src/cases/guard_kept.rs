//! What lifts a reason that outlived a program, and what does not (`spec/guard.md` §4.2). What each vector expects was worked out from that table.

use super::case::{Case, Shelf};
use super::guard_state::{ADMITTED, END, HOUR, asked, fell, free, heard, held, licensed, put};
use crate::forge::{DAY, LICENSE};
use crate::{
    Artifact, ShownAdmission, ShownAntiTamper, ShownFinding, ShownHeld, ShownLatch, ShownPolicy, StateAsked,
};

/// Another license of the same vendor.
pub(super) const OTHER: &str = "01890a5d-ac96-774b-bcce-b302099aa002";

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Guard);
    of_time(&mut shelf);
    of_servers(&mut shelf);
    of_machines(&mut shelf);
    shelf.cases
}

pub(super) fn latch(code: &str) -> ShownLatch {
    ShownLatch {
        code: code.to_owned(),
        said: false,
        license_id: LICENSE.to_owned(),
        license_ends: Some(END),
        admitted_at: Some(ADMITTED),
    }
}

pub(super) fn start(kept: &ShownLatch, held: ShownHeld) -> StateAsked {
    StateAsked { kept: Some(kept.clone()), ..asked(ADMITTED + HOUR, held) }
}

pub(super) fn admitted(at: u64) -> ShownHeld {
    let held = held(Some(heard()));
    let admission = held.admission.clone().map(|admission| ShownAdmission { admitted_at: at, ..admission });
    ShownHeld { admission, ..held }
}

fn of_time(shelf: &mut Shelf) {
    let kept = latch("expired");
    let ends = |end| ShownHeld { expires_at: end, ..held(None) };
    let mut one = |name: &str, shows: &str, held, expected: String| {
        put(shelf, &format!("kept_expired_{name}"), shows, start(&kept, held), &expected);
    };
    one(
        "same",
        "The same license by a clock that is right again: it stays.",
        ends(Some(END)),
        fell("expired"),
    );
    one("earlier", "One that ends earlier.", ends(Some(END - 1)), fell("expired"));
    one("later", "One that ends a second later lifts it.", ends(Some(END + 1)), licensed(END + 1));
    one("never", "One that never ends.", ends(None), "license tier=enterprise".to_owned());
    one("newer_admission", "An admission does not.", admitted(ADMITTED + HOUR), fell("expired"));
    let other = ShownHeld { license_id: OTHER.to_owned(), ..held(None) };
    one("other_license", "It says nothing about another license.", other, licensed(END));
    let gone = StateAsked { held: None, ..start(&kept, held(None)) };
    let expected = format!("{} kept=expired", free("license_missing"));
    put(shelf, "kept_expired_gone", "Where the license is gone, the reason is not.", gone, &expected);
    let rolled_back = StateAsked { now: None, ..start(&kept, held(None)) };
    let expected = format!("{} kept=expired", free("clock_rolled_back"));
    put(shelf, "kept_expired_rolled_back", "A clock that is refused lifts nothing.", rolled_back, &expected);
    let never = ShownLatch { license_ends: None, ..kept };
    let shows = "Where the end that counted is not known, no end is later.";
    put(shelf, "kept_expired_without_end", shows, start(&never, ends(None)), &fell("expired"));
}

fn of_servers(shelf: &mut Shelf) {
    let said = ShownLatch { said: true, ..latch("revoked") };
    for (word, code, kept) in [("unheard", "grace_over", latch("grace_over")), ("ended", "revoked", said)] {
        let mut one = |name: &str, shows: &str, held, expected: String| {
            put(shelf, &format!("kept_{word}_{name}"), shows, start(&kept, held), &expected);
        };
        let same = "The admission that counted when the rights fell: it stays.";
        one("same", same, admitted(ADMITTED), fell(code));
        one("older", "An older one.", admitted(ADMITTED - 1), fell(code));
        one("newer", "A newer one lifts it.", admitted(ADMITTED + 1), licensed(ADMITTED + 1 + 8 * HOUR));
        let longer = ShownHeld { expires_at: Some(END + DAY), ..admitted(ADMITTED) };
        one("later_end", "A license that ends later does not.", longer, fell(code));
        let other = ShownHeld { license_id: OTHER.to_owned(), ..admitted(ADMITTED) };
        one("other_license", "It says nothing about another license.", other, licensed(ADMITTED + 8 * HOUR));
        let never = ShownHeld { admission: None, ..held(None) };
        one("no_admission", "A license without an admission.", never, fell(code));
    }
}

fn of_machines(shelf: &mut Shelf) {
    use ShownFinding::{NotSought, Nothing, Unknown};
    let policy = || ShownPolicy {
        integrity: Some("required".to_owned()),
        anti_tamper: Some(ShownAntiTamper::default()),
        ..ShownPolicy::default()
    };
    let both = || ShownHeld { license_id: OTHER.to_owned(), expires_at: None, ..held(Some(policy())) };
    let clean = "license tier=enterprise".to_owned();
    for (name, finding, expected) in [
        ("clean", Nothing, clean.clone()),
        ("not_sought", NotSought, clean.clone()),
        ("unknown", Unknown, fell("tamper_detected")),
    ] {
        let shows = "What sensors found is of the machine, not of a license: a start that finds nothing lifts it, or one that does not look.";
        let question =
            StateAsked { tamper: finding, integrity: Nothing, ..start(&latch("tamper_detected"), both()) };
        put(shelf, &format!("kept_tampered_{name}"), shows, question, &expected);
    }
    for (name, finding, expected) in [
        ("approved", Nothing, clean.clone()),
        ("not_sought", NotSought, clean),
        ("unknown", Unknown, fell("unapproved_module")),
    ] {
        let shows = "What the check of modules found, likewise.";
        let question =
            StateAsked { tamper: Nothing, integrity: finding, ..start(&latch("unapproved_module"), both()) };
        put(shelf, &format!("kept_unapproved_{name}"), shows, question, &expected);
    }
}
