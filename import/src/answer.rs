//! What the function answers to a chunk.

use serde::{Deserialize, Serialize};

use crate::{refusal::Refusal, summary::Summary};

/// What the function answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// The chunk was refused. Rows of it may have been worked on, and are as an earlier try would have left them.
    Refused {
        /// Why.
        refused: Refusal,
    },
    /// The chunk was worked on.
    Done(Summary),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Action;

    #[test]
    fn an_answer_is_a_refusal_or_a_summary() {
        let refused = Answer::Refused { refused: Refusal::SourceKey };
        assert_eq!(serde_json::to_string(&refused).unwrap(), r#"{"refused":"SOURCE_KEY"}"#);
        for answer in [refused, Answer::Done(Summary::new(Action::Check))] {
            let written = serde_json::to_string(&answer).unwrap();
            assert_eq!(serde_json::from_str::<Answer>(&written).unwrap(), answer);
        }
    }
}
