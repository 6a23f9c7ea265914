//! What an answer of a processor means, by a profile's rules. Nothing of its body is kept or logged but a code and a
//! reference, each bounded.

mod bounded;
mod json;
mod judge;
mod kept;

pub(super) use judge::{Judged, Verdict, judge};

#[cfg(test)]
mod tests;
