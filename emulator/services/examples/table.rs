//! A table, written to with the SDK by a role that may put and may not scan.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Region},
    types::AttributeValue,
};
use card_airlock_iam::Policies;
use card_airlock_services::{Account, AwsEndpoint, EndpointOptions, KeyAttribute, RequestNames, TableSpec};
use clock::Clock;
use serde_json::json;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = EndpointOptions {
        clock: Clock::system(),
        account: Account { region: "us-east-1".to_owned(), id: "123456789012".to_owned() },
        names: RequestNames { identifiers: vec!["Id".to_owned()], purpose: "purpose".to_owned() },
        guard: |_| true,
        keep: None,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let aws = AwsEndpoint::start(listener, options, std::future::pending()).await?;
    let id =
        KeyAttribute { name: "Id".to_owned(), key_type: "HASH".to_owned(), attribute_type: "S".to_owned() };
    let table = TableSpec {
        name: "Events".to_owned(),
        key: vec![id],
        stream_view_type: Some("NEW_IMAGE".to_owned()),
        ttl_attribute: None,
        deletion_protection: false,
    };
    let made = aws.create_table(&table).await?;
    let mut policies = Policies::new("123456789012");
    policies.add_role("Writer", "arn:aws:iam::123456789012:role/Writer");
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": made.arn}],
    });
    policies.attach_to_role("Writer", "Write", &document)?;
    aws.enforce(policies);

    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(aws.url())
        .credentials_provider(Credentials::new("Writer", "any", None, None, "example"))
        .build();
    let client = Client::from_conf(config);
    client.put_item().table_name("Events").item("Id", AttributeValue::S("1".to_owned())).send().await?;
    let scanned = client.scan().table_name("Events").send().await;
    println!("PutItem: done, Scan: {}", if scanned.is_ok() { "done" } else { "denied" });
    println!("denied: {:?}", aws.denials());
    println!("calls: {:?}", aws.tallies());
    let stream = aws.stream(&made.stream_arn.unwrap_or_default())?;
    println!("stream: {:?}", stream.records_after(None, 10)?);
    Ok(())
}
