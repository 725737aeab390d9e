//! `scale`: what a vendor does with many licenses, beside the same with few, on two servers in one run.

use std::io::{Error, Result};
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::dataset::{Dataset, ORDER, SHARE, label};
use crate::{processors, report};

/// Licenses on a page.
const PAGE: usize = 50;
/// Licenses on a page when all pages are walked through: the most that the server gives.
const WALK: usize = 200;
/// A late page begins after so many hundredths of its list.
const LATE: usize = 99;
/// A rate with many licenses is at least this share of the rate with few.
const GOAL: f64 = 0.80;

/// What the bench is told.
pub struct Plan<'a> {
    pub licenses: u32,
    pub beside: u32,
    pub rounds: u32,
    pub requests: u32,
    /// PostgreSQL databases for the many and for the few; SQLite without.
    pub databases: Option<(&'a str, &'a str)>,
}

pub async fn run(sealgate: &Path, plan: &Plan<'_>) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let few = plan.databases.map(|(_, few)| few);
    let few = Dataset::make(sealgate, &dir.path().join("few"), few, plan.beside).await?;
    let many = plan.databases.map(|(many, _)| many);
    let many = Dataset::make(sealgate, &dir.path().join("many"), many, plan.licenses).await?;
    eprintln!("walking through every page");
    let (few, many) = (Books::new(few)?, Books::new(many)?);
    processors::apart([&few.dataset.server, &many.dataset.server])?;

    let engine = if plan.databases.is_some() { "postgres" } else { "sqlite" };
    for (name, kind, ask) in OPERATIONS {
        let requests = plan.requests / kind.share();
        // Once without counting: connections, statements and caches are then as they stay.
        kind.rates((&few, &many), (0, requests), ask)?;
        let (mut values, mut limits) = (Vec::new(), Vec::new());
        for round in 1..=plan.rounds {
            let (beside, value) = kind.rates((&few, &many), (round, requests), ask)?;
            limits.push(beside);
            values.push(value);
        }
        report::ratio(&format!("scale-{engine}-{name}"), "requests/s", &values, &limits, GOAL);
    }
    for (name, books) in [("few", &few), ("many", &many)] {
        let peak = books.dataset.server.memory()?.1;
        report::figure(
            &format!("scale-{engine}-memory-peak-{name}"),
            "MiB resident",
            &[peak as f64 / 1024.0],
        );
    }
    Ok(())
}

type Ask = fn(&Books, u32) -> Result<()>;

/// What a request does, which decides what is a fair figure for it.
#[derive(Clone, Copy)]
enum Kind {
    /// Looks: all alike, so the median, which a disturbed machine moves least.
    Looks,
    /// Writes a license: one in many pays for what the others left to do, so the mean.
    Issues,
    /// Writes many.
    IssuesMany,
}

impl Kind {
    /// By what the number of requests is divided.
    fn share(self) -> u32 {
        match self {
            Self::Looks => 1,
            Self::Issues => 2,
            Self::IssuesMany => 20,
        }
    }

    /// Requests a second with few and with many licenses. They take turns after every request, so that what disturbs the
    /// machine disturbs both.
    fn rates(
        self,
        (few, many): (&Books, &Books),
        (round, requests): (u32, u32),
        ask: Ask,
    ) -> Result<(f64, f64)> {
        let mut times = (Vec::new(), Vec::new());
        for n in round * requests..(round + 1) * requests {
            for (books, times) in [(few, &mut times.0), (many, &mut times.1)] {
                let began = Instant::now();
                ask(books, n)?;
                times.push(began.elapsed().as_secs_f64());
            }
        }
        let rate = |times: &[f64]| match self {
            Self::Looks => 1.0 / report::median(times),
            Self::Issues | Self::IssuesMany => times.len() as f64 / times.iter().sum::<f64>(),
        };
        Ok((rate(&times.0), rate(&times.1)))
    }
}

const OPERATIONS: [(&str, Kind, Ask); 12] = [
    ("show", Kind::Looks, |b, n| b.get(&format!("/api/v1/licenses/{}", b.dataset.sold(n).id), 1)),
    ("search-key", Kind::Looks, |b, n| b.post("lookup", &json!({ "license_key": b.dataset.sold(n).key }), 1)),
    ("search-device", Kind::Looks, |b, n| b.list(&format!("device={}", b.dataset.sold(n).device), 1)),
    ("search-label", Kind::Looks, |b, n| {
        b.list(&format!("label={}", quoted(&label(b.dataset.order(n)))), PAGE)
    }),
    ("list-customer", Kind::Looks, |b, n| b.list(&format!("customer_id={}", b.dataset.customer(n)), PAGE)),
    ("list-customer-late", Kind::Looks, |b, _| b.list(&b.of_customer, PAGE)),
    ("list", Kind::Looks, |b, _| b.list("", PAGE)),
    ("list-late", Kind::Looks, |b, _| b.list(&b.of_all, PAGE)),
    ("list-app", Kind::Looks, |b, _| b.list(&format!("app_id={}", b.dataset.second_app), PAGE)),
    ("list-app-late", Kind::Looks, |b, _| b.list(&b.of_app, PAGE)),
    ("issue", Kind::Issues, |b, _| b.post("", &json!({ "app_id": b.dataset.second_app, "label": "New" }), 1)),
    ("issue-100", Kind::IssuesMany, |b, _| {
        b.post("", &json!({ "app_id": b.dataset.second_app, "count": 100 }), 100)
    }),
];

/// A data set, and queries for late pages of its lists.
struct Books {
    dataset: Dataset,
    of_all: String,
    of_app: String,
    of_customer: String,
}

impl Books {
    /// Walks through every page of three lists, which must hold what was issued.
    fn new(dataset: Dataset) -> Result<Self> {
        let mut books =
            Self { dataset, of_all: String::new(), of_app: String::new(), of_customer: String::new() };
        let orders = books.dataset.size.div_ceil(ORDER);
        let (all, share) = ((orders * ORDER) as usize, (orders.div_ceil(SHARE) * ORDER) as usize);
        books.of_all = books.walk("", all)?;
        books.of_app = books.walk(&format!("app_id={}", books.dataset.second_app), share)?;
        books.of_customer = books.walk(&format!("customer_id={}", books.dataset.customer(0)), share)?;
        Ok(books)
    }

    /// The query of a late page.
    fn walk(&self, query: &str, expected: usize) -> Result<String> {
        let (mut cursors, mut seen, mut page) = (Vec::new(), 0, query.to_owned());
        loop {
            let text = self.dataset.vendor.get(&format!("/api/v1/licenses?limit={WALK}&{page}"))?;
            let answer: Value = serde_json::from_str(&text)?;
            seen += answer["items"].as_array().map_or(0, Vec::len);
            let Some(cursor) = answer["next_cursor"].as_str() else { break };
            page = format!("{query}&cursor={}", quoted(cursor));
            cursors.push(page.clone());
        }
        if seen != expected {
            return Err(Error::other(format!("{query:?} has {seen} licenses instead of {expected}")));
        }
        // So early that a whole page follows.
        cursors.pop();
        let late = cursors.len() * LATE / 100;
        cursors.into_iter().nth(late).ok_or_else(|| Error::other("too few licenses for a late page"))
    }

    fn list(&self, query: &str, hits: usize) -> Result<()> {
        self.get(&format!("/api/v1/licenses?limit={PAGE}&{query}"), hits)
    }

    fn get(&self, path: &str, hits: usize) -> Result<()> {
        holds(&self.dataset.vendor.get(path)?, hits)
    }

    fn post(&self, verb: &str, body: &Value, hits: usize) -> Result<()> {
        let path = format!("/api/v1/licenses/{verb}");
        holds(&self.dataset.vendor.post(path.trim_end_matches('/'), body)?, hits)
    }
}

/// Whether the answer is about so many licenses: a fast wrong answer is no figure.
fn holds(answer: &str, hits: usize) -> Result<()> {
    let found = answer.matches("\"license_id\":").count();
    if found == hits {
        return Ok(());
    }
    Err(Error::other(format!("{found} licenses instead of {hits}: {answer:.200}")))
}

/// As part of a query.
fn quoted(text: &str) -> String {
    text.replace('%', "%25").replace(' ', "%20").replace('+', "%2B").replace('&', "%26")
}
