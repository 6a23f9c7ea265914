//! Events: what everybody who must know is told when the state of an order has changed. They have ids, states and
//! times, never data, and each has the whole state: who keeps only the newest one knows it.

mod bus;
mod change;
mod clean;
mod notifier;
mod position;
mod quarantine;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use strum::{EnumString, IntoStaticStr, VariantArray};
use uuid::Uuid;

pub use bus::{BusError, EventBus, Put};
pub use change::RecordedAt;
pub use notifier::{Notifier, NotifyError};
pub use position::{ParsePositionError, Position};

use crate::{
    dead_letter::Letter, failure_reason::FailureReason, order_id::OrderId, payment::PaymentStatus,
    timestamp::Timestamp,
};

/// What has happened: the event's `DetailType`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr, VariantArray,
)]
pub enum EventKind {
    /// The order is across, and there is no payment: it came across, or an operator found out that its payment was not
    /// charged.
    #[serde(rename = "order.tokenized")]
    #[strum(serialize = "order.tokenized")]
    OrderTokenized,
    /// Another card replaced the order's card, and a declined payment was taken away with it.
    #[serde(rename = "card.replaced")]
    #[strum(serialize = "card.replaced")]
    CardReplaced,
    /// The order's card was forgotten.
    #[serde(rename = "card.forgotten")]
    #[strum(serialize = "card.forgotten")]
    CardForgotten,
    /// The payment processor accepted the payment.
    #[serde(rename = "payment.submitted")]
    #[strum(serialize = "payment.submitted")]
    PaymentSubmitted,
    /// The payment processor declined the payment.
    #[serde(rename = "payment.declined")]
    #[strum(serialize = "payment.declined")]
    PaymentDeclined,
    /// The payment was interrupted, and its outcome is not known.
    #[serde(rename = "payment.unknown")]
    #[strum(serialize = "payment.unknown")]
    PaymentUnknown,
    /// The order could not cross, and is parked.
    #[serde(rename = "order.failed")]
    #[strum(serialize = "order.failed")]
    OrderFailed,
    /// The order's time in quarantine is over, or its card was forgotten there: its card was removed.
    #[serde(rename = "order.expired")]
    #[strum(serialize = "order.expired")]
    OrderExpired,
    /// A card that was to replace the order's card did not. The order itself has not changed.
    #[serde(rename = "card.not_replaced")]
    #[strum(serialize = "card.not_replaced")]
    CardNotReplaced,
}

impl EventKind {
    /// The `DetailType`.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// Who sends the events: their `Source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
enum Source {
    #[serde(rename = "card-airlock")]
    #[strum(serialize = "card-airlock")]
    CardAirlock,
}

/// The state of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OrderState {
    /// It is across.
    Tokenized,
    /// It is parked, with a reason.
    Failed,
    /// It was in quarantine too long, or its card was forgotten there.
    Expired,
}

/// An event as it is put on the bus, and as it waits in the queue of events that the bus refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Event {
    source: Source,
    /// What has happened.
    #[serde(rename = "DetailType")]
    pub kind: EventKind,
    /// When DynamoDB recorded the change.
    pub time: Timestamp,
    /// What subscribers get.
    pub detail: Detail,
}

/// What an event says. The schemas in `docs/events/` say which kind has which members.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Detail {
    /// The order. None: the stored id may be a card number, as an earlier release may have accepted it.
    pub customer_order: Option<OrderId>,
    /// The acceptance that the event is about; none: the row has none that can be read.
    pub acceptance_id: Option<Uuid>,
    /// When that was; none: the row does not say it.
    pub accepted_at: Option<Timestamp>,
    /// When DynamoDB recorded the change.
    pub at: Timestamp,
    /// The state of the order, or of the card that was to replace another.
    pub status: OrderState,
    /// Why it failed or expired, if the row says it.
    pub reason: Option<FailureReason>,
    /// When another card replaced the order's first one.
    pub card_replaced_at: Option<Timestamp>,
    /// When the order's card was forgotten.
    pub card_forgotten_at: Option<Timestamp>,
    /// The state of the order's payment, if there is one.
    pub payment_status: Option<PaymentStatus>,
    /// The id of that payment.
    pub payment_id: Option<Uuid>,
    /// Greater than that of every earlier change of the order. None: the event does not tell the state of the order.
    pub position: Option<Position>,
}

impl Letter for Event {}

impl Event {
    fn new(kind: EventKind, detail: Detail) -> Self {
        Self { source: Source::CardAirlock, kind, time: detail.at, detail }
    }

    /// The same without a position: the order is across by another acceptance, so its state is not this one's.
    #[must_use]
    pub fn beside_the_order(mut self) -> Self {
        self.detail.position = None;
        self
    }

    /// The order's id, for a log line.
    #[must_use]
    pub fn order_text(&self) -> Option<&str> {
        self.detail.customer_order.as_ref().and_then(OrderId::shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_stored_as_they_are_put() {
        for &kind in EventKind::VARIANTS {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
            assert_eq!(kind.word().parse(), Ok(kind));
        }
    }

    #[test]
    fn an_event_has_ids_states_and_times_only_and_is_read_back_as_it_is() {
        let at: Timestamp = "2026-11-21T18:59:34.000Z".parse().unwrap();
        let detail = Detail {
            customer_order: OrderId::stored("123456789"),
            acceptance_id: Some(Uuid::nil()),
            accepted_at: Some("2026-11-21T18:59:33.120Z".parse().unwrap()),
            at,
            status: OrderState::Failed,
            reason: Some(FailureReason::OrderExists),
            card_replaced_at: None,
            card_forgotten_at: None,
            payment_status: None,
            payment_id: None,
            position: None,
        };
        let event = Event::new(EventKind::OrderFailed, detail);
        assert_eq!(event.order_text(), Some("123456789"));
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(
            text,
            r#"{"Source":"card-airlock","DetailType":"order.failed","Time":"2026-11-21T18:59:34.000Z","Detail":{"CustomerOrder":"123456789","AcceptanceId":"00000000-0000-0000-0000-000000000000","AcceptedAt":"2026-11-21T18:59:33.120Z","At":"2026-11-21T18:59:34.000Z","Status":"FAILED","Reason":"ORDER_EXISTS"}}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
        for (from, to) in [
            (r#""card-airlock""#, r#""somebody""#),
            (r#""order.failed""#, r#""order.gone""#),
            (r#""Time":"#, r#""More":1,"Time":"#),
            (r#""At":"#, r#""More":1,"At":"#),
        ] {
            let changed = text.replace(from, to);
            assert!(changed != text && serde_json::from_str::<Event>(&changed).is_err(), "{changed}");
        }
    }
}
