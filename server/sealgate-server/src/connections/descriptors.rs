//! How many files and connections the system lets this process have.

use std::num::NonZeroU32;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept back for the database, keys and whatever else is opened. Blocks a server that cannot read its own files because
/// of those who connect.
const KEPT_BACK: u64 = 128;

/// How many connections there may be: as many as are wanted, or as the system allows. Raises what the system allows
/// as far as it lets this process.
pub(super) fn allow(wanted: NonZeroU32) -> usize {
    let needed = u64::from(wanted.get()) + KEPT_BACK;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let mut has = current.unwrap_or(u64::MAX);
    if has < needed {
        let more = maximum.map_or(needed, |maximum| maximum.min(needed));
        if setrlimit(Resource::Nofile, Rlimit { current: Some(more), maximum }).is_ok() {
            has = more;
        }
    }
    let most = fit(has, wanted);
    if most < u64::from(wanted.get()) {
        tracing::warn!(target: "sealgate", descriptors = has, most, "max_connections is more than this process may open: raise its limit of open files (ulimit -n, LimitNOFILE)");
    }
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// What fits besides what is kept back; where that is next to nothing, half.
fn fit(descriptors: u64, wanted: NonZeroU32) -> u64 {
    let room = descriptors.saturating_sub(KEPT_BACK).max(descriptors / 2).max(1);
    room.min(u64::from(wanted.get()))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::fit;

    #[test]
    fn a_few_descriptors_are_kept_back() {
        let fit = |descriptors, wanted| fit(descriptors, NonZeroU32::new(wanted).expect("not zero"));
        assert_eq!((fit(1_024, 2_000), fit(65_536, 2_000), fit(u64::MAX, 7)), (896, 2_000, 7));
        assert_eq!((fit(128, 2_000), fit(0, 2_000)), (64, 1));
    }
}
