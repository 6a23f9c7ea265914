//! An order as a client sends it, parsed: the AWS sample's body, and what this project adds to it.

use order::{Address, Amount, Customer, CustomerName, OrderId, OrderIdPattern, Owner, ParsePlainTextError};
use platform::api::{self, Fields, Problem};
use vault::JsonText;

use crate::submitted_card::{CARD_FIELDS, CardRules, SentCard, SubmittedCard};

/// A submission that follows every rule.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) order: OrderId,
    pub(crate) customer: Customer,
    pub(crate) card: SubmittedCard,
    /// The owner of the order. None: the caller.
    pub(crate) owner: Option<Owner>,
    /// What the order costs.
    pub(crate) amount: Option<Amount>,
}

/// What is known about the sender of an order before the order is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender<'a> {
    /// Whether the sender is a member of the billing group.
    pub(crate) is_merchant: bool,
    /// The form of the shop's own order ids.
    pub(crate) order_ids: &'a OrderIdPattern,
}

const FIELDS: [&str; 9] = {
    let [number, expiry, encrypted] = CARD_FIELDS;
    ["CustomerOrder", "CustomerName", number, expiry, encrypted, "Address", "Amount", "Currency", "Owner"]
};
/// What only the shop decides: the amount and the owner.
const MERCHANTS_FIELDS: [&str; 3] = ["Amount", "Currency", "Owner"];

impl Submission {
    /// Parses the body of `POST /order`. A customer who sends a field of the merchant's is refused before anything
    /// else is read, whatever is in it.
    pub(crate) fn parse(body: &str, sender: Sender<'_>, rules: CardRules) -> Result<Self, Problem> {
        let fields = Fields::parse(body, &FIELDS)?;
        if !sender.is_merchant && MERCHANTS_FIELDS.iter().any(|field| fields.raw(field).is_some()) {
            return Err(Problem::MERCHANT_ONLY);
        }
        let order = text(&fields, "CustomerOrder", Problem::ORDER_ID_MISSING)?;
        // Missing fields are reported before wrong ones.
        let (name, address) = (
            text(&fields, "CustomerName", Problem::NAME_MISSING)?,
            text(&fields, "Address", Problem::ADDRESS_MISSING)?,
        );
        let card = SentCard::of(&fields, rules)?;
        Ok(Self {
            order: api::order_id(&order, sender.order_ids)?,
            customer: customer(&name, &address)?,
            card: card.parse(&fields, rules)?,
            owner: owner(&fields)?,
            amount: api::amount(&fields)?,
        })
    }
}

/// Parses the body of `PUT /order/{CustomerOrder}/card`.
pub(crate) fn parse_card(body: &str, rules: CardRules) -> Result<SubmittedCard, Problem> {
    let fields = Fields::parse(body, &CARD_FIELDS)?;
    SentCard::of(&fields, rules)?.parse(&fields, rules)
}

fn text<'a>(fields: &Fields<'a>, name: &str, missing: Problem) -> Result<JsonText<'a>, Problem> {
    fields.string(name, missing.clone())?.ok_or(missing)
}

fn customer(name: &str, address: &str) -> Result<Customer, Problem> {
    Ok(Customer {
        name: CustomerName::accept(name).map_err(|error| match error {
            ParsePlainTextError::Empty => Problem::NAME_EMPTY,
            ParsePlainTextError::TooLong => Problem::NAME_TOO_LONG,
            ParsePlainTextError::Control => Problem::NAME_CONTROL,
            ParsePlainTextError::NoText => Problem::NAME_NO_TEXT,
            ParsePlainTextError::CardShaped => Problem::NAME_CARD_SHAPED,
        })?,
        address: Address::accept(address).map_err(|error| match error {
            ParsePlainTextError::Empty => Problem::ADDRESS_EMPTY,
            ParsePlainTextError::TooLong => Problem::ADDRESS_TOO_LONG,
            ParsePlainTextError::Control => Problem::ADDRESS_CONTROL,
            ParsePlainTextError::NoText => Problem::ADDRESS_NO_TEXT,
            ParsePlainTextError::CardShaped => Problem::ADDRESS_CARD_SHAPED,
        })?,
    })
}

fn owner(fields: &Fields<'_>) -> Result<Option<Owner>, Problem> {
    let sub = fields.string("Owner", Problem::OWNER_NOT_TEXT)?;
    sub.map(|sub| Owner::named(&sub).map_err(|_| Problem::OWNER_INVALID)).transpose()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use serde_json::{Value, json};

    use super::*;

    fn sample() -> Value {
        json!({
            "CustomerOrder": "123456789", "CustomerName": "Amazon Web Services",
            "CreditCard": "0000-0000-0000-0000", "Address": "Reinvent2019, Las Vegas, USA",
        })
    }

    /// One moment of November 2026, and the first in which that month is over everywhere.
    const DURING_NOVEMBER: Duration = Duration::from_secs(1_795_287_573);
    const AFTER_NOVEMBER: Duration = Duration::from_secs(1_796_126_400);

    fn at(since: Duration) -> CardRules {
        let now = SystemTime::UNIX_EPOCH + since;
        CardRules { encrypted_only: false, expiry_required: false, now }
    }

    fn parse(body: &Value) -> Result<Submission, Problem> {
        parse_by(&body.to_string(), true)
    }

    fn parse_by(body: &str, is_merchant: bool) -> Result<Submission, Problem> {
        let sender = Sender { is_merchant, order_ids: &OrderIdPattern::default() };
        Submission::parse(body, sender, at(DURING_NOVEMBER))
    }

    #[test]
    fn an_expired_card_is_refused_once_its_month_is_over_everywhere() {
        let mut order = sample();
        order["CardExpiry"] = "11/26".into();
        let card = json!({ "CreditCard": "4111111111111111", "CardExpiry": "11/26" });
        let any_id = OrderIdPattern::default();
        let customer = Sender { is_merchant: false, order_ids: &any_id };
        let millisecond = Duration::from_millis(1);
        for (since, expected) in [
            (DURING_NOVEMBER, None),
            (AFTER_NOVEMBER - millisecond, None),
            (AFTER_NOVEMBER, Some((422, "CARD_EXPIRED"))),
        ] {
            let rules = at(since);
            let said = |problem: Problem| (problem.status.as_u16(), problem.code);
            assert_eq!(
                Submission::parse(&order.to_string(), customer, rules).err().map(said),
                expected,
                "{since:?}"
            );
            assert_eq!(parse_card(&card.to_string(), rules).err().map(said), expected, "{since:?}");
        }
    }

    #[test]
    fn the_samples_order_is_read() {
        let submission = parse(&sample()).unwrap();
        assert_eq!(submission.order.as_str(), "123456789");
        assert_eq!(submission.customer.name.as_str(), "Amazon Web Services");
        let SubmittedCard::Plain(card) = &submission.card else { panic!("{submission:?}") };
        assert_eq!(card.last4().to_string(), "0000");
        assert!(card.expiry.is_none());
        assert_eq!((submission.owner, submission.amount), (None, None));
    }

    #[test]
    fn a_merchant_says_how_much_and_for_whom_and_a_customer_neither() {
        let owner = "550e8400-e29b-41d4-a716-446655440000";
        let mut body = sample();
        body["Owner"] = owner.into();
        body["Amount"] = 4999.into();
        body["Currency"] = "USD".into();
        let submission = parse(&body).unwrap();
        assert_eq!(submission.owner, Some(owner.parse().unwrap()));
        let amount = submission.amount.unwrap();
        assert_eq!((amount.minor_units.count(), amount.currency.to_string()), (4999, "USD".to_owned()));
        for field in MERCHANTS_FIELDS {
            for value in [body[field].clone(), json!(""), json!(0), json!([]), json!("4111111111111111")] {
                let mut body = sample();
                body[field] = value.clone();
                // A body that is wrong besides says no more to a customer.
                for card in ["0000-0000-0000-0000", "x"] {
                    body["CreditCard"] = card.into();
                    let refused = parse_by(&body.to_string(), false).unwrap_err();
                    assert_eq!(refused, Problem::MERCHANT_ONLY, "{field} {value}");
                }
            }
        }
    }

    #[test]
    fn a_null_is_no_value_to_anybody() {
        let mut body = sample();
        for field in MERCHANTS_FIELDS {
            body[field] = Value::Null;
        }
        for is_merchant in [true, false] {
            let submission = parse_by(&body.to_string(), is_merchant).unwrap();
            assert_eq!((submission.owner, submission.amount), (None, None));
        }
    }

    #[test]
    fn a_wrong_field_is_refused_with_its_own_code_and_none_of_its_text() {
        for (field, value, status, code) in [
            ("CustomerOrder", json!(null), 400, "ORDER_ID_MISSING"),
            ("CustomerOrder", json!(4_111_111_111_111_111_u64), 400, "ORDER_ID_MISSING"),
            ("CustomerOrder", json!("4111111111111111"), 422, "ORDER_ID_CARD_SHAPED"),
            ("CustomerOrder", json!("a/b"), 422, "ORDER_ID_INVALID"),
            ("CustomerName", json!(["4111111111111111"]), 400, "NAME_MISSING"),
            ("CustomerName", json!("4111 1111 1111 1111"), 422, "NAME_CARD_SHAPED"),
            ("CustomerName", json!(""), 422, "NAME_INVALID"),
            ("Address", json!(null), 400, "ADDRESS_MISSING"),
            ("Address", json!("x\u{0}"), 422, "ADDRESS_INVALID"),
            ("Address", json!("c/o 4111111111111111"), 422, "ADDRESS_CARD_SHAPED"),
            ("CreditCard", json!(null), 400, "CARD_MISSING"),
            ("CreditCard", json!(4_111_111_111_111_111_u64), 400, "CARD_MISSING"),
            ("CreditCard", json!({"n": "4111111111111111"}), 400, "CARD_MISSING"),
            ("CreditCard", json!("4111111111111112"), 422, "CARD_INVALID"),
            ("CreditCard", json!("41111111111"), 422, "CARD_INVALID"),
            ("CreditCard", json!(""), 422, "CARD_INVALID"),
            ("EncryptedCard", json!("x"), 400, "CARD_SENT_TWICE"),
            ("EncryptedCard", json!(7), 400, "ENCRYPTED_CARD_INVALID"),
            ("CardExpiry", json!(1230), 400, "EXPIRY_INVALID"),
            ("CardExpiry", json!("13/30"), 422, "EXPIRY_INVALID"),
            ("Owner", json!(7), 400, "OWNER_INVALID"),
            ("Owner", json!("ann"), 422, "OWNER_INVALID"),
            ("Owner", json!(""), 422, "OWNER_INVALID"),
            ("Owner", json!("4111-1111-1111-1111"), 422, "OWNER_INVALID"),
            ("Owner", json!("550E8400-E29B-41D4-A716-446655440000"), 422, "OWNER_INVALID"),
            ("Amount", json!(1), 422, "AMOUNT_INCOMPLETE"),
            ("Currency", json!("USD"), 422, "AMOUNT_INCOMPLETE"),
            ("Amount", json!(4_111_111_111_111_111_u64), 422, "AMOUNT_INVALID"),
            ("Currency", json!("4111111111111111"), 422, "CURRENCY_INVALID"),
            ("CardExpiry", json!("10/26"), 422, "CARD_EXPIRED"),
            ("CVV", json!("123"), 400, "FIELD_FORBIDDEN"),
            ("4111111111111111", json!("x"), 400, "FIELD_UNKNOWN"),
        ] {
            let mut body = sample();
            body[field] = value.clone();
            let problem = parse(&body).unwrap_err();
            assert_eq!((problem.status.as_u16(), problem.code), (status, code), "{field} {value}");
            assert!(!problem.message.contains("4111"), "{field}");
        }
    }

    #[test]
    fn a_missing_field_is_refused() {
        for field in ["CustomerOrder", "CustomerName", "CreditCard", "Address"] {
            let mut body = sample();
            body.as_object_mut().unwrap().remove(field);
            assert_eq!(parse(&body).unwrap_err().status.as_u16(), 400, "{field}");
        }
    }

    #[test]
    fn a_text_has_one_code_however_json_writes_it() {
        for (field, text, code) in [
            ("CreditCard", "4111\u{a0}1111\u{202f}1111\u{2007}1111", None),
            ("CreditCard", "\t4111\u{2013}1111\u{2212}1111-1111\n", None),
            ("CreditCard", "4111\u{a0}1111", Some("CARD_INVALID")),
            ("CreditCard", "4111/1111\\1111\"1111", Some("CARD_INVALID")),
            ("CardExpiry", "\u{a0}12/30 ", None),
            ("CardExpiry", "12 30", Some("EXPIRY_INVALID")),
            ("CustomerOrder", "\u{a0}1", Some("ORDER_ID_INVALID")),
            ("CustomerOrder", "4111111111111111", Some("ORDER_ID_CARD_SHAPED")),
            ("CustomerName", "Jos\u{e9}", None),
            ("CustomerName", "Jos\u{fffd}", Some("NAME_INVALID")),
            ("CustomerName", "4111\u{a0}1111 1111 1111", Some("NAME_CARD_SHAPED")),
            ("Address", "a\u{202e}b", Some("ADDRESS_INVALID")),
            ("Owner", "550e8400-e29b-41d4-a716-446655440000", None),
            ("Owner", "\u{a0}550e8400-e29b-41d4-a716-446655440000", Some("OWNER_INVALID")),
            ("Address", "4111111111111111", Some("ADDRESS_CARD_SHAPED")),
        ] {
            let mut body = sample();
            body[field] = "VALUE".into();
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            let plain = serde_json::to_string(text).unwrap();
            for written in [plain, format!("\"{escaped}\"")] {
                let body = body.to_string().replace("\"VALUE\"", &written);
                assert_eq!(parse_by(&body, true).err().map(|problem| problem.code), code, "{body}");
            }
        }
    }

    #[test]
    fn half_of_a_surrogate_pair_is_refused_with_its_fields_code() {
        for (field, code) in [
            ("CreditCard", "CARD_INVALID"),
            ("CardExpiry", "EXPIRY_INVALID"),
            ("CustomerOrder", "ORDER_ID_INVALID"),
            ("CustomerName", "NAME_INVALID"),
            ("Address", "ADDRESS_INVALID"),
            ("Owner", "OWNER_INVALID"),
        ] {
            let mut body = sample();
            body[field] = "VALUE".into();
            let body = body.to_string().replace("VALUE", r"A\ud83d");
            let problem = parse_by(&body, true).unwrap_err();
            assert_eq!((problem.status.as_u16(), problem.code), (422, code));
        }
    }
}
