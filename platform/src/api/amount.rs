//! An amount in a request: `Amount` with `Currency`.

use std::str::FromStr;

use order::{Amount, Currency, MinorUnits};

use super::{fields::Fields, problems::Problem};

/// Reads the amount of a request, `None` when both fields are missing or null.
///
/// # Errors
/// 400 or 422 with the rule that it breaks.
pub fn amount(fields: &Fields<'_>) -> Result<Option<Amount>, Problem> {
    let minor_units = fields.raw("Amount").map(minor_units).transpose()?;
    let currency = fields.string("Currency", Problem::CURRENCY_NOT_TEXT)?;
    let currency =
        currency.map(|code| code.parse::<Currency>().map_err(|_| Problem::CURRENCY_INVALID)).transpose()?;
    Amount::of_parts(minor_units, currency).map_err(|_| Problem::AMOUNT_INCOMPLETE)
}

/// A JSON number without sign, fraction or exponent.
fn minor_units(raw: &str) -> Result<MinorUnits, Problem> {
    let count = u64::from_str(raw).ok().filter(|_| !raw.starts_with('+'));
    count.and_then(|count| count.try_into().ok()).ok_or(Problem::AMOUNT_INVALID)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Option<Amount>, &'static str> {
        amount(&Fields::parse(body, &["Amount", "Currency"]).unwrap()).map_err(|problem| problem.code)
    }

    #[test]
    fn an_amount_is_a_whole_number_of_minor_units_with_its_currency() {
        for count in [1, 1999, 999_999_999_999] {
            let expected =
                Amount { minor_units: count.try_into().unwrap(), currency: "EUR".parse().unwrap() };
            assert_eq!(read(&format!(r#"{{"Amount":{count},"Currency":"EUR"}}"#)), Ok(Some(expected)));
        }
        for none in
            [r"{}", r#"{"Amount":null}"#, r#"{"Currency":null}"#, r#"{"Amount":null,"Currency":null}"#]
        {
            assert_eq!(read(none), Ok(None), "{none}");
        }
    }

    #[test]
    fn what_breaks_a_rule_is_refused_by_its_code() {
        for (body, code) in [
            (r#"{"Amount":1}"#, "AMOUNT_INCOMPLETE"),
            (r#"{"Amount":1,"Currency":null}"#, "AMOUNT_INCOMPLETE"),
            (r#"{"Currency":"EUR"}"#, "AMOUNT_INCOMPLETE"),
            (r#"{"Amount":null,"Currency":"EUR"}"#, "AMOUNT_INCOMPLETE"),
            (r#"{"Amount":0,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"Amount":-1,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"Amount":1.5,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"Amount":1e3,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"Amount":"1","Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"Amount":1000000000000,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"Amount":4111111111111111,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"Amount":18446744073709551616,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"Amount":1,"Currency":"eur"}"#, "CURRENCY_INVALID"),
            (r#"{"Amount":1,"Currency":978}"#, "CURRENCY_INVALID"),
        ] {
            assert_eq!(read(body), Err(code), "{body}");
        }
    }
}
