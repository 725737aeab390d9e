//! Early releases: taking a seat back while the device can still work without the server (`spec/http.md` §3.10).

use sealgate_artifact::MaxDevices;

/// Early releases of a license that are left this year after `released` of them; each seat grants `per_seat` (`spec/license.md` §2.23). Its customer may
/// have a limit of devices: no more seats than that grant any. `None` where devices are not counted, because a release then
/// gives nothing away.
pub fn releases_left(
    (max_devices, of_customer): (MaxDevices, Option<u64>),
    per_seat: u64,
    released: u64,
) -> Option<u64> {
    let seats = max_devices.seats().map(u64::from);
    let counted = match (seats, of_customer) {
        (Some(seats), Some(limit)) => Some(seats.min(limit)),
        (seats, limit) => seats.or(limit),
    };
    Some(counted?.saturating_mul(per_seat).saturating_sub(released))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::MaxDevices;

    use super::releases_left;

    proptest! {
        /// Never more than was granted, and each release uses up one.
        #[test]
        fn an_allowance_runs_out(
            seats in 1u32..1_000_000,
            limit in prop::option::of(1u64..1_000_000),
            per_seat in 0u64..1000,
            released in 0u64..1_000_000_000,
        ) {
            let counted = (MaxDevices::Limited(seats), limit);
            let left = releases_left(counted, per_seat, released).expect("counted");
            let next = releases_left(counted, per_seat, released + 1).expect("counted");
            prop_assert!(left <= limit.unwrap_or(u64::MAX).min(seats.into()) * per_seat);
            prop_assert_eq!(next, left.saturating_sub(1));
        }
    }

    #[test]
    fn without_seats_there_is_nothing_to_give_away() {
        assert_eq!(releases_left((MaxDevices::Unlimited, None), 0, 5), None);
    }

    #[test]
    fn a_customers_limit_counts_where_the_license_has_none() {
        assert_eq!(releases_left((MaxDevices::Unlimited, Some(2)), 3, 5), Some(1));
        assert_eq!(releases_left((MaxDevices::Limited(100), Some(2)), 3, 0), Some(6));
        assert_eq!(releases_left((MaxDevices::Limited(1), Some(2)), 3, 0), Some(3));
    }
}
