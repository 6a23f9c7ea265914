//! Which change of a clean row gives which event.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::{
    Detail, Event, EventKind, OrderState,
    change::{Image, RecordedAt},
    position::{Place, Position},
};
use crate::payment::PaymentStatus;

impl Event {
    /// The events of a change of a clean row. A change of several states at once, which no function makes, gives several.
    ///
    /// | before | after | event |
    /// |---|---|---|
    /// | no row | a row | `order.tokenized` |
    /// | a token | another token | `card.replaced` |
    /// | no `CardForgottenAt` | `CardForgottenAt` | `card.forgotten` |
    /// | another payment, or the same one in another state | SUBMITTED, DECLINED, UNKNOWN | `payment.submitted`, `payment.declined`, `payment.unknown` |
    /// | SUBMITTED, DECLINED, UNKNOWN | no payment, the same token | `order.tokenized`: the payment was not charged |
    /// | anything else, as a claim of a payment, or a row that was deleted | | none |
    ///
    /// A claim that is given back in favour of a declined payment gives that payment's event again.
    #[must_use]
    pub fn of_clean_order(
        before: &HashMap<String, AttributeValue>,
        after: &HashMap<String, AttributeValue>,
        recorded: &RecordedAt,
    ) -> Vec<Self> {
        if after.is_empty() {
            return Vec::new();
        }
        let [before, after] = [before, after].map(Image);
        let detail = detail(after, recorded);
        kinds(before, after).into_iter().map(|kind| Self::new(kind, detail.clone())).collect()
    }
}

fn kinds(before: Image<'_>, after: Image<'_>) -> Vec<EventKind> {
    if before.0.is_empty() {
        return vec![EventKind::OrderTokenized];
    }
    let is_replaced = before.0.get("CreditCardToken") != after.0.get("CreditCardToken");
    let (was, is) = (settled(before), settled(after));
    let mut kinds = Vec::new();
    if is_replaced {
        kinds.push(EventKind::CardReplaced);
    }
    if after.has("CardForgottenAt") && !before.has("CardForgottenAt") {
        kinds.push(EventKind::CardForgotten);
    }
    match is {
        Some((kind, _)) if is != was => kinds.push(kind),
        None if was.is_some() && !after.has("PaymentStatus") && !is_replaced => {
            kinds.push(EventKind::OrderTokenized);
        }
        _ => {}
    }
    kinds
}

/// What there is to tell of a payment, and of which.
fn settled(row: Image<'_>) -> Option<(EventKind, Option<Uuid>)> {
    let kind = match payment_status(row)? {
        PaymentStatus::Submitting => return None,
        PaymentStatus::Submitted => EventKind::PaymentSubmitted,
        PaymentStatus::Declined => EventKind::PaymentDeclined,
        PaymentStatus::Unknown => EventKind::PaymentUnknown,
    };
    Some((kind, row.parsed("PaymentId")))
}

fn payment_status(row: Image<'_>) -> Option<PaymentStatus> {
    row.text("PaymentStatus").and_then(PaymentStatus::of_word)
}

fn detail(row: Image<'_>, recorded: &RecordedAt) -> Detail {
    let accepted_at = row.parsed("AcceptedAt");
    Detail {
        customer_order: row.order(),
        acceptance_id: row.parsed("AcceptanceId"),
        accepted_at,
        at: recorded.time,
        status: OrderState::Tokenized,
        reason: None,
        card_replaced_at: row.parsed("CardReplacedAt"),
        card_forgotten_at: row.parsed("CardForgottenAt"),
        payment_status: payment_status(row),
        payment_id: row.parsed("PaymentId"),
        position: accepted_at.and_then(|at| Position::new(at, Place::Across, &recorded.sequence_number)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "550e8400-e29b-41d4-a716-446655440000";
    const OTHER: &str = "11111111-2222-4333-8444-aaaaaaaaaaaa";

    fn row(more: &Value) -> HashMap<String, AttributeValue> {
        let mut row = json!({
            "CustomerOrder": "A-1", "CustomerName": "Ada", "Address": "Las Vegas", "Owner": "me",
            "AcceptanceId": ID, "AcceptedAt": "2026-11-21T18:59:33.120Z", "CreditCardToken": ID,
            "CardLast4": "1111", "CardBrand": "visa", "TokenizedAt": "2026-11-21T18:59:34.000Z",
        });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_dynamo::aws_sdk_dynamodb_1::to_item(row).unwrap()
    }

    fn none() -> HashMap<String, AttributeValue> {
        HashMap::new()
    }

    fn payment(status: &str, id: &str) -> HashMap<String, AttributeValue> {
        row(&json!({"PaymentStatus": status, "PaymentId": id}))
    }

    fn events(
        before: &HashMap<String, AttributeValue>,
        after: &HashMap<String, AttributeValue>,
    ) -> Vec<Event> {
        let time = "2026-11-21T19:00:00.000Z".parse().unwrap();
        Event::of_clean_order(before, after, &RecordedAt { sequence_number: "17".into(), time })
    }

    fn words(
        before: &HashMap<String, AttributeValue>,
        after: &HashMap<String, AttributeValue>,
    ) -> Vec<&'static str> {
        events(before, after).iter().map(|event| event.kind.word()).collect()
    }

    #[test]
    fn a_change_of_state_gives_its_event() {
        let plain = row(&json!({}));
        let replaced = row(&json!({"CreditCardToken": OTHER}));
        let forgotten = row(&json!({"CardForgottenAt": "2026-11-21T19:00:00.000Z"}));
        for (before, after, expected) in [
            (&none(), &plain, "order.tokenized"),
            (&plain, &replaced, "card.replaced"),
            (&payment("DECLINED", ID), &replaced, "card.replaced"),
            (&plain, &forgotten, "card.forgotten"),
            (&payment("SUBMITTING", ID), &payment("SUBMITTED", ID), "payment.submitted"),
            (&payment("SUBMITTING", ID), &payment("DECLINED", ID), "payment.declined"),
            (&payment("SUBMITTING", ID), &payment("UNKNOWN", ID), "payment.unknown"),
            (&payment("UNKNOWN", ID), &payment("SUBMITTED", ID), "payment.submitted"),
            (&payment("UNKNOWN", ID), &payment("DECLINED", ID), "payment.declined"),
            // A claim that was given back.
            (&payment("SUBMITTING", OTHER), &payment("DECLINED", ID), "payment.declined"),
            (&payment("DECLINED", ID), &payment("DECLINED", OTHER), "payment.declined"),
            // An operator found out that it was not charged.
            (&payment("UNKNOWN", ID), &plain, "order.tokenized"),
        ] {
            assert_eq!(words(before, after), [expected], "{before:?} {after:?}");
        }
    }

    #[test]
    fn any_other_change_gives_none() {
        let plain = row(&json!({}));
        for (before, after) in [
            (&plain, &none()),
            (&plain, &plain),
            (&plain, &payment("SUBMITTING", ID)),
            (&payment("DECLINED", ID), &payment("SUBMITTING", OTHER)),
            (&payment("SUBMITTING", ID), &plain),
            (&payment("SUBMITTING", ID), &payment("SUBMITTING", OTHER)),
            (&payment("SUBMITTED", ID), &payment("SUBMITTED", ID)),
            (
                &payment("UNKNOWN", ID),
                &row(&json!({"PaymentStatus": "UNKNOWN", "PaymentId": ID, "LookedUpAt": "x"})),
            ),
            // A state that this release does not know.
            (&payment("UNKNOWN", ID), &payment("REFUNDED", ID)),
            (&plain, &row(&json!({"CardHasExpiry": true}))),
            (&plain, &row(&json!({"Surprise": "1"}))),
        ] {
            assert_eq!(words(before, after), Vec::<&str>::new(), "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_change_of_several_states_gives_each() {
        let all = row(&json!({
            "CreditCardToken": OTHER, "CardForgottenAt": "2026-11-21T19:00:00.000Z",
            "PaymentStatus": "SUBMITTED", "PaymentId": ID,
        }));
        assert_eq!(words(&row(&json!({})), &all), ["card.replaced", "card.forgotten", "payment.submitted"]);
    }

    #[test]
    fn each_event_has_the_whole_state_of_the_order_and_no_data() {
        let after = row(&json!({
            "PaymentStatus": "SUBMITTED", "PaymentId": OTHER, "CardReplacedAt": "2026-11-21T18:59:50.000Z",
            "CardForgottenAt": "2026-11-21T19:00:00.000Z", "PaymentAmount": 1999, "ProcessorReference": "ch_1",
        }));
        let [event] = &events(&payment("SUBMITTED", OTHER), &after)[..] else { panic!("one event") };
        assert_eq!(
            serde_json::to_value(&event.detail).unwrap(),
            json!({
                "CustomerOrder": "A-1", "AcceptanceId": ID, "AcceptedAt": "2026-11-21T18:59:33.120Z",
                "At": "2026-11-21T19:00:00.000Z", "Status": "TOKENIZED",
                "CardReplacedAt": "2026-11-21T18:59:50.000Z", "CardForgottenAt": "2026-11-21T19:00:00.000Z",
                "PaymentStatus": "SUBMITTED", "PaymentId": OTHER,
                "Position": format!("2026-11-21T18:59:33.120Z#1#{:0>40}", 17),
            })
        );
    }

    #[test]
    fn an_id_is_named_unless_it_may_be_a_card_number() {
        let named = |id: &str| {
            let [event] = &events(&none(), &row(&json!({"CustomerOrder": id})))[..] else {
                panic!("one event")
            };
            event.detail.customer_order.as_ref().map(|order| order.as_str().to_owned())
        };
        assert_eq!(named("A-1"), Some("A-1".to_owned()));
        assert_eq!(named("4111111111111111"), None, "as an earlier release may have accepted it");
    }

    #[test]
    fn a_row_that_cannot_be_read_gives_what_it_says() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let after = HashMap::from([
            ("CustomerOrder".to_owned(), text("4111111111111111")),
            ("AcceptedAt".to_owned(), text("yesterday")),
        ]);
        let [event] = &events(&none(), &after)[..] else { panic!("one event") };
        assert_eq!(
            serde_json::to_value(&event.detail).unwrap(),
            json!({"At": "2026-11-21T19:00:00.000Z", "Status": "TOKENIZED"})
        );
    }
}
