//! Counted test results, read from what the test tools print about themselves.

use std::fmt;
use std::ops::AddAssign;

/// Tests that passed and tests that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Tally {
    /// From nextest's closing line: `Summary [ 1.2s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 0 skipped`.
    pub(super) fn of_nextest(output: &str) -> Self {
        let Some((_, results)) = output
            .lines()
            .rev()
            .filter(|line| line.trim_start().starts_with("Summary ["))
            .find_map(|line| line.split_once(" run: "))
        else {
            return Self::default();
        };
        Self::of_parts(results.split(','))
    }

    /// From every `test result: ok. 3 passed; 0 failed; …` of the built-in test harness.
    pub(super) fn of_libtest(output: &str) -> Self {
        let mut sum = Self::default();
        for line in output.lines().filter_map(|line| line.strip_prefix("test result: ")) {
            let results = line.split_once(". ").map_or(line, |(_, results)| results);
            sum += Self::of_parts(results.split(';'));
        }
        sum
    }

    /// From a program that may close with a line `N passed, N failed`; one that prints none counts as one test.
    pub(super) fn of_program(output: &str, well: bool) -> Self {
        let counted = output
            .lines()
            .rev()
            .map(|line| Self::of_parts(line.trim().split(',')))
            .find(|counted| counted.total() > 0)
            .unwrap_or_default();
        match (counted.total(), well) {
            (0, true) => Self { passed: 1, failed: 0 },
            (_, true) => counted,
            (_, false) => counted.at_least_one_failed(),
        }
    }

    /// Every test that was run.
    pub(super) fn total(self) -> u64 {
        self.passed + self.failed
    }

    /// For a failure outside any counted test.
    pub(super) fn at_least_one_failed(self) -> Self {
        Self { failed: self.failed.max(1), ..self }
    }

    fn of_parts<'a>(parts: impl Iterator<Item = &'a str>) -> Self {
        let mut sum = Self::default();
        for part in parts {
            let mut words = part.split_whitespace();
            let Some(count) = words.next().and_then(|word| word.parse::<u64>().ok()) else { continue };
            match words.next() {
                Some("passed") => sum.passed += count,
                Some("failed" | "timed" | "exec") => sum.failed += count,
                _ => {}
            }
        }
        sum
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_summaries_are_counted() {
        let summary = "     Summary [   0.005s] 14 tests run: 10 passed (1 slow, 2 leaky), 2 failed, 1 timed out, 1 exec failed, 3 skipped";
        let output = format!("  Summary [x] 9 tests run: 9 passed\nnoise\n{summary}\nerror: test run failed");
        assert_eq!(Tally::of_nextest(&output), Tally { passed: 10, failed: 4 });
        let cut_short = "  Summary [ 1s] 3/9 tests run: 3 passed, 0 skipped";
        assert_eq!(Tally::of_nextest(cut_short), Tally { passed: 3, failed: 0 });
        assert_eq!(Tally::of_nextest("     Summary [   0.000s] 0 tests run: 0 passed, 0 skipped").total(), 0);
        assert_eq!(Tally::of_nextest("error: could not compile").total(), 0);
    }

    #[test]
    fn harness_results_are_summed() {
        let output = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                      test result: FAILED. 1 passed; 2 failed; 0 ignored\n";
        assert_eq!(Tally::of_libtest(output), Tally { passed: 4, failed: 2 });
    }

    #[test]
    fn a_program_counts_as_one_test_unless_it_counts_itself() {
        assert_eq!(Tally::of_program("hello", true), Tally { passed: 1, failed: 0 });
        assert_eq!(Tally::of_program("hello", false), Tally { passed: 0, failed: 1 });
        assert_eq!(Tally::of_program("7 passed, 0 failed\nbye", true), Tally { passed: 7, failed: 0 });
        assert_eq!(Tally::of_program("7 passed, 0 failed", false), Tally { passed: 7, failed: 1 });
    }

    #[test]
    fn the_closing_line_is_plain() {
        assert_eq!(Tally { passed: 7, failed: 1 }.to_string(), "7 passed, 1 failed");
    }
}
