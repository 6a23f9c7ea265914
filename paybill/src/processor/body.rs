//! What is sent to the processor: JSON, in a buffer that is wiped. The format is documented in docs/processor.md.

use serde::Serialize;
use uuid::Uuid;
use vault::Plaintext;

use super::seam::PaymentRequest;

/// More than the longest body: every value in it is bounded. The buffer never grows, for growing leaves copies.
const LONGEST: usize = 512;

/// The wire format. Names are those of the API.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Wire<'a> {
    payment_id: Uuid,
    customer_order: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    credit_card: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_expiry: Option<&'a str>,
}

/// The body of a request, whose card is gone then. None: it is longer than any that can be, so it is not sent.
#[expect(clippy::disallowed_methods, reason = "EXPOSE: the processor charges the card by its number")]
pub(super) fn body(request: PaymentRequest<'_>) -> Option<Plaintext<Vec<u8>>> {
    let wire = Wire {
        payment_id: request.payment_id,
        customer_order: request.order.as_str(),
        amount: request.amount.map(|amount| amount.minor_units.count()),
        currency: request.amount.map(|amount| amount.currency.to_string()),
        credit_card: request.card.pan.expose(),
        card_expiry: request.card.expiry.as_ref().map(|expiry| expiry.expose()),
    };
    let mut buffer = Plaintext::new(vec![0; LONGEST]);
    let mut room = buffer.as_mut_slice();
    serde_json::to_writer(&mut room, &wire).ok()?;
    let left = room.len();
    buffer.truncate(LONGEST - left);
    Some(buffer)
}

#[cfg(test)]
mod tests {
    use order::{Amount, OrderId};
    use vault::{Card, CardExpiry, Pan};

    use super::*;

    fn card(number: &str, expiry: Option<&str>) -> Card {
        Card { pan: Pan::parse(number).unwrap(), expiry: expiry.map(|text| CardExpiry::parse(text).unwrap()) }
    }

    fn sent(order: &str, amount: Option<Amount>, card: Card) -> Plaintext<Vec<u8>> {
        let order = OrderId::accept(order).unwrap();
        let payment_id = "550e8400-e29b-41d4-a716-446655440000".parse().unwrap();
        body(PaymentRequest { payment_id, order: &order, amount, card }).unwrap()
    }

    #[test]
    fn a_body_is_as_documented() {
        let full = sent("A-1", amount(1999), card("4242 4242 4242 4242", Some("12/30")));
        let documented = include_str!("../../../docs/processor.md");
        let example = documented.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
        let (full, example): (serde_json::Value, serde_json::Value) =
            (serde_json::from_slice(&full).unwrap(), serde_json::from_str(example).unwrap());
        assert_eq!(full, example);
        let least = sent("A-1", None, card("4242424242424242", None));
        assert_eq!(
            std::str::from_utf8(&least).unwrap(),
            r#"{"PaymentId":"550e8400-e29b-41d4-a716-446655440000","CustomerOrder":"A-1","CreditCard":"4242424242424242"}"#
        );
    }

    #[test]
    fn the_longest_body_fits_into_the_one_buffer_that_is_wiped() {
        let longest =
            sent(&"x".repeat(64), amount(999_999_999_999), card("0000000000000000000", Some("12/30")));
        assert!(longest.len() < LONGEST / 2 + 64, "{}", longest.len());
        // It was never grown, so no copy was left behind; wiping takes all of it, not only what is in use.
        assert_eq!(longest.capacity(), LONGEST);
    }

    fn amount(count: u64) -> Option<Amount> {
        Some(Amount { minor_units: count.try_into().unwrap(), currency: "USD".parse().unwrap() })
    }
}
