//! Values on their way out.

use std::sync::Arc;

use crate::StoreError;

/// What a column of a row holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row of an answer.
#[derive(Debug)]
pub(crate) struct Row {
    /// All rows of an answer share them.
    names: Arc<[String]>,
    cells: Vec<Cell>,
}

/// What can be read out of a row.
pub(crate) trait FromRow: Sized {
    fn from_row(row: &Row) -> Result<Self, StoreError>;

    /// The same where the row is no longer needed.
    fn from_whole(row: Row) -> Result<Self, StoreError> {
        Self::from_row(&row)
    }
}

/// How a column is named: by its place, or by its name.
pub(crate) trait Index: Copy + std::fmt::Display {
    fn find(&self, names: &[String]) -> Option<usize>;
}

/// What a cell can be read as.
pub(crate) trait FromCell<'r>: Sized {
    fn from_cell(cell: &'r Cell) -> Option<Self>;
}

impl Row {
    pub(super) fn new(names: Arc<[String]>, cells: Vec<Cell>) -> Self {
        Self { names, cells }
    }

    /// What the column holds; an error where there is no such column, or something else in it.
    pub(crate) fn get<'r, T: FromCell<'r>>(&'r self, index: impl Index) -> Result<T, StoreError> {
        let cell = index.find(&self.names).and_then(|at| self.cells.get(at));
        cell.and_then(T::from_cell).ok_or_else(|| StoreError::Corrupt(format!("column {index}")))
    }
}

impl Index for &str {
    fn find(&self, names: &[String]) -> Option<usize> {
        names.iter().position(|name| name == self)
    }
}

impl Index for usize {
    fn find(&self, _: &[String]) -> Option<usize> {
        Some(*self)
    }
}

impl FromCell<'_> for i64 {
    fn from_cell(cell: &Cell) -> Option<Self> {
        if let Cell::Integer(n) = cell { Some(*n) } else { None }
    }
}

impl<'r> FromCell<'r> for &'r str {
    fn from_cell(cell: &'r Cell) -> Option<Self> {
        if let Cell::Text(text) = cell { Some(text) } else { None }
    }
}

impl<'r> FromCell<'r> for &'r [u8] {
    fn from_cell(cell: &'r Cell) -> Option<Self> {
        if let Cell::Bytes(bytes) = cell { Some(bytes) } else { None }
    }
}

impl FromCell<'_> for String {
    fn from_cell(cell: &Cell) -> Option<Self> {
        <&str>::from_cell(cell).map(str::to_owned)
    }
}

impl FromCell<'_> for Vec<u8> {
    fn from_cell(cell: &Cell) -> Option<Self> {
        <&[u8]>::from_cell(cell).map(<[u8]>::to_vec)
    }
}

impl<'r, T: FromCell<'r>> FromCell<'r> for Option<T> {
    fn from_cell(cell: &'r Cell) -> Option<Self> {
        if *cell == Cell::Null { Some(None) } else { T::from_cell(cell).map(Some) }
    }
}

impl FromRow for Row {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { names: Arc::clone(&row.names), cells: row.cells.clone() })
    }

    fn from_whole(row: Row) -> Result<Self, StoreError> {
        Ok(row)
    }
}
