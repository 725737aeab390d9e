//! What an ELF file says of itself: its version and who signed it, in a note (`spec/activation.md` §2.4).
//!
//! Reading it never fails: a file that says nothing, or nothing that can be read, says nothing.

use crate::limits;

/// The note's owner, with the NUL that ends it.
const OWNER: &[u8; 9] = b"Sealgate\0";
/// The note's type.
const TYPE: u32 = 1;
/// The section that holds it.
const SECTION: &[u8] = b".note.sealgate";
/// Sections that are looked at. A file may name 65,279 without an extension, and a hostile one does.
const SECTIONS: usize = 4096;
/// Bytes of notes that are looked at in one section.
const NOTE_BYTES: u64 = 4096;
/// The largest table of section names that is copied.
const NAME_BYTES: u64 = 1 << 20;
const NOTE_SECTION: u32 = 7;
const NOBITS: u32 = 8;

/// Reads so many bytes of a file at an offset; `None` where they are not there.
pub type ReadAt<'a> = &'a dyn Fn(u64, usize) -> Option<Vec<u8>>;

/// What an ELF file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleNote {
    /// The product's version.
    pub version: String,
    /// Who signed it: the id of the vendor's update key.
    pub signer: String,
}

/// Why a file gets no note. It is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoNote {
    /// No ELF file.
    #[error("it is no ELF file")]
    NotElf,
    /// There is no table of sections that an entry could be added to.
    #[error("it has no table of sections, or one that cannot be read")]
    NoSections,
    /// Something was put behind the file, and is found by where the file ends.
    #[error("something else is attached behind its sections")]
    Attached,
    /// It has one that says something else.
    #[error("it says another version or signer of itself already")]
    Other,
    /// The version or the signer is not 1 to 64 bytes without control characters.
    #[error("a version and a signer have 1 to 64 bytes, none of them a control character")]
    Unwritable,
}

impl ModuleNote {
    /// The note of a file, read in few small parts. Of several, the first counts.
    pub fn find(read: ReadAt<'_>) -> Option<Self> {
        let elf = Elf::read(read)?;
        elf.sections(read)?.iter().filter(|section| section.kind == NOTE_SECTION).find_map(|section| {
            let bytes = read(section.offset, usize::try_from(section.size.min(NOTE_BYTES)).ok()?)?;
            Self::among(&elf, &bytes)
        })
    }

    /// The same of a whole file.
    pub fn of_file(file: &[u8]) -> Option<Self> {
        Self::find(&|at, len| part(file, at, len as u64).map(<[u8]>::to_vec))
    }

    /// The file with this note: what it had stays where it was, byte for byte, and the note and a table of sections that lists
    /// it come behind. So nothing that is loaded changes.
    pub fn added_to(&self, file: &[u8]) -> Result<Vec<u8>, NoNote> {
        if ![&self.version, &self.signer].into_iter().all(|text| is_short(text)) {
            return Err(NoNote::Unwritable);
        }
        let read = |at, len: usize| part(file, at, len as u64).map(<[u8]>::to_vec);
        let elf = Elf::read(&read).ok_or(NoNote::NotElf)?;
        match Self::of_file(file) {
            Some(same) if same == *self => return Ok(file.to_vec()),
            Some(_) => return Err(NoNote::Other),
            None => {}
        }
        self.add(&elf, file).ok_or(NoNote::NoSections)?
    }

    fn add(&self, elf: &Elf, file: &[u8]) -> Option<Result<Vec<u8>, NoNote>> {
        let sections = elf.sections(&|at, len| part(file, at, len as u64).map(<[u8]>::to_vec))?;
        let table = part(file, elf.table, elf.entry * sections.len() as u64)?;
        let ends = sections.iter().filter(|section| section.kind != NOBITS);
        let end = ends.map(|section| section.offset.saturating_add(section.size)).max()?;
        let end = end.max(elf.table + table.len() as u64).max(elf.segments_end(file)?);
        // A table is followed by at most what aligns the next one.
        if file.len() as u64 > end.next_multiple_of(8) {
            return Some(Err(NoNote::Attached));
        }
        let names = sections.get(usize::from(elf.names))?;
        if names.size > NAME_BYTES || sections.len() + 1 >= SECTIONS {
            return None;
        }
        let mut out = file.to_vec();
        let align = |out: &mut Vec<u8>| out.resize(out.len().next_multiple_of(8), 0);
        align(&mut out);
        let note_at = out.len() as u64;
        out.extend(self.bytes(elf));
        let note_size = out.len() as u64 - note_at;
        let names_at = out.len() as u64;
        out.extend(part(file, names.offset, names.size)?);
        let name = u32::try_from(names.size).ok()?;
        out.extend(SECTION);
        out.push(0);
        let names_size = out.len() as u64 - names_at;
        align(&mut out);
        let table_at = out.len() as u64;
        out.extend(table);
        let moved = usize::try_from(table_at + elf.entry * u64::from(elf.names)).ok()?;
        elf.place(&mut out[moved..], names_at, names_size);
        let mut header = vec![0; usize::try_from(elf.entry).ok()?];
        elf.put32(&mut header[0..], name);
        elf.put32(&mut header[4..], NOTE_SECTION);
        elf.place(&mut header, note_at, note_size);
        elf.put_word(&mut header[elf.at(32, 48)..], 4);
        out.extend(header);
        elf.put_word(&mut out[elf.at(32, 40)..], table_at);
        elf.put16(&mut out[elf.at(48, 60)..], u16::try_from(sections.len() + 1).ok()?);
        Some(Ok(out))
    }

    fn bytes(&self, elf: &Elf) -> Vec<u8> {
        let text = [self.version.as_bytes(), b"\0", self.signer.as_bytes()].concat();
        let mut note = vec![0; 12];
        elf.put32(&mut note[0..], u32::try_from(OWNER.len()).unwrap_or_default());
        elf.put32(&mut note[4..], u32::try_from(text.len()).unwrap_or_default());
        elf.put32(&mut note[8..], TYPE);
        for part in [&OWNER[..], &text] {
            note.extend(part);
            note.resize(note.len().next_multiple_of(4), 0);
        }
        note
    }

    fn among(elf: &Elf, mut notes: &[u8]) -> Option<Self> {
        while notes.len() >= 12 {
            let [name_length, text, kind] = [0, 4, 8].map(|at| elf.get32(&notes[at..]));
            let owner_end = 12 + u64::from(name_length);
            let text_at = owner_end.next_multiple_of(4);
            let owned = part(notes, 12, name_length.into())?;
            let said = part(notes, text_at, text.into())?;
            if (owned, kind) == (&OWNER[..], TYPE) {
                return Self::parse(said);
            }
            let next = usize::try_from((text_at + u64::from(text)).next_multiple_of(4)).ok()?;
            notes = notes.get(next..)?;
        }
        None
    }

    fn parse(said: &[u8]) -> Option<Self> {
        let (version, signer) = std::str::from_utf8(said).ok()?.split_once('\0')?;
        let is_good = is_short(version) && is_short(signer);
        is_good.then(|| Self { version: version.to_owned(), signer: signer.to_owned() })
    }
}

fn is_short(text: &str) -> bool {
    (1..=limits::VERSION_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// So many bytes from there on, if all of them are there.
fn part(bytes: &[u8], at: u64, len: u64) -> Option<&[u8]> {
    let begin = usize::try_from(at).ok()?;
    bytes.get(begin..begin.checked_add(usize::try_from(len).ok()?)?)
}

/// How a file's header says that it is to be read.
struct Elf {
    is_64: bool,
    is_big: bool,
    /// Where the table of sections begins, how long an entry is, how many there are, and which one has the names.
    table: u64,
    entry: u64,
    count: u16,
    names: u16,
}

/// A section, as far as it matters here.
struct Section {
    kind: u32,
    offset: u64,
    size: u64,
}

impl Elf {
    fn read(read: ReadAt<'_>) -> Option<Self> {
        let ident = read(0, 16)?;
        let (is_64, is_big) = match (ident.get(..4)?, ident[4], ident[5]) {
            (b"\x7fELF", class @ (1 | 2), order @ (1 | 2)) => (class == 2, order == 2),
            _ => return None,
        };
        let mut elf = Self { is_64, is_big, table: 0, entry: 0, count: 0, names: 0 };
        let header = read(0, elf.at(52, 64))?;
        elf.table = elf.get_word(&header[elf.at(32, 40)..]);
        elf.entry = elf.get16(&header[elf.at(46, 58)..]).into();
        elf.count = elf.get16(&header[elf.at(48, 60)..]);
        elf.names = elf.get16(&header[elf.at(50, 62)..]);
        Some(elf)
    }

    /// Every section; `None` where there is no table, or none that can be read.
    fn sections(&self, read: ReadAt<'_>) -> Option<Vec<Section>> {
        let (count, length) = (usize::from(self.count), self.at(40, 64));
        if self.table == 0 || self.entry != length as u64 || !(1..=SECTIONS).contains(&count) {
            return None;
        }
        let table = read(self.table, length * count)?;
        let section = |entry: &[u8]| Section {
            kind: self.get32(&entry[4..]),
            offset: self.get_word(&entry[self.at(16, 24)..]),
            size: self.get_word(&entry[self.at(20, 32)..]),
        };
        Some(table.chunks_exact(length).map(section).collect())
    }

    /// Where the last segment ends that is loaded or read.
    fn segments_end(&self, file: &[u8]) -> Option<u64> {
        let table = self.get_word(&file[self.at(28, 32)..]);
        let entry = u64::from(self.get16(&file[self.at(42, 54)..]));
        let count = u64::from(self.get16(&file[self.at(44, 56)..]));
        if count == 0 {
            return Some(0);
        }
        if entry != self.at(32, 56) as u64 {
            return None;
        }
        let segments = part(file, table, entry * count)?.chunks_exact(usize::try_from(entry).ok()?);
        let end = |segment: &[u8]| {
            let offset = self.get_word(&segment[self.at(4, 8)..]);
            offset.saturating_add(self.get_word(&segment[self.at(16, 32)..]))
        };
        segments.map(end).max()
    }

    /// Says in a section's entry where it is and how long.
    fn place(&self, entry: &mut [u8], offset: u64, size: u64) {
        self.put_word(&mut entry[self.at(16, 24)..], offset);
        self.put_word(&mut entry[self.at(20, 32)..], size);
    }

    /// The place of a field in a file of 32 or of 64 bits.
    fn at(&self, in_32: usize, in_64: usize) -> usize {
        if self.is_64 { in_64 } else { in_32 }
    }

    fn get16(&self, bytes: &[u8]) -> u16 {
        let bytes = [bytes[0], bytes[1]];
        if self.is_big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn get32(&self, bytes: &[u8]) -> u32 {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if self.is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    fn get_word(&self, bytes: &[u8]) -> u64 {
        if !self.is_64 {
            return self.get32(bytes).into();
        }
        let halves = [self.get32(bytes).into(), self.get32(&bytes[4..]).into()];
        let [high, low]: [u64; 2] = if self.is_big { halves } else { [halves[1], halves[0]] };
        high << 32 | low
    }

    fn put16(&self, to: &mut [u8], value: u16) {
        to[..2].copy_from_slice(&if self.is_big { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn put32(&self, to: &mut [u8], value: u32) {
        to[..4].copy_from_slice(&if self.is_big { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn put_word(&self, to: &mut [u8], value: u64) {
        if self.is_64 {
            to[..8].copy_from_slice(&if self.is_big { value.to_be_bytes() } else { value.to_le_bytes() });
        } else {
            self.put32(to, u32::try_from(value).unwrap_or(u32::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ModuleNote, NoNote};

    fn note() -> ModuleNote {
        ModuleNote { version: "2.1.0".to_owned(), signer: "4f1d2c3b4a59687766554433221100ff".to_owned() }
    }

    #[test]
    fn a_program_says_what_was_written_into_it() {
        let before = small(true, false);
        assert_eq!(ModuleNote::of_file(&before), None);
        let after = note().added_to(&before).expect("can be written");
        assert_eq!(ModuleNote::of_file(&after), Some(note()));
        assert_eq!(note().added_to(&after).as_ref(), Ok(&after), "once is enough");
        // Whatever is loaded stands in what there was, and only the header's two fields about sections changed.
        let differing = (0..before.len()).filter(|at| before[*at] != after[*at]);
        assert!(
            differing.clone().all(|at| (40..48).contains(&at) || (60..62).contains(&at)),
            "{differing:?}"
        );
        let other = ModuleNote { version: "2.2.0".to_owned(), ..note() };
        assert_eq!(other.added_to(&after), Err(NoNote::Other));
    }

    #[test]
    fn what_is_attached_behind_a_program_is_not_torn_off() {
        let mut file = small(true, false);
        file.extend([7; 64]);
        assert_eq!(note().added_to(&file), Err(NoNote::Attached));
    }

    #[test]
    fn what_is_no_program_gets_no_note() {
        for file in [
            &b""[..],
            b"#!/bin/sh\n",
            b"\x7fELF",
            &[0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert_eq!(note().added_to(file), Err(NoNote::NotElf));
            assert_eq!(ModuleNote::of_file(file), None);
        }
        let mut stripped = b"\x7fELF\x02\x01\x01".to_vec();
        stripped.resize(64, 0);
        assert_eq!(note().added_to(&stripped), Err(NoNote::NoSections));
        let long = ModuleNote { version: "v".repeat(65), ..note() };
        assert_eq!(long.added_to(&stripped), Err(NoNote::Unwritable));
    }

    /// A small file with one empty section of names.
    fn small(is_64: bool, is_big: bool) -> Vec<u8> {
        let mut file = b"\x7fELF".to_vec();
        file.extend([if is_64 { 2 } else { 1 }, if is_big { 2 } else { 1 }, 1]);
        let (header, entry) = if is_64 { (64, 64) } else { (52, 40) };
        file.resize(header + 2 * entry, 0);
        let (table_at, entry_at) = if is_64 { (40, 58) } else { (32, 46) };
        let mut put = |at: usize, value: u8, len: usize| file[if is_big { at + len - 1 } else { at }] = value;
        put(table_at, u8::try_from(header).expect("small"), if is_64 { 8 } else { 4 });
        put(entry_at, u8::try_from(entry).expect("small"), 2);
        put(entry_at + 2, 2, 2);
        put(entry_at + 4, 1, 2);
        file
    }

    #[test]
    fn every_width_and_order_of_bytes_is_read() {
        for (is_64, is_big) in [(true, false), (true, true), (false, false), (false, true)] {
            let file = note().added_to(&small(is_64, is_big)).expect("can be written");
            assert_eq!(ModuleNote::of_file(&file), Some(note()), "{is_64} {is_big}");
        }
    }

    proptest! {
        /// No file ends the program that reads it, whatever was changed in it or cut off.
        #[test]
        fn any_file_is_read(
            changes in prop::collection::vec((0..600_usize, any::<u8>()), 0..12),
            (is_64, is_big) in any::<(bool, bool)>(),
            cut in 0..600_usize,
        ) {
            let mut file = note().added_to(&small(is_64, is_big)).expect("can be written");
            for (at, byte) in changes {
                if let Some(place) = file.get_mut(at) {
                    *place = byte;
                }
            }
            file.truncate(cut);
            let _ = ModuleNote::of_file(&file);
            let _ = note().added_to(&file);
        }
    }
}
