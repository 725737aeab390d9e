//! Welch's t after cropping, as dudect does it: whether two sets of times come from different distributions.

/// Crops that are tried, besides none.
const CROPS: i32 = 100;
/// With fewer times left, a test says nothing.
const LEAST: usize = 10_000;

/// The test of all crops whose |t| is largest.
pub struct Verdict {
    pub t: f64,
    /// Times above this percentile of both sets together were left out; 100 is none.
    pub percentile: f64,
    /// Times of both sets that were left.
    pub n: usize,
    /// The difference of the means, in the unit of the times.
    pub difference: f64,
}

/// The largest |t| over all crops.
pub fn judge(a: &[f64], b: &[f64]) -> Verdict {
    let mut sorted = [a, b].concat();
    sorted.sort_by(f64::total_cmp);
    let mut worst = test(a, b, f64::INFINITY, 1.0);
    for crop in 1..=CROPS {
        // Dense where most times are: half of the crops leave out less than 3 %.
        let share = 1.0 - 0.5_f64.powf(10.0 * f64::from(crop) / f64::from(CROPS));
        let at_most = sorted[((sorted.len() - 1) as f64 * share) as usize];
        let tried = test(a, b, at_most, share);
        if tried.n >= LEAST && tried.t.abs() > worst.t.abs() {
            worst = tried;
        }
    }
    worst
}

fn test(a: &[f64], b: &[f64], at_most: f64, share: f64) -> Verdict {
    let ((n, mean, variance), (m, other, spread)) = (moments(a, at_most), moments(b, at_most));
    let difference = mean - other;
    Verdict {
        t: difference / (variance / n + spread / m).sqrt(),
        percentile: share * 100.0,
        n: (n + m) as usize,
        difference,
    }
}

/// Count, mean and variance of what is not cropped.
fn moments(times: &[f64], at_most: f64) -> (f64, f64, f64) {
    let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for time in times.iter().filter(|time| **time <= at_most) {
        n += 1.0;
        let off = time - mean;
        mean += off / n;
        squares += off * (time - mean);
    }
    (n, mean, squares / (n - 1.0))
}

#[cfg(test)]
mod tests {
    use super::judge;

    fn times(shift: f64) -> Vec<f64> {
        (0..40_000_u64).map(|n| ((n * 7919) % 1009) as f64 / 10.0 + shift).collect()
    }

    #[test]
    fn a_small_shift_is_seen_and_none_is_not() {
        assert!(judge(&times(0.0), &times(0.0)).t.abs() < 0.1);
        let seen = judge(&times(2.0), &times(0.0));
        assert!(seen.t > 4.5 && seen.difference > 0.0);
    }
}
