//! One JSON line a figure.

use serde_json::{Value, json};

use crate::interval;
use crate::welch::Verdict;

/// A program is no worse than its former build if the median of the ratios is at least this.
const AS_GOOD: f64 = 0.98;

/// Which of two figures is the better one.
pub enum Better {
    More,
    Less,
}

/// Prints a ratio with both absolutes: medians over the rounds.
pub fn ratio(name: &str, unit: &str, values: &[f64], limits: &[f64], goal: impl Into<Option<f64>>) {
    let ratios: Vec<f64> = values.iter().zip(limits).map(|(v, l)| v / l).collect();
    let line = json!({
        "name": name,
        "value": round(median(values)),
        "unit": unit,
        "limit": round(median(limits)),
        "ratio": thousandths(median(&ratios)),
        "goal": goal.into(),
        "rounds": values.len(),
        "min": thousandths(smallest(&ratios)),
        "max": thousandths(largest(&ratios)),
    });
    println!("{line}");
}

/// Prints a program's figures beside those of its former build: medians over the rounds, and a ratio that is above 1 if the
/// program got better, with its 95 % interval. Returns whether it is not worse: the ratio is about 1, or may be.
pub fn beside(name: &str, unit: &str, [new, former]: &[Vec<f64>; 2], better: Better) -> bool {
    let ratio = |(new, former): (&f64, &f64)| match better {
        Better::More => new / former,
        Better::Less => former / new,
    };
    let ratios: Vec<f64> = new.iter().zip(former).map(ratio).collect();
    let (low, high) = interval::of_median(&ratios);
    let ok = median(&ratios) >= AS_GOOD || (low..=high).contains(&1.0);
    let line = json!({
        "name": name,
        "value": round(median(new)),
        "unit": unit,
        "limit": round(median(former)),
        "ratio": thousandths(median(&ratios)),
        "interval": [thousandths(low), thousandths(high)],
        "goal": AS_GOOD,
        "ok": ok,
        "rounds": ratios.len(),
        "min": thousandths(smallest(&ratios)),
        "max": thousandths(largest(&ratios)),
    });
    println!("{line}");
    ok
}

/// Prints times beside others: medians over the rounds, and by how much they are longer, with the 95 % interval of that.
pub fn times(name: &str, values: &[f64], limits: &[f64], goal: f64) {
    let ratios: Vec<f64> = values.iter().zip(limits).map(|(v, l)| v / l).collect();
    let (low, high) = interval::of_median(&ratios);
    let line = json!({
        "name": name,
        "value": round(median(values)),
        "unit": "µs",
        "limit": round(median(limits)),
        "ratio": thousandths(median(&ratios)),
        "interval": [thousandths(low), thousandths(high)],
        "goal": goal,
        "rounds": ratios.len(),
        "min": thousandths(smallest(&ratios)),
        "max": thousandths(largest(&ratios)),
    });
    println!("{line}");
}

/// Prints an absolute figure.
pub fn figure(name: &str, unit: &str, values: &[f64]) {
    print(name, unit, values, None);
}

/// Prints an absolute figure that has a goal.
pub fn figure_with_goal(name: &str, unit: &str, values: &[f64], goal: f64) {
    print(name, unit, values, Some(goal));
}

/// Prints a length.
pub fn bytes(name: &str, count: usize, goal: Option<f64>) {
    print(name, "bytes", &[count as f64], goal);
}

/// Prints how sure it is that two sets of times differ.
pub fn t_test(name: &str, verdict: &Verdict, goal: f64) {
    let line = json!({
        "name": name,
        "value": (verdict.t.abs() * 100.0).round() / 100.0,
        "unit": "|t|",
        "limit": Value::Null,
        "ratio": Value::Null,
        "goal": goal,
        "n": verdict.n,
        "crop": (verdict.percentile * 100.0).round() / 100.0,
        "difference_us": thousandths(verdict.difference),
    });
    println!("{line}");
}

fn print(name: &str, unit: &str, values: &[f64], goal: Option<f64>) {
    let line = json!({
        "name": name,
        "value": round(median(values)),
        "unit": unit,
        "limit": Value::Null,
        "ratio": Value::Null,
        "goal": goal,
        "rounds": values.len(),
        "min": round(smallest(values)),
        "max": round(largest(values)),
    });
    println!("{line}");
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The time that the slowest hundredth takes at least.
pub fn hundredth(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() * 99 / 100).min(sorted.len() - 1)]
}

fn smallest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
