//! One deed for many licenses: who is meant, what would change, one question, and what became of each.

use sealgate_artifact::Code;
use sealgate_wire::{LicenseView, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::chosen::{Chosen, Target, flags};
use super::deeds::{Deed, Then};
use super::license_shown::{print_license, shown};
use crate::args::ManyArgs;
use crate::client::Client;
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::output::{Output, ends, say};
use crate::parts::Parts;
use crate::signals;
use crate::streams::{DASH, is_dash};

/// Licenses that are named to a person; `--json` names all.
const NAMED: usize = 20;

/// What became of each.
#[derive(Serialize, Default)]
struct Outcome {
    done: Vec<LicenseView>,
    failed: Vec<Failed>,
    /// Not tried, because of a failure that concerns all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left: Vec<String>,
}

#[derive(Serialize)]
struct Failed {
    license_id: String,
    #[serde(flatten)]
    failure: Failure,
}

/// Does it to the license that was named, or after a question to the many that were.
pub(super) fn run(client: &Client, args: &ManyArgs, deed: &Deed, output: &Output) -> Result<(), Failure> {
    let consent = Consent::new(args.care.yes, output);
    match Chosen::read(client, args, deed)? {
        Chosen::One(id) => {
            let seen = deed.asked_of_one(client, id, consent)?;
            let parts = Parts::of(deed.done(), (1, NAMED as u64), "licenses", output);
            let done = deed.done_to(client, (id, seen)).map_err(|failure| {
                let again = client.again(&format!("license {}", deed.verb())).word(&id.to_string());
                parts.stopped(failure, || deed.again(again).switch("--yes", args.care.yes).into())
            })?;
            output.result(&done, |license| {
                print_license(license);
                deed.hint();
            });
            Ok(())
        }
        Chosen::Many { targets, left_out } => {
            if args.care.preview {
                let shown = if output.json { targets.len() } else { NAMED };
                let foreseen = Foreseen::of(client, deed, (&targets, left_out), shown)?;
                output.result(&foreseen, |foreseen| say!("{}", foreseen.text()));
                return Ok(());
            }
            if targets.is_empty() {
                say_nothing(deed, left_out, output);
                return Ok(());
            }
            let licenses = counted(targets.len());
            let why = format!("{licenses} would be {}", deed.participle());
            let seen =
                || Foreseen::of(client, deed, (&targets, left_out), NAMED).map(|foreseen| foreseen.text());
            consent.ask_seen(seen, &deed.question(&licenses), &why)?;
            carry_out(client, args, (deed, &targets), output)
        }
    }
}

fn counted(licenses: usize) -> String {
    if licenses == 1 { "1 license".to_owned() } else { format!("{licenses} licenses") }
}

fn say_nothing(deed: &Deed, left_out: usize, output: &Output) {
    let none = match left_out {
        0 => "no licenses match; `sealgate license list` with the same flags shows which do".to_owned(),
        n => format!(
            "of the licenses that match, {n} {}, and none can be {}",
            deed.left_out(),
            deed.participle()
        ),
    };
    if output.json {
        output.result(&Outcome::default(), |_| ());
    } else {
        output.list::<LicenseView>(&[], &none, |_| ());
    }
}

/// What would become of them.
#[derive(Serialize)]
struct Foreseen {
    verb: &'static str,
    count: usize,
    /// So many of them are so already.
    unchanged: usize,
    /// So many match, and nothing is tried with them.
    left_out: usize,
    licenses: Vec<Line>,
    #[serde(skip)]
    why_left_out: &'static str,
    #[serde(skip)]
    participle: &'static str,
}

#[derive(Serialize)]
struct Line {
    license_id: String,
    status: String,
    expires_at: Option<Timestamp>,
    label: Option<String>,
    customer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    then: String,
    /// Of a renewal; `null` never.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_expires_at: Option<Value>,
}

impl Foreseen {
    /// Of the first `shown`, the new end is looked up, where they get one.
    fn of(
        client: &Client,
        deed: &Deed,
        (targets, left_out): (&[Target], usize),
        shown: usize,
    ) -> Result<Self, Failure> {
        let mut licenses = vec![];
        let (mut unchanged, mut refused) = (0, vec![]);
        for target in targets {
            let Some(license) = &target.seen else { continue };
            let mut line = Line::of(license);
            line.then = match deed.then(license) {
                Then::Change(change) if licenses.len() < shown => {
                    match deed.new_end(client, (target.id, target.version)) {
                        Ok(Some(end)) => {
                            line.new_expires_at = Some(json!(end.at));
                            end.text()
                        }
                        Err(failure) if concerns_one(&failure) => {
                            let told = format!("refused: {}", failure.message);
                            refused.push(failure);
                            told
                        }
                        Err(failure) => return Err(failure),
                        Ok(None) => change,
                    }
                }
                Then::Change(change) => change,
                Then::Same => {
                    unchanged += 1;
                    "as it is".to_owned()
                }
                Then::Refused(why) => format!("refused: {why}"),
            };
            licenses.push(line);
        }
        // What nothing can be done with is a mistake in what was asked for.
        if !refused.is_empty() && refused.len() == licenses.len() {
            return Err(refused.remove(0));
        }
        let (verb, participle, why_left_out) = (deed.verb(), deed.participle(), deed.left_out());
        Ok(Self { verb, count: targets.len(), unchanged, left_out, licenses, why_left_out, participle })
    }

    fn text(&self) -> String {
        let row = |line: &Line| {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            let (label, customer) =
                (text(&line.label), shown(line.customer.as_ref(), line.customer_id.as_ref()));
            let end = ends(line.expires_at);
            vec![line.license_id.clone(), line.status.clone(), end, label, customer, line.then.clone()]
        };
        let head = ["LICENSE", "STATUS", "ENDS", "LABEL", "CUSTOMER", "THEN"];
        let mut lines = vec![format!("Licenses that would be {}: {}", self.participle, self.count)];
        if !self.licenses.is_empty() {
            lines.push(Output::table_text(&head, self.licenses.iter().take(NAMED).map(row)));
        }
        if self.licenses.len() > NAMED {
            lines.push(format!("and {} more; --preview --json lists all", self.licenses.len() - NAMED));
        }
        let left_out = format!("also match, {}, and are left out", self.why_left_out);
        for (count, what) in [(self.unchanged, "so already"), (self.left_out, &*left_out)] {
            if count > 0 {
                lines.push(format!("{what}: {count}"));
            }
        }
        lines.join("\n")
    }
}

impl Line {
    fn of(license: &LicenseView) -> Self {
        Self {
            license_id: license.license_id.clone(),
            status: license.status.clone(),
            expires_at: license.expires_at,
            label: license.label.clone(),
            customer_id: license.customer_id.clone(),
            customer: license.customer.clone(),
            then: String::new(),
            new_expires_at: None,
        }
    }
}

fn carry_out(
    client: &Client,
    args: &ManyArgs,
    (deed, targets): (&Deed, &[Target]),
    output: &Output,
) -> Result<(), Failure> {
    let mut outcome = Outcome::default();
    let mut parts = Parts::of(deed.done(), (targets.len() as u64, NAMED as u64), "licenses", output);
    let mut stopped = None;
    for (n, target) in targets.iter().enumerate() {
        match signals::none_came().and_then(|()| deed.done_to(client, (target.id, target.version))) {
            Ok(license) => {
                outcome.done.push(license);
                parts.add(1);
            }
            Err(failure) if concerns_one(&failure) => {
                outcome.failed.push(Failed { license_id: target.id.to_string(), failure });
                parts.add(0);
            }
            Err(failure) => {
                let left = &targets[n..];
                outcome.left = left.iter().map(|target| target.id.to_string()).collect();
                stopped = Some(parts.stopped(failure, || again(client, args, deed, left)));
                break;
            }
        }
    }
    parts.finish();
    if stopped.is_none() || !(outcome.done.is_empty() && outcome.failed.is_empty()) {
        output.result(&outcome, |outcome| print(deed, outcome));
    }
    match stopped.or_else(|| summary(deed, &outcome)) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// Whether another license may fare better.
fn concerns_one(failure: &Failure) -> bool {
    Code::parse(&failure.code).is_some_and(|code| matches!(code.exit_code(), 1..=4))
}

/// The same deed for those that are left, or for the same list: who was done already is not done twice.
fn again(client: &Client, args: &ManyArgs, deed: &Deed, left: &[Target]) -> String {
    let again = client.again(&format!("license {}", deed.verb()));
    if args.keys.is_empty() && args.from.is_none() {
        // What it matches now is seen and confirmed anew, unless nobody was to be asked.
        return deed.again(flags(again, &args.filter)).switch("--yes", args.care.yes).into();
    }
    let list = args.keys.iter().any(|key| key == DASH).then_some(DASH);
    let from = args.from.as_ref().map(|file| file.display().to_string());
    let by_hand = left.iter().filter(|target| target.is_by_hand);
    let named = by_hand.fold(again, |again, target| again.word(&target.id.to_string()));
    let named = list.iter().fold(named, |again, dash| again.word(dash)).flag("--from", from.as_deref());
    let again = deed.again(named).switch("--yes", args.care.yes);
    let reads_input = list.is_some() || args.from.as_deref().is_some_and(is_dash);
    if reads_input { again.with_the_same_list() } else { again.into() }
}

/// That some failed, by the first of them.
fn summary(deed: &Deed, outcome: &Outcome) -> Option<Failure> {
    let first = outcome.failed.first()?;
    let (failed, all) = (outcome.failed.len(), outcome.failed.len() + outcome.done.len());
    let named = format!("the first, {}: {}", first.license_id, first.failure.message);
    let message = format!("licenses not {}: {failed} of {all}; {named}", deed.participle());
    Some(Failure { message, ..first.failure.clone() })
}

fn print(deed: &Deed, outcome: &Outcome) {
    say!("Licenses {}: {}.", deed.participle(), outcome.done.len());
    if !outcome.failed.is_empty() {
        say!("\nNot {}: {}.", deed.participle(), outcome.failed.len());
        let row = |failed: &Failed| {
            let failure = &failed.failure;
            vec![failed.license_id.clone(), failure.code.clone(), failure.message.clone()]
        };
        Output::table(&["LICENSE", "CODE", "WHY"], outcome.failed.iter().take(NAMED).map(row));
        if outcome.failed.len() > NAMED {
            say!("and {} more; --json lists all", outcome.failed.len() - NAMED);
        }
    }
    if !outcome.left.is_empty() {
        say!("\nNot tried: {}.", outcome.left.len());
    }
    if !outcome.done.is_empty() {
        deed.hint();
    }
}
