//! The brands of a number, by every version of the issuers' table.

use crate::{
    brand::CardBrand,
    issuers::{FIRST_ISSUERS, ISSUERS, line_of},
};

/// The brands that the versions of the issuers' table give one number. A stored brand may be any of them: it was
/// given by the table of the release that stored it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brands {
    now: CardBrand,
    first: CardBrand,
}

impl Brands {
    /// The brands of a number, given as digit values 0 to 9, first digit first.
    pub(crate) fn of(digits: impl Iterator<Item = u8> + Clone) -> Self {
        let of = |table| line_of(table, digits.clone()).map_or(CardBrand::Unknown, |line| line.brand);
        Self { now: of(ISSUERS), first: of(FIRST_ISSUERS) }
    }

    /// The brand by the current table.
    #[must_use]
    pub fn now(self) -> CardBrand {
        self.now
    }

    /// The brand by the first release's table. Every release knows it, so ingest stores it: a worker of an earlier
    /// release that reads the row gets the same brand.
    pub(crate) fn first(self) -> CardBrand {
        self.first
    }

    /// The brand by each version of the table, the current one first; several may be the same.
    #[must_use]
    pub fn versions(self) -> [CardBrand; 2] {
        [self.now, self.first]
    }

    /// Whether a version of the table gives the number this brand.
    #[must_use]
    pub fn include(self, stored: CardBrand) -> bool {
        self.versions().contains(&stored)
    }
}

/// All that is known about a stored brand without its number.
impl From<CardBrand> for Brands {
    fn from(stored: CardBrand) -> Self {
        Self { now: stored, first: stored }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brands(number: &str) -> Brands {
        Brands::of(number.bytes().map(|b| b - b'0'))
    }

    #[test]
    fn well_known_test_numbers_have_their_brands() {
        for (number, expected) in [
            ("4111111111111111", CardBrand::Visa),
            ("5555555555554444", CardBrand::Mastercard),
            ("2223003122003222", CardBrand::Mastercard),
            ("378282246310005", CardBrand::Amex),
            ("6011111111111117", CardBrand::Discover),
            ("30569309025904", CardBrand::Diners),
            ("3566002020360505", CardBrand::Jcb),
            ("6200000000000005", CardBrand::UnionPay),
            ("6759649826438453", CardBrand::Maestro),
            ("6759649826438453003", CardBrand::Maestro),
            ("2200000000000004", CardBrand::Mir),
            ("5085000000000007", CardBrand::RuPay),
            ("6521000000000007", CardBrand::RuPay),
            ("9792000000000001", CardBrand::Troy),
            ("6362970000457013", CardBrand::Elo),
            ("5067268650517446", CardBrand::Elo),
            ("5090510000414209", CardBrand::Elo),
            ("6516539999924898", CardBrand::Elo),
            ("6550049999924911", CardBrand::Elo),
            ("6062826786276634", CardBrand::Hipercard),
            ("5060990580000217499", CardBrand::Verve),
            ("5019717010103742", CardBrand::Dankort),
            ("0000000000000000", CardBrand::Unknown),
            ("9999999999999995", CardBrand::Unknown),
        ] {
            assert_eq!(brands(number).now(), expected, "{number}");
        }
    }

    #[test]
    fn a_brand_that_an_earlier_table_gave_is_one_of_the_numbers_brands() {
        let rupay = brands("6521000000000007");
        assert_eq!((rupay.now(), rupay.first()), (CardBrand::RuPay, CardBrand::Discover));
        assert!(rupay.include(CardBrand::RuPay) && rupay.include(CardBrand::Discover));
        assert!(!rupay.include(CardBrand::Visa) && !rupay.include(CardBrand::Unknown));
        assert!(!brands("6011111111111117").include(CardBrand::RuPay), "only where it moved");
    }
}
