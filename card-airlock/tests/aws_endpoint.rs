//! The local AWS endpoint as the real SDK meets it: what the pipeline relies on must be as on AWS.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{
        AttributeValue, ConditionCheck, Delete, Put, ReturnValue,
        ReturnValuesOnConditionCheckFailure::AllOld, TransactWriteItem, Update,
    },
};
use aws_sdk_kms::{primitives::Blob as KmsBlob, types::DataKeySpec};
use card_airlock::{aws, deployment};
use card_airlock_services::{AwsEndpoint, Service};
use card_airlock_template::{Resources, Stack};
use clock::TestClock;
use serde_json::Value;
use test_support::tables::{AUDIT, ORDERS, QUARANTINE, VAULT};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::oneshot,
};

/// An endpoint with the shipped template's resources. Dropping it stops it.
struct World {
    aws: AwsEndpoint,
    resources: Resources,
    stack: Stack,
    time: TestClock,
    stop: Option<oneshot::Sender<()>>,
}

impl World {
    async fn spawn() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let time = TestClock::running();
        let (stop, stopped) = oneshot::channel();
        let aws = aws::start(listener, time.clock(), async move { drop(stopped.await) }).await.unwrap();
        let template = deployment::shipped().unwrap();
        let resources = aws::provision(&aws, &template).await.unwrap();
        let stack = template.resolve(&resources).unwrap();
        Self { aws, resources, stack, time, stop: Some(stop) }
    }

    async fn config(&self, role: &str) -> SdkConfig {
        card_airlock::functions::sdk_config(self.aws.url(), role)
    }

    async fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config("operator").await)
    }

    async fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.config("operator").await)
    }

    async fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config("operator").await)
    }

    /// A key without a policy of the template's: the operator may use it.
    async fn key_of_the_operator(&self) -> String {
        let made = self.kms().await.create_key().send().await.unwrap();
        made.key_metadata.unwrap().arn.unwrap()
    }

    fn key_arn(&self, logical_id: &str) -> String {
        self.resources.attribute(logical_id, "Arn").unwrap().to_owned()
    }

    fn advance(&self, by: Duration) {
        self.time.advance(by);
    }

    fn records(&self) -> Vec<Value> {
        let stream_arn = self.resources.attribute(QUARANTINE, "StreamArn").unwrap();
        self.aws.stream(stream_arn).unwrap().records_after(None, 1000).unwrap()
    }
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default().to_owned()
}

/// A pending row of the quarantine.
async fn put_order(client: &aws_sdk_dynamodb::Client, order: &str, acceptance: &str) {
    let put = client.put_item().table_name(QUARANTINE).item("CustomerOrder", s(order));
    let put = put.item("AcceptanceId", s(acceptance)).item("Status", s("PENDING")).item("Owner", s("me"));
    let put = put.item("SealedCard", AttributeValue::B(Blob::new([0, 1, 254, 255])));
    put.item("ExpiresAt", AttributeValue::N("1".to_owned())).send().await.unwrap();
}

#[tokio::test]
async fn a_refused_conditional_put_returns_the_row_that_stood_in_the_way() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    put_order(&client, "order-1", "first").await;
    let again = client.put_item().table_name(QUARANTINE).item("CustomerOrder", s("order-1"));
    let again = again
        .condition_expression(
            "attribute_not_exists(CustomerOrder) OR (#o = :me AND #s IN (:failed, :expired))",
        )
        .expression_attribute_names("#o", "Owner")
        .expression_attribute_names("#s", "Status")
        .expression_attribute_values(":me", s("me"))
        .expression_attribute_values(":failed", s("FAILED"))
        .expression_attribute_values(":expired", s("EXPIRED"))
        .return_values_on_condition_check_failure(AllOld);
    let error = again.send().await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(refusal) = error
    else {
        panic!("{error:?}");
    };
    let item = refusal.item.unwrap();
    assert_eq!(item["AcceptanceId"], s("first"));
    assert_eq!(item["SealedCard"], AttributeValue::B(Blob::new([0, 1, 254, 255])));
}

#[tokio::test]
async fn a_row_is_absent_only_once_however_many_put_it_at_once() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    let puts = (0..16).map(|number| {
        let put = client.put_item().table_name(QUARANTINE).item("CustomerOrder", s("order-1"));
        let put = put.item("AcceptanceId", s(&number.to_string()));
        put.condition_expression("attribute_not_exists(CustomerOrder)").send()
    });
    let won = futures::future::join_all(puts).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_projected_consistent_read_gives_the_named_attributes_only() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    put_order(&client, "order-1", "first").await;
    let read = client.get_item().table_name(QUARANTINE).key("CustomerOrder", s("order-1"));
    let read =
        read.consistent_read(true).projection_expression("CustomerOrder, #o, #s, ExpiresAt, FailureReason");
    let read = read.expression_attribute_names("#o", "Owner").expression_attribute_names("#s", "Status");
    let item = read.send().await.unwrap().item.unwrap();
    let mut names: Vec<_> = item.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["CustomerOrder", "ExpiresAt", "Owner", "Status"]);
    assert_eq!(item["ExpiresAt"], AttributeValue::N("1".to_owned()));
}

#[tokio::test]
async fn reserved_words_unused_names_and_bad_numbers_are_refused_as_on_aws() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    let read = || client.get_item().table_name(QUARANTINE).key("CustomerOrder", s("order-1"));
    // Status and Owner are reserved words.
    for word in ["Status", "Owner"] {
        let error = read().projection_expression(word).send().await.unwrap_err();
        assert_eq!(code(&error), "ValidationException", "{word}");
    }
    let unused = read().projection_expression("Address").expression_attribute_names("#unused", "Status");
    assert_eq!(code(&unused.send().await.unwrap_err()), "ValidationException");
    let update = client.update_item().table_name(QUARANTINE).key("CustomerOrder", s("order-1"));
    let unused = update.update_expression("SET Attempt = :one");
    let unused = unused.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    let unused = unused.expression_attribute_values(":unused", s("x"));
    assert_eq!(code(&unused.send().await.unwrap_err()), "ValidationException");
    for number in ["one", "", "1e200"] {
        let put = client.put_item().table_name(QUARANTINE).item("CustomerOrder", s("order-1"));
        let put = put.item("Attempt", AttributeValue::N(number.to_owned()));
        assert_eq!(code(&put.send().await.unwrap_err()), "ValidationException", "{number}");
    }
    let empty = client.put_item().table_name(QUARANTINE).item("CustomerOrder", s(""));
    assert_eq!(code(&empty.send().await.unwrap_err()), "ValidationException");
}

#[tokio::test]
async fn numbers_come_back_in_their_shortest_form() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    let given = [("A", "1792000000"), ("B", "007"), ("C", "1.50"), ("D", "-0"), ("E", "1e3")];
    let mut put = client.put_item().table_name(ORDERS).item("CustomerOrder", s("order-1"));
    for (name, number) in given {
        put = put.item(name, AttributeValue::N(number.to_owned()));
    }
    put.send().await.unwrap();
    let read = client.get_item().table_name(ORDERS).key("CustomerOrder", s("order-1"));
    let item = read.send().await.unwrap().item.unwrap();
    let back = ["A", "B", "C", "D", "E"].map(|name| item[name].as_n().unwrap().as_str());
    assert_eq!(back, ["1792000000", "7", "1.5", "0", "1000"]);
}

#[tokio::test]
async fn an_update_with_a_condition_never_creates_a_row() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    let park = || {
        let update = client.update_item().table_name(QUARANTINE).key("CustomerOrder", s("order-1"));
        let update = update.update_expression("SET #s = :failed, FailureReason = :reason ADD Attempt :one");
        let update = update.condition_expression("AcceptanceId = :acceptance");
        let update = update.expression_attribute_names("#s", "Status");
        let update = update.expression_attribute_values(":failed", s("FAILED"));
        let update = update.expression_attribute_values(":reason", s("MALFORMED"));
        let update = update.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        update.expression_attribute_values(":acceptance", s("first")).return_values(ReturnValue::AllNew)
    };
    assert_eq!(code(&park().send().await.unwrap_err()), "ConditionalCheckFailedException");
    put_order(&client, "order-1", "first").await;
    let updated = park().send().await.unwrap().attributes.unwrap();
    assert_eq!((&updated["Status"], &updated["Attempt"]), (&s("FAILED"), &AttributeValue::N("1".to_owned())));
}

#[tokio::test]
async fn a_cancelled_transaction_gives_its_reasons_in_order_with_the_rows_in_the_way_and_writes_nothing() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    put_order(&client, "order-1", "second").await;
    let clean = client.put_item().table_name(ORDERS).item("CustomerOrder", s("order-1"));
    clean.item("AcceptanceId", s("first")).send().await.unwrap();

    let (vault, clean, quarantine) = crossing("order-1", "first");
    let transaction = client.transact_write_items().transact_items(vault);
    let transaction = transaction.transact_items(clean).transact_items(quarantine);
    let error = transaction.send().await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = error
    else {
        panic!("{error:?}");
    };
    let reasons = cancelled.cancellation_reasons.unwrap();
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code.as_deref().unwrap_or_default()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed", "ConditionalCheckFailed"]);
    assert!(reasons[0].item.is_none());
    assert_eq!(reasons[1].item.as_ref().unwrap()["AcceptanceId"], s("first"));
    assert_eq!(reasons[2].item.as_ref().unwrap()["AcceptanceId"], s("second"));
    assert_eq!(world.aws.snapshot().unwrap()["tables"][VAULT], serde_json::json!([]));
}

#[tokio::test]
async fn a_condition_on_a_row_that_is_gone_cancels_without_an_item() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    let (vault, clean, quarantine) = crossing("order-1", "first");
    let transaction = client.transact_write_items().transact_items(vault);
    let transaction = transaction.transact_items(clean).transact_items(quarantine);
    let error = transaction.send().await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = error
    else {
        panic!("{error:?}");
    };
    let reasons = cancelled.cancellation_reasons.unwrap();
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code.as_deref().unwrap_or_default()).collect();
    assert_eq!(codes, ["None", "None", "ConditionalCheckFailed"]);
    assert!(reasons[2].item.as_ref().is_none_or(HashMap::is_empty));
}

#[tokio::test]
async fn a_transaction_crosses_all_three_tables_at_once() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    put_order(&client, "order-1", "first").await;
    let (vault, clean, quarantine) = crossing("order-1", "first");
    let transaction = client.transact_write_items().transact_items(vault);
    transaction.transact_items(clean).transact_items(quarantine).send().await.unwrap();
    let tables = world.aws.snapshot().unwrap()["tables"].clone();
    let count = |table: &str| tables[table].as_array().unwrap().len();
    assert_eq!((count(VAULT), count(ORDERS), count(QUARANTINE)), (1, 1, 0));
}

/// As a client's own retries are after a lost reply.
#[tokio::test]
async fn a_transaction_sent_again_with_its_token_takes_effect_once() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    let count = || {
        let update = Update::builder().table_name(AUDIT).key("Principal", s("ann")).key("At", s("minute#1"));
        let update = update.update_expression("ADD Uses :one");
        let update = update.condition_expression("attribute_not_exists(Uses) OR Uses < :one");
        let update = update.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        TransactWriteItem::builder().update(update.build().unwrap()).build()
    };
    let with = async |token: &str| {
        client.transact_write_items().transact_items(count()).client_request_token(token).send().await
    };
    for _ in 0..3 {
        with("one").await.unwrap();
    }
    // Not so with another token: then its condition is asked again. That one may be sent again, too.
    for _ in 0..2 {
        assert_eq!(code(&with("two").await.unwrap_err()), "TransactionCanceledException");
    }
    let rows = world.aws.snapshot().unwrap()["tables"][AUDIT].clone();
    assert_eq!(rows[0]["Uses"]["N"], "1");
}

/// The three actions of an order's crossing, as the worker sends them.
fn crossing(order: &str, acceptance: &str) -> (TransactWriteItem, TransactWriteItem, TransactWriteItem) {
    let vault = Put::builder().table_name(VAULT).item("Hash_Key", s("token")).item("Account_Id", s("1"));
    let vault = vault.item("CandidateString", AttributeValue::B(Blob::new([1])));
    let vault = vault.condition_expression("attribute_not_exists(Hash_Key)").build().unwrap();
    let clean = Put::builder().table_name(ORDERS).item("CustomerOrder", s(order));
    let clean = clean.item("AcceptanceId", s(acceptance));
    let clean = clean.condition_expression("attribute_not_exists(CustomerOrder)");
    let clean = clean.return_values_on_condition_check_failure(AllOld).build().unwrap();
    let quarantine = Delete::builder().table_name(QUARANTINE).key("CustomerOrder", s(order));
    let quarantine = quarantine.condition_expression("AcceptanceId = :a");
    let quarantine = quarantine.expression_attribute_values(":a", s(acceptance));
    let quarantine = quarantine.return_values_on_condition_check_failure(AllOld).build().unwrap();
    (
        TransactWriteItem::builder().put(vault).build(),
        TransactWriteItem::builder().put(clean).build(),
        TransactWriteItem::builder().delete(quarantine).build(),
    )
}

#[tokio::test]
async fn a_repeated_client_request_token_repeats_the_answer_and_writes_nothing() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    let add = || {
        let update = Update::builder().table_name(ORDERS).key("CustomerOrder", s("order-1"));
        let update = update.update_expression("ADD Paid :one");
        let update = update.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        let action = TransactWriteItem::builder().update(update.build().unwrap()).build();
        client.transact_write_items().client_request_token("token-1").transact_items(action).send()
    };
    add().await.unwrap();
    add().await.unwrap();
    let read = client.get_item().table_name(ORDERS).key("CustomerOrder", s("order-1")).send();
    assert_eq!(read.await.unwrap().item.unwrap()["Paid"], AttributeValue::N("1".to_owned()));
}

#[tokio::test]
async fn a_transaction_may_not_name_one_row_twice() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    let check = ConditionCheck::builder().table_name(ORDERS).key("CustomerOrder", s("order-1"));
    let check = check.condition_expression("attribute_not_exists(CustomerOrder)").build().unwrap();
    let put = Put::builder().table_name(ORDERS).item("CustomerOrder", s("order-1")).build().unwrap();
    let transaction = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().condition_check(check).build())
        .transact_items(TransactWriteItem::builder().put(put).build());
    assert_eq!(code(&transaction.send().await.unwrap_err()), "ValidationException");
}

#[tokio::test]
async fn a_stream_record_is_a_lambda_record_with_both_images() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    put_order(&client, "order-1", "first").await;
    put_order(&client, "order-1", "second").await;
    client.delete_item().table_name(QUARANTINE).key("CustomerOrder", s("order-1")).send().await.unwrap();

    let records = world.records();
    let names: Vec<_> = records.iter().map(|record| record["eventName"].as_str().unwrap()).collect();
    assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"]);
    let modify = &records[1];
    assert_eq!(modify["dynamodb"]["OldImage"]["AcceptanceId"]["S"], "first");
    assert_eq!(modify["dynamodb"]["NewImage"]["AcceptanceId"]["S"], "second");
    assert_eq!(modify["dynamodb"]["NewImage"]["SealedCard"]["B"], "AAH+/w==");
    assert_eq!(modify["dynamodb"]["Keys"]["CustomerOrder"]["S"], "order-1");
    assert_eq!(modify["dynamodb"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
    assert_eq!(modify["eventSource"], "aws:dynamodb");
    assert_eq!(modify["awsRegion"], "us-east-1");
    assert_eq!(modify["eventSourceARN"].as_str(), world.resources.attribute(QUARANTINE, "StreamArn"));
    assert!(!modify["eventID"].as_str().unwrap().is_empty());
    assert!(modify.get("userIdentity").is_none());

    let event = serde_json::json!({ "Records": records });
    let event: aws_lambda_events::dynamodb::Event = serde_json::from_value(event).unwrap();
    assert_eq!(
        event.records[0].change.sequence_number.as_deref(),
        records[0]["dynamodb"]["SequenceNumber"].as_str()
    );
}

#[tokio::test]
async fn a_write_that_changes_nothing_leaves_no_stream_record() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    for order in ["order-1", "order-1", "order-1", "order-2"] {
        put_order(&client, order, "first").await;
    }
    let names: Vec<Value> = world.records().iter().map(|record| record["eventName"].clone()).collect();
    assert_eq!(names, ["INSERT", "INSERT"]);
    let reader =
        world.aws.stream(&world.stack.stream_mapping("TokenizeWorkerFunction").unwrap().stream_arn).unwrap();
    let first = reader.records_after(None, 1).unwrap();
    let number = first[0]["dynamodb"]["SequenceNumber"].as_str().unwrap();
    let second = reader.records_after(Some(number), 1).unwrap();
    assert_eq!(second[0]["dynamodb"]["Keys"]["CustomerOrder"]["S"], "order-2");
}

#[tokio::test]
async fn the_reader_goes_on_after_a_sequence_number() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    for order in ["order-1", "order-2", "order-3"] {
        put_order(&client, order, "first").await;
    }
    let reader =
        world.aws.stream(&world.stack.stream_mapping("TokenizeWorkerFunction").unwrap().stream_arn).unwrap();
    let number = |record: &Value| record["dynamodb"]["SequenceNumber"].as_str().unwrap().to_owned();
    let first = reader.records_after(None, 2).unwrap();
    assert_eq!(first.len(), 2);
    let rest = reader.records_after(Some(&number(&first[0])), 10).unwrap();
    assert_eq!(rest.len(), 2);
    assert_eq!(number(&rest[0]), number(&first[1]));
    assert_eq!(reader.records_after(Some(&number(&rest[1])), 10).unwrap(), Vec::<Value>::new());
    assert!(reader.records_after(Some("nonsense"), 10).is_err());
    assert!(
        world
            .aws
            .stream("arn:aws:dynamodb:us-east-1:123456789012:table/CreditCardTokenizerTable/stream/1")
            .is_err()
    );
}

#[tokio::test]
async fn a_row_past_its_time_to_live_goes_by_the_services_own_hand() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    let in_an_hour = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() + 3600;
    let put = client.put_item().table_name(QUARANTINE).item("CustomerOrder", s("order-1"));
    put.item("ExpiresAt", AttributeValue::N(in_an_hour.to_string())).send().await.unwrap();
    assert_eq!(world.aws.sweep_ttl().unwrap(), 0);
    world.time.advance(Duration::from_secs(2 * 3600));
    assert_eq!(world.aws.sweep_ttl().unwrap(), 1);

    let removal = world.records().pop().unwrap();
    assert_eq!(removal["eventName"], "REMOVE");
    let identity = serde_json::json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    assert_eq!(removal["userIdentity"], identity);

    let streams = aws_sdk_dynamodbstreams::Client::new(&world.config("operator").await);
    let stream_arn = world.resources.attribute(QUARANTINE, "StreamArn").unwrap();
    let described = streams.describe_stream().stream_arn(stream_arn).send().await.unwrap();
    let description = described.stream_description.unwrap();
    assert_eq!(description.stream_arn.as_deref(), Some(stream_arn));
    let iterator = streams.get_shard_iterator().stream_arn(stream_arn);
    let iterator = iterator.shard_id(description.shards.unwrap()[0].shard_id.clone().unwrap());
    let iterator = iterator.shard_iterator_type("TRIM_HORIZON".into()).send().await.unwrap();
    let records = streams.get_records().set_shard_iterator(iterator.shard_iterator).send().await.unwrap();
    let removal = records.records.unwrap().pop().unwrap();
    assert_eq!(removal.aws_region.as_deref(), Some("us-east-1"));
    let identity = removal.user_identity.unwrap();
    assert_eq!(identity.principal_id.as_deref(), Some("dynamodb.amazonaws.com"));
    assert_eq!(identity.r#type.as_deref(), Some("Service"));
}

#[tokio::test]
async fn the_tables_are_as_the_template_declares_them() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    let table = client.describe_table().table_name(QUARANTINE).send().await.unwrap().table.unwrap();
    assert_eq!(
        table.table_arn.as_deref(),
        Some("arn:aws:dynamodb:us-east-1:123456789012:table/OrderQuarantineTable")
    );
    assert_eq!(table.latest_stream_arn.as_deref(), world.resources.attribute(QUARANTINE, "StreamArn"));
    assert_eq!(table.deletion_protection_enabled, Some(true));
    let ttl = client.describe_time_to_live().table_name(QUARANTINE).send().await.unwrap();
    assert_eq!(ttl.time_to_live_description.unwrap().attribute_name.as_deref(), Some("ExpiresAt"));
    let refused = client.delete_table().table_name(QUARANTINE).send().await.unwrap_err();
    assert_eq!(code(&refused), "ValidationException");
    let missing = client.get_item().table_name("Nothing").key("Id", s("1")).send().await.unwrap_err();
    assert_eq!(code(&missing), "ResourceNotFoundException");
}

#[tokio::test]
async fn a_data_key_opens_only_with_its_own_context_and_key() {
    let world = World::spawn().await;
    let kms = world.kms().await;
    let (vault, quarantine) = (world.key_of_the_operator().await, world.key_of_the_operator().await);
    let generate = kms.generate_data_key().key_id(&vault).key_spec(DataKeySpec::Aes256);
    let generate = generate.encryption_context("purpose", "vault").encryption_context("token", "token-1");
    let made = generate.send().await.unwrap();
    assert_eq!(made.key_id.as_deref(), Some(vault.as_str()));
    let wrapped = made.ciphertext_blob.unwrap();
    let open = |key: &str, purpose: &str, token: &str, blob: KmsBlob| {
        let decrypt = kms.decrypt().key_id(key).ciphertext_blob(blob);
        decrypt.encryption_context("purpose", purpose).encryption_context("token", token).send()
    };
    let opened = open(&vault, "vault", "token-1", wrapped.clone()).await.unwrap();
    assert_eq!(opened.plaintext, made.plaintext);
    assert_eq!(opened.plaintext.unwrap().as_ref().len(), 32);

    let wrong = open(&vault, "vault", "token-2", wrapped.clone()).await.unwrap_err();
    assert_eq!(code(&wrong), "InvalidCiphertextException");
    assert!(wrong.into_service_error().is_invalid_ciphertext_exception());
    let mut flipped = wrapped.clone().into_inner();
    *flipped.last_mut().unwrap() ^= 1;
    let tampered = open(&vault, "vault", "token-1", KmsBlob::new(flipped)).await.unwrap_err();
    assert_eq!(code(&tampered), "InvalidCiphertextException");
    let other_key = open(&quarantine, "quarantine", "token-1", wrapped).await.unwrap_err();
    assert_eq!(code(&other_key), "IncorrectKeyException");
    let garbage = open(&vault, "vault", "token-1", KmsBlob::new([1, 2, 3])).await.unwrap_err();
    assert_eq!(code(&garbage), "InvalidCiphertextException");
}

#[tokio::test]
async fn a_context_that_only_reads_alike_does_not_open() {
    let world = World::spawn().await;
    let kms = world.kms().await;
    let vault = world.key_of_the_operator().await;
    let generate = kms.generate_data_key().key_id(&vault).key_spec(DataKeySpec::Aes256);
    let generate = generate.encryption_context("purpose", "vault").encryption_context("token", "1,use=2");
    let wrapped = generate.send().await.unwrap().ciphertext_blob.unwrap();
    let decrypt = || kms.decrypt().key_id(&vault).ciphertext_blob(wrapped.clone());
    let alike = decrypt().encryption_context("purpose", "vault").encryption_context("token", "1");
    let refused = alike.encryption_context("use", "2").send().await.unwrap_err();
    assert_eq!(code(&refused), "InvalidCiphertextException");
    let same = decrypt().encryption_context("token", "1,use=2").encryption_context("purpose", "vault");
    assert!(same.send().await.is_ok());
}

#[tokio::test]
async fn an_envelope_key_refuses_a_context_without_its_purpose() {
    let world = World::spawn().await;
    let ingest = aws_sdk_kms::Client::new(&world.config("IngestRole").await);
    let quarantine = world.key_arn("QuarantineKey");
    let generate = || ingest.generate_data_key().key_id(&quarantine).key_spec(DataKeySpec::Aes256);
    for request in [
        generate(),
        generate().encryption_context("key-batch", "1"),
        generate().encryption_context("purpose", "vault").encryption_context("key-batch", "1"),
    ] {
        assert_eq!(code(&request.send().await.unwrap_err()), "AccessDeniedException");
    }
    let right = generate().encryption_context("purpose", "quarantine").encryption_context("key-batch", "1");
    assert!(right.send().await.is_ok());
    let rotation = world.kms().await.get_key_rotation_status().key_id(&quarantine).send().await.unwrap();
    assert!(rotation.key_rotation_enabled);
}

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    let world = World::spawn().await;
    let sqs = world.sqs().await;
    let url = world.resources.reference("DeadLetterQueue").unwrap();
    assert_eq!(url, format!("{}/123456789012/card-airlock-DeadLetterQueue", world.aws.url()));
    sqs.send_message().queue_url(url).message_body("{\"order\":\"1\"}").send().await.unwrap();
    let receive = || sqs.receive_message().queue_url(url).max_number_of_messages(10).send();
    let message = receive().await.unwrap().messages.unwrap().pop().unwrap();
    assert_eq!(message.body.as_deref(), Some("{\"order\":\"1\"}"));
    assert!(receive().await.unwrap().messages.is_none(), "a received message is invisible");
    let delete = sqs.delete_message().queue_url(url).set_receipt_handle(message.receipt_handle);
    delete.send().await.unwrap();
    let named = sqs.get_queue_url().queue_name("card-airlock-DeadLetterQueue").send().await.unwrap();
    assert_eq!(named.queue_url.as_deref(), Some(url));
    let gone = sqs.send_message().queue_url(format!("{url}-not")).message_body("x").send().await.unwrap_err();
    assert!(gone.into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn the_call_log_names_role_operation_resources_and_purpose() {
    let world = World::spawn().await;
    let arn = world.key_arn("QuarantineKey");
    let ingest = aws_sdk_kms::Client::new(&world.config("IngestRole").await);
    let generate = ingest.generate_data_key().key_id(&arn).key_spec(DataKeySpec::Aes256);
    let generate = generate.encryption_context("purpose", "quarantine").encryption_context("key-batch", "1");
    generate.send().await.unwrap();
    let (vault, clean, quarantine) = crossing("order-1", "first");
    let transaction = world.dynamodb().await.transact_write_items().transact_items(vault);
    drop(transaction.transact_items(clean).transact_items(quarantine).send().await);

    let calls = world.aws.calls();
    assert_eq!(calls.len(), 2, "provisioning leaves no line");
    assert_eq!((calls[0].role.as_str(), calls[0].service), ("IngestRole", Service::Kms));
    assert_eq!(
        (calls[0].operation.as_str(), calls[0].purpose.as_deref()),
        ("GenerateDataKey", Some("quarantine"))
    );
    assert_eq!(calls[0].resources, [arn]);
    assert_eq!((calls[1].role.as_str(), calls[1].operation.as_str()), ("operator", "TransactWriteItems"));
    assert_eq!(calls[1].resources, [VAULT, ORDERS, QUARANTINE]);
}

#[tokio::test]
async fn the_snapshot_holds_rows_records_and_messages_even_deleted_ones() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    put_order(&client, "order-1", "first").await;
    let sqs = world.sqs().await;
    let url = world.resources.reference("DeadLetterQueue").unwrap();
    sqs.send_message().queue_url(url).message_body("dead").send().await.unwrap();
    let snapshot = world.aws.snapshot().unwrap();
    assert_eq!(snapshot["tables"][QUARANTINE][0]["SealedCard"]["B"], "AAH+/w==");
    assert_eq!(snapshot["queues"]["card-airlock-DeadLetterQueue"][0]["MessageBody"], "dead");
    client.delete_item().table_name(QUARANTINE).key("CustomerOrder", s("order-1")).send().await.unwrap();
    let snapshot = world.aws.snapshot().unwrap();
    assert_eq!(snapshot["tables"][QUARANTINE], serde_json::json!([]));
    let old = &snapshot["streams"][QUARANTINE][1]["dynamodb"]["OldImage"];
    assert_eq!(old["SealedCard"]["B"], "AAH+/w==");
    assert_eq!(snapshot["streams"].as_object().unwrap().len(), 3, "of quarantine, clean orders and audit");
}

#[tokio::test]
async fn the_snapshot_pages_through_large_tables() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    // 1 MiB is a scan's page.
    let text = "x".repeat(300_000);
    for number in 0..5 {
        let put = client.put_item().table_name(ORDERS).item("CustomerOrder", s(&number.to_string()));
        put.item("Address", s(&text)).send().await.unwrap();
    }
    assert_eq!(world.aws.snapshot().unwrap()["tables"][ORDERS].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_message_given_back_is_received_again_and_an_unknown_receipt_is_refused() {
    let world = World::spawn().await;
    let sqs = world.sqs().await;
    let url = world.resources.reference("DeadLetterQueue").unwrap();
    sqs.send_message().queue_url(url).message_body("dead").send().await.unwrap();
    let receive = || sqs.receive_message().queue_url(url).send();
    let receipt = receive().await.unwrap().messages.unwrap().pop().unwrap().receipt_handle.unwrap();
    let give_back = sqs.change_message_visibility().queue_url(url).receipt_handle(&receipt);
    give_back.visibility_timeout(0).send().await.unwrap();
    assert_eq!(receive().await.unwrap().messages.unwrap()[0].body.as_deref(), Some("dead"));
    let bogus = sqs.delete_message().queue_url(url).receipt_handle("bogus").send().await.unwrap_err();
    assert_eq!(code(&bogus), "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn an_unknown_service_or_a_missing_credential_is_refused_in_awss_words() {
    let world = World::spawn().await;
    let address = world.aws.url().trim_start_matches("http://").to_owned();
    let ask = async |target: &str| {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {address}\r\nX-Amz-Target: {target}\r\nContent-Length: 2\r\n\
             Connection: close\r\n\r\n{{}}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let unknown = ask("SecretsManager.GetSecretValue").await;
    assert!(
        unknown.starts_with("HTTP/1.1 400") && unknown.contains("UnknownOperationException"),
        "{unknown}"
    );
    let anonymous = ask("TrentService.Decrypt").await;
    assert!(anonymous.contains("MissingAuthenticationTokenException"), "{anonymous}");
}

#[tokio::test]
async fn a_request_by_another_name_of_this_machine_is_refused() {
    let world = World::spawn().await;
    let address = world.aws.url().trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let request = "POST / HTTP/1.1\r\nHost: evil.example\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\n\
                   Content-Length: 2\r\nConnection: close\r\n\r\n{}";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403") && !answer.contains("TableNames"), "{answer}");
}

#[tokio::test]
async fn the_endpoint_stops_when_told() {
    let mut world = World::spawn().await;
    let client = world.dynamodb().await;
    put_order(&client, "order-1", "first").await;
    world.stop.take().unwrap().send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), world.aws.stopped()).await.unwrap();
    let address = world.aws.url().trim_start_matches("http://").to_owned();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_stream_forgets_what_is_older_than_a_day_or_trimmed() {
    let world = World::spawn().await;
    let client = world.dynamodb().await;
    put_order(&client, "order-1", "first").await;
    let reader =
        world.aws.stream(&world.stack.stream_mapping("TokenizeWorkerFunction").unwrap().stream_arn).unwrap();
    let number = |record: &Value| record["dynamodb"]["SequenceNumber"].as_str().unwrap().to_owned();
    let first = reader.records_after(None, 1).unwrap();
    put_order(&client, "order-2", "first").await;

    world.advance(Duration::from_secs(24 * 60 * 60));
    put_order(&client, "order-3", "first").await;
    assert_eq!(
        reader.records_after(Some(&number(&first[0])), 10),
        Err(card_airlock_services::StreamError::Trimmed),
        "order-2 is gone, and a reader that missed it is told"
    );
    let left = reader.records_after(None, 10).unwrap();
    let orders: Vec<_> =
        left.iter().map(|record| &record["dynamodb"]["Keys"]["CustomerOrder"]["S"]).collect();
    assert_eq!(orders, ["order-3"]);

    world.aws.trim_streams();
    assert_eq!(reader.records_after(None, 10), Ok(vec![]));
    world.advance(Duration::from_secs(2));
    put_order(&client, "order-4", "first").await;
    assert_eq!(reader.records_after(None, 10).unwrap().len(), 1);
}
