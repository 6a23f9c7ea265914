//! A body as JSON or as a form, written once into one buffer that never grows and is wiped.

use vault::Plaintext;

use super::{
    super::profile::{Body, Constant, Encoding, Leaf},
    values::{Piece, StepValues},
};

/// The payment lacks a value that the request must have. Nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payment lacks a value that the request must have")]
pub(crate) struct MissingValueError;

/// The bytes of a body. They are counted first, so that the buffer has the right size: a buffer that grows leaves copies.
///
/// # Errors
/// [`MissingValueError`].
pub(crate) fn render(
    body: &Body,
    encoding: Encoding,
    values: &StepValues<'_>,
) -> Result<Plaintext<Vec<u8>>, MissingValueError> {
    let mut length = Length(0);
    write(body, encoding, values, &mut length)?;
    let mut buffer = Buffer(Plaintext::new(Vec::with_capacity(length.0)));
    write(body, encoding, values, &mut buffer)?;
    Ok(buffer.0)
}

fn write(
    body: &Body,
    encoding: Encoding,
    values: &StepValues<'_>,
    out: &mut dyn Sink,
) -> Result<(), MissingValueError> {
    match encoding {
        Encoding::Json => json(body, values, out),
        Encoding::Form => {
            let mut is_first = true;
            form(body, values, &mut Vec::new(), &mut is_first, out)
        }
    }
}

/// Receives text, piece by piece.
trait Sink {
    fn put(&mut self, text: &str);
}

struct Length(usize);

impl Sink for Length {
    fn put(&mut self, text: &str) {
        self.0 += text.len();
    }
}

struct Buffer(Plaintext<Vec<u8>>);

impl Sink for Buffer {
    fn put(&mut self, text: &str) {
        // The bytes were counted, so there is space. If there were none, the text would be cut, and no copy would be left.
        if text.len() <= self.0.capacity() - self.0.len() {
            self.0.extend_from_slice(text.as_bytes());
        }
    }
}

/// The value of a leaf. None: it is left out.
fn value<'v>(
    leaf: &'v Leaf,
    values: &'v StepValues<'_>,
    room: &'v mut String,
) -> Result<Option<Piece<'v>>, MissingValueError> {
    match leaf {
        Leaf::Constant(Constant::Text(text)) => Ok(Some(Piece { parts: [text, "", "", ""], is_text: true })),
        Leaf::Constant(Constant::Bool(value)) => {
            Ok(Some(Piece { parts: [if *value { "true" } else { "false" }, "", "", ""], is_text: false }))
        }
        Leaf::Constant(Constant::Integer(value)) => {
            *room = value.to_string();
            Ok(Some(Piece { parts: [room, "", "", ""], is_text: false }))
        }
        Leaf::Placeholder { value, optional } => match values.get(value) {
            None if !optional && !value.may_be_empty() => Err(MissingValueError),
            found => Ok(found),
        },
    }
}

fn json(body: &Body, values: &StepValues<'_>, out: &mut dyn Sink) -> Result<(), MissingValueError> {
    let mut is_first = true;
    match body {
        Body::Leaf(leaf) => {
            // An element of a list cannot be left out: `null` keeps the others in their places.
            match value(leaf, values, &mut String::new())? {
                Some(piece) => json_value(&piece, out),
                None => out.put("null"),
            }
        }
        Body::Elements(elements) => {
            out.put("[");
            for element in elements {
                comma(&mut is_first, ",", out);
                json(element, values, out)?;
            }
            out.put("]");
        }
        Body::Members(members) => {
            out.put("{");
            for (name, body) in members {
                if let Body::Leaf(leaf) = body
                    && value(leaf, values, &mut String::new())?.is_none()
                {
                    continue;
                }
                comma(&mut is_first, ",", out);
                out.put("\"");
                escaped(name, out);
                out.put("\":");
                json(body, values, out)?;
            }
            out.put("}");
        }
    }
    Ok(())
}

fn json_value(piece: &Piece<'_>, out: &mut dyn Sink) {
    let quote = if piece.is_text { "\"" } else { "" };
    out.put(quote);
    for part in piece.parts {
        escaped(part, out);
    }
    out.put(quote);
}

/// Text inside a JSON string (RFC 8259, section 7).
fn escaped(text: &str, out: &mut dyn Sink) {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
        let (before, special) = rest.split_at(at);
        let (special, after) = special.split_at(1);
        out.put(before);
        match special {
            "\"" => out.put("\\\""),
            "\\" => out.put("\\\\"),
            control => control.bytes().for_each(|byte| out.put(&format!("\\u{byte:04x}"))),
        }
        rest = after;
    }
    out.put(rest);
}

fn form<'v>(
    body: &'v Body,
    values: &StepValues<'_>,
    names: &mut Vec<&'v str>,
    is_first: &mut bool,
    out: &mut dyn Sink,
) -> Result<(), MissingValueError> {
    match body {
        Body::Leaf(leaf) => {
            let mut room = String::new();
            if let Some(piece) = value(leaf, values, &mut room)? {
                comma(is_first, "&", out);
                for (depth, name) in names.iter().enumerate() {
                    out.put(if depth > 0 { "%5B" } else { "" });
                    encoded(name, out);
                    out.put(if depth > 0 { "%5D" } else { "" });
                }
                out.put("=");
                piece.parts.iter().for_each(|part| encoded(part, out));
            }
        }
        Body::Elements(elements) => {
            for element in elements {
                names.push("");
                form(element, values, names, is_first, out)?;
                names.pop();
            }
        }
        Body::Members(members) => {
            for (name, body) in members {
                names.push(name);
                form(body, values, names, is_first, out)?;
                names.pop();
            }
        }
    }
    Ok(())
}

/// Text as `application/x-www-form-urlencoded` writes it.
fn encoded(text: &str, out: &mut dyn Sink) {
    form_urlencoded::byte_serialize(text.as_bytes()).for_each(|piece| out.put(piece));
}

fn comma(is_first: &mut bool, text: &str, out: &mut dyn Sink) {
    if !std::mem::take(is_first) {
        out.put(text);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use order::Payer;
    use serde_json::{Value, json};
    use vault::{Card, CardExpiry, Pan};

    use super::*;
    use crate::processor::{PaymentRequest, profile::Profile, request::Values};

    /// A profile whose only step has that body.
    fn profile(body: &str, encoding: &str) -> Profile {
        let text = format!(
            r#"
            name = "test"
            auth = {{ scheme = "bearer" }}
            requires = {{ amount = true, expiry = true }}
            idempotency = {{ header = "Key", kept_hours = 24, resend_after_unknown = "same_key" }}
            exponents = {{ ISK = 2 }}
            [[steps]]
            name = "charge"
            path = "/charge"
            encoding = "{encoding}"
            key_suffix = "-c"
            body = {body}
            rules = [{{ status = [200], outcome = "submitted" }}]
            "#
        );
        Profile::parse(&text).unwrap()
    }

    struct Payment<'a> {
        name: &'a str,
        amount: Option<(u64, &'a str)>,
        expiry: Option<&'a str>,
        /// Who, and whether under an agreement.
        payer: (Payer, bool),
    }

    const PAYMENT: Payment<'static> = Payment {
        name: "Ann",
        amount: Some((1999, "USD")),
        expiry: Some("03/30"),
        payer: (Payer::Owner, false),
    };

    fn rendered(profile: &Profile, payment: &Payment<'_>) -> Result<String, MissingValueError> {
        let card = Card {
            pan: Pan::parse("4242 4242 4242 4242").unwrap(),
            expiry: payment.expiry.map(|text| CardExpiry::parse(text).unwrap()),
        };
        let order = order::OrderId::accept("A-1").unwrap();
        let request = PaymentRequest {
            order: &order,
            customer_name: payment.name,
            amount: payment.amount.map(|(count, currency)| order::Amount {
                minor_units: count.try_into().unwrap(),
                currency: currency.parse().unwrap(),
            }),
            payer: payment.payer.0,
            object: None,
            card: Some(card),
        };
        let taken = BTreeMap::new();
        let values = Values {
            profile,
            request: &request,
            account: Some("shop"),
            is_under_agreement: payment.payer.1,
            taken: &taken,
            object: None,
        };
        let texts = values.texts("550e8400-e29b-41d4-a716-446655440000".parse().unwrap(), "-c").unwrap();
        let values = values.with(&texts);
        let step = &profile.steps[0];
        let body = render(&step.body, step.encoding, &values)?;
        assert_eq!(body.len(), body.capacity(), "it was counted, and never grew");
        Ok(String::from_utf8(body.to_vec()).unwrap())
    }

    /// The JSON of one member.
    fn member(placeholder: &str, payment: &Payment<'_>) -> Value {
        let body = rendered(&profile(&format!("{{ a = \"{placeholder}\" }}"), "json"), payment).unwrap();
        serde_json::from_str::<Value>(&body).unwrap()["a"].clone()
    }

    #[test]
    fn every_placeholder_is_written_in_its_form() {
        for (placeholder, value) in [
            ("{card.number}", json!("4242424242424242")),
            ("{card.month:number}", json!(3)),
            ("{card.month:MM}", json!("03")),
            ("{card.year:number}", json!(2030)),
            ("{card.year:YYYY}", json!("2030")),
            ("{card.year:YY}", json!("30")),
            ("{card.expiry:MM/YY}", json!("03/30")),
            ("{card.expiry:MMYY}", json!("0330")),
            ("{card.expiry:YYYY-MM}", json!("2030-03")),
            ("{card.expiry:MMYYYY}", json!("032030")),
            ("{amount:minor}", json!(1999)),
            ("{amount:minor:text}", json!("1999")),
            ("{amount:decimal}", json!("19.99")),
            ("{amount:decimal:number}", json!(19.99)),
            ("{currency}", json!("USD")),
            ("{currency:lower}", json!("usd")),
            ("{payment_id}", json!("550e8400-e29b-41d4-a716-446655440000")),
            ("{order_id}", json!("A-1")),
            ("{customer_name}", json!("Ann")),
            ("{account}", json!("shop")),
            ("{idempotency_key}", json!("550e8400-e29b-41d4-a716-446655440000-c")),
        ] {
            assert_eq!(member(placeholder, &PAYMENT), value, "{placeholder}");
        }
        let december = Payment { expiry: Some("12/30"), amount: Some((19, "ISK")), ..PAYMENT };
        assert_eq!(member("{card.month:number}", &december), json!(12));
        assert_eq!(member("{amount:minor}", &december), json!(1900), "as the processor counts");
    }

    #[test]
    fn who_pays_is_said_in_the_processors_words() {
        for (payer, who, initiator, flag) in [
            ((Payer::Owner, false), "own", "Ecommerce", Value::Null),
            ((Payer::Owner, true), "own", "Ecommerce", Value::Null),
            ((Payer::Merchant, false), "shop", "Ecommerce", Value::Null),
            ((Payer::Merchant, true), "shop", "ContAuth", json!(true)),
        ] {
            let payment = Payment { payer, ..PAYMENT };
            assert_eq!(member("{payer:own|shop}", &payment), who);
            assert_eq!(member("{initiator:Ecommerce|ContAuth}", &payment), initiator);
            assert_eq!(member("{merchant_initiated}", &payment), flag);
        }
        let empty = profile("{ a = \"{initiator:|CardOnFile}\", b = 1 }", "json");
        assert_eq!(rendered(&empty, &PAYMENT).unwrap(), r#"{"b":1}"#);
    }

    #[test]
    fn json_is_written_in_the_files_order_and_escaped() {
        let profile = profile(
            r#"{ z = { n = "{customer_name}", "a\"b" = true }, list = ["x", 1, { deep = "{card.number}" }], empty = [], a = -5 }"#,
            "json",
        );
        let payment = Payment { name: "Ann \"\\\u{1}é", ..PAYMENT };
        assert_eq!(
            rendered(&profile, &payment).unwrap(),
            r#"{"z":{"n":"Ann \"\\\u0001é","a\"b":true},"list":["x",1,{"deep":"4242424242424242"}],"empty":[],"a":-5}"#
        );
    }

    #[test]
    fn a_form_nests_its_names_and_encodes_them() {
        let profile = profile(
            r#"{ type = "card", card = { number = "{card.number}", exp_month = "{card.month:number}" }, types = ["card", "x y"], confirm = true, note = "{customer_name}" }"#,
            "form",
        );
        let payment = Payment { name: "a&b=c é", ..PAYMENT };
        assert_eq!(
            rendered(&profile, &payment).unwrap(),
            "type=card&card%5Bnumber%5D=4242424242424242&card%5Bexp_month%5D=3&types%5B%5D=card&types%5B%5D=x+y\
             &confirm=true&note=a%26b%3Dc+%C3%A9"
        );
    }

    #[test]
    fn what_was_not_counted_is_left_out_and_no_buffer_grows() {
        let mut buffer = Buffer(Plaintext::new(Vec::with_capacity(16)));
        let space = buffer.0.capacity();
        buffer.put(&"4".repeat(space));
        buffer.put("2");
        assert_eq!((buffer.0.len(), buffer.0.capacity()), (space, space));
    }

    #[test]
    fn what_is_optional_is_left_out_and_what_is_needed_is_missed() {
        let optional = r#"{ a = "{amount:minor?}", c = "{currency?}", e = "{card.expiry:MM/YY?}", n = "{card.number}" }"#;
        let nothing = Payment { amount: None, expiry: None, ..PAYMENT };
        assert_eq!(rendered(&profile(optional, "json"), &nothing).unwrap(), r#"{"n":"4242424242424242"}"#);
        assert_eq!(rendered(&profile(optional, "form"), &nothing).unwrap(), "n=4242424242424242");
        for needed in ["{amount:minor}", "{currency}", "{card.expiry:MM/YY}"] {
            let profile = profile(&format!("{{ a = \"{needed}\" }}"), "json");
            assert_eq!(rendered(&profile, &nothing), Err(MissingValueError), "{needed}");
        }
    }
}
