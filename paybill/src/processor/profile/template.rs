//! The parts of a request: constants and typed placeholders. Only a URL path is made from pieces of text, and these
//! pieces cannot contain a separator.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use toml::Spanned;

/// The longest name of a value that a step takes from an answer.
const LONGEST_NAME: usize = 32;

/// A request's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// Members by their names, in the order of the file.
    Members(Vec<(String, Body)>),
    /// Elements.
    Elements(Vec<Body>),
    /// A value.
    Leaf(Leaf),
}

/// A value in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// The same in every request.
    Constant(Constant),
    /// A value of the payment. An optional one is left out if the payment has no such value.
    Placeholder { value: Placeholder, optional: bool },
}

/// A value that is the same in every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Constant {
    Text(String),
    Integer(i64),
    Bool(bool),
}

/// A value of the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placeholder {
    /// A value of the card; only in a body.
    Card(CardText),
    /// The amount in the processor's minor units, as a number or as text.
    AmountMinor(Form),
    /// The amount in whole units, such as 19.99.
    AmountDecimal(Form),
    /// The currency's code in capital or small letters.
    Currency {
        small: bool,
    },
    PaymentId,
    OrderId,
    CustomerName,
    /// `PROCESSOR_ACCOUNT`.
    Account,
    /// The step's idempotency key.
    IdempotencyKey,
    /// One word when the order's owner pays, another when a merchant does. An empty word leaves the value out.
    Payer {
        owner: String,
        merchant: String,
    },
    /// One word, and another when a merchant pays under the customer's stored agreement.
    Initiator {
        customer: String,
        merchant: String,
    },
    /// Whether a merchant pays under the customer's stored agreement: true, or left out.
    MerchantInitiated,
    /// A value from an earlier answer.
    Taken(String),
    /// What an earlier step has made and the order's row remembers.
    Object,
}

/// Which value of the card, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CardText {
    Number,
    MonthNumber,
    Month,
    YearNumber,
    Year,
    ShortYear,
    /// `MM/YY`.
    MonthSlashYear,
    /// `MMYY`.
    MonthYear,
    /// `YYYY-MM`.
    YearDashMonth,
    /// `MMYYYY`.
    MonthLongYear,
}

/// How a number is written in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Number,
    Text,
}

/// A path below `PROCESSOR_URL`, with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UrlPath(pub(crate) Vec<UrlPiece>);

/// A piece of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UrlPiece {
    Text(String),
    PaymentId,
    Object,
    Taken(String),
}

impl Body {
    /// Every placeholder in it.
    pub(crate) fn placeholders(&self) -> Vec<(&Placeholder, bool)> {
        match self {
            Self::Members(members) => members.iter().flat_map(|(_, body)| body.placeholders()).collect(),
            Self::Elements(elements) => elements.iter().flat_map(Self::placeholders).collect(),
            Self::Leaf(Leaf::Placeholder { value, optional }) => vec![(value, *optional)],
            Self::Leaf(Leaf::Constant(_)) => Vec::new(),
        }
    }

    /// Whether it has a value of the card.
    pub(crate) fn has_card(&self) -> bool {
        self.placeholders().iter().any(|(value, _)| matches!(value, Placeholder::Card(_)))
    }

    /// Whether it has no members.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Members(members) if members.is_empty())
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::Members(Vec::new())
    }
}

impl Leaf {
    fn parse(text: String) -> Result<Self, String> {
        if !text.contains(['{', '}']) {
            return Ok(Self::Constant(Constant::Text(text)));
        }
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        let inner = inner.filter(|inner| !inner.contains(['{', '}'])).ok_or_else(|| {
            format!("{text:?}: a placeholder is the whole value, and a constant has no braces")
        })?;
        let (inner, optional) = inner.strip_suffix('?').map_or((inner, false), |inner| (inner, true));
        Ok(Self::Placeholder { value: Placeholder::parse(inner)?, optional })
    }
}

impl Placeholder {
    fn parse(text: &str) -> Result<Self, String> {
        let words = |prefix: &str| {
            let (first, second) = text.strip_prefix(prefix)?.split_once('|')?;
            let is_word =
                |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            (is_word(first) && is_word(second)).then(|| (first.to_owned(), second.to_owned()))
        };
        Ok(match text {
            "card.number" => Self::Card(CardText::Number),
            "card.month:number" => Self::Card(CardText::MonthNumber),
            "card.month:MM" => Self::Card(CardText::Month),
            "card.year:number" => Self::Card(CardText::YearNumber),
            "card.year:YYYY" => Self::Card(CardText::Year),
            "card.year:YY" => Self::Card(CardText::ShortYear),
            "card.expiry:MM/YY" => Self::Card(CardText::MonthSlashYear),
            "card.expiry:MMYY" => Self::Card(CardText::MonthYear),
            "card.expiry:YYYY-MM" => Self::Card(CardText::YearDashMonth),
            "card.expiry:MMYYYY" => Self::Card(CardText::MonthLongYear),
            "amount:minor" => Self::AmountMinor(Form::Number),
            "amount:minor:text" => Self::AmountMinor(Form::Text),
            "amount:decimal" => Self::AmountDecimal(Form::Text),
            "amount:decimal:number" => Self::AmountDecimal(Form::Number),
            "currency" => Self::Currency { small: false },
            "currency:lower" => Self::Currency { small: true },
            "payment_id" => Self::PaymentId,
            "order_id" => Self::OrderId,
            "customer_name" => Self::CustomerName,
            "account" => Self::Account,
            "idempotency_key" => Self::IdempotencyKey,
            "merchant_initiated" => Self::MerchantInitiated,
            "object" => Self::Object,
            _ => {
                if let Some((owner, merchant)) = words("payer:") {
                    Self::Payer { owner, merchant }
                } else if let Some((customer, merchant)) = words("initiator:") {
                    Self::Initiator { customer, merchant }
                } else if let Some(name) = text.strip_prefix("taken.").filter(|name| is_name(name)) {
                    Self::Taken(name.to_owned())
                } else {
                    return Err(format!(
                        "{{{text}}} is not a placeholder: \"The payment processor's side\" in the documentation lists all of them"
                    ));
                }
            }
        })
    }

    /// Whether it is a value of the amount.
    pub(crate) fn is_amount(&self) -> bool {
        matches!(self, Self::AmountMinor(_) | Self::AmountDecimal(_) | Self::Currency { .. })
    }

    /// Whether it is a value of the card's expiry date.
    pub(crate) fn is_expiry(&self) -> bool {
        matches!(self, Self::Card(part) if *part != CardText::Number)
    }
}

/// Whether a text names a value: small letters, digits and underscores.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(plain)
}

impl UrlPath {
    fn parse(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/?&=%:@,+".contains(c);
        if !text.is_empty() && !text.starts_with(['/', '?']) || text.starts_with("//") || text.contains("..")
        {
            return Err(format!(
                "{text:?}: a path is empty, or begins with one '/' or with '?', and never goes up"
            ));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (inner, after) =
                after.split_once('}').ok_or_else(|| format!("{text:?}: '{{' is not closed"))?;
            pieces.push(UrlPiece::Text(before.to_owned()));
            pieces.push(match inner {
                "payment_id" => UrlPiece::PaymentId,
                "object" => UrlPiece::Object,
                _ => {
                    let name = inner.strip_prefix("taken.").filter(|name| is_name(name));
                    let name = name.ok_or_else(|| format!("{{{inner}}} cannot be used in a path"))?;
                    UrlPiece::Taken(name.to_owned())
                }
            });
            rest = after;
        }
        pieces.push(UrlPiece::Text(rest.to_owned()));
        pieces.retain(|piece| *piece != UrlPiece::Text(String::new()));
        let mut texts = pieces.iter().filter_map(|piece| match piece {
            UrlPiece::Text(text) => Some(text),
            _ => None,
        });
        if texts.all(|text| text.chars().all(plain)) {
            Ok(Self(pieces))
        } else {
            Err(format!("{text:?}: a path may have only letters, digits and -._~/?&=%:@,+"))
        }
    }
}

impl<'de> Deserialize<'de> for UrlPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "text, a whole number, true, false, a list or a table; a decimal number is written as text",
        )
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Body, E> {
        Ok(Body::Leaf(Leaf::Constant(Constant::Bool(value))))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Body, E> {
        Ok(Body::Leaf(Leaf::Constant(Constant::Integer(value))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Body, E> {
        Leaf::parse(text.to_owned()).map(Body::Leaf).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Body, A::Error> {
        let mut body = Vec::new();
        while let Some(element) = elements.next_element()? {
            body.push(element);
        }
        Ok(Body::Elements(body))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Body, A::Error> {
        let mut body: Vec<(Spanned<String>, Body)> = Vec::new();
        while let Some(member) = members.next_entry()? {
            body.push(member);
        }
        // In the order of the file, because the parser does not keep that order.
        body.sort_by_key(|(name, _)| name.span().start);
        Ok(Body::Members(body.into_iter().map(|(name, body)| (name.into_inner(), body)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_constant_or_one_whole_placeholder() {
        let leaf = |text: &str| Leaf::parse(text.to_owned());
        assert_eq!(leaf("card"), Ok(Leaf::Constant(Constant::Text("card".into()))));
        let number = Placeholder::Card(CardText::Number);
        assert_eq!(leaf("{card.number}"), Ok(Leaf::Placeholder { value: number, optional: false }));
        let minor = Placeholder::AmountMinor(Form::Number);
        assert_eq!(leaf("{amount:minor?}"), Ok(Leaf::Placeholder { value: minor, optional: true }));
        let payer = Placeholder::Payer { owner: "Ecommerce".into(), merchant: String::new() };
        assert_eq!(leaf("{payer:Ecommerce|}"), Ok(Leaf::Placeholder { value: payer, optional: false }));
        for text in [
            "{card.number} ",
            "{card.cvc}",
            "{}",
            "{card.number",
            "card}",
            "{taken.}",
            "{taken.A}",
            "{payer:a b|c}",
        ] {
            assert!(leaf(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_path_goes_down_from_the_processors_url_and_holds_no_card() {
        let path = UrlPath::parse("/v1/intents/{object}/confirm?ref={payment_id}").unwrap();
        let text = |text: &str| UrlPiece::Text(text.into());
        assert_eq!(
            path.0,
            [text("/v1/intents/"), UrlPiece::Object, text("/confirm?ref="), UrlPiece::PaymentId]
        );
        assert_eq!(UrlPath::parse("").unwrap().0, []);
        for path in [
            "v1",
            "//elsewhere",
            "/../up",
            "/{card.number}",
            "/{object",
            "/a b",
            "/#a",
            "/{taken.B}",
            "/a\\b",
        ] {
            assert!(UrlPath::parse(path).is_err(), "{path}");
        }
    }
}
