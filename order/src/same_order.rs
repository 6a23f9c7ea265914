//! The details of an order besides the card, and when two submissions are the same order.

use vault::{Brands, JweDigest, Last4, Token};

use crate::{amount::Amount, customer::Customer, owner::Owner};

/// What two cards are compared by while neither can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedCard {
    /// The card was sent as it is: its last four digits, and its scheme by every version of the issuers' table; of a stored
    /// card, only the brand that is stored.
    Shown { last4: Last4, brands: Brands },
    /// The card was sent encrypted: the digest of that text. Each encryption gives another one, so only the same bytes are
    /// the same card.
    Encrypted(JweDigest),
}

impl ComparedCard {
    /// Whether this card, which was just sent or opened, is a stored one. A card that was sent in one way is never the same
    /// as one that was sent in the other: nothing tells.
    pub(crate) fn is_stored_as(self, stored: Self) -> bool {
        match (self, stored) {
            (Self::Shown { last4, brands }, Self::Shown { last4: stored, brands: stored_brands }) => {
                last4 == stored && brands.include(stored_brands.now())
            }
            (Self::Encrypted(digest), Self::Encrypted(stored)) => digest == stored,
            (Self::Shown { .. }, Self::Encrypted(_)) | (Self::Encrypted(_), Self::Shown { .. }) => false,
        }
    }
}

/// The details of an order that can be read without opening its card. Two acceptances with the same details count as the
/// same order: ingest cannot open what it sealed, so it compares no more of the card.
#[derive(Debug, Clone)]
pub struct Details {
    /// Who placed it.
    pub owner: Owner,
    pub customer: Customer,
    /// What its card is compared by.
    pub card: ComparedCard,
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
        let Self { owner, customer, card, replaces, amount } = self;
        (owner, customer, replaces) == (&stored.owner, &stored.customer, &stored.replaces)
            && card.is_stored_as(stored.card)
            && (amount.is_none() || *amount == stored.amount)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn visa(last4: &str) -> ComparedCard {
        let brands = "visa".parse::<vault::CardBrand>().unwrap().into();
        ComparedCard::Shown { last4: last4.parse().unwrap(), brands }
    }

    fn encrypted(byte: u8) -> ComparedCard {
        ComparedCard::Encrypted(JweDigest::stored(&[byte; 32]).unwrap())
    }

    #[test]
    fn of_an_encrypted_card_only_the_same_bytes_are_the_same_card() {
        for (sent, stored, is_same) in [
            (visa("1111"), visa("1111"), true),
            (visa("1111"), visa("1112"), false),
            (encrypted(1), encrypted(1), true),
            (encrypted(1), encrypted(2), false),
            (visa("1111"), encrypted(1), false),
            (encrypted(1), visa("1111"), false),
        ] {
            assert_eq!(sent.is_stored_as(stored), is_same, "{sent:?} {stored:?}");
        }
    }

    #[test]
    fn an_order_is_told_once_more_with_its_amount_or_without_and_never_with_another() {
        let euros =
            |count: u64| Amount { minor_units: count.try_into().unwrap(), currency: "EUR".parse().unwrap() };
        let dollars = Amount { currency: "USD".parse().unwrap(), ..euros(500) };
        let of = |amount| Details {
            owner: "me".parse().unwrap(),
            customer: serde_json::from_value(json!({"CustomerName": "AWS", "Address": "Las Vegas"})).unwrap(),
            card: visa("1111"),
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
