//! The fields of a request's body: they are read or refused, and no text that is taken holds a card.
#![no_main]

use libfuzzer_sys::fuzz_target;
use order::{Address, CustomerName, OrderId};
use platform::api::{Fields, Problem};

const FIELDS: [&str; 5] = ["CustomerOrder", "CustomerName", "CreditCard", "CardExpiry", "Address"];

fuzz_target!(|body: &str| {
    let Ok(fields) = Fields::parse(body, &FIELDS) else { return };
    for name in FIELDS {
        let Ok(Some(text)) = fields.string(name, Problem::BODY_NOT_AN_OBJECT) else { continue };
        let is_taken = OrderId::accept(&text).is_ok()
            || CustomerName::accept(&text).is_ok()
            || Address::accept(&text).is_ok();
        assert!(!is_taken || !vault::is_card_shaped(&text), "{name} takes a card");
        let _ = vault::Pan::parse(&text);
        let _ = vault::CardExpiry::parse(&text);
    }
});
