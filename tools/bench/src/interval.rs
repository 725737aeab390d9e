//! How sure a median is.

/// The chance that is left on each side of a 95 % interval.
const TAIL: f64 = 0.025;

/// The 95 % interval of a median, from at least six values. It counts ranks, as a sign test does, so it holds however the
/// values are distributed: each of them is above the true median with chance 1/2.
pub fn of_median(values: &[f64]) -> (f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    // `chance` is that of exactly `rank` values above the median, `tail` of at most so many.
    let (mut rank, mut chance) = (0, 0.5_f64.powf(n as f64));
    let mut tail = chance;
    while tail <= TAIL {
        chance *= (n - rank) as f64 / (rank + 1) as f64;
        rank += 1;
        tail += chance;
    }
    (sorted[rank - 1], sorted[n - rank])
}

#[cfg(test)]
mod tests {
    use super::of_median;

    #[test]
    fn the_ranks_are_those_of_the_tables() {
        for (n, expected) in [(6, (1.0, 6.0)), (9, (2.0, 8.0)), (15, (4.0, 12.0)), (30, (10.0, 21.0))] {
            let values: Vec<f64> = (1..=n).rev().map(f64::from).collect();
            assert_eq!(of_median(&values), expected, "{n}");
        }
    }
}
