//! What is asked of every order, without a function: for programs that check many orders before they send one.

use std::time::SystemTime;

use order::{OrderId, OrderIdPattern};
use platform::api::{LARGEST_BODY, Problem};

use crate::{
    submission::{Sender, Submission},
    submitted_card::CardRules,
};

/// The settings that decide whether a body is an order.
#[derive(Debug, Clone)]
pub struct OrderRules {
    /// The form of the shop's own order ids.
    pub order_ids: OrderIdPattern,
    /// Whether a card that is not encrypted is refused.
    pub encrypted_card_only: bool,
    /// Whether a card without its expiry date is refused.
    pub card_expiry_required: bool,
}

/// Checks the body of a merchant's `POST /order` as the function does before it asks anything of AWS. Its card is read and
/// dropped.
///
/// # Errors
/// The [`Problem`] that the API would answer with.
pub fn check_order(body: &str, rules: &OrderRules, now: SystemTime) -> Result<OrderId, Problem> {
    if body.len() > LARGEST_BODY {
        return Err(Problem::BODY_TOO_LARGE);
    }
    let sender = Sender { is_merchant: true, order_ids: &rules.order_ids };
    let card_rules = CardRules {
        encrypted_only: rules.encrypted_card_only,
        expiry_required: rules.card_expiry_required,
        now,
    };
    Submission::parse(body, sender, card_rules).map(|submission| submission.order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_as_long_as_the_api_takes_it() {
        let rules = OrderRules {
            order_ids: OrderIdPattern::default(),
            encrypted_card_only: false,
            card_expiry_required: false,
        };
        let body =
            r#"{"CustomerOrder":"1","CustomerName":"A","CreditCard":"4111111111111111","Address":"B"}"#;
        let check = |length: usize| {
            let spaces = " ".repeat(length - body.len());
            check_order(&format!("{body}{spaces}"), &rules, SystemTime::now()).map(|order| order.to_string())
        };
        assert_eq!(check(body.len()), Ok("1".to_owned()));
        assert_eq!(check(LARGEST_BODY), Ok("1".to_owned()));
        assert_eq!(check(LARGEST_BODY + 1), Err(Problem::BODY_TOO_LARGE));
    }
}
