//! Every error that SQS and Secrets Manager document for the calls on which something waits, and those of KMS for a new
//! data key: none of them is final.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_Errors>
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors>

use serde_json::json;

use crate::support::{Fault, ORDERS, QUARANTINE, Relay, World, order, text};

/// A relay that answers each call of an operation with this error.
async fn refusing(world: &World, operation: &str, code: &str) -> Relay {
    let relay = Relay::to(world.aws.url()).await;
    relay.strike(operation, Fault::AnsweredWith(json!({ "__type": code }).to_string()), usize::MAX);
    relay
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_after_any_error_of_secrets_manager_the_next_request_pays() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    for code in [
        "AccessDeniedException",
        "DecryptionFailure",
        "InternalServiceError",
        "InvalidParameterException",
        "InvalidRequestException",
        "ResourceNotFoundException",
        "SomethingNewException",
        "UnrecognizedClientException",
    ] {
        let relay = refusing(&world, "GetSecretValue", code).await;
        let answer = ann.at(&world.front(relay.url()).await).pay("1").await;
        assert_eq!((answer.status.as_u16(), answer.code()), (503, "UNAVAILABLE"), "{code}");
        assert_eq!(relay.struck(), 1, "{code}");
        let row = world.only_row(ORDERS).await;
        assert!(!row.contains_key("PaymentStatus") && !row.contains_key("ClaimId"), "{code}: {row:?}");
    }
    assert!(world.sandbox.ledger().is_empty());
    ann.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_after_any_error_of_sqs_an_order_is_parked_by_the_next_try() {
    let world = World::stepped().await;
    world.client("ann").submit(&order("1")).await.is(202);
    world.alter_card().await;
    let records = world.records();
    let armed = &records[records.len() - 1..];
    for code in [
        "AccessDeniedException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "InvalidAddress",
        "InvalidMessageContents",
        "InvalidSecurity",
        "KmsAccessDenied",
        "KmsDisabled",
        "KmsInvalidKeyUsage",
        "KmsInvalidState",
        "KmsNotFound",
        "KmsOptInRequired",
        "KmsThrottled",
        "OverLimit",
        "QueueDoesNotExist",
        "SomethingNewException",
        "UnsupportedOperation",
    ] {
        let relay = refusing(&world, "SendMessage", code).await;
        assert!(world.deliver_to(&world.worker(relay.url()), armed).await.is_some(), "{code}");
        assert_eq!(relay.struck(), 1, "{code}");
        assert_eq!(world.only_row(QUARANTINE).await["Status"].as_s().unwrap(), "PENDING", "{code}");
    }
    assert_eq!(world.deliver(armed).await, None);
    assert_eq!(world.only_row(QUARANTINE).await["Status"].as_s().unwrap(), "FAILED");
}

/// Whatever KMS says to a request for a new key, also that which it says of a stored key that can never be opened.
#[tokio::test(flavor = "multi_thread")]
async fn promise_2_after_any_refusal_of_a_new_data_key_an_order_crosses_by_the_next_try() {
    let world = World::stepped().await;
    world.client("ann").submit(&order("1")).await.is(202);
    let records = world.records();
    for code in [
        "AccessDeniedException",
        "DisabledException",
        "IncorrectKeyException",
        "InvalidCiphertextException",
        "InvalidGrantTokenException",
        "InvalidKeyUsageException",
        "KMSInvalidStateException",
        "NotFoundException",
        "ValidationException",
    ] {
        let relay = refusing(&world, "GenerateDataKey", code).await;
        assert!(world.deliver_to(&world.worker(relay.url()), &records).await.is_some(), "{code}");
        assert_eq!(relay.struck(), 1, "{code}");
        assert_eq!(world.only_row(QUARANTINE).await["Status"].as_s().unwrap(), "PENDING", "{code}");
    }
    assert_eq!(world.deliver(&records).await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_which_dynamodb_refuses_to_find_out_whether_its_card_was_forgotten_is_parked() {
    let world = World::stepped().await;
    world.client("ann").submit(&order("1")).await.is(202);
    world.alter_card().await;
    let records = world.records();
    let relay = refusing(&world, "TransactWriteItems", "ValidationException").await;
    let worker = world.worker(relay.url());
    assert_eq!(world.deliver_to(&worker, &records[records.len() - 1..]).await, None);
    assert_eq!(relay.struck(), 1);
    let row = world.only_row(QUARANTINE).await;
    assert_eq!((text(&row, "Status"), text(&row, "FailureReason")), ("FAILED", "ENVELOPE_REFUSED"));
}
