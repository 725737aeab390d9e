//! Numbered sentences with their timing.
#![expect(clippy::disallowed_methods, reason = "the demo times its own steps")]

use std::time::Instant;

use serde_json::json;

use crate::output::{Output, say};

/// What was told so far.
pub(super) struct Story {
    json: bool,
    quiet: bool,
    began: Instant,
    last: Instant,
    told: u32,
}

impl Story {
    pub(super) fn begin(output: &Output) -> Self {
        let now = Instant::now();
        Self { json: output.json, quiet: output.quiet, began: now, last: now, told: 0 }
    }

    /// Tells what was done since the last sentence.
    pub(super) fn tell(&mut self, sentence: &str) {
        let took = self.last.elapsed();
        self.told += 1;
        if self.json {
            say!("{}", json!({ "step": self.told, "sentence": sentence, "micros": took.as_micros() }));
        } else if !self.quiet {
            say!("{:>2}. {sentence}  [{:.1} ms]", self.told, took.as_secs_f64() * 1000.0);
        }
        self.last = Instant::now();
    }

    pub(super) fn end(&self) {
        if !self.json && !self.quiet {
            say!("\n{} steps in {:.2} s, each checked.", self.told, self.began.elapsed().as_secs_f64());
        }
    }
}
