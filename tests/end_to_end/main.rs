//! End-to-end tests, by promise.
