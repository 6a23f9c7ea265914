//! Who decides the amount: what a payment that begins with a request charges.

use order::{Amount, Payer};
use platform::api::Problem;

/// What a payment that begins now charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Price {
    /// The amount. None: the processor knows it by the order.
    pub(crate) amount: Option<Amount>,
    /// Whether a payment needs an amount to begin.
    pub(crate) is_required: bool,
}

/// The table "Who decides how much" of docs/paying.md: the order's amount, otherwise the merchant's. A customer
/// cannot decide it.
///
/// # Errors
/// 422 if the request has another amount than the order, 403 if a customer gives an amount that the order does not have.
pub(crate) fn amount_to_charge(
    of_order: Option<Amount>,
    asked: Option<Amount>,
    payer: Payer,
) -> Result<Option<Amount>, Problem> {
    match (of_order, asked, payer) {
        (Some(of_order), Some(asked), _) if asked != of_order => Err(Problem::AMOUNT_DIFFERS),
        (Some(of_order), ..) => Ok(Some(of_order)),
        (None, Some(_), Payer::Owner) => Err(Problem::MERCHANT_ONLY),
        (None, asked, _) => Ok(asked),
    }
}

/// The table's last row: with `OWNER_MAY_PAY=false`, only merchants collect.
pub(crate) fn may_collect(payer: Payer, owner_may_pay: bool) -> bool {
    owner_may_pay || payer == Payer::Merchant
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u64, currency: &str) -> Option<Amount> {
        let minor_units = count.try_into().unwrap();
        Some(Amount { minor_units, currency: currency.parse().unwrap() })
    }

    #[test]
    fn every_order_request_and_payer_has_its_amount() {
        use Payer::{Merchant, Owner};
        let (euros, other, dollars) = (of(4999, "EUR"), of(1, "EUR"), of(4999, "USD"));
        for (order, asked, payer, expected) in [
            (euros, None, Owner, Ok(euros)),
            (euros, euros, Owner, Ok(euros)),
            (euros, other, Owner, Err("AMOUNT_DIFFERS")),
            (euros, dollars, Owner, Err("AMOUNT_DIFFERS")),
            (euros, None, Merchant, Ok(euros)),
            (euros, euros, Merchant, Ok(euros)),
            (euros, other, Merchant, Err("AMOUNT_DIFFERS")),
            (euros, dollars, Merchant, Err("AMOUNT_DIFFERS")),
            (None, None, Owner, Ok(None)),
            (None, other, Owner, Err("MERCHANT_ONLY")),
            (None, None, Merchant, Ok(None)),
            (None, other, Merchant, Ok(other)),
        ] {
            let charged = amount_to_charge(order, asked, payer).map_err(|problem| problem.code);
            assert_eq!(charged, expected, "{order:?} {asked:?} {payer:?}");
        }
    }

    #[test]
    fn where_owners_may_not_pay_only_merchants_collect() {
        for (payer, owner_may_pay, expected) in [
            (Payer::Owner, true, true),
            (Payer::Owner, false, false),
            (Payer::Merchant, true, true),
            (Payer::Merchant, false, true),
        ] {
            assert_eq!(may_collect(payer, owner_may_pay), expected, "{payer:?} {owner_may_pay}");
        }
    }
}
