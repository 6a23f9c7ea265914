//! Which of the callers' own names the call log and the observer use.

/// What a caller names its attributes and encryption contexts. Of a request nothing else is kept.
#[derive(Debug, Clone, Default)]
pub struct RequestNames {
    /// The attributes, of items, keys and JSON messages, whose text values identify what a call is about.
    pub identifiers: Vec<String>,
    /// The member of an encryption context that tells what the key is used for. The other members identify.
    pub purpose: String,
}
