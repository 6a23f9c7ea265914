//! POST /paybill: takes a card out of the vault for the payment processor.
