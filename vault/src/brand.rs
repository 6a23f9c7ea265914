//! Card brands: a guess from a number's first digits, to be shown.

use std::{fmt, str::FromStr};

/// The card scheme, guessed from the number's first digits (the issuers' table). For display only: issuers' ranges
/// move, some cards carry two schemes, and no payment depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardBrand {
    /// American Express.
    Amex,
    /// Dankort.
    Dankort,
    /// Diners Club.
    Diners,
    /// Discover.
    Discover,
    /// Elo.
    Elo,
    /// Hipercard.
    Hipercard,
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
    /// Verve.
    Verve,
    /// Visa.
    Visa,
    /// No known issuer prefix, as in the AWS sample's all-zero number.
    Unknown,
}

const NAMES: &[(CardBrand, &str)] = &[
    (CardBrand::Amex, "amex"),
    (CardBrand::Dankort, "dankort"),
    (CardBrand::Diners, "diners"),
    (CardBrand::Discover, "discover"),
    (CardBrand::Elo, "elo"),
    (CardBrand::Hipercard, "hipercard"),
    (CardBrand::Jcb, "jcb"),
    (CardBrand::Maestro, "maestro"),
    (CardBrand::Mastercard, "mastercard"),
    (CardBrand::Mir, "mir"),
    (CardBrand::RuPay, "rupay"),
    (CardBrand::Troy, "troy"),
    (CardBrand::UnionPay, "unionpay"),
    (CardBrand::Verve, "verve"),
    (CardBrand::Visa, "visa"),
    (CardBrand::Unknown, "unknown"),
];

impl CardBrand {
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
pub struct ParseBrandError;

impl FromStr for CardBrand {
    type Err = ParseBrandError;

    fn from_str(name: &str) -> Result<Self, ParseBrandError> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(brand, _)| *brand).ok_or(ParseBrandError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_brand_is_read_back_from_its_name() {
        for (brand, name) in NAMES {
            assert_eq!(brand.name(), *name);
            assert_eq!(name.parse(), Ok(*brand));
        }
        assert_eq!("VISA".parse::<CardBrand>(), Err(ParseBrandError));
    }
}
