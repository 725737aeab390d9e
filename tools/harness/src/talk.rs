//! Where a conversation with PostgreSQL stands, read from the bytes that pass.

/// Seen from between the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Talk {
    /// No transaction is open.
    #[default]
    Outside,
    /// BEGIN was sent: statements and their answers pass.
    Open,
    /// COMMIT was sent, and not answered.
    Committing,
}

impl Talk {
    /// What the client sends.
    pub(crate) fn asked(&mut self, bytes: &[u8]) {
        let says = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
        if *self == Self::Outside && says(b"BEGIN\0") {
            *self = Self::Open;
        }
        if *self == Self::Open && says(b"COMMIT\0") {
            *self = Self::Committing;
        }
    }

    /// What the server sends. An answer ends with whether a transaction is open.
    pub(crate) fn answered(&mut self, bytes: &[u8]) {
        if let [.., b'Z', 0, 0, 0, 5, b'I'] = bytes {
            *self = Self::Outside;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_lasts_from_begin_to_the_answer_of_commit() {
        let mut talk = Talk::default();
        talk.asked(b"Q\0\0\0\x0fSELECT 1;\0");
        assert_eq!(talk, Talk::Outside);
        talk.asked(b"Q\0\0\0\x0aBEGIN\0");
        talk.answered(b"C\0\0\0\x0aBEGIN\0Z\0\0\0\x05T");
        assert_eq!(talk, Talk::Open);
        talk.asked(b"Q\0\0\0\x2cSET LOCAL statement_timeout = 0; COMMIT\0");
        talk.answered(b"C\0\0\0\x08SET\0");
        assert_eq!(talk, Talk::Committing);
        talk.answered(b"C\0\0\0\x0bCOMMIT\0Z\0\0\0\x05I");
        assert_eq!(talk, Talk::Outside);
    }
}
