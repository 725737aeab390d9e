//! Any bytes as the body of a shard (`spec/revocation.md` §2): the parameter, then how many slots are listed in three bytes, then the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate_artifact::ShardBody;

fuzz_target!(|bytes: &[u8]| {
    let Some(([k, a, b, c], body)) = bytes.split_first_chunk() else { return };
    let count = u32::from_be_bytes([0, *a, *b, *c]);
    let Ok(read) = ShardBody::read(*k, count, body) else { return };
    let slots: Vec<u32> = read.slots().collect();
    assert_eq!(slots.len(), usize::try_from(count).expect("few"));
    assert!(slots.windows(2).all(|two| two[0] < two[1]) && slots.iter().all(|slot| *slot < 1 << 20));
    for slot in slots.iter().take(64).flat_map(|slot| slot.saturating_sub(1)..=slot + 1) {
        assert_eq!(read.lists(slot), slots.binary_search(&slot).is_ok(), "slot {slot}");
    }
    // Nobody writes these slots longer than the shortest.
    let Some(written) = ShardBody::of(&slots) else { return assert!(slots.is_empty()) };
    assert!(written.bytes().len() <= body.len());
    assert!(written.slots().eq(slots));
    assert_eq!(ShardBody::read(written.k(), written.count(), written.bytes()), Ok(written));
});
