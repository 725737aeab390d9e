//! Early releases: taking a seat back while the device can still work without the server (`spec/http.md` §3.10).

use sealgate_artifact::MaxDevices;

/// Early releases that are left this year after `released` of them; each seat grants `per_seat`. `None` where devices are
/// not counted, because a release then gives nothing away.
pub fn releases_left(max_devices: MaxDevices, per_seat: u32, released: u64) -> Option<u64> {
    let seats = max_devices.seats()?;
    Some((u64::from(seats) * u64::from(per_seat)).saturating_sub(released))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::MaxDevices;

    use super::releases_left;

    proptest! {
        /// Never more than was granted, and each release uses up one.
        #[test]
        fn an_allowance_runs_out(seats in 1u32..1_000_000, per_seat in 0u32..1000, released in 0u64..1_000_000_000) {
            let left = releases_left(MaxDevices::Limited(seats), per_seat, released).expect("counted");
            let next = releases_left(MaxDevices::Limited(seats), per_seat, released + 1).expect("counted");
            prop_assert!(left <= u64::from(seats) * u64::from(per_seat));
            prop_assert_eq!(next, left.saturating_sub(1));
        }
    }

    #[test]
    fn without_seats_there_is_nothing_to_give_away() {
        assert_eq!(releases_left(MaxDevices::Unlimited, 0, 5), None);
    }
}
