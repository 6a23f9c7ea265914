//! What was there before: tables that a stack finds, and a store that cannot be written any more.

use card_airlock_services::{AwsEndpoint, FoundTable, Keep, KeyAttribute, TableSpec};

use crate::wire::{ask, endpoint, endpoint_keeping};

fn spec(key: &str, stream: Option<&str>) -> TableSpec {
    let key =
        KeyAttribute { name: key.to_owned(), key_type: "HASH".to_owned(), attribute_type: "S".to_owned() };
    TableSpec {
        name: "Tab".to_owned(),
        key: vec![key],
        stream_view_type: stream.map(str::to_owned),
        ttl_attribute: None,
        deletion_protection: false,
    }
}

async fn json(aws: &AwsEndpoint, target: &str, service: &str, body: &str) -> (u16, String) {
    let headers = format!("Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: {target}\r\n");
    let (status, _, body) = ask(aws, "POST /", "operator", service, &headers, body).await;
    (status, String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn a_table_that_is_there_is_taken_and_gets_what_the_stack_declares() {
    let aws = endpoint().await;
    assert_eq!(aws.find_table(&spec("Id", None)).await.unwrap(), FoundTable::None);
    let made = aws.create_table(&spec("Id", None)).await.unwrap();
    assert_eq!(aws.find_table(&spec("Id", None)).await.unwrap(), FoundTable::Ready(made));
    let wanted = TableSpec {
        ttl_attribute: Some("ExpiresAt".to_owned()),
        deletion_protection: true,
        ..spec("Id", Some("NEW_IMAGE"))
    };
    let FoundTable::Ready(found) = aws.find_table(&wanted).await.unwrap() else { panic!("it is there") };
    aws.stream(found.stream_arn.as_deref().unwrap()).unwrap();
    let (_, told) =
        json(&aws, "DynamoDB_20120810.DescribeTimeToLive", "dynamodb", r#"{"TableName":"Tab"}"#).await;
    assert!(told.contains("ENABLED") && told.contains("ExpiresAt"), "{told}");
    let (status, told) =
        json(&aws, "DynamoDB_20120810.DeleteTable", "dynamodb", r#"{"TableName":"Tab"}"#).await;
    assert!(status == 400 && told.contains("protect"), "{told}");
    assert_eq!(
        aws.find_table(&wanted).await.unwrap(),
        FoundTable::Ready(found),
        "a second time nothing changes"
    );
}

#[tokio::test]
async fn a_table_with_another_key_or_stream_is_another_one() {
    let aws = endpoint().await;
    aws.create_table(&spec("Id", Some("NEW_IMAGE"))).await.unwrap();
    let mut of_numbers = spec("Id", Some("NEW_IMAGE"));
    of_numbers.key[0].attribute_type = "N".to_owned();
    let mut longer = spec("Id", Some("NEW_IMAGE"));
    longer.key.push(KeyAttribute {
        name: "At".to_owned(),
        key_type: "RANGE".to_owned(),
        attribute_type: "S".to_owned(),
    });
    for wanted in [spec("Other", Some("NEW_IMAGE")), of_numbers, longer, spec("Id", Some("KEYS_ONLY"))] {
        assert_eq!(aws.find_table(&wanted).await.unwrap(), FoundTable::Another, "{wanted:?}");
    }
}

#[tokio::test]
async fn nothing_is_answered_after_a_change_that_could_not_be_written() {
    let folder = tempfile::tempdir().unwrap();
    Keep::make(folder.path()).unwrap();
    let aws = endpoint_keeping(Some(Keep::open(folder.path()).unwrap())).await;
    let list = async || json(&aws, "TrentService.ListKeys", "kms", "{}").await.0;
    assert_eq!(list().await, 200);
    let state = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    state.execute_batch("DROP TABLE kept").unwrap();
    let (status, _) = json(&aws, "TrentService.CreateKey", "kms", "{}").await;
    assert!(status >= 500, "a key that would be forgotten is not handed out: {status}");
    assert!(list().await >= 500);
    tokio::time::timeout(std::time::Duration::from_secs(60), aws.store().failed()).await.unwrap();
}
