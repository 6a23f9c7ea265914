//! Errors of the API, `{"message", "code", "requestId"}`, and the one list of them: status, code, message, and the
//! seconds until a repeated request makes sense. docs/openapi.yaml is tested against it
//! (`tests/end_to_end/openapi.rs`). One code may have several messages; none holds what a client sent.

use http::StatusCode;

use order::TableError;

/// An error answer. Two are equal when all their parts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// For programs; one of a fixed list.
    pub code: &'static str,
    /// For people; never holds what a client sent.
    pub message: &'static str,
    /// Seconds until trying again makes sense.
    pub retry_after: Option<u32>,
    /// The methods that the resource has, where the request had another one (RFC 9110, 15.5.6).
    pub allow: Option<&'static str>,
}

impl Problem {
    /// A problem that a repeated request does not solve.
    #[must_use]
    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message, retry_after: None, allow: None }
    }

    /// The same, with the number of seconds after which a repeat makes sense (RFC 9110, 10.2.3).
    #[must_use]
    pub const fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The same, with the methods that the resource has.
    #[must_use]
    pub const fn allowing(self, methods: &'static str) -> Self {
        Self { allow: Some(methods), ..self }
    }

    /// The same with another message, which names the field that must never be sent.
    #[must_use]
    pub const fn saying(self, message: &'static str) -> Self {
        Self { message, ..self }
    }
}

macro_rules! problems {
    ($($name:ident = $status:ident $code:literal $message:literal $(retry $seconds:literal)?;)*) => {
        impl Problem {
            $(pub const $name: Self =
                Self::new(StatusCode::$status, $code, $message)$(.retry_after($seconds))?;)*

            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

problems! {
    ADDRESS_MISSING = BAD_REQUEST "ADDRESS_MISSING"
        "Address is missing or not a string: send it as a string";
    BODY_MISSING = BAD_REQUEST "BODY_MISSING"
        "The body is missing: send a JSON object";
    BODY_NOT_AN_OBJECT = BAD_REQUEST "BODY_MALFORMED"
        "The body is not a JSON object: send a JSON object";
    BODY_NOT_UTF8 = BAD_REQUEST "BODY_MALFORMED"
        "The body is not UTF-8: send it as UTF-8";
    BODY_UNREADABLE = BAD_REQUEST "BODY_MALFORMED"
        "The body cannot be read as JSON: correct it";
    CARD_EXPIRY_MISSING = BAD_REQUEST "EXPIRY_MISSING"
        "CardExpiry is missing: the payment processor needs it, so send it as MM/YY";
    CARD_MISSING = BAD_REQUEST "CARD_MISSING"
        "CreditCard is missing or not a string: send its digits as a string";
    CARD_SENT_TWICE = BAD_REQUEST "CARD_SENT_TWICE"
        "The body has EncryptedCard and CreditCard or CardExpiry: send EncryptedCard alone, with all of it inside";
    CURRENCY_NOT_TEXT = BAD_REQUEST "CURRENCY_INVALID"
        "Currency is not a string: send an ISO 4217 code such as EUR";
    ENCRYPTED_CARD_MISSING = BAD_REQUEST "CARD_MISSING"
        "EncryptedCard is missing: encrypt the card with a key of GET /card-keys";
    ENCRYPTED_CARD_NOT_TEXT = BAD_REQUEST "ENCRYPTED_CARD_INVALID"
        "EncryptedCard is not a string: send the compact form of a JWE";
    EXPIRY_NOT_TEXT = BAD_REQUEST "EXPIRY_INVALID"
        "CardExpiry is not a string: send MM/YY, or leave it out";
    FIELD_FORBIDDEN = BAD_REQUEST "FIELD_FORBIDDEN"
        "The body has a field that must never be sent: remove it";
    FIELD_TWICE = BAD_REQUEST "FIELD_TWICE"
        "The body has the same field twice: send each field once";
    FIELD_UNKNOWN = BAD_REQUEST "FIELD_UNKNOWN"
        "The body has an unknown field: remove it";
    NAME_MISSING = BAD_REQUEST "NAME_MISSING"
        "CustomerName is missing or not a string: send it as a string";
    ORDER_ID_MISSING = BAD_REQUEST "ORDER_ID_MISSING"
        "CustomerOrder is missing or not a string: send it as a string";
    OWNER_NOT_TEXT = BAD_REQUEST "OWNER_INVALID"
        "Owner is not a string: send the customer's sub, or leave it out";
    UNAUTHORIZED = UNAUTHORIZED "UNAUTHORIZED"
        "An ID token of the user pool is required: sign in again";
    PAYMENT_DECLINED = PAYMENT_REQUIRED "PAYMENT_DECLINED"
        "The payment processor declined the card: send another card, or pay again with a new Idempotency-Key";
    MERCHANT_ONLY = FORBIDDEN "MERCHANT_ONLY"
        "Only a merchant may send Amount, Currency or Owner, or pay this order: remove these fields, or ask the shop";
    ORDER_NOT_FOUND = NOT_FOUND "ORDER_NOT_FOUND"
        "There is no such order: check its id, and the user who is signed in";
    ROUTE_NOT_FOUND = NOT_FOUND "ROUTE_NOT_FOUND"
        "There is no such resource: check the path";
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED "METHOD_NOT_ALLOWED"
        "This resource has no such method: use a method that the header Allow lists";
    AMOUNT_NOT_SET = CONFLICT "AMOUNT_NOT_SET"
        "The order has no amount, and a payment needs one: a merchant must pay it with an amount";
    ANOTHER_CARD_NEEDED = CONFLICT "ANOTHER_CARD_NEEDED"
        "The card was declined and cannot be charged again: send another card";
    CARD_BEING_CHARGED = CONFLICT "PAYMENT_IN_PROGRESS"
        "A payment with this card has no outcome yet: pay again, which settles the payment, then forget the card" retry 5;
    CARD_CHANGE_BLOCKED = CONFLICT "CARD_CHANGE_BLOCKED"
        "An older order with this id blocks the change: place a new order, or send the card again in some days";
    CARD_CHANGING = CONFLICT "CARD_CHANGING"
        "Another card for this order is not stored yet: look at the order's status, and send the request again later";
    ORDER_CONFLICT = CONFLICT "ORDER_CONFLICT"
        "Another order has this CustomerOrder: use another id";
    ORDER_EXPIRED = CONFLICT "ORDER_EXPIRED"
        "The order expired before it was tokenized: place it again";
    ORDER_EXPIRY_MISSING = CONFLICT "EXPIRY_MISSING"
        "The payment processor needs the card's expiry date, and the order has none: send the card again with it";
    ORDER_FAILED = CONFLICT "ORDER_FAILED"
        "The order could not be tokenized: look at its status, which says why";
    ORDER_NOT_TOKENIZED = CONFLICT "ORDER_NOT_TOKENIZED"
        "The order is not tokenized: look at its status, and send the order again if it failed";
    ORDER_PENDING = CONFLICT "ORDER_PENDING"
        "The order is not tokenized yet: send the request again later";
    PAYMENT_ATTEMPTS_EXHAUSTED = CONFLICT "PAYMENT_ATTEMPTS_EXHAUSTED"
        "The order's payments were declined five times, which is the limit: place a new order";
    PAYMENT_IN_PROGRESS = CONFLICT "PAYMENT_IN_PROGRESS"
        "The payment is being submitted: send the request again later" retry 5;
    PAYMENT_NOT_DECLINED = CONFLICT "PAYMENT_NOT_DECLINED"
        "The order is paid, or its payment has no known outcome, so the card stays: look at the order's status";
    PAYMENT_UNKNOWN = CONFLICT "PAYMENT_UNKNOWN"
        "The payment was interrupted and may have been charged: ask the operator, who can settle it";
    CARD_FORGOTTEN = GONE "CARD_FORGOTTEN"
        "The card of this order was forgotten on request: place a new order";
    CARD_RETENTION_ENDED = GONE "CARD_RETENTION_ENDED"
        "The card of this order was deleted when its retention ended: place a new order";
    BODY_TOO_LARGE = PAYLOAD_TOO_LARGE "BODY_TOO_LARGE"
        "The body is too large: send at most 16 KiB";
    NOT_JSON = UNSUPPORTED_MEDIA_TYPE "NOT_JSON"
        "The body is not declared as JSON: set Content-Type to application/json";
    ADDRESS_CARD_SHAPED = UNPROCESSABLE_ENTITY "ADDRESS_CARD_SHAPED"
        "Address must not contain a card number: remove it";
    ADDRESS_CONTROL = UNPROCESSABLE_ENTITY "ADDRESS_INVALID"
        "Address must not contain control characters: remove them";
    ADDRESS_EMPTY = UNPROCESSABLE_ENTITY "ADDRESS_INVALID"
        "Address must not be empty: send the address";
    ADDRESS_NO_TEXT = UNPROCESSABLE_ENTITY "ADDRESS_INVALID"
        "Address must not contain U+FFFD, noncharacters, or marks that change the direction of writing: remove them";
    ADDRESS_TOO_LONG = UNPROCESSABLE_ENTITY "ADDRESS_INVALID"
        "Address is too long: send at most 500 characters";
    AMOUNT_DIFFERS = UNPROCESSABLE_ENTITY "AMOUNT_DIFFERS"
        "The order or its payment has another amount or currency: send the same, or leave both out";
    AMOUNT_INCOMPLETE = UNPROCESSABLE_ENTITY "AMOUNT_INCOMPLETE"
        "Send Amount and Currency together, or neither of them";
    AMOUNT_NOT_CHARGEABLE = UNPROCESSABLE_ENTITY "AMOUNT_INVALID"
        "The payment processor counts this currency in larger units: send an amount that is a whole number of them";
    AMOUNT_INVALID = UNPROCESSABLE_ENTITY "AMOUNT_INVALID"
        "Amount must be a whole number of minor units, from 1 to 999999999999";
    CARD_CHARACTERS = UNPROCESSABLE_ENTITY "CARD_INVALID"
        "CreditCard must have only digits, with single spaces or dashes between them";
    CARD_CHECK_DIGIT = UNPROCESSABLE_ENTITY "CARD_INVALID"
        "CreditCard is not a valid card number: check its digits";
    CARD_EXPIRED = UNPROCESSABLE_ENTITY "CARD_EXPIRED"
        "The card has expired: send a card that is still valid";
    CARD_IN_URL = UNPROCESSABLE_ENTITY "CARD_IN_URL"
        "A URL must never have a card number in it: use the order's id";
    CARD_KEY_NOT_ACCEPTED = UNPROCESSABLE_ENTITY "CARD_KEY_NOT_ACCEPTED"
        "EncryptedCard was made for a key that is not accepted: get the keys again, and encrypt the card with the first";
    CARD_LENGTH = UNPROCESSABLE_ENTITY "CARD_INVALID"
        "CreditCard must have 12 to 19 digits";
    CURRENCY_INVALID = UNPROCESSABLE_ENTITY "CURRENCY_INVALID"
        "Currency must be an ISO 4217 code of three capital letters";
    ENCRYPTED_CARD_INVALID = UNPROCESSABLE_ENTITY "ENCRYPTED_CARD_INVALID"
        "EncryptedCard must be a compact JWE of at most 2048 bytes: ECDH-ES, A256GCM and the kid of a key of GET /card-keys";
    ENCRYPTED_CARD_ONLY = UNPROCESSABLE_ENTITY "ENCRYPTED_CARD_ONLY"
        "Cards are accepted only encrypted: send EncryptedCard, and neither CreditCard nor CardExpiry";
    EXPIRY_INVALID = UNPROCESSABLE_ENTITY "EXPIRY_INVALID"
        "CardExpiry must be MM/YY, such as 09/29";
    IDEMPOTENCY_KEY_INVALID = UNPROCESSABLE_ENTITY "IDEMPOTENCY_KEY_INVALID"
        "Idempotency-Key must be sent once: 1 to 64 letters, digits, '-', '_', '.' or '~', and no card number";
    NAME_CARD_SHAPED = UNPROCESSABLE_ENTITY "NAME_CARD_SHAPED"
        "CustomerName must not contain a card number: remove it";
    NAME_CONTROL = UNPROCESSABLE_ENTITY "NAME_INVALID"
        "CustomerName must not contain control characters: remove them";
    NAME_EMPTY = UNPROCESSABLE_ENTITY "NAME_INVALID"
        "CustomerName must not be empty: send the name";
    NAME_NO_TEXT = UNPROCESSABLE_ENTITY "NAME_INVALID"
        "CustomerName must not contain U+FFFD, noncharacters, or marks that change the direction of writing: remove them";
    NAME_TOO_LONG = UNPROCESSABLE_ENTITY "NAME_INVALID"
        "CustomerName is too long: send at most 200 characters";
    ORDER_ID_CARD_SHAPED = UNPROCESSABLE_ENTITY "ORDER_ID_CARD_SHAPED"
        "CustomerOrder must not look like a card number: use another id, such as a UUID";
    ORDER_ID_INVALID = UNPROCESSABLE_ENTITY "ORDER_ID_INVALID"
        "CustomerOrder must be 1 to 64 letters, digits, '-', '_', '.' or '~', starting with a letter or digit";
    OWNER_INVALID = UNPROCESSABLE_ENTITY "OWNER_INVALID"
        "Owner must be the customer's sub: a UUID in lower case, with its hyphens";
    DETOKENIZE_LIMIT = TOO_MANY_REQUESTS "DETOKENIZE_LIMIT"
        "You have used as many cards as one user may use in a minute. This request charged nothing: send it again later";
    CARD_UNREADABLE = INTERNAL_SERVER_ERROR "CARD_UNREADABLE"
        "The card of this order cannot be used. This request charged nothing: give the operator the requestId";
    INTERNAL = INTERNAL_SERVER_ERROR "INTERNAL"
        "The request could not be handled: give the operator the requestId";
    PROCESSOR_REFUSED = BAD_GATEWAY "PROCESSOR_REFUSED"
        "The payment processor refuses requests of this service. This request charged nothing: send it again later";
    CARD_KEYS_UNAVAILABLE = SERVICE_UNAVAILABLE "CARD_KEYS_UNAVAILABLE"
        "There is no key to encrypt a card to at the moment: send the same request again later" retry 60;
    PAYMENT_UNCONFIRMED = SERVICE_UNAVAILABLE "PAYMENT_UNCONFIRMED"
        "The payment processor did not answer: send the same request again. The order is charged at most once" retry 60;
    UNAVAILABLE = SERVICE_UNAVAILABLE "UNAVAILABLE"
        "The service is not available at the moment: send the same request again" retry 1;
}

impl From<TableError> for Problem {
    /// A fault that may pass can be tried again. A row that cannot be read, or a refused call, is our own fault.
    fn from(error: TableError) -> Self {
        if error.retryable() { Self::UNAVAILABLE } else { Self::INTERNAL }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_message_says_what_to_do_next() {
        for Problem { message, .. } in Problem::ALL {
            let a_rule = [" must be ", " must have ", "Send "].iter().any(|words| message.contains(words));
            assert!(a_rule || message.contains(": "), "{message}");
        }
    }

    #[test]
    fn each_problem_is_listed_once() {
        let said: BTreeSet<_> = Problem::ALL
            .iter()
            .map(|problem| (problem.status.as_u16(), problem.code, problem.message))
            .collect();
        assert_eq!(said.len(), Problem::ALL.len());
    }
}
