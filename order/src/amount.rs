//! An amount of money: minor units of an ISO 4217 currency.

use std::{fmt, str::FromStr};

use iso_currency::Currency as Iso;
use serde::{Deserialize, Serialize};

/// What is to be charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// The number of the currency's minor units (cents of a dollar, yen of a yen).
    pub minor_units: MinorUnits,
    pub currency: Currency,
}

/// A positive number of minor units, at most twelve digits, so that no amount is card-shaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct MinorUnits(u64);

/// A currency by its ISO 4217 code of three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(Iso);

/// Not an amount that can be charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an amount of a currency's minor units")]
pub struct ParseAmountError;

impl Amount {
    /// Reads an amount from the two attributes or members that it is stored or sent in. Both or neither are there: a
    /// number without a currency is not an amount, and the code does not guess the currency.
    ///
    /// # Errors
    /// [`ParseAmountError`] when one of them is missing.
    pub fn of_parts(
        minor_units: Option<MinorUnits>,
        currency: Option<Currency>,
    ) -> Result<Option<Self>, ParseAmountError> {
        match (minor_units, currency) {
            (Some(minor_units), Some(currency)) => Ok(Some(Self { minor_units, currency })),
            (None, None) => Ok(None),
            _ => Err(ParseAmountError),
        }
    }
}

impl MinorUnits {
    const MOST: u64 = 999_999_999_999;

    /// The number.
    #[must_use]
    pub fn count(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for MinorUnits {
    type Error = ParseAmountError;

    fn try_from(count: u64) -> Result<Self, ParseAmountError> {
        if (1..=Self::MOST).contains(&count) { Ok(Self(count)) } else { Err(ParseAmountError) }
    }
}

impl Currency {
    /// How many decimals an amount of this currency has (ISO 4217): two of a dollar, none of a yen.
    #[must_use]
    pub fn exponent(self) -> u8 {
        // Every currency here has a minor unit: parsing refuses those that have none.
        self.0.exponent().and_then(|exponent| u8::try_from(exponent).ok()).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = ParseAmountError;

    fn from_str(code: &str) -> Result<Self, ParseAmountError> {
        // Funds, metals and test codes have no minor unit, so they cannot be charged.
        let iso = Iso::from_code(code).filter(|iso| iso.exponent().is_some());
        iso.map(Self).ok_or(ParseAmountError)
    }
}

impl TryFrom<String> for Currency {
    type Error = ParseAmountError;

    fn try_from(code: String) -> Result<Self, ParseAmountError> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_positive_and_has_at_most_twelve_digits() {
        for count in [0, 1_000_000_000_000, u64::MAX] {
            assert_eq!(MinorUnits::try_from(count), Err(ParseAmountError), "{count}");
        }
        for count in [1, 999_999_999_999] {
            assert_eq!(MinorUnits::try_from(count).map(MinorUnits::count), Ok(count));
        }
    }

    #[test]
    fn half_an_amount_is_none() {
        let (cents, euros) = (MinorUnits(500), "EUR".parse::<Currency>().unwrap());
        let whole = Amount { minor_units: cents, currency: euros };
        assert_eq!(Amount::of_parts(Some(cents), Some(euros)), Ok(Some(whole)));
        assert_eq!(Amount::of_parts(None, None), Ok(None));
        assert_eq!(Amount::of_parts(Some(cents), None), Err(ParseAmountError));
        assert_eq!(Amount::of_parts(None, Some(euros)), Err(ParseAmountError));
    }

    #[test]
    fn a_currency_is_a_code_of_iso_4217_with_a_minor_unit() {
        for code in ["USD", "JPY", "KWD"] {
            assert_eq!(code.parse::<Currency>().map(String::from), Ok(code.to_owned()));
        }
        for (code, exponent) in [("USD", 2), ("JPY", 0), ("KWD", 3)] {
            assert_eq!(code.parse::<Currency>().map(Currency::exponent), Ok(exponent));
        }
        for code in ["usd", "US", "USDX", "XXX", "XAU", "ZZZ", "", "4111111111111111"] {
            assert_eq!(code.parse::<Currency>(), Err(ParseAmountError), "{code}");
        }
    }
}
