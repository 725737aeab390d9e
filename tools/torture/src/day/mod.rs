//! A bad day: one installation at work, customers who ask all the time, and somebody who notes what goes wrong.
//!
//! A torture makes a [`Day`], and within [`Day::work`] does its bad things: [`Day::trouble`] before each of them, and
//! [`Day::well`] after it ended. What is judged, always: acknowledged writes are kept, no license has a seat too many, nobody
//! is told yes later than a second after a revocation was acknowledged, health answers within a second. Only while all is
//! well: every customer is served, and health says so. [`Day::well`] itself is a judgement: it may take ten seconds.

mod absence;
mod apart;
mod customers;
mod installation;
mod load;
mod notes;
mod place;
mod probe;
mod promises;
mod pulse;
mod setting;
mod stored;
mod watch;
mod work;

pub(crate) use customers::Customer;
pub(crate) use installation::Day;
pub(crate) use place::Place;
pub(crate) use promises::{Excuses, Promises, Readiness};
pub(crate) use setting::{Setting, join};
pub(crate) use stored::Stored;
