//! Why an order is not paid, said to the client.

use http::StatusCode;
use platform::api::Problem;

use crate::claim::CLAIM_SECONDS;

/// Seconds after which a payment that is being submitted is worth asking for again.
pub(crate) const SHORTLY: u32 = 5;

pub(crate) const PENDING: Problem =
    Problem::new(StatusCode::CONFLICT, "ORDER_PENDING", "The order is not tokenized yet");
pub(crate) const FAILED: Problem =
    Problem::new(StatusCode::CONFLICT, "ORDER_FAILED", "The order could not be tokenized; see its status");
pub(crate) const EXPIRED: Problem =
    Problem::new(StatusCode::CONFLICT, "ORDER_EXPIRED", "The order expired before it was tokenized");
pub(crate) const IN_PROGRESS: Problem =
    Problem::new(StatusCode::CONFLICT, "PAYMENT_IN_PROGRESS", "The payment is being submitted")
        .retry_after(SHORTLY);
pub(crate) const CARD_CHANGING: Problem =
    Problem::new(StatusCode::CONFLICT, "CARD_CHANGING", "Another card is on its way into this order");
pub(crate) const ANOTHER_AMOUNT: Problem =
    Problem::invalid("AMOUNT_DIFFERS", "The order or its payment has another amount or currency");
pub(crate) const AMOUNT_NOT_SET: Problem = Problem::new(
    StatusCode::CONFLICT,
    "AMOUNT_NOT_SET",
    "The order has no amount, and none is charged without: a merchant gives it with the order or with the payment",
);
pub(crate) const DECLINED: Problem = Problem::new(
    StatusCode::PAYMENT_REQUIRED,
    "PAYMENT_DECLINED",
    "The payment processor declined the card; a new Idempotency-Key makes a new attempt",
);
pub(crate) const ATTEMPTS_EXHAUSTED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "PAYMENT_ATTEMPTS_EXHAUSTED",
    "The payment was declined as often as one order may be tried",
);
pub(crate) const UNKNOWN: Problem = Problem::new(
    StatusCode::CONFLICT,
    "PAYMENT_UNKNOWN",
    "The payment was interrupted and may have been charged; it is settled by hand, and never sent again by itself",
);
pub(crate) const REFUSED: Problem = Problem::new(
    StatusCode::BAD_GATEWAY,
    "PROCESSOR_REFUSED",
    "The payment processor refuses requests of this service; this request charged nothing",
);
pub(crate) const CARD_UNREADABLE: Problem = Problem::new(
    StatusCode::INTERNAL_SERVER_ERROR,
    "CARD_UNREADABLE",
    "The card of this order cannot be used; this request charged nothing",
);
pub(crate) const NO_ANSWER: Problem = Problem::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "PAYMENT_UNCONFIRMED",
    "The payment processor did not answer; send the same request again, it is charged once at most",
)
.retry_after(CLAIM_SECONDS);
