//! A user of the API whose answers are held to `docs/openapi.yaml`.

pub(crate) use test_support::{Answer, Client, order, order_of};

use super::contract;

pub(crate) fn client(api: &str, token: String) -> Client {
    Client::new(api, token).checked(contract::hold)
}
