//! The decision table of accepting: what an order id that is already known means for a new submission.

use crate::{clean::CleanOrder, details::Details, quarantine::QuarantineView, status::QuarantineStatus};

/// What is to be done with a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// Unknown: put a new row.
    New,
    /// Mine, and failed or expired: put a new row in its place.
    Renewed,
    /// The same order, on its way: answer with the first acceptance, write nothing.
    AlreadyPending,
    /// The same order, already across: answer with its status, write nothing.
    AlreadyTokenized,
    /// Another order has the id: refuse, write nothing.
    Conflict,
}

/// Decides by the clean row if there is one, else by the quarantine row: clean wins.
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
        QuarantineStatus::Pending if row.details().is_some_and(|stored| submitted.are_those_of(&stored)) => {
            Acceptance::AlreadyPending
        }
        QuarantineStatus::Failed | QuarantineStatus::Expired if row.owner == submitted.owner => {
            Acceptance::Renewed
        }
        _ => Acceptance::Conflict,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vault::CardBrand;

    use super::*;
    use crate::details::{Address, CustomerName};

    fn details(owner: &str, name: &str, last4: &str, brand: &str) -> Details {
        Details {
            owner: owner.parse().unwrap(),
            name: CustomerName::accept(name).unwrap(),
            address: Address::accept("Las Vegas").unwrap(),
            last4: last4.parse().unwrap(),
            brands: brand.parse::<CardBrand>().unwrap().into(),
            replaces: None,
        }
    }

    fn quarantined(status: &str) -> QuarantineView {
        let mut row = json!({
            "Owner": "me", "AcceptanceId": "550e8400-e29b-41d4-a716-446655440000",
            "AcceptedAt": "2026-11-21T18:59:33.000Z", "Status": status, "CardLast4": "1111", "CardBrand": "visa",
        });
        if status != "EXPIRED" {
            row["CustomerName"] = "AWS".into();
            row["Address"] = "Las Vegas".into();
        }
        serde_json::from_value(row).unwrap()
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
        moved.address = Address::accept("Reno").unwrap();
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
    fn a_failed_or_expired_order_is_renewed_by_its_owner_only() {
        for status in ["FAILED", "EXPIRED"] {
            for (what, submitted) in submissions() {
                let expected = if what == "other owner" { Acceptance::Conflict } else { Acceptance::Renewed };
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
}
