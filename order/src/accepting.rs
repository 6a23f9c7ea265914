//! The decision table of accepting: what an order id that is already known means for a new submission.

use crate::{
    amount::Amount, clean::CleanOrder, quarantine::QuarantineView, same_order::Details,
    status::QuarantineStatus,
};

/// What is to be done with a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// Unknown: put a new row.
    New,
    /// The sender's own order, which failed or expired: put a new row in its place.
    Renewed {
        /// The amount of the new row: as submitted, otherwise as before.
        amount: Option<Amount>,
    },
    /// The same order, which is PENDING: answer with the first acceptance, write nothing.
    AlreadyPending,
    /// The same order, already across: answer with its status, write nothing.
    AlreadyTokenized,
    /// Another order has the id: refuse, write nothing.
    Conflict,
}

/// Decides by the clean row if there is one, else by the quarantine row: clean wins.
///
/// | the order id is | same details, same owner | anything else |
/// |---|---|---|
/// | unknown | 202, a new row | 202, a new row |
/// | PENDING | 202 with the first `AcceptanceId` and `AcceptedAt`; nothing is written | 409 |
/// | FAILED, EXPIRED | 202, a new acceptance in its place, if unchanged since it was read | same owner: the same, 202; other owner: 409 |
/// | across | 200 with its status; nothing is written | 409 |
///
/// A card that is sent encrypted is compared by the bytes that were sent, also after the order is across
/// ([`crate::ComparedCard`]).
///
/// An amount is compared only if one is sent, which only a merchant may do:
///
/// | the order has | sent with it | PENDING, or across | FAILED, EXPIRED |
/// |---|---|---|---|
/// | no amount | none: by its owner, or a merchant who names that owner | the same order | renewed, without an amount |
/// | no amount | one, by a merchant | 409 | renewed, with that amount |
/// | an amount | none | the same order | renewed, with the amount it has |
/// | an amount | the same one, by any merchant | the same order | renewed |
/// | an amount | another one, by a merchant | 409 | renewed, with the new amount |
/// | one that cannot be read | none | 409 | 409: the code does not guess what it was |
/// | one that cannot be read | one, by a merchant | 409 | renewed, with that amount |
/// | any | another `Owner` than the row's | 409 | 409 |
///
/// A customer's `Amount`, `Currency` or `Owner` is 403 `MERCHANT_ONLY` before anything is looked up.
#[must_use]
pub fn decide(
    submitted: &Details,
    quarantined: Option<&QuarantineView>,
    clean: Option<&CleanOrder>,
) -> Acceptance {
    if let Some(clean) = clean {
        return if clean.is_again(submitted) { Acceptance::AlreadyTokenized } else { Acceptance::Conflict };
    }
    let Some(row) = quarantined else { return Acceptance::New };
    match row.status {
        Some(QuarantineStatus::Pending)
            if row.details().is_some_and(|stored| submitted.are_those_of(&stored)) =>
        {
            Acceptance::AlreadyPending
        }
        Some(QuarantineStatus::Failed | QuarantineStatus::Expired)
            if row.owner.as_ref() == Some(&submitted.owner) =>
        {
            match (submitted.amount, row.amount()) {
                (Some(amount), _) | (None, Ok(Some(amount))) => Acceptance::Renewed { amount: Some(amount) },
                (None, Ok(None)) => Acceptance::Renewed { amount: None },
                // The merchant's amount is there and cannot be read: the new row must not lose it.
                (None, Err(_)) => Acceptance::Conflict,
            }
        }
        _ => Acceptance::Conflict,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use vault::{CardBrand, JweDigest};

    use super::*;
    use crate::{customer::Address, same_order::ComparedCard};

    fn details(owner: &str, name: &str, last4: &str, brand: &str) -> Details {
        Details {
            owner: owner.parse().unwrap(),
            customer: serde_json::from_value(json!({"CustomerName": name, "Address": "Las Vegas"})).unwrap(),
            card: ComparedCard::Shown {
                last4: last4.parse().unwrap(),
                brands: brand.parse::<CardBrand>().unwrap().into(),
            },
            replaces: None,
            amount: None,
        }
    }

    fn euros(count: u64) -> Option<Amount> {
        let minor_units = count.try_into().unwrap();
        Some(Amount { minor_units, currency: "EUR".parse().unwrap() })
    }

    fn quarantined(status: &str) -> QuarantineView {
        priced(status, None)
    }

    fn priced(status: &str, amount: Option<Amount>) -> QuarantineView {
        let mut row = stored(status);
        if let Some(amount) = amount {
            row["OrderAmount"] = amount.minor_units.count().into();
            row["OrderCurrency"] = amount.currency.to_string().into();
        }
        serde_json::from_value(row).unwrap()
    }

    fn stored(status: &str) -> Value {
        let mut row = json!({
            "Owner": "me", "AcceptanceId": "550e8400-e29b-41d4-a716-446655440000",
            "AcceptedAt": "2026-11-21T18:59:33.000Z", "Status": status, "CardLast4": "1111", "CardBrand": "visa",
        });
        if status != "EXPIRED" {
            row["CustomerName"] = "AWS".into();
            row["Address"] = "Las Vegas".into();
        }
        row
    }

    fn clean() -> CleanOrder {
        serde_json::from_value(json!({
            "CustomerOrder": "1", "CustomerName": "AWS", "Address": "Las Vegas", "Owner": "me",
            "CreditCardToken": "11111111-2222-4333-8444-aaaaaaaaaaaa", "CardLast4": "1111", "CardBrand": "visa",
            "AcceptanceId": "550e8400-e29b-41d4-a716-446655440000",
            "AcceptedAt": "2026-11-21T18:59:33.000Z", "TokenizedAt": "2026-11-21T18:59:34.000Z",
        }))
        .unwrap()
    }

    /// The submission, and how it differs from the stored order.
    fn submissions() -> [(&'static str, Details); 6] {
        let mut moved = details("me", "AWS", "1111", "visa");
        moved.customer.address = Address::accept("Reno").unwrap();
        [
            ("same", details("me", "AWS", "1111", "visa")),
            ("other name", details("me", "Other", "1111", "visa")),
            ("other address", moved),
            ("other last4", details("me", "AWS", "1112", "visa")),
            ("other brand", details("me", "AWS", "1111", "amex")),
            ("other owner", details("you", "AWS", "1111", "visa")),
        ]
    }

    #[test]
    fn an_unknown_order_is_accepted() {
        for (_, submitted) in submissions() {
            assert_eq!(decide(&submitted, None, None), Acceptance::New);
        }
    }

    #[test]
    fn a_pending_order_is_answered_again_only_for_the_same_details() {
        for (what, submitted) in submissions() {
            let expected = if what == "same" { Acceptance::AlreadyPending } else { Acceptance::Conflict };
            assert_eq!(decide(&submitted, Some(&quarantined("PENDING")), None), expected, "{what}");
        }
    }

    #[test]
    fn an_order_whose_card_was_sent_encrypted_is_repeated_by_the_same_bytes_only() {
        let encrypted = |byte| Details {
            card: ComparedCard::Encrypted(JweDigest::stored(&[byte; 32]).unwrap()),
            ..details("me", "AWS", "1111", "visa")
        };
        let mut row = stored("PENDING");
        row["CardJweDigest"] = vec![1; 32].into();
        for name in ["CardLast4", "CardBrand"] {
            row.as_object_mut().unwrap().remove(name);
        }
        let row: QuarantineView = serde_json::from_value(row).unwrap();
        let across = CleanOrder { card_jwe_digest: JweDigest::stored(&[1; 32]), ..clean() };
        let others = [encrypted(2), details("me", "AWS", "1111", "visa")];
        for (submitted, pending, tokenized) in
            [(encrypted(1), Acceptance::AlreadyPending, Acceptance::AlreadyTokenized)]
                .into_iter()
                .chain(others.map(|other| (other, Acceptance::Conflict, Acceptance::Conflict)))
        {
            assert_eq!(decide(&submitted, Some(&row), None), pending, "{submitted:?}");
            assert_eq!(decide(&submitted, None, Some(&across)), tokenized, "{submitted:?}");
        }
        assert_eq!(decide(&encrypted(1), Some(&quarantined("PENDING")), None), Acceptance::Conflict);
        assert_eq!(decide(&encrypted(1), None, Some(&clean())), Acceptance::Conflict);
        let renewed = Acceptance::Renewed { amount: None };
        assert_eq!(decide(&encrypted(1), Some(&quarantined("FAILED")), None), renewed);
    }

    #[test]
    fn a_failed_or_expired_order_is_renewed_by_its_owner_only() {
        for status in ["FAILED", "EXPIRED"] {
            for (what, submitted) in submissions() {
                let renewed = Acceptance::Renewed { amount: None };
                let expected = if what == "other owner" { Acceptance::Conflict } else { renewed };
                assert_eq!(decide(&submitted, Some(&quarantined(status)), None), expected, "{status} {what}");
            }
        }
    }

    #[test]
    fn a_tokenized_order_is_answered_with_its_status_only_for_the_same_details() {
        for in_quarantine in [None, Some(quarantined("PENDING")), Some(quarantined("FAILED"))] {
            for (what, submitted) in submissions() {
                let expected =
                    if what == "same" { Acceptance::AlreadyTokenized } else { Acceptance::Conflict };
                assert_eq!(decide(&submitted, in_quarantine.as_ref(), Some(&clean())), expected, "{what}");
            }
        }
    }

    /// The rows of the second table of [`decide`]: what a merchant or a customer submits (who may send no
    /// amount), by what the order has.
    #[test]
    fn the_amounts_of_a_submission_and_of_its_order_have_their_answer() {
        use Acceptance::{AlreadyPending, AlreadyTokenized, Conflict, Renewed};
        let renewed = |amount| Renewed { amount };
        for (has, told, pending, clean_answer, renewal) in [
            (None, None, AlreadyPending, AlreadyTokenized, renewed(None)),
            (None, euros(500), Conflict, Conflict, renewed(euros(500))),
            (euros(500), None, AlreadyPending, AlreadyTokenized, renewed(euros(500))),
            (euros(500), euros(500), AlreadyPending, AlreadyTokenized, renewed(euros(500))),
            (euros(500), euros(700), Conflict, Conflict, renewed(euros(700))),
        ] {
            let submitted = Details { amount: told, ..details("me", "AWS", "1111", "visa") };
            let mut stands = clean();
            stands.order_amount = has.map(|amount| amount.minor_units);
            stands.order_currency = has.map(|amount| amount.currency);
            let case = format!("{has:?} {told:?}");
            assert_eq!(decide(&submitted, None, Some(&stands)), clean_answer, "{case}");
            assert_eq!(decide(&submitted, Some(&priced("PENDING", has)), None), pending, "{case}");
            for status in ["FAILED", "EXPIRED"] {
                let row = priced(status, has);
                assert_eq!(decide(&submitted, Some(&row), None), renewal, "{status} {case}");
            }
            let other = Details { owner: "you".parse().unwrap(), ..submitted };
            for status in ["PENDING", "FAILED", "EXPIRED"] {
                assert_eq!(decide(&other, Some(&priced(status, has)), None), Conflict, "{status} {case}");
            }
        }
    }

    #[test]
    fn an_amount_that_cannot_be_read_is_renewed_by_who_gives_another_and_lost_by_nobody() {
        for status in ["FAILED", "EXPIRED", "PENDING"] {
            let mut row = stored(status);
            row["OrderAmount"] = 500.into();
            let row: QuarantineView = serde_json::from_value(row).unwrap();
            let submitted = details("me", "AWS", "1111", "visa");
            assert_eq!(decide(&submitted, Some(&row), None), Acceptance::Conflict, "{status}");
            let priced = Details { amount: euros(700), ..submitted };
            let renewed = Acceptance::Renewed { amount: euros(700) };
            let expected = if status == "PENDING" { Acceptance::Conflict } else { renewed };
            assert_eq!(decide(&priced, Some(&row), None), expected, "{status}");
        }
    }
}
