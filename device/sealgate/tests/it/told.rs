//! What a program logs while it does something.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Does it, and returns each line that was logged meanwhile in this thread: the level, a space, and the text.
pub(crate) fn told<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let done = tracing::subscriber::with_default(Lines(lines.clone()), work);
    let lines = lines.lock().expect("nobody panicked with it").clone();
    (done, lines)
}

/// Whether one of these lines has this level and all of these words.
#[track_caller]
pub(crate) fn says(lines: &[String], level: &str, words: &[&str]) {
    let fits = |line: &&String| line.starts_with(level) && words.iter().all(|word| line.contains(word));
    assert!(lines.iter().any(|line| fits(&line)), "{level} {words:?} is not in {lines:#?}");
}

struct Lines(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            write!(self.0, "{value:?}").expect("a string takes it");
        }
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("sealgate::guard")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(format!("{} ", event.metadata().level()));
        event.record(&mut text);
        self.0.lock().expect("nobody panicked with it").push(text.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
