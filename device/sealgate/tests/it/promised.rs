//! What the source of this design promises, line by line: the start, the log's examples, what triggers grace and what does not. What an action may do
//! besides is in `guard.rs`.

pub(crate) mod features;
mod grace;
mod log;
mod start;
