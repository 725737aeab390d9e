//! Trials in a guarded program (`spec/license.md` §2.11, `spec/activation.md` §4.7).
