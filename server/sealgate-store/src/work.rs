//! Units of work: what is done in a transaction.

use std::future::Future;
use std::marker::PhantomData;

use futures_util::future::BoxFuture;

use crate::{StoreError, Tx};

/// A unit of work: what is asked, and how it is done inside a transaction. It owns what it needs and decides from what
/// it reads *inside*. It may be run again after its first run was undone, and only the last one counts.
///
/// [`work`] makes a small one from a closure. A type of its own costs no allocation and names what is done.
pub trait Work: Send + 'static {
    /// What the caller gets once it is durable.
    type Output: Send;
    /// Why it was not done; then it has no effect.
    type Error: From<StoreError> + Send;

    /// Reads, decides and writes.
    fn run(&self, tx: &mut Tx<'_>) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// A unit of work made from what it needs and a closure that borrows it:
///
/// ```
/// # use sealgate_store::{Db, StoreError, table::{TokenRow, tokens}, work};
/// # async fn insert(db: &Db, token: TokenRow) -> Result<(), StoreError> {
/// db.write(work(token, |token, tx| Box::pin(async move { tokens::insert(tx, token).await }))).await
/// # }
/// ```
pub fn work<T, O, E, F>(with: T, run: F) -> impl Work<Output = O, Error = E>
where
    T: Send + Sync + 'static,
    O: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: for<'a, 'c> Fn(&'a T, &'a mut Tx<'c>) -> BoxFuture<'a, Result<O, E>> + Send + Sync + 'static,
{
    Doing { with, run, outcome: PhantomData }
}

/// See [`work`].
struct Doing<T, F, O, E> {
    with: T,
    run: F,
    outcome: PhantomData<fn() -> Result<O, E>>,
}

impl<T, O, E, F> Work for Doing<T, F, O, E>
where
    T: Send + Sync + 'static,
    O: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: for<'a, 'c> Fn(&'a T, &'a mut Tx<'c>) -> BoxFuture<'a, Result<O, E>> + Send + Sync + 'static,
{
    type Output = O;
    type Error = E;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<O, E> {
        (self.run)(&self.with, tx).await
    }
}
