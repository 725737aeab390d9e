//! What holds for any history of roots and any order in which statements arrive.

mod authority;
mod updates;
