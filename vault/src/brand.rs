//! Card brands by issuer prefix (ISO/IEC 7812-1 issuer identification numbers).

use std::{fmt, str::FromStr};

/// The card scheme, told by the number's first digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardBrand {
    /// American Express.
    Amex,
    /// Diners Club.
    Diners,
    /// Discover.
    Discover,
    /// JCB.
    Jcb,
    /// Maestro.
    Maestro,
    /// Mastercard.
    Mastercard,
    /// Mir.
    Mir,
    /// RuPay.
    RuPay,
    /// Troy.
    Troy,
    /// UnionPay.
    UnionPay,
    /// Visa.
    Visa,
    /// No known issuer prefix, as in the AWS sample's all-zero number.
    Unknown,
}

/// `(digits of the prefix, lowest, highest, brand)`; the first row that matches wins.
const PREFIXES: &[(usize, u32, u32, CardBrand)] = &[
    (1, 4, 4, CardBrand::Visa),
    (2, 51, 55, CardBrand::Mastercard),
    (4, 2221, 2720, CardBrand::Mastercard),
    (4, 2200, 2204, CardBrand::Mir),
    (2, 34, 34, CardBrand::Amex),
    (2, 37, 37, CardBrand::Amex),
    (4, 3528, 3589, CardBrand::Jcb),
    (3, 300, 305, CardBrand::Diners),
    (4, 3095, 3095, CardBrand::Diners),
    (2, 36, 36, CardBrand::Diners),
    (2, 38, 39, CardBrand::Diners),
    (4, 6011, 6011, CardBrand::Discover),
    (3, 644, 649, CardBrand::Discover),
    (2, 65, 65, CardBrand::Discover),
    (2, 62, 62, CardBrand::UnionPay),
    (2, 81, 81, CardBrand::UnionPay),
    (2, 56, 58, CardBrand::Maestro),
    (3, 508, 508, CardBrand::RuPay),
    (2, 60, 60, CardBrand::RuPay),
    (2, 82, 82, CardBrand::RuPay),
    (4, 9792, 9792, CardBrand::Troy),
    (2, 63, 63, CardBrand::Maestro),
    (2, 67, 67, CardBrand::Maestro),
    (2, 50, 50, CardBrand::Maestro),
];

const NAMES: &[(CardBrand, &str)] = &[
    (CardBrand::Amex, "amex"),
    (CardBrand::Diners, "diners"),
    (CardBrand::Discover, "discover"),
    (CardBrand::Jcb, "jcb"),
    (CardBrand::Maestro, "maestro"),
    (CardBrand::Mastercard, "mastercard"),
    (CardBrand::Mir, "mir"),
    (CardBrand::RuPay, "rupay"),
    (CardBrand::Troy, "troy"),
    (CardBrand::UnionPay, "unionpay"),
    (CardBrand::Visa, "visa"),
    (CardBrand::Unknown, "unknown"),
];

impl CardBrand {
    /// The brand of a number, given as digit values 0 to 9, first digit first.
    pub(crate) fn of(digits: impl Iterator<Item = u8>) -> Self {
        let mut prefix = [0_u32; 5];
        let mut value = 0;
        for (slot, digit) in prefix.iter_mut().skip(1).zip(digits) {
            value = value * 10 + u32::from(digit);
            *slot = value;
        }
        PREFIXES
            .iter()
            .find(|(length, low, high, _)| prefix.get(*length).is_some_and(|p| (low..=high).contains(&p)))
            .map_or(Self::Unknown, |(.., brand)| *brand)
    }

    /// The name stored with an order and shown in its status, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(brand, _)| *brand == self).map_or("unknown", |(_, name)| name)
    }
}

impl fmt::Display for CardBrand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A stored brand name that no version of this program has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known card brand")]
pub struct UnknownBrand;

impl FromStr for CardBrand {
    type Err = UnknownBrand;

    fn from_str(name: &str) -> Result<Self, UnknownBrand> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(brand, _)| *brand).ok_or(UnknownBrand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brand(number: &str) -> CardBrand {
        CardBrand::of(number.bytes().map(|b| b - b'0'))
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
            ("2200000000000004", CardBrand::Mir),
            ("5085000000000007", CardBrand::RuPay),
            ("6521000000000000", CardBrand::Discover),
            ("9792000000000001", CardBrand::Troy),
            ("0000000000000000", CardBrand::Unknown),
            ("9999999999999995", CardBrand::Unknown),
        ] {
            assert_eq!(brand(number), expected, "{number}");
        }
    }

    #[test]
    fn every_brand_is_read_back_from_its_name() {
        for (brand, name) in NAMES {
            assert_eq!(brand.name(), *name);
            assert_eq!(name.parse(), Ok(*brand));
        }
        assert_eq!("VISA".parse::<CardBrand>(), Err(UnknownBrand));
    }
}
