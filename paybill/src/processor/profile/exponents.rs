//! How many decimals a currency has: by ISO 4217, and for a processor that counts otherwise.

use std::collections::BTreeMap;

use order::{Amount, Currency};
use serde::Deserialize;

/// The most decimals that a currency has.
const MOST: u8 = 4;

/// The currencies in which a processor does not count as ISO 4217 does, each with its decimals there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, u8>")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Exponents(BTreeMap<String, u8>);

/// The processor counts this currency in larger units than the amount needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amount is not a whole number of the units in which the processor counts this currency")]
pub struct AmountUnitsError;

impl Exponents {
    /// An amount in the units that the processor counts in.
    pub(crate) fn minor_units(&self, amount: Amount) -> Result<u64, AmountUnitsError> {
        let (iso, theirs) = (amount.currency.exponent(), self.exponent(amount.currency));
        let count = amount.minor_units.count();
        let factor = 10_u64.pow(u32::from(iso.abs_diff(theirs)));
        match theirs >= iso {
            true => count.checked_mul(factor).ok_or(AmountUnitsError),
            false if count.is_multiple_of(factor) => Ok(count / factor),
            false => Err(AmountUnitsError),
        }
    }

    /// An amount in whole units with as many decimals as the processor knows.
    pub(crate) fn decimal(&self, amount: Amount) -> Result<String, AmountUnitsError> {
        let (count, decimals) = (self.minor_units(amount)?, usize::from(self.exponent(amount.currency)));
        let digits = format!("{count:0>width$}", width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        Ok(if decimals == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") })
    }

    /// The entries in order, for the digest.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, u8)> {
        self.0.iter().map(|(code, exponent)| (code.as_str(), *exponent))
    }

    fn exponent(&self, currency: Currency) -> u8 {
        self.0.get(&currency.to_string()).copied().unwrap_or_else(|| currency.exponent())
    }
}

impl TryFrom<BTreeMap<String, u8>> for Exponents {
    type Error = String;

    fn try_from(exponents: BTreeMap<String, u8>) -> Result<Self, String> {
        for (code, exponent) in &exponents {
            if code.parse::<Currency>().is_err() {
                return Err(format!("{code:?} is not an ISO 4217 code of a currency with a minor unit"));
            }
            if *exponent > MOST {
                return Err(format!("{code} cannot have {exponent} decimals: {MOST} is the most"));
            }
        }
        Ok(Self(exponents))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(count: u64, currency: &str) -> Amount {
        Amount { minor_units: count.try_into().unwrap(), currency: currency.parse().unwrap() }
    }

    fn exponents(overrides: &[(&str, u8)]) -> Exponents {
        let overrides: BTreeMap<_, _> =
            overrides.iter().map(|(code, exponent)| ((*code).to_owned(), *exponent)).collect();
        overrides.try_into().unwrap()
    }

    #[test]
    fn an_amount_is_said_by_its_currencys_decimals_and_the_processors_overrides() {
        let theirs = exponents(&[("ISK", 2), ("MGA", 0)]);
        for (count, currency, minor, decimal) in [
            (1999, "USD", Ok(1999), "19.99"),
            (5, "USD", Ok(5), "0.05"),
            (1999, "JPY", Ok(1999), "1999"),
            (1999, "KWD", Ok(1999), "1.999"),
            (19, "ISK", Ok(1900), "19.00"),
            (1900, "MGA", Ok(19), "19"),
            (1999, "MGA", Err(AmountUnitsError), ""),
            (999_999_999_999, "ISK", Ok(99_999_999_999_900), "999999999999.00"),
        ] {
            let amount = amount(count, currency);
            assert_eq!(theirs.minor_units(amount), minor, "{count} {currency}");
            assert_eq!(theirs.decimal(amount), minor.map(|_| decimal.to_owned()), "{count} {currency}");
        }
    }

    #[test]
    fn an_override_is_of_a_currency_and_small() {
        for (code, exponent) in [("XXX", 2), ("usd", 2), ("USD", 5)] {
            assert!(Exponents::try_from(BTreeMap::from([(code.to_owned(), exponent)])).is_err(), "{code}");
        }
    }
}
