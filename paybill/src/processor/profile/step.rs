//! The requests of a profile.

use super::{
    file::{Encoding, HeaderLine, Method},
    pointer::Pointer,
    rule::Rule,
    template::{Body, UrlPath},
};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) method: Method,
    pub(crate) path: UrlPath,
    pub(crate) encoding: Encoding,
    pub(crate) headers: Vec<HeaderLine>,
    pub(crate) key_suffix: String,
    pub(crate) body: Body,
    pub(crate) rules: Vec<Rule>,
    /// The values that later steps use, each by its name.
    pub(crate) take: Vec<(String, Pointer)>,
    /// Which of them is written down before anything is charged.
    pub(crate) remember: Option<String>,
}

/// The request that asks for the outcome of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lookup {
    pub(crate) path: UrlPath,
    pub(crate) headers: Vec<HeaderLine>,
    pub(crate) rules: Vec<Rule>,
}
