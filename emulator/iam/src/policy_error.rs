//! Why a policy is not accepted.

/// Why a policy cannot be evaluated here. Quotes the policy, which holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not the shape of a policy, or an element that is not known here.
    #[error("the policy cannot be read: {0}")]
    Shape(String),
    /// A condition, principal or value that is not known here.
    #[error("{0} is not supported here")]
    Unknown(String),
    /// A key's policy names a role that is not there, or somebody of another account.
    #[error("the policy contains a statement with one or more invalid principals")]
    Principal,
}
