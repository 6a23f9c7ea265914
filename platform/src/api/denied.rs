//! Denied callers, and why they are denied: a few fixed reasons, which are counted.

use super::problems::Problem;
use crate::metrics::Metric;

/// Why a caller is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Denied {
    /// No claims came with the request, or none that name a user: the route has no authorizer.
    NoClaims,
    /// The token is not an ID token.
    NotAnIdToken,
    /// The token belongs to another client.
    OtherClient,
    /// The order belongs to another user.
    NotTheOwner,
}

impl Denied {
    /// The word for it in the metric `Denied`.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.into()
    }

    /// The answer, which does not say the reason: an order of another user is answered as an unknown order. Building it
    /// records nothing.
    #[must_use]
    pub const fn problem(self) -> Problem {
        match self {
            Self::NoClaims | Self::NotAnIdToken | Self::OtherClient => Problem::UNAUTHORIZED,
            Self::NotTheOwner => Problem::ORDER_NOT_FOUND,
        }
    }

    /// Logs and counts that a caller was denied, and returns the answer.
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
        assert_eq!(Denied::NotAnIdToken.reason(), "NOT_AN_ID_TOKEN");
    }
}
