//! Reads a container as it goes by (`spec/container.md` §5).

use crate::contents::Contents;
use crate::layout::{CHECKSUM_BYTES, HEAD_BYTES, Heads, MAGIC};
use crate::{Container, ContainerError, Layout, Purpose};

/// Judges a container that is pushed into it from its first byte to its last, in any pieces: however the file is cut, the result is the
/// same. It keeps nothing of the contents.
///
/// What it finds counts only once [`Reader::finish`] has given it: until then the file may be cut or changed.
#[derive(Debug)]
pub struct Reader {
    /// How many bytes the file has, if that is known.
    size: Option<u64>,
    taken: u64,
    field: Field,
    stage: Stage,
    failed: Option<ContainerError>,
}

/// What the next bytes are.
#[derive(Debug)]
enum Stage {
    Magic,
    Purpose,
    Count(Purpose),
    Head(Heads),
    /// And, behind them, the checksum.
    Contents(Box<Contents>),
}

/// The bytes of a short field, until it is complete.
#[derive(Debug, Default)]
struct Field {
    bytes: [u8; CHECKSUM_BYTES],
    filled: usize,
}

impl Stage {
    /// How long the field is that the next bytes belong to; 0 where they belong to an entry.
    fn field_bytes(&self) -> usize {
        match self {
            Self::Magic => MAGIC.len(),
            Self::Purpose => 1,
            Self::Count(_) => 2,
            Self::Head(_) => HEAD_BYTES,
            Self::Contents(contents) if contents.left() > 0 => 0,
            Self::Contents(_) => CHECKSUM_BYTES,
        }
    }
}

impl Reader {
    /// Reads a file of which this is the size, if that is known.
    pub fn new(size: Option<u64>) -> Self {
        Self { size, taken: 0, field: Field::default(), stage: Stage::Magic, failed: None }
    }

    /// How many bytes may come before the next thing is judged; 0 if none may come any more. Who reads no more than that at once reads
    /// nothing of the contents before all heads were judged.
    pub fn wants(&self) -> u64 {
        match &self.stage {
            Stage::Contents(contents) if contents.left() > 0 => contents.left(),
            stage => (stage.field_bytes() - self.field.filled) as u64,
        }
    }

    /// What the heads say, once all of them were judged (`spec/container.md` §5.1 step 2).
    pub fn layout(&self) -> Option<&Layout> {
        match &self.stage {
            Stage::Contents(contents) => Some(contents.layout()),
            _ => None,
        }
    }

    /// The next bytes of the file. After a fault, it says the same fault again.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ContainerError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let taken = self.take(bytes);
        if let Err(failed) = &taken {
            self.failed = Some(failed.clone());
        }
        taken
    }

    /// There are no further bytes: the container, if it is whole.
    pub fn finish(self) -> Result<Container, ContainerError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let has = self.taken;
        match self.stage {
            // spec/container.md §5.1 step 1: also a file that ends within magic and version.
            Stage::Magic => Err(ContainerError::Unknown),
            Stage::Contents(contents) => {
                let needs = contents.layout().file_bytes();
                if has < needs {
                    return Err(ContainerError::Truncated { has, needs: Some(needs) });
                }
                // spec/container.md §5.1 step 4, and step 5.
                if self.field.bytes != contents.checksum() {
                    return Err(ContainerError::Damaged);
                }
                contents.end()
            }
            _ => Err(ContainerError::Truncated { has, needs: None }),
        }
    }

    fn take(&mut self, mut bytes: &[u8]) -> Result<(), ContainerError> {
        while !bytes.is_empty() {
            let some = match &mut self.stage {
                Stage::Contents(contents) if contents.left() > 0 => contents.take(bytes),
                _ => self.fill(bytes)?,
            };
            bytes = &bytes[some..];
            self.taken += some as u64;
        }
        Ok(())
    }

    /// Takes bytes of the present field, and judges it once it is complete. Says how many.
    fn fill(&mut self, bytes: &[u8]) -> Result<usize, ContainerError> {
        let length = self.stage.field_bytes();
        let wanted = length - self.field.filled;
        // spec/container.md §1.2: nothing follows the checksum.
        if wanted == 0 {
            return Err(ContainerError::TooLong { needs: self.taken });
        }
        let some = wanted.min(bytes.len());
        self.field.bytes[self.field.filled..][..some].copy_from_slice(&bytes[..some]);
        self.field.filled += some;
        if self.field.filled == length
            && let Some(next) = self.judge()?
        {
            self.stage = next;
        }
        Ok(some)
    }

    /// What follows the field that is complete. `None` behind the checksum, which is judged when nothing follows it.
    fn judge(&mut self) -> Result<Option<Stage>, ContainerError> {
        let field = self.field.bytes;
        let next = match &mut self.stage {
            Stage::Magic => check_magic(&field)?,
            Stage::Purpose => self.check_purpose(field[0])?,
            Stage::Count(purpose) => {
                Stage::Head(Heads::new(*purpose, u16::from_be_bytes([field[0], field[1]]).into())?)
            }
            Stage::Head(heads) => {
                let length = field[1..HEAD_BYTES].try_into().expect("8 of 9 bytes");
                heads.take(field[0], u64::from_be_bytes(length))?;
                self.field.filled = 0;
                if !heads.is_complete() {
                    return Ok(None);
                }
                let layout = heads.end()?;
                self.check_size(layout)?
            }
            Stage::Contents(_) => return Ok(None),
        };
        self.field.filled = 0;
        Ok(Some(next))
    }

    /// A file that is known to be larger than any of its purpose is refused before its heads are read.
    fn check_purpose(&self, number: u8) -> Result<Stage, ContainerError> {
        let purpose = Purpose::of_number(number).ok_or(ContainerError::Purpose(number))?;
        match self.size {
            // spec/container.md §3.2.
            Some(size) if size > purpose.most_bytes() => Err(ContainerError::FileTooLarge { purpose, size }),
            _ => Ok(Stage::Count(purpose)),
        }
    }

    /// The file's size, as far as it is known, is the sum of all parts.
    fn check_size(&self, layout: Layout) -> Result<Stage, ContainerError> {
        let needs = layout.file_bytes();
        match self.size {
            Some(has) if has < needs => Err(ContainerError::Truncated { has, needs: Some(needs) }),
            Some(has) if has > needs => Err(ContainerError::TooLong { needs }),
            _ => Ok(Stage::Contents(Box::new(Contents::new(layout)))),
        }
    }
}

impl Container {
    /// Reads a file that is in memory.
    pub fn read(file: &[u8]) -> Result<Self, ContainerError> {
        let mut reader = Reader::new(Some(file.len() as u64));
        reader.push(file)?;
        reader.finish()
    }
}

/// `spec/container.md` §5.1 step 1.
fn check_magic(field: &[u8]) -> Result<Stage, ContainerError> {
    let (magic, version) = field[..MAGIC.len()].split_at(MAGIC.len() - 1);
    if magic != &MAGIC[..MAGIC.len() - 1] {
        let is_ours = Container::has_magic(magic);
        return Err(if is_ours { ContainerError::Begin } else { ContainerError::Unknown });
    }
    if version != &MAGIC[MAGIC.len() - 1..] {
        return Err(ContainerError::Version(version[0]));
    }
    Ok(Stage::Purpose)
}
