//! The search for cards where none may be: random cards, every right and wrong way to send one, and a search that
//! knows the forms in which one could have been kept. Used by these tests and, against the real program, by
//! `local`'s.

mod attempts;
mod cards;
mod search;

pub(crate) use attempts::{Attempt, attempts};
pub(crate) use cards::Cards;
use cards::wrong_check_digit;
pub(crate) use search::{Searched, planted_forms};
