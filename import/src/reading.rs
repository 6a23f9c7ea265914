//! A row of the source, read by the rules that an order of a client has to follow.

use std::time::SystemTime;

use order::{Address, Amount, Customer, CustomerName, MinorUnits, OrderId};
use vault::{Card, CardExpiry, Mark, Pan, Token};

use crate::{
    reason::Reason,
    row::{Number, Row},
    settings::{Columns, Settings},
};

/// What a row says. Its owner is still to be found.
pub(crate) struct Reading<'a> {
    pub(crate) order: OrderId,
    pub(crate) content: Content<'a>,
}

/// What stands in the number's place.
pub(crate) enum Content<'a> {
    /// An order with its card.
    Order(Box<SourceOrder<'a>>),
    /// A token: the row was scrubbed.
    Token(Token),
}

/// An order of the source.
pub(crate) struct SourceOrder<'a> {
    pub(crate) number: &'a Number,
    pub(crate) customer: Customer,
    pub(crate) card: Card,
    pub(crate) amount: Option<Amount>,
}

/// The order id of a row.
pub(crate) fn order_id(row: &Row, settings: &Settings) -> Result<OrderId, Reason> {
    let text = row.text(&settings.columns.order).ok_or(Reason::OrderIdMissing)?;
    let order = settings.order_ids.accept(text).map_err(Reason::of_order_id)?;
    // The detector does not find a card in longer digits; a row knows its own.
    if row.has_own_number(text) { Err(Reason::OrderIdCardShaped) } else { Ok(order) }
}

/// What stands in the number's place; none: nothing does.
pub(crate) fn number(row: &Row) -> Result<&Number, Reason> {
    let number = row.number.as_ref().map_err(|_| Reason::NumberNotText)?;
    number.as_ref().ok_or(Reason::NumberMissing)
}

/// The token in the number's place, if there is one.
pub(crate) fn token(number: &Number) -> Option<Token> {
    number.text.parse().ok()
}

/// The mark of an earlier import, if the row has one that can be read.
pub(crate) fn mark(row: &Row) -> Option<Mark> {
    Mark::stored(row.mark.as_ref()?.as_b().ok()?.as_ref())
}

/// Reads a row.
pub(crate) fn read<'a>(row: &'a Row, settings: &Settings, now: SystemTime) -> Result<Reading<'a>, Reason> {
    let order = order_id(row, settings)?;
    let number = number(row)?;
    if let Some(token) = token(number) {
        return Ok(Reading { order, content: Content::Token(token) });
    }
    let columns = &settings.columns;
    let pan = Pan::parse(&number.text).map_err(Reason::of_number)?;
    let expiry = expiry(row, settings, now)?;
    let (customer, amount) = (customer(row, columns)?, amount(row, columns)?);
    let read = SourceOrder { number, customer, card: Card { pan, expiry }, amount };
    Ok(Reading { order, content: Content::Order(Box::new(read)) })
}

fn expiry(row: &Row, settings: &Settings, now: SystemTime) -> Result<Option<CardExpiry>, Reason> {
    let expiry = row.expiry.as_ref().map(|text| CardExpiry::parse(text).map_err(|_| Reason::ExpiryInvalid));
    let expiry = expiry.transpose()?;
    match &expiry {
        None if settings.card_expiry_required => Err(Reason::ExpiryMissing),
        Some(expiry) if expiry.has_passed(now) => Err(Reason::CardExpired),
        _ => Ok(expiry),
    }
}

pub(crate) fn customer(row: &Row, columns: &Columns) -> Result<Customer, Reason> {
    let name = row.text(&columns.name).ok_or(Reason::NameMissing)?;
    let address = row.text(&columns.address).ok_or(Reason::AddressMissing)?;
    if row.has_own_number(name) {
        return Err(Reason::NameCardShaped);
    }
    if row.has_own_number(address) {
        return Err(Reason::AddressCardShaped);
    }
    Ok(Customer {
        name: CustomerName::accept(name).map_err(Reason::of_name)?,
        address: Address::accept(address).map_err(Reason::of_address)?,
    })
}

/// An amount in minor units, as an order has it.
fn amount(row: &Row, columns: &Columns) -> Result<Option<Amount>, Reason> {
    let text = |name: &Option<String>| name.as_ref().and_then(|name| row.text(name));
    let (amount, currency) = match (text(&columns.amount), text(&columns.currency)) {
        (None, None) => return Ok(None),
        (Some(amount), Some(currency)) => (amount, currency),
        _ => return Err(Reason::AmountIncomplete),
    };
    let minor_units = amount.parse::<u64>().ok().and_then(|count| MinorUnits::try_from(count).ok());
    let (minor_units, currency) = minor_units.zip(currency.parse().ok()).ok_or(Reason::AmountInvalid)?;
    Ok(Some(Amount { minor_units, currency }))
}
