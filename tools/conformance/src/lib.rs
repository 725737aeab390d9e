//! Writes and replays the vectors in `vectors/`.
//!
//! What a vector expects must never be computed by the code under test: statements are written as text, signed bytes
//! are put together and ids are hashed here, a second time. The private keys in this crate are public knowledge.
#![expect(clippy::disallowed_methods, reason = "vector files are this tool's whole purpose")]

mod admission;
mod asked;
mod bytes;
mod cases;
mod contents;
mod contract;
mod courier;
mod files;
mod forge;
mod guard;
mod offline;
mod points;
mod replay;
mod revocation;
mod seeds;
mod vector;

pub use asked::{
    Acknowledging, Beaten, BundleShown, Certified, Chain, ChainShown, Decided, KeyClaim, Memory, Proved,
    Published, ReAnchorShown, Remembered, SeedChained, ShardShown, ShownHead, SignatureClaim, SnapshotShown,
};
pub use bytes::Bytes;
pub use cases::{Case, all as all_cases};
pub use contents::{answer_contents, contents};
pub use contract::{answer_point, answer_vector, verify_file};
pub use courier::write_files;
pub use files::{Difference, generate, read_all, verify};
pub use guard::{
    FeaturesAsked, ShownAdmission, ShownAntiTamper, ShownClock, ShownEnding, ShownFinding, ShownFreshness,
    ShownHeartbeat, ShownHeld, ShownLatch, ShownLocal, ShownPolicy, StateAsked, TenantsAsked, TimeAsked,
    TimeEvent,
};
pub use points::{Point, points};
pub use replay::answer;
pub use seeds::write_seeds;
pub use vector::{Artifact, Question, Vector};
