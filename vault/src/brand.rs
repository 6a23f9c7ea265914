//! Card brands: a guess from a number's first digits, to be shown.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The card scheme, guessed from the number's first digits (the issuers' table). For display only: issuers' ranges
/// change, some cards have two schemes, and no payment depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase", parse_err_ty = ParseBrandError, parse_err_fn = parse_brand_error)]
pub enum CardBrand {
    Amex,
    Dankort,
    Diners,
    Discover,
    Elo,
    Hipercard,
    Jcb,
    Maestro,
    Mastercard,
    Mir,
    RuPay,
    Troy,
    UnionPay,
    Verve,
    Visa,
    /// No known issuer prefix, as in the AWS sample's all-zero number.
    Unknown,
}

impl CardBrand {
    /// The name stored with an order and shown in its status, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A stored brand name that no version of this program has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known card brand")]
pub struct ParseBrandError;

fn parse_brand_error(_: &str) -> ParseBrandError {
    ParseBrandError
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_brand_is_read_back_from_its_name() {
        for &brand in CardBrand::VARIANTS {
            assert_eq!(brand.name().parse(), Ok(brand));
            assert_eq!(brand.to_string(), brand.name());
        }
        assert_eq!(CardBrand::UnionPay.name(), "unionpay");
        assert_eq!("VISA".parse::<CardBrand>(), Err(ParseBrandError));
    }
}
