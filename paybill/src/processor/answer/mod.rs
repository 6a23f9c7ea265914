//! What an answer of a processor means, by a profile's rules. Of its body only a code and a reference are kept
//! or logged, each with a limited length.

mod bounded;
mod json;
mod judge;
mod kept;

pub(super) use judge::{Judged, Verdict, judge};

#[cfg(test)]
mod tests;
