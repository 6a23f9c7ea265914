//! An AWS of the test's own: the six tables, and whatever else the test makes there.

use aws_config::SdkConfig;
use card_airlock_services::{Account, AwsEndpoint, EndpointOptions, KeyAttribute, RequestNames, TableSpec};
use clock::Clock;
use tokio::net::TcpListener;

use crate::{
    aws::aws_config,
    tables::{AUDIT, CARD_KEYS, ORDERS, QUARANTINE, VAULT, WITNESS},
};

/// An AWS endpoint on a free port, for as long as the test runs.
#[derive(Debug)]
pub struct LocalAws {
    pub endpoint: AwsEndpoint,
    pub config: SdkConfig,
}

impl LocalAws {
    /// The account of all that is there.
    pub const ACCOUNT: &str = "123456789012";

    /// With the six tables, empty.
    pub async fn start() -> Self {
        let options = EndpointOptions {
            clock: Clock::system(),
            account: Account { region: "us-east-1".to_owned(), id: Self::ACCOUNT.to_owned() },
            names: RequestNames::default(),
            guard: |_| true,
            keep: None,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = AwsEndpoint::start(listener, options, std::future::pending()).await.unwrap();
        for (name, keys) in [
            (QUARANTINE, &[("CustomerOrder", "S")][..]),
            (ORDERS, &[("CustomerOrder", "S")]),
            (VAULT, &[("Hash_Key", "S"), ("Account_Id", "S")]),
            (AUDIT, &[("Principal", "S"), ("At", "S")]),
            (WITNESS, &[("Chain", "S"), ("Number", "N")]),
            (CARD_KEYS, &[("Kid", "S")]),
        ] {
            endpoint.create_table(&table(name, keys)).await.unwrap();
        }
        let config = aws_config(endpoint.url());
        Self { endpoint, config }
    }
}

fn table(name: &str, keys: &[(&str, &str)]) -> TableSpec {
    let key = |((name, attribute_type), key_type): (&(&str, &str), &str)| KeyAttribute {
        name: (*name).to_owned(),
        key_type: key_type.to_owned(),
        attribute_type: (*attribute_type).to_owned(),
    };
    TableSpec {
        name: name.to_owned(),
        key: keys.iter().zip(["HASH", "RANGE"]).map(key).collect(),
        stream_view_type: None,
        ttl_attribute: None,
        deletion_protection: false,
    }
}
