//! Orders, their two tables and the conventions of the API; never sees a card number.
