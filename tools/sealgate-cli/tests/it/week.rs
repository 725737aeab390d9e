//! `docs/book/week.md`: what vendors do in a week. The page is the test: its commands run in its order, on one server, and
//! print what the page says they print.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::program::{SEALGATE, run};
use crate::vendor::Vendor;

const PAGE: &str = include_str!("../../../../docs/book/week.md");
const TASKS: usize = 20;

/// Where a word of the page stands for one that only the run knows.
type Known = BTreeMap<String, String>;

#[test]
fn the_week_goes_as_the_page_says() {
    let vendor = Vendor::new();
    let mut known = Known::new();
    let steps = PAGE.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let steps: Vec<Step> = steps.flat_map(steps_of).collect();
    assert!(steps.len() > TASKS, "{}", steps.len());
    for step in steps {
        // The server writes refusals down a moment later.
        let tries = if step.line.starts_with("sealgate events") { 100 } else { 1 };
        let learned = (0..tries).find_map(|_| step.learn(&vendor, &known));
        known = learned.unwrap_or_else(|| panic!("{}: the page says\n{}", step.line, step.prints));
    }
}

#[test]
fn each_task_of_the_table_has_a_section_with_its_command() {
    let sections: Vec<&str> = PAGE.split("\n## ").skip(1).collect();
    let rows = PAGE.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let number: usize = cells.get(1)?.parse().ok()?;
        Some((number, cells[2].to_owned(), cells[3].trim_matches('`').to_owned()))
    });
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), (1..=TASKS).collect::<Vec<_>>());
    for (number, task, command) in rows {
        let section = sections.iter().find(|text| text.starts_with(&format!("{number}. {task}\n")));
        let section = section.unwrap_or_else(|| panic!("no section '{number}. {task}'"));
        assert!(section.contains(&format!("$ {command}")), "{number}: {command}");
    }
}

/// One line that the reader types, or one start of a customer's program, and what is printed then.
struct Step {
    line: String,
    prints: String,
}

impl Step {
    /// What is known afterwards, if it prints what the page says.
    fn learn(&self, vendor: &Vendor, known: &Known) -> Option<Known> {
        let printed = self.run(vendor, known);
        println!("$ {}\n{printed}", self.line);
        all_match(&lines(&self.prints), &lines(&printed), known)
    }

    fn run(&self, vendor: &Vendor, known: &Known) -> String {
        let folder = vendor.path("week");
        std::fs::create_dir_all(&folder).expect("is made");
        let line = known.iter().fold(self.line.clone(), |line, (word, is)| line.replace(word, is));
        match line.strip_prefix("# Editor starts on ") {
            Some(start) => editor(vendor, Path::new(&folder), start),
            None => shell(vendor, Path::new(&folder), &line),
        }
    }
}

/// A block of the page.
fn steps_of(block: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for line in block.lines() {
        let typed = line.strip_prefix("$ ").or_else(|| line.starts_with("# ").then_some(line));
        match (typed, steps.last_mut()) {
            (Some(typed), _) => steps.push(Step { line: typed.to_owned(), prints: String::new() }),
            (None, Some(step)) if goes_on => {
                step.line = format!("{}{}", step.line.trim_end_matches('\\'), line.trim_start());
            }
            (None, Some(step)) => step.prints.extend([line, "\n"]),
            (None, None) => panic!("output of nothing: {line}"),
        }
        goes_on = line.ends_with('\\');
    }
    steps
}

fn shell(vendor: &Vendor, folder: &Path, line: &str) -> String {
    let program = Path::new(SEALGATE).parent().expect("a folder").display();
    let mut shell = Command::new("sh");
    shell.current_dir(folder).env_clear().args(["-c", &format!("exec 2>&1; {line}")]);
    shell.env("PATH", format!("{program}:/usr/bin:/bin"));
    shell.env("SEALGATE_URL", &vendor.server.url).env("SEALGATE_DATA", vendor.data());
    let outcome = run(&mut shell);
    assert_eq!(outcome.exit, Some(0), "{line}\n{}", outcome.stdout);
    outcome.stdout
}

/// As in `desk with KEY`: the program of a customer, with a folder for each machine.
fn editor(vendor: &Vendor, folder: &Path, start: &str) -> String {
    let (machine, key) = start.split_once(" with ").expect("`MACHINE with KEY`");
    let trust = std::fs::read(folder.join("trust.json")).expect("the page exports it first");
    let client =
        sealgate::Client::builder(trust.leak()).server(&vendor.server.url).state_dir(folder.join(machine));
    match client.build().expect("a client").validate_license(key) {
        Ok(license) => format!("a {} license\n", license.tier().as_str()),
        Err(sealgate::Error::License(no)) => format!("{no}\n"),
        Err(error) => panic!("{start}: {error}"),
    }
}

fn lines(text: &str) -> Vec<Vec<&str>> {
    let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.filter(|words| !words.is_empty()).collect()
}

/// A line `…` is any lines; what is learned where all of them match.
fn all_match(wanted: &[Vec<&str>], printed: &[Vec<&str>], known: &Known) -> Option<Known> {
    match (wanted.split_first(), printed.split_first()) {
        (None, None) => Some(known.clone()),
        (Some((first, rest)), _) if *first == ["…"] => {
            (0..=printed.len()).find_map(|skipped| all_match(rest, &printed[skipped..], known))
        }
        (Some((first, rest)), Some((line, further))) => {
            all_match(rest, further, &line_matches(first, line, known)?)
        }
        _ => None,
    }
}

/// A word `…` is any words, `ab…` a word that begins so, and `<word>` one that is remembered.
fn line_matches(wanted: &[&str], printed: &[&str], known: &Known) -> Option<Known> {
    let Some((first, rest)) = wanted.split_first() else { return printed.is_empty().then(|| known.clone()) };
    if *first == "…" {
        return (0..=printed.len()).find_map(|skipped| line_matches(rest, &printed[skipped..], known));
    }
    let (word, further) = printed.split_first()?;
    let mut known = known.clone();
    let fits = match first.strip_suffix('…') {
        Some(begins) => word.starts_with(begins),
        None if first.starts_with('<') => {
            known.entry((*first).to_owned()).or_insert_with(|| (*word).to_owned()) == word
        }
        None => first == word,
    };
    if fits { line_matches(rest, further, &known) } else { None }
}

#[test]
fn a_page_that_says_something_else_does_not_match() {
    let fits = |wanted: &str, printed: &str| all_match(&lines(wanted), &lines(printed), &Known::new());
    assert_eq!(fits("a <x>\n…\nb", "a 1\nc\nd\nb"), Some(Known::from([("<x>".into(), "1".into())])));
    assert!(fits("a …", "a").is_some() && fits("01a…", "01ab").is_some());
    for (wanted, printed) in
        [("a", "b"), ("a", "a b"), ("a\nb", "a"), ("<x> <x>", "1 2"), ("a", "a\nb"), ("ab…", "a")]
    {
        assert_eq!(fits(wanted, printed), None, "{wanted} / {printed}");
    }
}
