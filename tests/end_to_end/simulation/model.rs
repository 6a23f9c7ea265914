//! What was answered to customers, and what must therefore be there: at any time, and in the end.

use std::collections::{BTreeMap, BTreeSet};

use card_airlock::sandbox::Charge;
use order::MAX_ATTEMPTS;
use serde_json::Value;

use super::{
    at_rest::{AtRest, history, text},
    client::{Answer, MERCHANT},
    details::Details,
};

/// What customers have sent, and the answers that they got.
#[derive(Default)]
pub(super) struct Model {
    /// By order, in the order of sending.
    submissions: BTreeMap<&'static str, Vec<Submission>>,
    /// The clean orders as they were last seen.
    clean: BTreeMap<String, Value>,
    /// The time of each acceptance, from the first answer.
    accepted_at: BTreeMap<String, String>,
    /// Cards that were, or may have been, taken in for an order that was not paid.
    other_cards: BTreeMap<String, BTreeSet<&'static str>>,
    /// Orders and users who asked that the order's card be forgotten, whatever the answer.
    to_be_forgotten: BTreeSet<(String, String)>,
    /// The orders whose card is forgotten, and since when.
    forgotten: BTreeMap<String, String>,
    /// What each acceptance of an order says that it costs.
    prices: BTreeMap<String, Option<String>>,
    /// What merchants have asked for when an order without a price was paid.
    asked_for: BTreeSet<(&'static str, u64)>,
}

/// What was sent of an order, beside its id.
pub(super) struct Told {
    pub(super) details: &'static Details,
    /// In cents, by a merchant.
    pub(super) price: Option<u64>,
}

/// An order that was, or may have been, taken in.
struct Submission {
    user: &'static str,
    details: &'static Details,
    price: Option<u64>,
    /// From a 202. None: the answer did not say it.
    acceptance: Option<String>,
}

impl Submission {
    fn is_in(&self, row: &Value) -> bool {
        text(row, "Owner") == self.user
            && text(row, "CustomerName") == self.details.name
            && self.acceptance.as_ref().is_none_or(|acceptance| text(row, "AcceptanceId") == acceptance)
    }
}

impl Model {
    /// Takes note of an answer to a submission. `before` is what was there when it was sent.
    pub(super) fn submitted(
        &mut self,
        order: &'static str,
        user: &'static str,
        Told { details, price }: Told,
        answer: &Answer,
        before: &AtRest,
    ) {
        self.told(answer);
        let sent = self.submissions.entry(order).or_default();
        match answer.status {
            202 => {
                let acceptance = answer.text("AcceptanceId").to_owned();
                let same = sent.iter().find(|one| one.acceptance.as_ref() == Some(&acceptance));
                let Some(same) = same else {
                    let in_way = before.quarantine.get(order);
                    let in_way = in_way.filter(|row| text(row, "Status") == "PENDING");
                    let is_own = in_way.is_none_or(|row| text(row, "AcceptanceId") == acceptance);
                    assert!(is_own, "{order} took the place of a pending one: {in_way:?}");
                    sent.push(Submission { user, details, price, acceptance: Some(acceptance) });
                    return;
                };
                assert_eq!((same.user, same.details), (user, details), "202 for somebody else's {order}");
            }
            200 => {
                let row = before.clean.get(order).expect("200 for an order that is not across");
                let expected = (user, details.name);
                assert_eq!(
                    (text(row, "Owner"), text(row, "CustomerName")),
                    expected,
                    "200 for another {order}"
                );
                assert!(price.is_none() || price == cents_of(row), "200 for {order} at another price");
            }
            409 => {
                // So is it with a price that the order has not.
                let is_other = |one: &Submission| {
                    (one.user, one.details) != (user, details) || (price.is_some() && one.price != price)
                };
                // With another card it is another order than the one that was sent.
                let is_other = sent.iter().any(is_other) || self.other_cards.contains_key(order);
                assert!(is_other, "409 though {order} was never sent otherwise");
            }
            503 => sent.push(Submission { user, details, price, acceptance: None }),
            _ => panic!("{answer:?}"),
        }
    }

    /// A new row of an order has the amount that was sent with it, otherwise that of the row that it replaced.
    pub(super) fn check_price(order: &str, told: Option<u64>, before: &AtRest, after: &AtRest) {
        let (before, after) = (before.quarantine.get(order), after.quarantine.get(order));
        let acceptance = |row: &Value| text(row, "AcceptanceId").to_owned();
        if let Some(row) = after
            && before.map(acceptance) != Some(acceptance(row))
        {
            assert_eq!(
                cents_of(row),
                told.or_else(|| before.and_then(cents_of)),
                "the price of {order}: {row}"
            );
        }
    }

    /// Takes note of an answer to a payment. `before` is what was there when it was asked for.
    pub(super) fn paid(
        &mut self,
        order: &'static str,
        payer: &str,
        amount: Option<u64>,
        answer: &Answer,
        before: &AtRest,
    ) {
        let clean = before.clean.get(order);
        let price = clean.and_then(cents_of);
        let is_owner = clean.is_some_and(|row| text(row, "Owner") == payer);
        let expected = match (price, amount) {
            (Some(price), Some(amount)) if price != amount => Some(422),
            (None, Some(_)) if is_owner => Some(403),
            _ => None,
        };
        let may = clean.is_some() && (is_owner || payer == MERCHANT);
        if let Some(expected) = expected.filter(|_| may) {
            assert!([expected, 503].contains(&answer.status), "{order} at {price:?}, {amount:?}: {answer:?}");
        }
        assert!(
            answer.status != 403 || expected == Some(403),
            "{order} at {price:?}, {amount:?}: {answer:?}"
        );
        if let Some(amount) = amount.filter(|_| payer == MERCHANT) {
            self.asked_for.insert((order, amount));
        }
    }

    /// Every payment is of the order's price; without one, of an amount that a merchant asked for, or of none.
    pub(super) fn check_charges(&self, rest: &AtRest, charges: &[Charge]) {
        for charge in charges {
            let order = charge.order.as_str();
            let cents = charge.amount.map(|amount| amount.minor_units.count());
            let is_right = match rest.clean.get(order).and_then(cents_of) {
                Some(price) => cents == Some(price),
                None => cents.is_none_or(|cents| self.asked_for.contains(&(order, cents))),
            };
            assert!(is_right, "nobody who may has asked for {cents:?} for {order}");
        }
    }

    /// What an acceptance says of its price, it says forever, in quarantine and clean.
    fn check_prices(&mut self, rest: &AtRest) {
        let orders = rest.quarantine.values().filter(|row| text(row, "Replaces").is_empty());
        for row in orders {
            let (acceptance, price) = (text(row, "AcceptanceId").to_owned(), stored_price(row));
            assert_eq!(self.prices.entry(acceptance).or_insert_with(|| price.clone()), &price, "{row}");
        }
        for (order, row) in &rest.clean {
            let known = match self.clean.get(order) {
                Some(before) => stored_price(before),
                None => self.prices[text(row, "AcceptanceId")].clone(),
            };
            assert_eq!(stored_price(row), known, "the price of {order} is another");
        }
    }

    /// Takes note of an answer to another card. `before` is what was there when it was sent.
    pub(super) fn put_card(
        &mut self,
        order: &'static str,
        user: &'static str,
        card: &'static str,
        answer: &Answer,
        before: &AtRest,
    ) {
        let own = before.clean.get(order).filter(|row| text(row, "Owner") == user);
        let unpaid = own.filter(|row| ["", "DECLINED"].contains(&text(row, "PaymentStatus")));
        let may_be_tried = |row: &&Value| history(row).len() < MAX_ATTEMPTS;
        let is_right = match answer.status {
            200 => own.is_some_and(|row| card.ends_with(text(row, "CardLast4"))),
            202 => unpaid.filter(may_be_tried).is_some_and(|row| row.get("CardForgottenAt").is_none()),
            409 if answer.text("code") == "PAYMENT_ATTEMPTS_EXHAUSTED" => {
                unpaid.is_some_and(|row| !may_be_tried(&row))
            }
            404 => own.is_none(),
            status => [409, 410, 503].contains(&status),
        };
        assert!(is_right, "another card for {order} of {user}: {answer:?}, {own:?}");
        self.told(answer);
        if let (202 | 503, Some(row)) = (answer.status, unpaid) {
            let acceptance = (answer.status == 202).then(|| answer.text("AcceptanceId").to_owned());
            let details = Details::of(text(row, "CustomerName"));
            self.submissions.entry(order).or_default().push(Submission {
                user,
                details,
                price: None,
                acceptance,
            });
            self.other_cards.entry(order.to_owned()).or_default().insert(card);
        }
    }

    /// An answer that names an acceptance also gives its time.
    fn told(&mut self, answer: &Answer) {
        let (acceptance, at) = (answer.text("AcceptanceId"), answer.text("AcceptedAt"));
        if !acceptance.is_empty() {
            let first = self.accepted_at.entry(acceptance.to_owned()).or_insert_with(|| at.to_owned());
            assert_eq!(first, at, "the answer tells of two acceptances: {answer:?}");
        }
    }

    /// The card of an order that is not paid makes room for one that was sent, and nothing else changes.
    fn check_replaced(&self, order: &str, before: &Value, after: &Value) {
        let unchanged = |name: &str| before.get(name) == after.get(name);
        let kept = ["Owner", "CustomerName", "Address", "PaymentHistory", "PaymentKeys"];
        assert!(kept.iter().all(|name| unchanged(name)), "a clean {order} was written over");
        let is_unpaid = ["", "DECLINED"].contains(&text(before, "PaymentStatus"));
        assert!(is_unpaid, "{order} was paid, perhaps, and its card replaced");
        assert_eq!(before.get("CardForgottenAt"), None, "the card of {order} is forgotten");
        assert_eq!(after.get("PaymentStatus"), None, "{order} with another card is not paid yet");
        let last4 = text(after, "CardLast4");
        let sent = self.other_cards.get(order);
        assert!(
            sent.is_some_and(|cards| cards.iter().any(|card| card.ends_with(last4))),
            "nobody sent that card for {order}"
        );
    }

    /// Takes note of an answer to a request to forget. `after` is what was there then.
    pub(super) fn asked_to_forget(&mut self, order: &str, user: &str, answer: &Answer, after: &AtRest) {
        let own = |row: &&Value| text(row, "Owner") == user;
        let clean = after.clean.get(order).filter(own);
        let quarantined = after.quarantine.get(order).filter(own);
        let charging = clean.is_some_and(|row| text(row, "PaymentStatus") == "SUBMITTING");
        let is_right = match answer.status {
            200 => {
                clean.is_none_or(|row| text(row, "CardForgottenAt") == answer.text("CardForgottenAt"))
                    && quarantined.is_none_or(|row| row.get("SealedCard").is_none())
            }
            404 => clean.is_none() && quarantined.is_none(),
            409 if answer.text("code") == "ORDER_PENDING" => {
                clean.is_none_or(|row| row.get("CardForgottenAt").is_none())
                    && quarantined.is_some_and(|row| text(row, "Status") == "PENDING")
            }
            status => status == 503 || (status == 409 && charging),
        };
        assert!(is_right, "{order} of {user} is to be forgotten: {answer:?}, {quarantined:?}, {clean:?}");
        self.to_be_forgotten.insert((order.to_owned(), user.to_owned()));
    }

    fn check_forgotten(&mut self, order: &str, row: &Value) {
        let at = text(row, "CardForgottenAt");
        if !at.is_empty() {
            let owner = text(row, "Owner").to_owned();
            let is_asked = self.to_be_forgotten.contains(&(order.to_owned(), owner));
            assert!(is_asked, "nobody wanted {order} forgotten");
            self.forgotten.entry(order.to_owned()).or_insert_with(|| at.to_owned());
        }
        let since = self.forgotten.get(order).map_or("", String::as_str);
        assert_eq!(at, since, "{order} was forgotten once");
    }

    /// What must hold at any time.
    pub(super) fn check(&mut self, rest: &AtRest, records: &[Value]) {
        self.check_prices(rest);
        for (order, row) in &rest.clean {
            let sent = self.submissions.get(order.as_str()).map_or(&[][..], Vec::as_slice);
            assert!(sent.iter().any(|one| one.is_in(row)), "a clean {order} that nobody sent: {row}");
            let facts = ["AcceptanceId", "Owner", "CustomerName", "CreditCardToken", "TokenizedAt"];
            let facts = |row: &Value| facts.map(|name| text(row, name).to_owned());
            if let Some(before) = self.clean.insert(order.clone(), row.clone())
                && facts(&before) != facts(row)
            {
                self.check_replaced(order, &before, row);
            }
            self.check_forgotten(order, row);
        }
        assert!(self.clean.keys().all(|order| rest.clean.contains_key(order)), "a clean order is gone");
        for (order, sent) in &self.submissions {
            self.check_held(order, sent, rest, records);
        }
    }

    /// The last acceptance in an answer can be found, unless a later one replaced it.
    fn check_held(&self, order: &str, sent: &[Submission], rest: &AtRest, records: &[Value]) {
        let Some(last) = sent.iter().rposition(|one| one.acceptance.is_some()) else { return };
        let (accepted, later) = (&sent[last], &sent[last + 1..]);
        let acceptance = accepted.acceptance.as_deref().unwrap_or_default();
        let (clean, quarantined) = (rest.clean.get(order), rest.quarantine.get(order));
        let is_same = |row: &Value| {
            (text(row, "Owner"), text(row, "CustomerName")) == (accepted.user, accepted.details.name)
        };
        let is_there = clean.is_some_and(is_same)
            || quarantined.is_some_and(|row| text(row, "AcceptanceId") == acceptance);
        // No answer named these: only now it is seen whether they were accepted.
        let is_replaced = later.iter().any(|one| {
            let expired = |row: &Value| text(row, "Status") == "EXPIRED" && text(row, "Owner") == one.user;
            clean.is_some_and(|row| one.is_in(row))
                || quarantined.is_some_and(|row| one.is_in(row) || expired(row))
                || rest
                    .messages
                    .iter()
                    .any(|message| message["CustomerOrder"] == order && message["AcceptanceId"] != acceptance)
        });
        let is_removed = removed_by_ttl(acceptance, records);
        assert!(is_there || is_replaced || is_removed, "{order} is lost, accepted as {acceptance}");
    }

    /// What must hold when everything has come to rest.
    pub(super) fn check_end(&self, rest: &AtRest, records: &[Value]) {
        for (order, row) in &rest.quarantine {
            let clean = rest.clean.get(order);
            match (text(row, "Status"), text(row, "FailureReason")) {
                ("EXPIRED", "FORGOTTEN") => {
                    assert_eq!(row.get("SealedCard"), None, "{order} is forgotten with its card");
                    let asked = (order.clone(), text(row, "Owner").to_owned());
                    assert!(self.to_be_forgotten.contains(&asked), "nobody wanted {order} forgotten");
                }
                // Another card that came too late, and whose own time is over as well.
                ("EXPIRED", "CARD_NOT_REPLACED") => {
                    assert!(clean.is_some() && self.other_cards.contains_key(order), "{order}: {row}");
                    assert_eq!(row.get("SealedCard"), None, "{order} expired with its card");
                }
                ("EXPIRED", _) => {
                    assert_eq!(row.get("SealedCard"), None, "{order} expired with its card");
                    let mourned = rest.is_mourned(text(row, "AcceptanceId"), records);
                    assert!(mourned, "{order} expired without word");
                }
                ("FAILED", "ORDER_EXISTS") => {
                    let other = clean.expect("ORDER_EXISTS and no such order");
                    let of = |row: &Value| ["Owner", "CustomerName"].map(|name| text(row, name).to_owned());
                    let is_other = of(other) != of(row) || self.other_cards.contains_key(order);
                    assert!(is_other, "{order} was parked because of itself");
                    let is_word =
                        |message: &Value| message["CustomerOrder"] == *order && message["Kind"] == "PARKED";
                    assert!(rest.messages.iter().any(is_word), "{order} was parked without word");
                }
                // Another card came when none was to be replaced any more.
                ("FAILED", "CARD_NOT_REPLACED") => {
                    assert!(clean.is_some() && self.other_cards.contains_key(order), "{order}: {row}");
                    assert_eq!(row.get("SealedCard"), None, "{order} keeps a card that nobody wants");
                    let acceptance = text(row, "AcceptanceId");
                    let is_word = |message: &Value| message["AcceptanceId"] == acceptance;
                    assert!(!rest.messages.iter().any(is_word), "somebody was called because of {order}");
                }
                // Or it waits for the payment that is in progress with the old one.
                ("PENDING", _) if clean.is_some_and(|clean| waits_for(row, clean)) => {}
                other => panic!("{order} ends as {other:?}"),
            }
        }
        for (order, sent) in &self.submissions {
            for acceptance in sent.iter().filter_map(|one| one.acceptance.as_deref()) {
                if removed_by_ttl(acceptance, records) && !rest.clean.contains_key(*order) {
                    assert!(rest.is_mourned(acceptance, records), "{order} was removed without word");
                }
            }
        }
    }

    /// No card of a forgotten order is in quarantine.
    pub(super) fn check_no_late_card(rest: &AtRest) {
        for (order, row) in &rest.quarantine {
            let forgotten = rest.clean.get(order).filter(|clean| clean.get("CardForgottenAt").is_some());
            let is_own = forgotten.is_some_and(|clean| text(clean, "Owner") == text(row, "Owner"));
            assert!(!is_own || row.get("SealedCard").is_none(), "{order} is forgotten, and a card is left");
        }
    }

    /// What the last answer about an order must say: status and reason.
    pub(super) fn status_of(order: &str, user: &str, rest: &AtRest) -> Option<(String, String)> {
        let own = |row: &&Value| text(row, "Owner") == user;
        if rest.clean.get(order).filter(own).is_some() {
            return Some(("TOKENIZED".into(), String::new()));
        }
        let row = rest.quarantine.get(order).filter(own)?;
        Some((text(row, "Status").into(), text(row, "FailureReason").into()))
    }
}

/// The price that a row has, in cents of a euro.
fn cents_of(row: &Value) -> Option<u64> {
    row["OrderAmount"]["N"].as_str().map(|cents| cents.parse().unwrap())
}

/// Amount and currency as they are stored; both or neither.
fn stored_price(row: &Value) -> Option<String> {
    let currency = row["OrderCurrency"]["S"].as_str();
    assert_eq!(cents_of(row).is_some(), currency.is_some(), "half a price: {row}");
    cents_of(row).zip(currency).map(|(cents, currency)| format!("{cents} {currency}"))
}

/// Whether the card that a row brings can replace that of the clean order only once its payment is settled.
fn waits_for(row: &Value, clean: &Value) -> bool {
    text(clean, "PaymentStatus") == "SUBMITTING" && text(row, "Replaces") == text(clean, "CreditCardToken")
}

fn removed_by_ttl(acceptance: &str, records: &[Value]) -> bool {
    records.iter().any(|record| {
        record["eventName"] == "REMOVE"
            && record["userIdentity"]["principalId"] == "dynamodb.amazonaws.com"
            && text(&record["dynamodb"]["OldImage"], "AcceptanceId") == acceptance
    })
}
