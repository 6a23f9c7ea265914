//! Who is kept out, and why: few fixed reasons, counted.

use super::problems::Problem;
use crate::metrics::Metric;

/// Why somebody is kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Denied {
    /// No claims came with the request, or none that name a user: the route has no authorizer.
    NoClaims,
    /// The token is no ID token.
    NotAnIdToken,
    /// The token is another client's.
    OtherClient,
    /// The order is somebody else's.
    NotTheOwner,
}

impl Denied {
    /// The word for it in the metric `Denied`.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.into()
    }

    /// The answer, which says nothing of the reason: somebody else's order is no order. Building it records nothing.
    #[must_use]
    pub const fn problem(self) -> Problem {
        match self {
            Self::NoClaims | Self::NotAnIdToken | Self::OtherClient => Problem::UNAUTHORIZED,
            Self::NotTheOwner => Problem::ORDER_NOT_FOUND,
        }
    }

    /// Logs and counts that somebody is kept out, and gives the answer.
    #[must_use]
    pub fn deny(self) -> Problem {
        Metric::Denied(self.reason()).record();
        tracing::warn!(reason = self.reason(), "denied");
        self.problem()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_same_whether_it_is_built_or_denied_with() {
        // Building records nothing: a constant cannot.
        const { assert!(Denied::NotTheOwner.problem().retry_after.is_none()) };
        for denied in [Denied::NoClaims, Denied::NotAnIdToken, Denied::OtherClient, Denied::NotTheOwner] {
            assert_eq!(denied.deny(), denied.problem());
        }
    }
}
