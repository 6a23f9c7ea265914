//! Why a file of orders cannot be placed.

use std::{io, path::PathBuf};

use card_airlock_template::TemplateError;

/// Why a file of orders cannot be placed. It says nothing of what is in a line: it may hold a card.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file could not be read.
    #[error("cannot read the orders in {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The template does not accept the parameters.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The parameter `OrderIdPattern` is no pattern.
    #[error("the parameter OrderIdPattern is not a pattern")]
    OrderIdPattern,
    /// A line is not an order that the API takes.
    #[error("line {line} is refused, and no order was placed: {message} ({code})")]
    Line {
        /// Counted from one.
        line: u64,
        /// As the API names it.
        code: &'static str,
        /// As the API says it.
        message: &'static str,
    },
    /// Two lines have one order id, and are not the same.
    #[error("line {line} has the order id of line {first} and is another order, so no order was placed")]
    Twice {
        /// The later line.
        line: u64,
        /// The earlier one.
        first: u64,
    },
}
