//! What the formats promise in numbers.

mod shard_sizes;
