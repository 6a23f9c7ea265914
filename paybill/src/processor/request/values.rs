//! The values of one payment, each by its placeholder.

use std::collections::BTreeMap;

use order::{Amount, Payer, PaymentObject};
use uuid::Uuid;
use vault::Card;

use super::super::{
    profile::{AmountUnitsError, CardText, Form, Placeholder, Profile, UrlPath, UrlPiece},
    seam::PaymentRequest,
};

/// A payment, and the results of its earlier steps.
pub(crate) struct Values<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) request: &'a PaymentRequest<'a>,
    /// `PROCESSOR_ACCOUNT`.
    pub(crate) account: Option<&'a str>,
    /// `STORED_CARD_AGREEMENT`.
    pub(crate) is_under_agreement: bool,
    pub(crate) taken: &'a BTreeMap<String, PaymentObject>,
    pub(crate) object: Option<&'a str>,
}

/// The values of a payment that are written in another form than they are kept in; none is of the card.
pub(crate) struct Texts {
    pub(crate) payment_id: String,
    /// The step's idempotency key.
    pub(crate) key: String,
    money: Option<Money>,
}

struct Money {
    minor: String,
    decimal: String,
    currency: String,
    small_currency: String,
}

/// The values of one payment at one step. Values of the card are borrowed from it, piece by piece, and never copied.
pub(crate) struct StepValues<'a> {
    values: &'a Values<'a>,
    texts: &'a Texts,
}

/// A value for a body: pieces one after the other, as text or as a bare word.
pub(crate) struct Piece<'a> {
    pub(crate) parts: [&'a str; 4],
    pub(crate) is_text: bool,
}

impl<'a> Piece<'a> {
    fn text(text: &'a str) -> Self {
        Self { parts: [text, "", "", ""], is_text: true }
    }

    fn bare(word: &'a str) -> Self {
        Self { parts: [word, "", "", ""], is_text: false }
    }
}

impl Values<'_> {
    /// The texts of a step whose key ends in `suffix`.
    ///
    /// # Errors
    /// [`AmountUnitsError`] when the amount cannot be expressed in the processor's units.
    pub(crate) fn texts(&self, payment: Uuid, suffix: &str) -> Result<Texts, AmountUnitsError> {
        let payment_id = payment.to_string();
        let money = |amount: Amount| {
            let currency = amount.currency.to_string();
            Ok(Money {
                minor: self.profile.exponents.minor_units(amount)?.to_string(),
                decimal: self.profile.exponents.decimal(amount)?,
                small_currency: currency.to_lowercase(),
                currency,
            })
        };
        let money = self.request.amount.map(money).transpose()?;
        Ok(Texts { key: format!("{payment_id}{suffix}"), payment_id, money })
    }

    pub(crate) fn with<'v>(&'v self, texts: &'v Texts) -> StepValues<'v> {
        StepValues { values: self, texts }
    }
}

impl StepValues<'_> {
    /// The value; none: the payment has no such value.
    pub(crate) fn get<'v>(&'v self, placeholder: &'v Placeholder) -> Option<Piece<'v>> {
        let (request, money) = (self.values.request, self.texts.money.as_ref());
        let number = |form: Form, text: &'v str| match form {
            Form::Number => Piece::bare(text),
            Form::Text => Piece::text(text),
        };
        let word = |word: &'v str| Some(word).filter(|word| !word.is_empty()).map(Piece::text);
        let is_merchant = request.payer == Payer::Merchant;
        let is_initiator = is_merchant && self.values.is_under_agreement;
        match placeholder {
            Placeholder::Card(part) => card_text(request.card.as_ref()?, *part),
            Placeholder::AmountMinor(form) => money.map(|money| number(*form, &money.minor)),
            Placeholder::AmountDecimal(form) => money.map(|money| number(*form, &money.decimal)),
            Placeholder::Currency { small: true } => money.map(|money| Piece::text(&money.small_currency)),
            Placeholder::Currency { small: false } => money.map(|money| Piece::text(&money.currency)),
            Placeholder::PaymentId => Some(Piece::text(&self.texts.payment_id)),
            Placeholder::OrderId => Some(Piece::text(request.order.as_str())),
            Placeholder::CustomerName => Some(Piece::text(request.customer_name)),
            Placeholder::Account => self.values.account.map(Piece::text),
            Placeholder::IdempotencyKey => Some(Piece::text(&self.texts.key)),
            Placeholder::Payer { owner, merchant } => word(if is_merchant { merchant } else { owner }),
            Placeholder::Initiator { customer, merchant } => {
                word(if is_initiator { merchant } else { customer })
            }
            Placeholder::MerchantInitiated => is_initiator.then(|| Piece::bare("true")),
            Placeholder::Taken(name) => self.values.taken.get(name).map(|value| Piece::text(value.as_str())),
            Placeholder::Object => self.values.object.map(Piece::text),
        }
    }
}

impl Placeholder {
    /// Whether it may be empty although it is not optional: a word that the profile leaves empty.
    pub(crate) fn may_be_empty(&self) -> bool {
        matches!(self, Self::Payer { .. } | Self::Initiator { .. } | Self::MerchantInitiated)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "EXPOSE: the processor charges the card by its number and expiry date"
)]
fn card_text(card: &Card, part: CardText) -> Option<Piece<'_>> {
    if part == CardText::Number {
        return Some(Piece::text(card.pan.expose()));
    }
    let (month, year) = card.expiry.as_ref()?.expose().split_once('/')?;
    let (parts, is_text) = match part {
        CardText::Number => return None,
        CardText::MonthNumber => ([month.strip_prefix('0').unwrap_or(month), "", "", ""], false),
        CardText::Month => ([month, "", "", ""], true),
        CardText::YearNumber => (["20", year, "", ""], false),
        CardText::Year => (["20", year, "", ""], true),
        CardText::ShortYear => ([year, "", "", ""], true),
        CardText::MonthSlashYear => ([month, "/", year, ""], true),
        CardText::MonthYear => ([month, year, "", ""], true),
        CardText::YearDashMonth => (["20", year, "-", month], true),
        CardText::MonthLongYear => ([month, "20", year, ""], true),
    };
    Some(Piece { parts, is_text })
}

/// A path with the values of a payment; none: a value is missing.
pub(crate) fn path(
    path: &UrlPath,
    payment_id: &str,
    taken: &BTreeMap<String, PaymentObject>,
    object: Option<&str>,
) -> Option<String> {
    let piece = |piece: &UrlPiece| match piece {
        UrlPiece::Text(text) => Some(text.clone()),
        UrlPiece::PaymentId => Some(payment_id.to_owned()),
        UrlPiece::Taken(name) => taken.get(name).map(PaymentObject::to_string),
        UrlPiece::Object => object.map(str::to_owned),
    };
    path.0.iter().map(piece).collect()
}
