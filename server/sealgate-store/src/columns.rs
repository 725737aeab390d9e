//! How columns are read and written, whatever the table.

use sealgate_artifact::{Device, MaxDevices, UnixSeconds};

use crate::StoreError;
use crate::sql::Row;

pub(crate) fn lines(row: &Row, name: &str) -> Result<Vec<String>, StoreError> {
    Ok(row.get::<&str>(name)?.lines().map(str::to_owned).collect())
}

pub(crate) fn seats(row: &Row) -> Result<MaxDevices, StoreError> {
    match optional_count(row, "max_devices")? {
        None => Ok(MaxDevices::Unlimited),
        Some(n) => MaxDevices::limited(n).ok_or_else(|| corrupt("max_devices")),
    }
}

/// The two columns that name a device: the one place where they become one.
pub(crate) fn device(row: &Row) -> Result<Device, StoreError> {
    let name: &str = row.get("identity")?;
    parsed(row, "kind", |kind| Device::parse(kind, name))
}

pub(crate) fn parsed<T>(
    row: &Row,
    name: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let text: &str = row.get(name)?;
    parse(text).ok_or_else(|| corrupt(name))
}

pub(crate) fn optional<T>(
    row: &Row,
    name: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.get(name)?;
    text.map(|text| parse(&text).ok_or_else(|| corrupt(name))).transpose()
}

pub(crate) fn digest(row: &Row, name: &str) -> Result<[u8; 32], StoreError> {
    let bytes: &[u8] = row.get(name)?;
    bytes.try_into().map_err(|_| corrupt(name))
}

pub(crate) fn optional_digest(row: &Row, name: &str) -> Result<Option<[u8; 32]>, StoreError> {
    let bytes: Option<Vec<u8>> = row.get(name)?;
    bytes.map(|bytes| bytes.try_into().map_err(|_| corrupt(name))).transpose()
}

pub(crate) fn count(row: &Row, name: &str) -> Result<u64, StoreError> {
    row.get::<i64>(name)?.try_into().map_err(|_| corrupt(name))
}

pub(crate) fn optional_count(row: &Row, name: &str) -> Result<Option<u64>, StoreError> {
    let n: Option<i64> = row.get(name)?;
    n.map(|n| n.try_into().map_err(|_| corrupt(name))).transpose()
}

pub(crate) fn small(row: &Row, name: &str) -> Result<u32, StoreError> {
    row.get::<i64>(name)?.try_into().map_err(|_| corrupt(name))
}

pub(crate) fn flag(row: &Row, name: &str) -> Result<bool, StoreError> {
    Ok(row.get::<i64>(name)? != 0)
}

pub(crate) fn time(row: &Row, name: &str) -> Result<UnixSeconds, StoreError> {
    UnixSeconds::new(count(row, name)?).ok_or_else(|| corrupt(name))
}

pub(crate) fn optional_time(row: &Row, name: &str) -> Result<Option<UnixSeconds>, StoreError> {
    match row.get::<Option<i64>>(name)? {
        None => Ok(None),
        Some(_) => time(row, name).map(Some),
    }
}

/// As the columns hold numbers.
pub(crate) fn signed(n: u64) -> i64 {
    i64::try_from(n).expect("times, versions and counts stay below 2^63")
}

/// As the columns hold times.
pub(crate) fn moment(time: Option<UnixSeconds>) -> Option<i64> {
    time.map(|t| signed(t.get()))
}

fn corrupt(name: &str) -> StoreError {
    StoreError::Corrupt(format!("column {name}: outside its range"))
}
