//! Which entries a purpose allows, in which order (`spec/container.md` §2, §3.1).

use crate::purpose::{Part, Times};
use crate::{ContainerError, EntryName, Purpose};

/// Judges names one after the other.
#[derive(Debug)]
pub(crate) struct Order {
    purpose: Purpose,
    /// The part that the last name was of.
    part: usize,
    /// How many names there were of each part that counts: of this one, of shards, and of the first one.
    here: usize,
    shards: usize,
    first: usize,
}

impl Order {
    pub(crate) fn new(purpose: Purpose) -> Self {
        Self { purpose, part: 0, here: 0, shards: 0, first: 0 }
    }

    pub(crate) fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The next name, that of entry `at`.
    pub(crate) fn take(&mut self, at: usize, name: EntryName) -> Result<(), ContainerError> {
        let purpose = self.purpose;
        let part = purpose.parts().iter().position(|part| part.name == name);
        let part = part.ok_or(ContainerError::NameUnexpected { at, name, purpose })?;
        if part < self.part {
            return Err(ContainerError::Order { at, name });
        }
        self.pass(part)?;
        let most = purpose.parts()[part].times.most(self.like());
        if self.here == most {
            return Err(ContainerError::TooMany { at, name, most });
        }
        self.here += 1;
        self.shards += usize::from(name == EntryName::Shard);
        self.first += usize::from(part == 0);
        Ok(())
    }

    /// There is no further name.
    pub(crate) fn end(&mut self) -> Result<(), ContainerError> {
        self.pass(self.purpose.parts().len())
    }

    /// How many there were of what others may be as many as: shards, where the purpose has them.
    fn like(&self) -> usize {
        if self.purpose == Purpose::Snapshot { self.shards } else { self.first }
    }

    /// Goes on to a part, if nothing is missing before it.
    fn pass(&mut self, to: usize) -> Result<(), ContainerError> {
        while self.part < to {
            let Part { name, times } = &self.purpose.parts()[self.part];
            let least = if *times == Times::LikeFirst { self.first } else { times.least() };
            if self.here < least {
                return Err(ContainerError::Missing { purpose: self.purpose, name: *name });
            }
            self.part += 1;
            self.here = 0;
        }
        Ok(())
    }
}
