//! Why a filter pattern is not accepted.

/// A pattern that Lambda would refuse, or that is not supported here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// `FilterCriteria` is not `{"Filters": [{"Pattern": "…"}]}`.
    #[error("FilterCriteria is not a list of filters with one pattern each")]
    NotCriteria,
    /// More filters than Lambda's default quota.
    #[error("more than five filters")]
    TooMany,
    /// The pattern is not JSON.
    #[error("the filter pattern is not JSON")]
    NotJson,
    /// A pattern, or a field of it, is not an object or a list of rules.
    #[error("the filter pattern is not an object of fields, each with a list of rules")]
    NotAPattern,
    /// An object without fields or a list without rules.
    #[error("the filter pattern has an empty object or list")]
    Empty,
    /// `$or` wants a list of two or more patterns.
    #[error("$or in the filter pattern is not a list of two or more patterns")]
    Or,
    /// An operator outside Lambda's table, or with an operand it does not take.
    #[error("the filter pattern has an unsupported operator or operand")]
    Operator,
}
