//! Where the records of a CSV file stand.

use csv::ByteRecord;

/// Tells on which line each record begins. Lines end with LF, CR LF or CR, as the reader takes them.
pub(super) struct Places<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Places<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, line: 1 }
    }

    /// The line of a record that stands behind the one asked about before.
    pub(super) fn line(&mut self, record: &ByteRecord) -> u64 {
        let from =
            record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX));
        // The reader is before empty lines, and before the LF of the CR LF that ended the last record.
        let rest = self.bytes.get(from..).unwrap_or_default();
        let begin = from + rest.iter().take_while(|b| b"\r\n".contains(b)).count();
        while self.at < begin.min(self.bytes.len()) {
            let next = self.bytes.get(self.at + 1);
            let is_end = match self.bytes[self.at] {
                b'\n' => true,
                b'\r' => next != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(is_end);
            self.at += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Places;

    proptest! {
        #[test]
        fn every_record_is_named_by_the_line_on_which_it_begins(
            records in prop::collection::vec(("[a-c]{1,3}", "[xy]{0,2}((\r\n|\r|\n)[xy]){0,3}", 1_usize..4, 0_usize..4), 1..20),
        ) {
            let ends = ["\n", "\r\n", "\r"];
            let (mut text, mut line, mut expected) = (String::new(), 1, vec![]);
            for (label, quoted, empty, end) in &records {
                expected.push((label.clone(), line));
                let record = format!("{label},\"{quoted}\"");
                // What would become one end together with the next is no end of its own.
                let ends: Vec<&str> = (0..*empty).map(|n| ends[(end + if *end == 3 { n } else { 0 }) % 3]).collect();
                let record = record + &ends.concat();
                line += record.replace("\r\n", "\n").matches(['\r', '\n']).count() as u64;
                text += &record;
            }
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let mut places = Places::new(text.as_bytes());
            let found: Vec<(String, u64)> = reader.byte_records().map(|record| {
                let record = record.expect("memory is read");
                (String::from_utf8_lossy(&record[0]).into_owned(), places.line(&record))
            }).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
