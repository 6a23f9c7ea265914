//! The details of an order besides the card, and when two submissions are the same order.

use vault::{Brands, Last4, Token};

use crate::{amount::Amount, customer::Customer, owner::Owner};

/// The details of an order that can be read without opening its card. Two acceptances with the same details count as the
/// same order: ingest cannot open what it sealed, so it compares no more of the card.
#[derive(Debug, Clone)]
pub struct Details {
    /// Who placed it.
    pub owner: Owner,
    pub customer: Customer,
    /// The card's last four digits.
    pub last4: Last4,
    /// The card's scheme, by every version of the issuers' table; of stored details, only the brand that is stored.
    pub brands: Brands,
    /// The token whose card this one is to replace; none for a new order.
    pub replaces: Option<Token>,
    /// What the order costs, as a merchant says. None: the sender is a customer, who may not say it, or a merchant who
    /// gave no amount.
    pub amount: Option<Amount>,
}

impl Details {
    /// Whether these details, of a card that was just opened or sent, are those of a stored order, whose brand may be what an
    /// earlier version of the issuers' table gave. An amount that is not sent is not compared, because a customer, who
    /// may not send one, can repeat an order whose amount the merchant has set.
    #[must_use]
    pub fn are_those_of(&self, stored: &Self) -> bool {
        let Self { owner, customer, last4, brands, replaces, amount } = self;
        (owner, customer, last4, replaces)
            == (&stored.owner, &stored.customer, &stored.last4, &stored.replaces)
            && brands.include(stored.brands.now())
            && (amount.is_none() || *amount == stored.amount)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_is_told_once_more_with_its_amount_or_without_and_never_with_another() {
        let euros =
            |count: u64| Amount { minor_units: count.try_into().unwrap(), currency: "EUR".parse().unwrap() };
        let dollars = Amount { currency: "USD".parse().unwrap(), ..euros(500) };
        let of = |amount| Details {
            owner: "me".parse().unwrap(),
            customer: serde_json::from_value(json!({"CustomerName": "AWS", "Address": "Las Vegas"})).unwrap(),
            last4: "1111".parse().unwrap(),
            brands: "visa".parse::<vault::CardBrand>().unwrap().into(),
            replaces: None,
            amount,
        };
        for (later, first, is_same) in [
            (None, None, true),
            (None, Some(euros(500)), true),
            (Some(euros(500)), Some(euros(500)), true),
            (Some(euros(501)), Some(euros(500)), false),
            (Some(dollars), Some(euros(500)), false),
            // It has no amount, and it would be wrong to say that it has one now.
            (Some(euros(500)), None, false),
        ] {
            assert_eq!(of(later).are_those_of(&of(first)), is_same, "{later:?} after {first:?}");
        }
    }
}
