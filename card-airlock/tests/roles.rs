//! Roles, exactly: what the template allows is what the pipeline uses, statement by statement and value by value.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper that fails fails its test")]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::OnceLock,
    time::Duration,
};

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, ConditionCheck, Delete, KeySchemaElement, KeyType,
        Put, PutRequest, ReturnValue, ScalarAttributeType, TransactWriteItem, Update, WriteRequest,
        builders::DeleteBuilder,
    },
};
use aws_sdk_kms::{
    primitives::Blob as KmsBlob,
    types::{DataKeyPairSpec, DataKeySpec},
};
use card_airlock::{
    functions::{self, Surroundings},
    operations::{
        AuditSources, EventSelection, Openings, Place, Right, StackAccess, doctor::examine,
        payment_to_settle, read_status, replay_events, run_rewrap, run_sweep, settle, verify_audit,
    },
    stack::{Stack, StackError, StackOptions},
};
use card_airlock_event_source::Did;
use card_airlock_gateway::Issuer;
use card_airlock_services::{FaultKind, FaultRule, Service, When};
use clock::TestClock;
use futures::{StreamExt, stream};
use order::{
    AuditSelection, AuditTrail, Claim, DeclineCode, DeclineKind, Event, EventBus, EventKind, FoundOut,
    OrderId, OrderTable, Payer, PaymentRoute, ProcessorReference, Settlement, Timestamp, Upkeep, Written,
};
use paybill::Sandbox;
use serde_json::{Value, json};
use strum::VariantArray;
use tempfile::TempDir;
use test_support::sample_vault::{self, Plain};
use test_support::tables::{AUDIT, CARD_KEYS, ORDERS, QUARANTINE, VAULT, WITNESS};
use uuid::Uuid;
use vault::{Card, CardIssue, CardPublicKey, Pan};

const TEMPLATE: &str = include_str!("../../template.yaml");
const ROLES: [&str; 11] = [
    "IngestRole",
    "TokenizeWorkerRole",
    "ReplayRole",
    "PaybillRole",
    "ForgetRole",
    "CardKeyMakerRole",
    "CardKeysRole",
    "NotifyRole",
    "WitnessRole",
    "RewrapRole",
    "ImportRole",
];
/// A table with card numbers in the clear, each attribute of it under a name of its own, the table of owners, and the
/// AWS sample's vault.
const IMPORT: [(&str, &str); 16] = [
    ("ImportTable", "Legacy"),
    ("ImportKeyAttribute", "Id"),
    ("ImportSortKeyAttribute", "Line"),
    ("ImportNumberAttribute", "Card"),
    ("ImportExpiryAttribute", "Until"),
    ("ImportOrderAttribute", "OrderNo"),
    ("ImportNameAttribute", "Client"),
    ("ImportAddressAttribute", "Where"),
    ("ImportAmountAttribute", "Cents"),
    ("ImportCurrencyAttribute", "Money"),
    ("ImportOwnerAttribute", "Buyer"),
    ("ImportOwnerTable", "Buyers"),
    ("ImportOwner", OWNER),
    ("ImportVaultTable", "SampleVault"),
    ("ImportVaultKeyArn", SAMPLE_KEY),
    ("ImportOriginalTable", "CreditCardTokenizerTable"),
];
/// The key of the AWS sample's vault. It is not the stack's; its policy lets the account decide.
const SAMPLE_KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/99999999-2222-4333-8444-555555555555";
const OWNER: &str = "550e8400-e29b-41d4-a716-446655440000";
/// The key that was the vault's before. It is not the stack's; its policy is what docs/keys.md makes it.
const PREVIOUS_KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555";

/// What the template allows and nothing here can ask for: policy, statement, element, value.
fn platform() -> BTreeSet<[String; 4]> {
    let mut platform = BTreeSet::new();
    // Lambda writes a function's log itself, with the function's role.
    for role in ROLES {
        let name = role.strip_suffix("Role").unwrap();
        let (policy, group) = (&format!("{name}Policy"), format!("card-airlock-{name}Logs"));
        let group = format!("arn:aws:logs:us-east-1:123456789012:log-group:{group}:*");
        for (element, value) in
            [("Action", "logs:CreateLogStream"), ("Action", "logs:PutLogEvents"), ("Resource", &group)]
        {
            platform.insert([policy.as_str(), "WriteLogs", element, value].map(str::to_owned));
        }
    }
    // So are its traces, which have no resource to name.
    for (element, value) in
        [("Action", "xray:PutTraceSegments"), ("Action", "xray:PutTelemetryRecords"), ("Resource", "*")]
    {
        platform.insert(["PlatformPolicy", "WriteTraces", element, value].map(str::to_owned));
    }
    // What doctor asks only of a trail, which this machine does not have.
    for action in ["cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"] {
        platform.insert(["OperatorRead", "LookAtWhatHasNoResource", "Action", action].map(str::to_owned));
    }
    // Administration is people's and CloudFormation's. The walk looks at a key, as one example of it.
    for key in ["QuarantineKey", "VaultKey", "CardKeyKey", "PreviousVaultKey"] {
        for action in [
            "CancelKeyDeletion",
            "Disable*",
            "Enable*",
            "List*",
            "PutKeyPolicy",
            "RevokeGrant",
            "RotateKeyOnDemand",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "UpdateKeyDescription",
        ] {
            platform.insert([key, "AdministerTheKey", "Action", &format!("kms:{action}")].map(str::to_owned));
        }
    }
    // KMS rotates no HMAC key.
    for key in ["ImportKey"] {
        for action in [
            "CancelKeyDeletion",
            "Disable*",
            "Enable*",
            "List*",
            "PutKeyPolicy",
            "RevokeGrant",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "UpdateKeyDescription",
        ] {
            platform.insert([key, "AdministerTheKey", "Action", &format!("kms:{action}")].map(str::to_owned));
        }
    }
    // `doctor` reads the policies of the stack's own envelope keys, and these two are none.
    for key in ["PreviousVaultKey", "ImportKey"] {
        platform.insert([key, "AdministerTheKey", "Action", "kms:Get*"].map(str::to_owned));
    }
    platform
}

#[tokio::test(flavor = "multi_thread")]
async fn one_walk_through_everything_is_allowed_and_uses_all_that_is_allowed() {
    let mut world = World::spawn(TEMPLATE).await.unwrap();
    world.walk().await;
    assert_eq!(world.stack.aws().denials(), []);
    let [quarantine, vault, orders] = world.counts();
    // Paid, declined and re-armed orders are across; what cannot be opened or has expired is not. The declined one's
    // card is forgotten. One came from another table, and one with an encrypted card.
    assert_eq!((vault, orders), (6, 7));
    assert_eq!(quarantine, 3);

    let aws = world.stack.aws();
    let used = aws.used_policy_elements();
    let unused = aws.policy_elements().into_iter().filter(|element| !used.contains(element));
    let unused: BTreeSet<_> = unused.map(|e| [e.policy, e.sid, e.element, e.value]).collect();
    assert_eq!(unused, platform());
}

/// Walks that go at once: each waits, for what is denied is tried again, more than it computes.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_of_its_statements_the_walk_is_denied() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let mut statements: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for element in world.stack.aws().policy_elements().into_iter().filter(|e| e.element == "Action") {
        statements.entry((element.policy, element.sid)).or_default().insert(element.value);
    }
    let unasked = ["WriteLogs", "WriteTraces"];
    // The previous key's policy is not the template's: `rewrap_needs_both_keys_policies` has it. Nor is that of the sample's
    // key.
    statements.retain(|(policy, sid), _| {
        !["PreviousVaultKey", SAMPLE_KEY].contains(&policy.as_str()) && !unasked.contains(&sid.as_str())
    });
    assert!(statements.len() > 30);
    // Tasks, so that every core has some.
    let removals = stream::iter(statements).map(|((policy, sid), actions)| {
        tokio::spawn(async move {
            let mut world = World::spawn(&without(&policy, &sid)).await.unwrap();
            world.walk().await;
            let denials = world.stack.aws().denials();
            let first = denials.first().map(|denial| denial.action.clone());
            let expected = first.is_some_and(|action| actions.iter().any(|wanted| *wanted == action));
            assert!(expected, "{policy} {sid}: {denials:?}");
        })
    });
    removals.buffer_unordered(AT_ONCE).for_each(async |removed| removed.unwrap()).await;
}

/// The template's text without one statement.
fn without(logical_id: &str, sid: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut kept = String::new();
    let (mut inside, mut removed, mut removing, mut place) = (false, 0, false, 0);
    for line in TEMPLATE.lines() {
        if indent(line) == 2 && !line.trim().is_empty() {
            inside = line.trim() == format!("{logical_id}:");
        }
        if removing && indent(line) <= place {
            removing = false;
        }
        if inside && line.trim() == format!("- Sid: {sid}") {
            (removing, removed, place) = (true, removed + 1, indent(line));
            // One behind an Fn::If, or alone in its policy: something must stand in its place.
            kept.push_str(&format!("{}- !Ref AWS::NoValue\n", " ".repeat(place)));
        }
        if !removing {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    assert_eq!(removed, 1, "{logical_id} {sid}");
    kept
}

#[tokio::test]
async fn a_policy_that_cannot_be_evaluated_lets_nothing_start() {
    for (from, to) in [
        ("ForAllValues:StringEquals:", "ForAllValues:StringEqualsIgnoreCase:"),
        ("kms:EncryptionContextKeys:", "kms:GrantOperations:"),
        ("Action: dynamodb:PutItem", "NotAction: dynamodb:PutItem"),
    ] {
        let outcome = World::spawn(&TEMPLATE.replacen(from, to, 1)).await;
        assert!(matches!(outcome, Err(StackError::Provision(_))), "{to}");
    }
}

#[tokio::test]
async fn a_managed_policy_lets_nothing_start_where_a_function_has_it_and_allows_nothing_elsewhere() {
    let given = BTreeMap::from([("SetApiGatewayAccount".to_owned(), "true".to_owned())]);
    let options = StackOptions { parameters: given.clone(), ..StackOptions::on_free_ports(issuer()) };
    let stack = Stack::start(options).await.unwrap();
    let sdk = functions::sdk_config(&stack.aws_url(), "ApiGatewayLogsRole");
    assert!(is_denied(&aws_sdk_dynamodb::Client::new(&sdk).scan().table_name(ORDERS).send().await));
    let functions_own =
        TEMPLATE.replacen("Role: !GetAtt ReplayRole.Arn", "Role: !GetAtt ApiGatewayLogsRole.Arn", 1);
    assert_ne!(functions_own, TEMPLATE);
    let template = Some(functions_own);
    let options = StackOptions { parameters: given, template, ..StackOptions::on_free_ports(issuer()) };
    assert!(matches!(Stack::start(options).await, Err(StackError::Provision(_))));
}

#[tokio::test]
async fn ingest_can_only_put_in() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("IngestRole"), world.kms("IngestRole"));
    let [quarantine, vault] = world.keys();
    for context in [context("quarantine", "key-batch"), context("vault", "token")] {
        for key in [&quarantine, &vault] {
            assert!(is_denied(&decrypt(&kms, key, &context).await), "{context:?}");
        }
    }
    let read = || dynamodb.get_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    assert!(is_denied(&read().projection_expression("SealedCard").send().await));
    assert!(is_denied(
        &read().projection_expression("#a, DataKey").expression_attribute_names("#a", "Owner").send().await
    ));
    assert!(is_denied(&read().send().await), "no projection is every attribute");
    assert!(read().projection_expression("AcceptanceId").send().await.is_ok());
    let put = dynamodb.put_item().table_name(QUARANTINE).item("CustomerOrder", s("1"));
    assert!(is_denied(&put.return_values(ReturnValue::AllOld).send().await));
    assert!(is_denied(&dynamodb.put_item().table_name(ORDERS).item("CustomerOrder", s("1")).send().await));
    assert!(is_denied(
        &dynamodb.scan().table_name(QUARANTINE).projection_expression("AcceptanceId").send().await
    ));
    let send = world.sqs("IngestRole").send_message().queue_url(&world.queue).message_body("x").send().await;
    assert_eq!(send.unwrap_err().raw_response().map(|r| r.status().as_u16()), Some(403));
}

#[tokio::test]
async fn the_worker_can_only_pass_on() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("TokenizeWorkerRole"), world.kms("TokenizeWorkerRole"));
    let [quarantine, vault] = world.keys();
    let token = || dynamodb.get_item().table_name(VAULT).key("Hash_Key", s("1")).key("Account_Id", s("1"));
    assert!(is_denied(&token().send().await));
    assert!(is_denied(&token().projection_expression("CandidateString").send().await));
    assert!(is_denied(
        &dynamodb.delete_item().table_name(QUARANTINE).key("CustomerOrder", s("1")).send().await
    ));
    for table in [VAULT, ORDERS, QUARANTINE] {
        assert!(is_denied(&dynamodb.put_item().table_name(table).item("CustomerOrder", s("1")).send().await));
    }
    let park = dynamodb.update_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    let park = park.update_expression("SET FailureReason = :r").expression_attribute_values(":r", s("x"));
    assert!(is_denied(&park.clone().return_values(ReturnValue::AllOld).send().await));
    assert!(is_denied(&park.condition_expression("attribute_exists(Replaces)").send().await));
    // Of a clean order it may find out whether its card was forgotten, and nothing else.
    for (condition, may) in [
        ("attribute_exists(CardForgottenAt)", true),
        ("attribute_exists(#owner)", true),
        ("attribute_exists(PaymentStatus)", false),
        ("begins_with(CustomerName, :letter)", false),
    ] {
        let check = ConditionCheck::builder().table_name(ORDERS).key("CustomerOrder", s("1"));
        let check = check.condition_expression(condition);
        let check =
            if condition.contains('#') { check.expression_attribute_names("#owner", "Owner") } else { check };
        let check = if condition.contains(':') {
            check.expression_attribute_values(":letter", s("A"))
        } else {
            check
        };
        let check = TransactWriteItem::builder().condition_check(check.build().unwrap()).build();
        let outcome = dynamodb.transact_write_items().transact_items(check).send().await;
        assert_eq!(!is_denied(&outcome), may, "{condition}");
    }
    assert!(is_denied(&decrypt(&kms, &vault, &context("vault", "token")).await));
    assert!(is_denied(&generate(&kms, &quarantine, &context("quarantine", "key-batch")).await));
    assert!(is_denied(&world.dynamodb("TokenizeWorkerRole").scan().table_name(VAULT).send().await));
}

#[tokio::test]
async fn paybill_writes_neither_the_vault_nor_what_an_order_is() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("PaybillRole"), world.kms("PaybillRole"));
    let put = dynamodb.put_item().table_name(VAULT).item("Hash_Key", s("1")).item("Account_Id", s("1"));
    assert!(is_denied(&put.send().await));
    let delete = dynamodb.delete_item().table_name(VAULT).key("Hash_Key", s("1")).key("Account_Id", s("1"));
    assert!(is_denied(&delete.send().await));
    let update = || {
        let update = dynamodb.update_item().table_name(ORDERS).key("CustomerOrder", s("1"));
        update.expression_attribute_values(":t", s("x"))
    };
    assert!(is_denied(&update().update_expression("SET CreditCardToken = :t").send().await));
    let hidden =
        update().update_expression("SET #p = :t").expression_attribute_names("#p", "CreditCardToken");
    assert!(is_denied(&hidden.send().await));
    let end = update().update_expression("SET CardExpiresAt = :t");
    assert!(is_denied(&end.send().await));
    // What an order costs it may read, and neither write nor compare.
    for price in ["OrderAmount", "OrderCurrency"] {
        assert!(is_denied(&update().update_expression(format!("SET {price} = :t")).send().await));
        let comparing = update().update_expression("SET PaymentId = :t");
        assert!(is_denied(&comparing.condition_expression(format!("{price} = :t")).send().await));
    }
    let asking = update().update_expression("SET PaymentId = :t").return_values(ReturnValue::AllNew);
    assert!(is_denied(&asking.send().await));
    let read = dynamodb.get_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    assert!(is_denied(&read.projection_expression("SealedCard").send().await));
    let [quarantine, vault] = world.keys();
    assert!(is_denied(&decrypt(&kms, &quarantine, &context("quarantine", "key-batch")).await));
    assert!(is_denied(&generate(&kms, &vault, &context("vault", "token")).await));
}

#[tokio::test]
async fn paybill_adds_to_the_audit_and_can_neither_read_nor_remove_nor_rewrite_what_is_there() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let dynamodb = world.dynamodb("PaybillRole");
    let key = || HashMap::from([("Principal".to_owned(), s("ann")), ("At".to_owned(), s("now"))]);
    let update = |expression: &str| {
        let update = Update::builder().table_name(AUDIT).set_key(Some(key())).update_expression(expression);
        update.expression_attribute_values(":v", n(1)).build().unwrap()
    };
    let put = |more: &str| {
        let item = key().into_iter().chain([(more.to_owned(), s("x"))]).collect();
        Put::builder().table_name(AUDIT).set_item(Some(item)).build().unwrap()
    };
    let transact =
        async |action: TransactWriteItem| dynamodb.transact_write_items().transact_items(action).send().await;
    let action = TransactWriteItem::builder;
    // In a transaction, it counts and it adds.
    assert!(transact(action().update(update("ADD Uses :v")).build()).await.is_ok());
    assert!(transact(action().put(put("Purpose")).build()).await.is_ok());

    // An end is a counter's alone, and the facts are an audit item's.
    for denied in [
        action().update(update("SET Purpose = :v")).build(),
        action().update(update("SET CustomerOrder = :v")).build(),
        action().put(put("ExpiresAt")).build(),
        action().put(put("Uses")).build(),
        action().delete(Delete::builder().table_name(AUDIT).set_key(Some(key())).build().unwrap()).build(),
        action()
            .condition_check(
                ConditionCheck::builder()
                    .table_name(AUDIT)
                    .set_key(Some(key()))
                    .condition_expression("attribute_exists(Purpose)")
                    .build()
                    .unwrap(),
            )
            .build(),
    ] {
        assert!(is_denied(&transact(denied.clone()).await), "{denied:?}");
    }

    // Alone, nothing at all.
    let alone =
        dynamodb.update_item().table_name(AUDIT).set_key(Some(key())).update_expression("ADD Uses :v");
    assert!(is_denied(&alone.expression_attribute_values(":v", n(1)).send().await));
    let alone = put("Purpose").item;
    assert!(is_denied(&dynamodb.put_item().table_name(AUDIT).set_item(Some(alone.clone())).send().await));
    let batch = PutRequest::builder().set_item(Some(alone)).build().unwrap();
    let batch = WriteRequest::builder().put_request(batch).build();
    assert!(is_denied(&dynamodb.batch_write_item().request_items(AUDIT, vec![batch]).send().await));
    assert!(is_denied(&dynamodb.delete_item().table_name(AUDIT).set_key(Some(key())).send().await));
    let get = || dynamodb.get_item().table_name(AUDIT).set_key(Some(key()));
    assert!(is_denied(&get().send().await));
    assert!(is_denied(&get().projection_expression("Principal").send().await));
    let query = dynamodb.query().table_name(AUDIT).key_condition_expression("Principal = :v");
    assert!(is_denied(&query.expression_attribute_values(":v", s("ann")).send().await));
    assert!(is_denied(&dynamodb.scan().table_name(AUDIT).projection_expression("Principal").send().await));
    for role in ["IngestRole", "TokenizeWorkerRole", "ReplayRole"] {
        let put = TransactWriteItem::builder().put(put("Purpose")).build();
        let outcome = world.dynamodb(role).transact_write_items().transact_items(put).send().await;
        assert!(is_denied(&outcome), "{role}");
    }
}

#[tokio::test]
async fn replay_touches_no_card() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("ReplayRole"), world.kms("ReplayRole"));
    let [quarantine, vault] = world.keys();
    for (key, context) in
        [(quarantine, context("quarantine", "key-batch")), (vault, context("vault", "token"))]
    {
        assert!(is_denied(&decrypt(&kms, &key, &context).await));
        assert!(is_denied(&generate(&kms, &key, &context).await));
        assert!(is_denied(&kms.describe_key().key_id(&key).send().await));
        let blob = KmsBlob::new([0]);
        let encrypt = kms.encrypt().key_id(&key).plaintext(blob.clone());
        assert!(is_denied(&encrypt.set_encryption_context(Some(context.clone())).send().await));
        assert!(is_denied(&kms.re_encrypt().ciphertext_blob(blob).destination_key_id(&key).send().await));
    }
    let scan = || dynamodb.scan().table_name(QUARANTINE);
    assert!(is_denied(&scan().send().await));
    assert!(is_denied(&scan().projection_expression("SealedCard").send().await));
    let filtered = scan().projection_expression("AcceptanceId");
    assert!(is_denied(&filtered.filter_expression("attribute_exists(SealedCard)").send().await));
    let update = dynamodb.update_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    let update = update.update_expression("REMOVE SealedCard").return_values(ReturnValue::AllOld);
    assert!(is_denied(&update.send().await));
    assert!(is_denied(&dynamodb.scan().table_name(VAULT).send().await));
}

#[tokio::test]
async fn operators_see_no_card_no_token_and_no_customer_and_change_nothing_but_what_they_settle() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let [quarantine, vault] = world.keys();
    for operator in ["OperatorRead", "OperatorAudit", "OperatorReplay", "OperatorRewrap", "OperatorSettle"] {
        let verifies = operator == "OperatorAudit";
        let (dynamodb, kms) = (world.dynamodb(operator), world.kms(operator));
        for (key, context) in
            [(&quarantine, context("quarantine", "key-batch")), (&vault, context("vault", "token"))]
        {
            assert!(is_denied(&decrypt(&kms, key, &context).await), "{operator}");
            assert!(is_denied(&generate(&kms, key, &context).await), "{operator}");
            assert!(is_denied(&kms.disable_key().key_id(key).send().await), "{operator}");
            assert!(kms.describe_key().key_id(key).send().await.is_ok(), "{operator}");
        }
        for (table, hidden) in [
            (QUARANTINE, "SealedCard"),
            (QUARANTINE, "DataKey"),
            (QUARANTINE, "CustomerName"),
            (QUARANTINE, "Address"),
            (QUARANTINE, "CardLast4"),
            (ORDERS, "CustomerName"),
            (ORDERS, "Address"),
            (ORDERS, "CreditCardToken"),
            (ORDERS, "CardLast4"),
            (AUDIT, "CreditCardToken"),
            (VAULT, "CandidateString"),
            (VAULT, "Hash_Key"),
        ] {
            let scan = || dynamodb.scan().table_name(table);
            if verifies && table == AUDIT {
                assert!(scan().send().await.is_ok(), "a digest is of the whole item");
                continue;
            }
            assert!(is_denied(&scan().projection_expression(hidden).send().await), "{operator} {hidden}");
            assert!(is_denied(&scan().send().await), "{operator} {table}: no projection is every attribute");
            let probing = scan().projection_expression("CustomerOrder");
            let probing = probing.filter_expression(format!("attribute_exists({hidden})"));
            assert!(is_denied(&probing.send().await), "{operator} {hidden}");
        }
        let chain = dynamodb.query().table_name(WITNESS).key_condition_expression("Chain = :chain");
        let chain = chain.expression_attribute_values(":chain", s("00")).send().await;
        assert_eq!(is_denied(&chain), !verifies, "{operator}");
        let key = HashMap::from([("CustomerOrder".to_owned(), s("1"))]);
        for table in [QUARANTINE, ORDERS, AUDIT, WITNESS] {
            let (delete, put) =
                (dynamodb.delete_item().table_name(table), dynamodb.put_item().table_name(table));
            assert!(is_denied(&delete.set_key(Some(key.clone())).send().await), "{operator}");
            assert!(is_denied(&put.set_item(Some(key.clone())).send().await), "{operator}");
        }
        let sqs = world.sqs(operator);
        let receive = sqs.receive_message().queue_url(&world.queue).send().await;
        assert_eq!(receive.unwrap_err().raw_response().map(|r| r.status().as_u16()), Some(403), "{operator}");
    }
}

#[tokio::test]
async fn only_who_settles_writes_and_only_payments_and_only_together_with_the_audit() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let update = |expression: &str| {
        let update = Update::builder().table_name(ORDERS).key("CustomerOrder", s("1"));
        let update = update.update_expression(expression).expression_attribute_values(":v", s("x"));
        TransactWriteItem::builder().update(update.build().unwrap()).build()
    };
    let item = |more: &str| {
        let item = [("Principal", s("me")), ("At", s("now")), (more, s("x"))];
        let item = item.map(|(name, value)| (name.to_owned(), value));
        let put = Put::builder().table_name(AUDIT).set_item(Some(item.into()));
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    };
    let transact = async |operator: &str, action: TransactWriteItem| {
        world.dynamodb(operator).transact_write_items().transact_items(action).send().await
    };
    assert!(transact("OperatorSettle", update("SET PaymentStatus = :v")).await.is_ok());
    assert!(transact("OperatorSettle", item("Purpose")).await.is_ok());
    for price in ["OrderAmount", "CreditCardToken", "CustomerName", "PaymentHistory", "HardDeclines", "Owner"]
    {
        assert!(
            is_denied(&transact("OperatorSettle", update(&format!("SET {price} = :v"))).await),
            "{price}"
        );
    }
    for fact in ["CreditCardToken", "Uses", "ExpiresAt"] {
        assert!(is_denied(&transact("OperatorSettle", item(fact)).await), "{fact}");
    }
    let alone =
        world.dynamodb("OperatorSettle").update_item().table_name(ORDERS).key("CustomerOrder", s("1"));
    let alone = alone.update_expression("SET PaymentStatus = :v").expression_attribute_values(":v", s("x"));
    assert!(is_denied(&alone.send().await));
    let delete = Delete::builder().table_name(AUDIT).key("Principal", s("me")).key("At", s("now"));
    let delete = TransactWriteItem::builder().delete(delete.build().unwrap()).build();
    assert!(is_denied(&transact("OperatorSettle", delete).await));
    for operator in ["OperatorRead", "OperatorAudit", "OperatorReplay", "OperatorRewrap"] {
        assert!(is_denied(&transact(operator, update("SET PaymentStatus = :v")).await), "{operator}");
        assert!(is_denied(&transact(operator, item("Purpose")).await), "{operator}");
    }
    // Only who replays runs the replay function, only who moves data keys the one for that, and nobody another one.
    for (operator, may) in [
        ("OperatorRead", None),
        ("OperatorAudit", None),
        ("OperatorReplay", Some("ReplayFunction")),
        ("OperatorRewrap", Some("RewrapFunction")),
        ("OperatorSettle", None),
    ] {
        let lambda = aws_sdk_lambda::Client::new(&functions::sdk_config(&world.stack.aws_url(), operator));
        for (function, event) in [
            ("ReplayFunction", r#"{"action":"sweep","dryRun":true}"#),
            ("RewrapFunction", r#"{"action":"count"}"#),
            ("PaybillFunction", "{}"),
        ] {
            let invoke = lambda.invoke().function_name(format!("card-airlock-{function}"));
            let event = aws_sdk_lambda::primitives::Blob::new(event);
            let outcome = world.while_time_passes(invoke.payload(event).send()).await;
            assert_eq!(!is_denied(&outcome), may == Some(function), "{operator} {function}");
        }
    }
}

#[tokio::test]
async fn the_maker_of_card_keys_opens_none_and_nobody_but_the_worker_does() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let key = world.card_key_key();
    let right = context("card-key", "kid");
    let pair = async |role: &str, spec: DataKeyPairSpec, context: &HashMap<String, String>| {
        let kms = world.kms(role);
        let generate = kms.generate_data_key_pair_without_plaintext().key_id(&key).key_pair_spec(spec);
        generate.set_encryption_context(Some(context.clone())).send().await
    };
    assert!(pair("CardKeyMakerRole", DataKeyPairSpec::EccNistP256, &right).await.is_ok());
    // Another purpose, a name more or less, another kind of pair.
    for wrong in [context("vault", "token"), context("card-key", "token"), HashMap::new()] {
        assert!(
            is_denied(&pair("CardKeyMakerRole", DataKeyPairSpec::EccNistP256, &wrong).await),
            "{wrong:?}"
        );
    }
    for spec in [DataKeyPairSpec::EccNistP384, DataKeyPairSpec::Rsa2048] {
        assert!(is_denied(&pair("CardKeyMakerRole", spec, &right).await));
    }
    let with_plaintext = world.kms("CardKeyMakerRole");
    let with_plaintext =
        with_plaintext.generate_data_key_pair().key_id(&key).key_pair_spec(DataKeyPairSpec::EccNistP256);
    assert!(is_denied(&with_plaintext.set_encryption_context(Some(right.clone())).send().await));
    for role in ROLES {
        let kms = world.kms(role);
        let opened = decrypt(&kms, &key, &right).await;
        assert_eq!(is_denied(&opened), role != "TokenizeWorkerRole", "{role}: {opened:?}");
        assert!(is_denied(&generate(&kms, &key, &right).await), "{role}");
        let made = pair(role, DataKeyPairSpec::EccNistP256, &right).await;
        assert_eq!(is_denied(&made), role != "CardKeyMakerRole", "{role}");
        // The other keys deny this purpose to everybody, and this key denies theirs.
        for other in world.keys() {
            assert!(is_denied(&decrypt(&kms, &other, &right).await), "{role}");
            assert!(is_denied(&generate(&kms, &other, &right).await), "{role}");
        }
        for foreign in [context("quarantine", "key-batch"), context("vault", "token")] {
            assert!(is_denied(&decrypt(&kms, &key, &foreign).await), "{role}");
        }
    }
}

#[tokio::test]
async fn only_the_maker_writes_card_keys_and_only_the_worker_reads_private_halves() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    for role in ROLES {
        let dynamodb = world.dynamodb(role);
        let kid = || HashMap::from([("Kid".to_owned(), s("1"))]);
        let put = dynamodb.put_item().table_name(CARD_KEYS).set_item(Some(kid()));
        assert_eq!(is_denied(&put.clone().send().await), role != "CardKeyMakerRole", "{role}");
        assert!(is_denied(&put.return_values(ReturnValue::AllOld).send().await), "{role}");
        let update = |set: &str| {
            let update = dynamodb.update_item().table_name(CARD_KEYS).set_key(Some(kid()));
            update.update_expression(set).expression_attribute_values(":v", b())
        };
        assert!(is_denied(&update("SET AcceptedUntil = :v").send().await), "{role}");
        let removing = dynamodb.update_item().table_name(CARD_KEYS).set_key(Some(kid()));
        let removing =
            removing.update_expression("REMOVE WrappedPrivateKey").return_values(ReturnValue::AllOld);
        assert!(is_denied(&removing.send().await), "{role}");
        assert!(
            is_denied(&dynamodb.delete_item().table_name(CARD_KEYS).set_key(Some(kid())).send().await),
            "{role}"
        );
        let get = dynamodb.get_item().table_name(CARD_KEYS).set_key(Some(kid()));
        let private = get.clone().projection_expression("WrappedPrivateKey").send().await;
        assert_eq!(is_denied(&private), role != "TokenizeWorkerRole", "{role}");
        assert!(is_denied(&get.send().await), "{role}: no projection is every attribute");
        let scan = || dynamodb.scan().table_name(CARD_KEYS);
        assert!(is_denied(&scan().send().await), "{role}");
        assert!(is_denied(&scan().projection_expression("WrappedPrivateKey").send().await), "{role}");
        let public = scan().projection_expression("Kid, PublicKey").send().await;
        assert_eq!(is_denied(&public), role != "CardKeysRole", "{role}");
        if role.starts_with("CardKey") {
            for table in [QUARANTINE, VAULT, ORDERS, AUDIT] {
                assert!(is_denied(
                    &dynamodb.scan().table_name(table).projection_expression("Owner").send().await
                ));
                assert!(is_denied(&dynamodb.put_item().table_name(table).set_item(Some(kid())).send().await));
            }
        }
    }
}

#[tokio::test]
async fn forget_deletes_cards_in_transactions_only_and_sees_and_opens_none() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("ForgetRole"), world.kms("ForgetRole"));
    let [quarantine, vault] = world.keys();
    for (key, context) in
        [(quarantine, context("quarantine", "key-batch")), (vault, context("vault", "token"))]
    {
        assert!(is_denied(&decrypt(&kms, &key, &context).await));
        assert!(is_denied(&generate(&kms, &key, &context).await));
        assert!(is_denied(&kms.describe_key().key_id(&key).send().await));
    }
    let card = || dynamodb.get_item().table_name(VAULT).key("Hash_Key", s("1")).key("Account_Id", s("1"));
    assert!(is_denied(&card().send().await));
    assert!(is_denied(&card().projection_expression("Hash_Key").send().await));
    assert!(is_denied(&dynamodb.scan().table_name(VAULT).send().await));
    let delete = dynamodb.delete_item().table_name(VAULT).key("Hash_Key", s("1")).key("Account_Id", s("1"));
    assert!(is_denied(&delete.clone().send().await));
    assert!(is_denied(&delete.return_values(ReturnValue::AllOld).send().await));
    let delete = || Delete::builder().table_name(VAULT).key("Hash_Key", s("1")).key("Account_Id", s("1"));
    let transact = async |delete: DeleteBuilder| {
        let delete = vault::action(delete.build()).unwrap();
        dynamodb.transact_write_items().transact_items(delete).send().await
    };
    assert!(transact(delete()).await.is_ok());
    let probing = delete().condition_expression("begins_with(CandidateString, :b)");
    assert!(is_denied(&transact(probing.expression_attribute_values(":b", b())).await));
    let mark = dynamodb.update_item().table_name(ORDERS).key("CustomerOrder", s("1"));
    let mark = mark.update_expression("SET CardForgottenAt = :t").expression_attribute_values(":t", s("x"));
    assert!(is_denied(&mark.send().await));
    let read = dynamodb.get_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    assert!(is_denied(&read.projection_expression("SealedCard").send().await));
    let update = dynamodb.update_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    let update = update.update_expression("REMOVE SealedCard").return_values(ReturnValue::AllOld);
    assert!(is_denied(&update.send().await));
    let row = dynamodb.delete_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    assert!(is_denied(&row.send().await));
}

#[tokio::test]
async fn rewrap_moves_data_keys_one_way_and_neither_opens_nor_sees_a_card() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("RewrapRole"), world.kms("RewrapRole"));
    let [quarantine, vault] = world.keys();
    for key in [&quarantine, &vault, PREVIOUS_KEY] {
        for context in [context("quarantine", "key-batch"), context("vault", "token")] {
            assert!(is_denied(&decrypt(&kms, key, &context).await), "{key} {context:?}");
            assert!(is_denied(&generate(&kms, key, &context).await), "{key} {context:?}");
        }
        assert!(is_denied(&kms.describe_key().key_id(key).send().await));
    }
    let right = context("vault", "token");
    let moved = async |from: &str, to: &str, contexts: [&HashMap<String, String>; 2]| {
        let [of_source, of_destination] = contexts.map(|context| Some(context.clone()));
        let asked =
            kms.re_encrypt().ciphertext_blob(KmsBlob::new([0])).source_key_id(from).destination_key_id(to);
        let asked = asked.set_source_encryption_context(of_source);
        asked.set_destination_encryption_context(of_destination).send().await
    };
    // The blob is none, but that is found out only by who may ask.
    assert!(!is_denied(&moved(PREVIOUS_KEY, &vault, [&right, &right]).await));
    for (from, to) in [
        (vault.as_str(), PREVIOUS_KEY),
        (&vault, &vault),
        (PREVIOUS_KEY, PREVIOUS_KEY),
        (PREVIOUS_KEY, &quarantine),
        (&quarantine, &vault),
    ] {
        assert!(is_denied(&moved(from, to, [&right, &right]).await), "{from} {to}");
    }
    for wrong in [
        context("quarantine", "token"),
        context("vault", "key-batch"),
        HashMap::from([("purpose".into(), "vault".into())]),
        HashMap::from([("token".into(), "1".into())]),
        right.clone().into_iter().chain([("more".into(), "1".into())]).collect(),
        HashMap::new(),
    ] {
        for contexts in [[&wrong, &right], [&right, &wrong]] {
            assert!(is_denied(&moved(PREVIOUS_KEY, &vault, contexts).await), "{contexts:?}");
        }
    }

    let scan = || dynamodb.scan().table_name(VAULT);
    assert!(scan().projection_expression("Hash_Key, Account_Id, DataKey, KeyMaterial").send().await.is_ok());
    assert!(is_denied(&scan().send().await), "no projection is every attribute");
    assert!(is_denied(&scan().projection_expression("CandidateString").send().await));
    let filtered =
        scan().projection_expression("Hash_Key").filter_expression("attribute_exists(CandidateString)");
    assert!(is_denied(&filtered.send().await));
    for table in [QUARANTINE, ORDERS, AUDIT] {
        assert!(is_denied(&dynamodb.scan().table_name(table).projection_expression("DataKey").send().await));
    }
    let key = [("Hash_Key", s("1")), ("Account_Id", s("1"))];
    let key = || Some(key.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect());
    let update = |expression: &str| {
        let update = dynamodb.update_item().table_name(VAULT).set_key(key()).update_expression(expression);
        update.expression_attribute_values(":v", b()).condition_expression("DataKey = :v")
    };
    assert!(!is_denied(&update("SET DataKey = :v").send().await));
    for expression in
        ["SET CandidateString = :v", "SET ExpiresAt = :v", "SET DataKey = :v REMOVE CandidateString"]
    {
        assert!(is_denied(&update(expression).send().await), "{expression}");
    }
    assert!(is_denied(&update("SET DataKey = :v").return_values(ReturnValue::AllOld).send().await));
    assert!(is_denied(&dynamodb.get_item().table_name(VAULT).set_key(key()).send().await));
    assert!(is_denied(&dynamodb.delete_item().table_name(VAULT).set_key(key()).send().await));
    assert!(is_denied(&dynamodb.put_item().table_name(VAULT).set_item(key()).send().await));
}

#[tokio::test]
async fn import_can_only_put_in_opens_the_samples_vault_alone_and_of_its_source_writes_two_attributes() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("ImportRole"), world.kms("ImportRole"));
    let operator = world.dynamodb("operator");
    make_table(&operator, "Legacy", &["Id", "Line"]).await;
    make_table(&operator, "Buyers", &["Id"]).await;
    make_table(&operator, "Others", &["Id"]).await;
    let [quarantine, vault] = world.keys();
    for context in [context("quarantine", "key-batch"), context("vault", "token")] {
        for key in [quarantine.as_str(), &vault, SAMPLE_KEY] {
            assert!(is_denied(&decrypt(&kms, key, &context).await), "{context:?}");
        }
        assert!(is_denied(&generate(&kms, SAMPLE_KEY, &context).await), "{context:?}");
    }
    assert!(generate(&kms, &quarantine, &context("quarantine", "key-batch")).await.is_ok());
    assert!(generate(&kms, &vault, &context("vault", "token")).await.is_ok());
    assert!(is_denied(&generate(&kms, &quarantine, &context("vault", "token")).await));
    assert!(is_denied(&generate(&kms, &vault, &context("quarantine", "key-batch")).await));

    // Of the sample's vault it reads rows, and opens them in their own context alone.
    let mut of_sample: HashMap<_, _> =
        ["*amzn-ddb-env-alg*", "*amzn-ddb-sig-alg*", "*aws-kms-table*", "Hash_Key", "Account_Id"]
            .map(|name| (name.to_owned(), "x".to_owned()))
            .into();
    assert!(is_denied(&decrypt(&kms, SAMPLE_KEY, &of_sample).await), "rows of another table");
    of_sample.insert("*aws-kms-table*".to_owned(), "CreditCardTokenizerTable".to_owned());
    assert!(!is_denied(&decrypt(&kms, SAMPLE_KEY, &of_sample).await));
    assert!(is_denied(&decrypt(&kms, &vault, &of_sample).await));
    of_sample.insert("purpose".to_owned(), "vault".to_owned());
    assert!(is_denied(&decrypt(&kms, SAMPLE_KEY, &of_sample).await));
    of_sample.retain(|name, _| !["purpose", "Hash_Key"].contains(&name.as_str()));
    assert!(is_denied(&decrypt(&kms, SAMPLE_KEY, &of_sample).await));
    make_table(&operator, "SampleVault", &["Hash_Key", "Account_Id"]).await;
    assert!(dynamodb.scan().table_name("SampleVault").send().await.is_ok());
    let row = || Some(HashMap::from([("Hash_Key".to_owned(), s("1")), ("Account_Id".to_owned(), s("1"))]));
    assert!(is_denied(&dynamodb.put_item().table_name("SampleVault").set_item(row()).send().await));
    assert!(is_denied(&dynamodb.delete_item().table_name("SampleVault").set_key(row()).send().await));
    assert!(is_denied(&dynamodb.update_item().table_name("SampleVault").set_key(row()).send().await));

    let scan = |table: &str| dynamodb.scan().table_name(table);
    assert!(scan("Legacy").projection_expression("Id, Line, Card, CardAirlockMark").send().await.is_ok());
    assert!(is_denied(&scan("Legacy").send().await), "no projection is every attribute");
    assert!(is_denied(&scan("Legacy").projection_expression("Password").send().await));
    for table in ["Others", "Buyers", VAULT, ORDERS, QUARANTINE, AUDIT] {
        assert!(is_denied(&scan(table).projection_expression("Id").send().await), "{table}");
    }
    let update = |expression: &str| {
        let update = Update::builder().table_name("Legacy").key("Id", s("1")).key("Line", s("a"));
        let update = update.update_expression(expression).expression_attribute_values(":v", s("x"));
        let update = TransactWriteItem::builder().update(update.build().unwrap()).build();
        dynamodb.transact_write_items().transact_items(update)
    };
    assert!(!is_denied(&update("SET Card = :v REMOVE CardAirlockMark").send().await));
    for expression in ["SET OrderNo = :v", "SET Client = :v", "SET Card = :v REMOVE Cents"] {
        assert!(is_denied(&update(expression).send().await), "{expression}");
    }
    // It marks no row without the order that the mark speaks of, and puts no order in without the mark.
    let alone = dynamodb.update_item().table_name("Legacy").key("Id", s("1")).key("Line", s("a"));
    let alone = alone.update_expression("SET Card = :v").expression_attribute_values(":v", s("x"));
    assert!(is_denied(&alone.send().await));
    let alone = dynamodb.put_item().table_name(QUARANTINE).item("CustomerOrder", s("1"));
    assert!(is_denied(&alone.send().await));
    let key = || Some(HashMap::from([("Id".to_owned(), s("1")), ("Line".to_owned(), s("a"))]));
    assert!(is_denied(&dynamodb.delete_item().table_name("Legacy").set_key(key()).send().await));
    assert!(is_denied(&dynamodb.put_item().table_name("Legacy").set_item(key()).send().await));
    let owner = || dynamodb.get_item().table_name("Buyers").key("Id", s("1"));
    assert!(is_denied(&owner().send().await));
    assert!(is_denied(&owner().projection_expression("Phone").send().await));

    let read = || dynamodb.get_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    assert!(is_denied(&read().projection_expression("SealedCard").send().await));
    let clean = || dynamodb.get_item().table_name(ORDERS).key("CustomerOrder", s("1"));
    assert!(clean().projection_expression("AcceptanceId").send().await.is_ok());
    assert!(is_denied(&clean().projection_expression("PaymentStatus").send().await));
    for table in [VAULT, ORDERS, AUDIT] {
        assert!(is_denied(&dynamodb.put_item().table_name(table).item("CustomerOrder", s("1")).send().await));
    }
    let change = dynamodb.update_item().table_name(ORDERS).key("CustomerOrder", s("1"));
    let change = change.update_expression("SET AcceptanceId = :v").expression_attribute_values(":v", s("x"));
    assert!(is_denied(&change.send().await));
}

#[tokio::test]
async fn rewrap_needs_both_keys_policies() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let operator = world.kms("operator");
    let [_, vault] = world.keys();
    world.tokenize_as_before("old").await;
    let left = async || {
        let asked = json!({ "action": "verify" }).to_string().into_bytes();
        let answer = world.stack.function("RewrapFunction").unwrap();
        answer.invoke(asked, world.time.now() + Duration::from_secs(900)).await
    };
    for (key, sid) in [(PREVIOUS_KEY, "RewrapMovesKeysAway"), (vault.as_str(), "RewrapMovesKeysHere")] {
        let whole = operator.get_key_policy().key_id(key).send().await.unwrap().policy.unwrap();
        let mut document: Value = serde_json::from_str(&whole).unwrap();
        let statements = document["Statement"].as_array_mut().unwrap();
        let before = statements.len();
        statements.retain(|statement| statement["Sid"] != sid);
        assert_eq!(statements.len() + 1, before, "{key}");
        operator.put_key_policy().key_id(key).policy(document.to_string()).send().await.unwrap();
        assert!(left().await.is_err(), "{sid}");
        operator.put_key_policy().key_id(key).policy(whole).send().await.unwrap();
        let answer: Value = serde_json::from_slice(&left().await.unwrap()).unwrap();
        assert_eq!(answer["left"], 1, "{answer}");
    }
}

#[tokio::test]
async fn an_envelope_key_takes_its_own_context_only() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let [quarantine, vault] = world.keys();
    for (role, key, purpose, name, other) in [
        ("IngestRole", &quarantine, "quarantine", "key-batch", "vault"),
        ("TokenizeWorkerRole", &vault, "vault", "token", "quarantine"),
    ] {
        let kms = world.kms(role);
        let right = context(purpose, name);
        let with = |change: &dyn Fn(&mut HashMap<String, String>)| {
            let mut context = right.clone();
            change(&mut context);
            context
        };
        assert!(generate(&kms, key, &right).await.is_ok());
        for wrong in [
            with(&|context| drop(context.remove("purpose"))),
            with(&|context| drop(context.remove(name))),
            with(&|context| drop(context.insert("more".into(), "1".into()))),
            with(&|context| drop(context.insert("purpose".into(), other.into()))),
            HashMap::from([("PURPOSE".into(), purpose.into()), (name.into(), "1".into())]),
            HashMap::new(),
        ] {
            assert!(is_denied(&generate(&kms, key, &wrong).await), "{wrong:?}");
        }
    }
}

#[tokio::test]
async fn each_event_is_put_by_the_one_role_that_knows_of_it() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let bus = &world.stack.declared.outputs["EventBusName"].value;
    for role in ROLES {
        let bus = EventBus::new(&functions::sdk_config(&world.stack.aws_url(), role), bus.clone());
        for &kind in EventKind::VARIANTS {
            let at = "2026-11-21T18:59:33.120Z";
            let event = json!({
                "Source": "card-airlock", "DetailType": kind, "Time": at, "Detail": {"At": at, "Status": "FAILED"},
            });
            let event: Event = serde_json::from_value(event).unwrap();
            let of_worker =
                matches!(kind, EventKind::OrderFailed | EventKind::OrderExpired | EventKind::CardNotReplaced);
            let may = role == if of_worker { "TokenizeWorkerRole" } else { "NotifyRole" };
            assert_eq!(bus.put(&[event]).await.is_ok(), may, "{role} {}", kind.word());
        }
    }
    // Nor does notify reach a table or a key.
    let (dynamodb, kms) = (world.dynamodb("NotifyRole"), world.kms("NotifyRole"));
    for table in [QUARANTINE, VAULT, ORDERS, AUDIT] {
        assert!(is_denied(&dynamodb.scan().table_name(table).send().await), "{table}");
    }
    for (key, context) in
        world.keys().iter().zip([context("quarantine", "key-batch"), context("vault", "token")])
    {
        assert!(
            is_denied(&decrypt(&kms, key, &context).await) && is_denied(&generate(&kms, key, &context).await)
        );
    }
}

/// Whoever writes the audit cannot reach what bears witness to it.
#[tokio::test]
async fn only_the_witness_reaches_the_chains_and_it_can_only_add_to_them() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let link = || HashMap::from([("Chain".to_owned(), s("00")), ("Number".to_owned(), n(1))]);
    let logs = &world.stack.declared.outputs["WitnessFunctionName"].value.replace("Function", "Logs");
    for role in ROLES {
        let dynamodb = world.dynamodb(role);
        let is_witness = role == "WitnessRole";
        let put = dynamodb.put_item().table_name(WITNESS).set_item(Some(link())).send().await;
        assert_eq!(is_denied(&put), !is_witness, "{role}");
        let query = dynamodb.query().table_name(WITNESS).key_condition_expression("Chain = :chain");
        let query = query.expression_attribute_values(":chain", s("00")).send().await;
        assert_eq!(is_denied(&query), !is_witness, "{role}");
        let get = dynamodb.get_item().table_name(WITNESS).set_key(Some(link())).send().await;
        let scan = dynamodb.scan().table_name(WITNESS).send().await;
        let delete = dynamodb.delete_item().table_name(WITNESS).set_key(Some(link())).send().await;
        let update = dynamodb.update_item().table_name(WITNESS).set_key(Some(link()));
        let update = update.update_expression("SET Version = :one").expression_attribute_values(":one", n(1));
        assert!(is_denied(&get) && is_denied(&scan) && is_denied(&delete), "{role}");
        assert!(is_denied(&update.send().await), "{role}");
        let put = Put::builder().table_name(WITNESS).set_item(Some(link()));
        let put = TransactWriteItem::builder().put(put.build().unwrap()).build();
        let transaction = dynamodb.transact_write_items().transact_items(put).send().await;
        assert_eq!(is_denied(&transaction), !is_witness, "{role}");
        let logs_of =
            aws_sdk_cloudwatchlogs::Client::new(&functions::sdk_config(&world.stack.aws_url(), role));
        let read = logs_of.filter_log_events().log_group_name(logs).send().await;
        assert!(is_denied(&read), "{role}");
        let stream = logs_of.create_log_stream().log_group_name(logs).log_stream_name("new");
        assert_eq!(is_denied(&stream.send().await), !is_witness, "{role}");
    }
    // An image of the row that was there would tell nobody else, but the witness needs none.
    let dynamodb = world.dynamodb("WitnessRole");
    let more = HashMap::from([("Other".to_owned(), n(1))]).into_iter().chain(link()).collect();
    let put = dynamodb.put_item().table_name(WITNESS).set_item(Some(more)).send().await;
    assert!(is_denied(&put), "an attribute that no link has");
    let put = dynamodb.put_item().table_name(WITNESS).set_item(Some(link()));
    let put = put.return_values(ReturnValue::AllOld).send().await;
    assert!(is_denied(&put));
    for table in [QUARANTINE, VAULT, ORDERS, AUDIT, CARD_KEYS] {
        assert!(is_denied(&dynamodb.scan().table_name(table).send().await), "{table}");
        let get = dynamodb.get_item().table_name(table).key("CustomerOrder", s("1")).send().await;
        assert!(is_denied(&get), "{table}");
    }
    let kms = world.kms("WitnessRole");
    for (key, context) in
        world.keys().iter().zip([context("quarantine", "key-batch"), context("vault", "token")])
    {
        assert!(
            is_denied(&decrypt(&kms, key, &context).await) && is_denied(&generate(&kms, key, &context).await)
        );
    }
}

#[tokio::test]
async fn an_unknown_caller_is_the_operator_who_uses_no_envelope_key_until_unknown_callers_are_denied() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("operator"), world.kms("operator"));
    let [quarantine, vault] = world.keys();
    assert!(dynamodb.scan().table_name(VAULT).send().await.is_ok());
    for (key, context) in
        [(&quarantine, context("quarantine", "key-batch")), (&vault, context("vault", "token"))]
    {
        assert!(kms.describe_key().key_id(key).send().await.is_ok());
        assert!(is_denied(&generate(&kms, key, &context).await));
        assert!(is_denied(&decrypt(&kms, key, &context).await));
    }
    world.stack.aws().deny_unknown_callers();
    assert!(is_denied(&dynamodb.scan().table_name(VAULT).send().await));
    assert!(is_denied(&kms.describe_key().key_id(&vault).send().await));
    assert!(is_denied(&world.sqs("operator").list_queues().send().await));
    for role in ROLES {
        assert!(is_denied(&world.dynamodb(&role.to_lowercase()).list_tables().send().await));
    }
}

/// A stack of the test's own, driven by hand. Dropping it stops it.
struct World {
    stack: Stack,
    queue: String,
    time: TestClock,
}

impl World {
    async fn spawn(template: &str) -> Result<Self, StackError> {
        let time = TestClock::running();
        let options = StackOptions {
            clock: time.clock(),
            sdk_attempts: 1,
            self_driven: false,
            template: Some(template.to_owned()),
            parameters: [("PreviousVaultKeyArn", PREVIOUS_KEY)]
                .into_iter()
                .chain(IMPORT)
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..StackOptions::on_free_ports(issuer())
        };
        let stack = Stack::start(options).await?;
        let queue = stack.declared.outputs["DeadLetterQueueUrl"].value.clone();
        Ok(Self { stack, queue, time })
    }

    /// Every step of the pipeline and every end of an order; no further than the first denial.
    async fn walk(&mut self) {
        for role in ["TokenizeWorkerRole", "NotifyRole"] {
            self.stack.aws().faults().add(refuse_an_event_of(role));
        }
        self.invoke("IngestFunction", order("paid", "4111111111111111")).await;
        self.invoke("IngestFunction", order("paid", "4111111111111111")).await;
        self.invoke("IngestFunction", api("GET", "/order/{CustomerOrder}", "paid", &json!(null))).await;
        self.invoke("PaybillFunction", payment("paid")).await;
        self.invoke("IngestFunction", order("declined", Sandbox::DECLINED)).await;
        let late = self.row("paid").await;
        self.drive().await;
        if self.is_denied() {
            return;
        }
        for order in ["paid", "paid", "declined", "unknown"] {
            self.invoke("PaybillFunction", payment(order)).await;
        }
        // Another card for the declined order meets a payment under way, then one that was taken.
        self.invoke("IngestFunction", api("PUT", "/order/{CustomerOrder}/card", "declined", &card())).await;
        self.say_payment("declined", "SUBMITTING").await;
        self.drive().await;
        let mut waiting = self.row("declined").await;
        waiting.remove("ArmAfter");
        self.say_payment("declined", "SUBMITTED").await;
        self.put(waiting).await;
        self.drive().await;
        self.say_payment("declined", "DECLINED").await;
        // It is sent again, and then paid with all that a client can say of it.
        self.invoke("IngestFunction", api("PUT", "/order/{CustomerOrder}/card", "declined", &card())).await;
        self.drive().await;
        if self.is_denied() {
            return;
        }
        let bill = json!({"CustomerOrder": "declined", "Amount": 1999, "Currency": "EUR"});
        let mut keyed = api("POST", "/paybill", "declined", &bill);
        keyed["headers"]["idempotency-key"] = "again".into();
        // Only a merchant says how much.
        keyed["requestContext"]["authorizer"]["claims"]["cognito:groups"] = "billing".into();
        self.invoke("PaybillFunction", keyed).await;
        self.invoke("ForgetFunction", forgetting("declined")).await;
        // A put that arrives after its order crossed: dropped.
        self.put(late).await;
        // A row that no worker can read: parked, once nobody is seen to have forgotten it. One that time removes with
        // its card: told.
        self.put(row("broken", "PENDING", &[("Attempt", n(1)), ("Owner", s("ann"))])).await;
        self.put(row("removed", "FAILED", &[("ExpiresAt", n(1)), ("SealedCard", b())])).await;
        self.stack.aws().sweep_ttl().unwrap();
        self.drive().await;
        if self.is_denied() {
            return;
        }
        // Nobody takes it up in time: its position goes to the queue, and the sweep, which suspects it, arms it again.
        self.invoke("IngestFunction", order("stuck", "4111111111111111")).await;
        let mut stuck = self.row("stuck").await;
        stuck.insert("Suspected".into(), n(1));
        self.put(stuck).await;
        self.time.advance(Duration::from_secs(2 * 60 * 60));
        self.drive().await;
        let armed_at = ("ArmedAt", s("2020-01-01T00:00:00.000Z"));
        self.put(row("worn", "PENDING", &[("Attempt", n(99)), armed_at, ("Owner", s("ann"))])).await;
        self.put(row("overdue", "PENDING", &[("Attempt", n(1)), ("Deadline", n(1)), ("SealedCard", b())]))
            .await;
        self.invoke("ReplayFunction", json!({"action": "sweep"})).await;
        self.drive().await;
        if self.is_denied() {
            return;
        }
        self.invoke("ForgetFunction", forgetting("worn")).await;
        let sqs = self.sqs("operator");
        sqs.send_message().queue_url(&self.queue).message_body("of nobody's").send().await.unwrap();
        self.invoke("ReplayFunction", json!({"action": "replay", "order": "broken"})).await;
        self.invoke("ReplayFunction", json!({"action": "replay"})).await;
        let import_key =
            self.stack.declared.function("ImportFunction").unwrap().environment["IMPORT_KEY_ARN"].clone();
        let others = [self.card_key_key(), PREVIOUS_KEY.to_owned(), import_key];
        for key in self.keys().into_iter().chain(others) {
            drop(self.kms("operator").describe_key().key_id(key).send().await);
        }
        self.write_what_profiles_write("paid").await;
        // A card from before the vault's key was replaced is charged, and then moved to the present key.
        self.tokenize_as_before("old").await;
        self.invoke("PaybillFunction", payment("old")).await;
        self.invoke("RewrapFunction", json!({"action": "rewrap"})).await;
        self.import().await;
        self.make_and_use_a_card_key().await;
        self.drive().await;
        self.operate("paid").await;
        self.drive().await;
    }

    /// A key pair is made, its public half served, a card under it ordered with and opened; and an old one loses its halves.
    async fn make_and_use_a_card_key(&mut self) {
        let old = HashMap::from([
            ("Kid".to_owned(), s("0a0b0c0d-0e0f-5a0b-8c0d-0e0f0a0b0c0d")),
            ("AcceptedUntil".to_owned(), n(1)),
            ("OpenedUntil".to_owned(), n(2)),
        ]);
        let put = self.dynamodb("operator").put_item().table_name(CARD_KEYS).set_item(Some(old));
        put.send().await.unwrap();
        self.invoke("CardKeyMakerFunction", json!({})).await;
        self.invoke("CardKeysFunction", api("GET", "/card-keys", "", &json!(null))).await;
        if self.is_denied() {
            return;
        }
        let answer = self.ask("CardKeysFunction", api("GET", "/card-keys", "", &json!(null))).await;
        let keys: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        let key = CardPublicKey::from_jwk(&keys["keys"][0].to_string()).unwrap();
        let card = Card { pan: Pan::parse("4111111111111111").unwrap(), expiry: None };
        let issue = CardIssue { order: "encrypted", owner: "ann", issued_at: self.time.now() };
        let mut body = json!({"CustomerOrder": "encrypted", "CustomerName": "Ann", "Address": "Las Vegas"});
        body["EncryptedCard"] = key.encrypt(&card, &issue).unwrap().into();
        self.invoke("IngestFunction", api("POST", "/order", "encrypted", &body)).await;
        self.drive().await;
    }

    /// An order of another table comes through the quarantine, and its number is taken out of that table.
    async fn import(&mut self) {
        let operator = self.dynamodb("operator");
        make_table(&operator, "Legacy", &["Id", "Line"]).await;
        make_table(&operator, "Buyers", &["Id"]).await;
        let row = [
            ("Id", s("1")),
            ("Line", s("a")),
            ("Card", s("4111111111111111")),
            ("Until", s("12/99")),
            ("OrderNo", s("imported")),
            ("Client", s("Ann")),
            ("Where", s("Las Vegas")),
            ("Cents", n(1999)),
            ("Money", s("EUR")),
            ("Buyer", s("ann@example.com")),
        ];
        let row = row.map(|(name, value)| (name.to_owned(), value));
        operator.put_item().table_name("Legacy").set_item(Some(row.into())).send().await.unwrap();
        let buyer = operator.put_item().table_name("Buyers").item("Id", s("ann@example.com"));
        buyer.item("Owner", s(OWNER)).send().await.unwrap();
        self.put_into_the_sample().await;
        for action in ["check", "import", "import", "orphans"] {
            self.invoke("ImportFunction", json!({ "action": action })).await;
        }
        self.drive().await;
        if self.is_denied() {
            return;
        }
        self.invoke("ImportFunction", json!({ "action": "scrub" })).await;
        let lambda =
            aws_sdk_lambda::Client::new(&functions::sdk_config(&self.stack.aws_url(), "OperatorImport"));
        let event = aws_sdk_lambda::primitives::Blob::new(r#"{"action":"checkScrub"}"#);
        let invoke = lambda.invoke().function_name("card-airlock-ImportFunction").payload(event);
        drop(self.while_time_passes(invoke.send()).await);
        drop(self.dynamodb("OperatorImport").describe_table().table_name("Legacy").send().await);
    }

    /// An order of the AWS sample, whose card is in the sample's vault. The vault was restored under another name.
    async fn put_into_the_sample(&self) {
        let (operator, kms) = (self.dynamodb("operator"), self.kms("operator"));
        make_table(&operator, "SampleVault", &["Hash_Key", "Account_Id"]).await;
        let place = sample_vault::Place {
            table: "CreditCardTokenizerTable",
            token: "5c1f3f3e-2d0e-4a7a-9c0a-0e6f6a1b2c01",
            account: "123456789012",
        };
        let sealed = sample_vault::seal(&kms, SAMPLE_KEY, place, Plain::Text("4111-1111-1111-1111")).await;
        operator.put_item().table_name("SampleVault").set_item(Some(sealed)).send().await.unwrap();
        let order = [
            ("Id", "2"),
            ("Line", "a"),
            ("OrderNo", "from-the-sample"),
            ("Client", "Ann"),
            ("Where", "Las Vegas"),
            ("CreditCardToken", place.token),
        ];
        let order = order.map(|(name, value)| (name.to_owned(), s(value)));
        operator.put_item().table_name("Legacy").set_item(Some(order.into())).send().await.unwrap();
    }

    /// An order crosses by a worker that was deployed when the previous key was the vault's.
    async fn tokenize_as_before(&self, id: &str) {
        self.invoke("IngestFunction", order(id, "4111111111111111")).await;
        let mut worker = self.stack.declared.function("TokenizeWorkerFunction").unwrap().clone();
        worker.environment.insert("VAULT_KEY_ARN".to_owned(), PREVIOUS_KEY.to_owned());
        let around = Surroundings {
            aws_url: self.stack.aws_url(),
            clock: self.time.clock(),
            sdk_attempts: 1,
            processes: None,
            sdk_timeouts: platform::aws_client::timeouts(),
            head_log: functions::HeadLog::new(|_| {}),
        };
        let worker = functions::handler(&worker, &around).unwrap();
        let stream = &self.stack.declared.stream_mapping("TokenizeWorkerFunction").unwrap().stream_arn;
        let records = self.stack.aws().stream(stream).unwrap().records_after(None, 1000).unwrap();
        let event = json!({ "Records": records.last().into_iter().collect::<Vec<_>>() }).to_string();
        drop(worker.invoke(event.into_bytes(), self.time.now() + Duration::from_secs(60)).await);
    }

    /// What the operator's commands ask, with the rights of the template's policies for operators.
    async fn operate(&self, id: &str) {
        let Ok(access) = StackAccess::open(Place::Up { aws_url: self.stack.aws_url() }).await else { return };
        let (now, order) = (Timestamp::from(self.time.now()), OrderId::accept(id).unwrap());
        drop(read_status(&access, None, now, &|_, _| {}).await);
        drop(examine(&access, now).await);
        let config = access.config(Right::Read);
        drop(Upkeep::new(&config, QUARANTINE.to_owned()).row(id).await);
        drop(OrderTable::new(&config, ORDERS.to_owned()).overview(&order).await);
        let audit = AuditTrail::new(&config, AUDIT.to_owned());
        for principal in [None, Some("ann".to_owned())] {
            let selection =
                AuditSelection { principal, order: Some(order.clone()), ..AuditSelection::default() };
            drop(audit.page(&selection, None).await);
        }
        if let Ok(sources) = AuditSources::of(&access) {
            drop(verify_audit(&sources, Openings::default(), 1_000, &mut |_| Ok(())).await);
        }
        drop(self.while_time_passes(run_sweep(&access, true)).await);
        // Looked at, put back, and put again.
        for dry_run in [true, false] {
            let selection = EventSelection { dry_run, ..EventSelection::default() };
            drop(self.while_time_passes(replay_events(&access, &selection)).await);
        }
        let count = rewrap::Request {
            action: rewrap::Action::Count,
            cursor: None,
            limit: None,
            rate: None,
            all: false,
        };
        drop(self.while_time_passes(run_rewrap(&access, &count)).await);
        let charged = FoundOut::Charged(ProcessorReference::accept("ch_1").unwrap());
        for found in [charged, FoundOut::NotCharged] {
            self.say_payment(id, "UNKNOWN").await;
            if let Ok(seen) = payment_to_settle(&access, &order).await {
                drop(settle(&access, &order, &seen, &found, now).await);
            }
        }
    }

    /// What paybill writes only under profiles that require an expiry date, or that tell hard declines: by its own
    /// code and with its own rights, for this walk's processor speaks another format.
    async fn write_what_profiles_write(&self, id: &str) {
        let (config, order) =
            (functions::sdk_config(&self.stack.aws_url(), "PaybillRole"), OrderId::accept(id).unwrap());
        let orders = OrderTable::new(&config, ORDERS.to_owned());
        let Ok(Some((clean, payments))) = orders.with_payments(&order).await else { return };
        let now = Timestamp::from(self.time.now());
        let claim = Claim {
            id: Uuid::new_v4(),
            until: now.after(Duration::from_secs(60)),
            payment: Uuid::new_v4(),
            amount: None,
            started_at: now,
            route: PaymentRoute {
                profile: "mine".to_owned(),
                digest: "digest".to_owned(),
                origin: "https://pay.example/".to_owned(),
                account: String::new(),
            },
            payer: Payer::Owner,
            key: None,
            seen: payments.current.clone(),
        };
        let decline = Settlement {
            kind: DeclineKind::Hard,
            ..Settlement::of(order::Outcome::Declined(DeclineCode::of("stolen_card")))
        };
        assert_eq!(orders.claim_payment(&clean, &payments, &claim).await, Ok(Written::Done));
        assert_eq!(orders.release_claim(&order, &claim, Some(false)).await, Ok(Written::Done));
        assert_eq!(orders.claim_payment(&clean, &payments, &claim).await, Ok(Written::Done));
        assert_eq!(orders.record_outcome(&clean, &claim, &decline, now).await, Ok(Written::Done));
    }

    fn is_denied(&self) -> bool {
        !self.stack.aws().denials().is_empty()
    }

    /// Where it waits, time passes.
    async fn invoke(&self, function: &str, event: Value) {
        self.ask(function, event).await;
    }

    /// The same, with what the function answers; null when it fails.
    async fn ask(&self, function: &str, event: Value) -> Value {
        let deadline = self.time.now() + Duration::from_secs(60);
        let invocation =
            self.stack.function(function).unwrap().invoke(event.to_string().into_bytes(), deadline);
        let answer = self.while_time_passes(invocation).await.unwrap_or_default();
        serde_json::from_slice(&answer).unwrap_or_default()
    }

    async fn while_time_passes<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                wake_at = self.time.until_asleep() => self.time.advance_to(wake_at),
            }
        }
    }

    /// Says that the payment of an order stands elsewhere.
    async fn say_payment(&self, order: &str, status: &str) {
        let update =
            self.dynamodb("operator").update_item().table_name(ORDERS).key("CustomerOrder", s(order));
        let update = match status {
            "SUBMITTING" => update
                .update_expression("SET PaymentStatus = :status, ClaimedUntil = :until")
                .expression_attribute_values(":until", s("2026-01-02T03:04:05.006Z")),
            _ => update.update_expression("SET PaymentStatus = :status REMOVE ClaimedUntil"),
        };
        let update = update.condition_expression("attribute_exists(CustomerOrder)");
        drop(update.expression_attribute_values(":status", s(status)).send().await);
    }

    /// Lets each stream mapping do all that is due, and no more after a failure.
    async fn drive(&mut self) {
        self.time.advance(Duration::from_secs(1));
        let aws = self.stack.aws().clone();
        for mapping in &mut self.stack.mappings {
            loop {
                let step = mapping.step().await;
                let nothing_is_left = matches!(step.did, Did::Nothing | Did::Polled { matched: 0, .. });
                let failed = matches!(step.did, Did::PollFailed | Did::DestinationFailed);
                if !aws.denials().is_empty() {
                    return;
                }
                if failed || (nothing_is_left && mapping.is_idle()) {
                    break;
                }
            }
        }
    }

    async fn row(&self, order: &str) -> HashMap<String, AttributeValue> {
        let read = self.dynamodb("operator").get_item().table_name(QUARANTINE).key("CustomerOrder", s(order));
        read.send().await.unwrap().item.unwrap_or_default()
    }

    /// An operator puts a row as it is.
    async fn put(&self, row: HashMap<String, AttributeValue>) {
        if !row.is_empty() {
            let put = self.dynamodb("operator").put_item().table_name(QUARANTINE).set_item(Some(row));
            put.send().await.unwrap();
        }
    }

    fn counts(&self) -> [usize; 3] {
        let snapshot = self.stack.aws().snapshot().unwrap();
        [QUARANTINE, VAULT, ORDERS].map(|table| snapshot["tables"][table].as_array().unwrap().len())
    }

    fn card_key_key(&self) -> String {
        self.stack.declared.outputs["CardKeyKeyArn"].value.clone()
    }

    fn keys(&self) -> [String; 2] {
        ["QuarantineKeyArn", "VaultKeyArn"].map(|name| self.stack.declared.outputs[name].value.clone())
    }

    fn dynamodb(&self, caller: &str) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&functions::sdk_config(&self.stack.aws_url(), caller))
    }

    fn kms(&self, caller: &str) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&functions::sdk_config(&self.stack.aws_url(), caller))
    }

    fn sqs(&self, caller: &str) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&functions::sdk_config(&self.stack.aws_url(), caller))
    }
}

async fn make_table(dynamodb: &aws_sdk_dynamodb::Client, name: &str, key: &[&str]) {
    let kinds = [KeyType::Hash, KeyType::Range];
    let schema = key.iter().zip(kinds).map(|(name, kind)| {
        KeySchemaElement::builder().attribute_name(*name).key_type(kind).build().unwrap()
    });
    let attributes = key.iter().map(|name| {
        let attribute = AttributeDefinition::builder().attribute_name(*name);
        attribute.attribute_type(ScalarAttributeType::S).build().unwrap()
    });
    let table = dynamodb.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let table = table.set_key_schema(Some(schema.collect()));
    table.set_attribute_definitions(Some(attributes.collect())).send().await.unwrap();
}

/// The bus refuses a first event of this role, which so goes to the queue.
fn refuse_an_event_of(role: &str) -> FaultRule {
    FaultRule {
        role: Some(role.to_owned()),
        service: Some(Service::EventBridge),
        operation: Some("PutEvents".to_owned()),
        kind: FaultKind::EntriesRefused,
        when: When::First(1),
    }
}

/// One user pool for all worlds: making its key takes a moment.
fn issuer() -> Issuer {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        card_airlock::sign_in::kept_in(folder.path()).unwrap();
        folder
    });
    card_airlock::sign_in::kept_in(folder.path()).unwrap()
}

/// What API Gateway would hand on of Ann's request.
fn api(method: &str, resource: &str, order: &str, body: &Value) -> Value {
    json!({
        "httpMethod": method, "resource": resource, "path": resource, "headers": {"content-type": "application/json"},
        "multiValueHeaders": {"content-type": ["application/json"]},
        "queryStringParameters": null, "pathParameters": {"CustomerOrder": order}, "isBase64Encoded": false,
        "body": (!body.is_null()).then(|| body.to_string()),
        "requestContext": {"httpMethod": method, "resourcePath": resource, "path": resource, "stage": "dev",
            "authorizer": {"claims": {"token_use": "id", "aud": card_airlock::deployment::USER_POOL_CLIENT_ID, "sub": "ann"}}},
    })
}

fn order(id: &str, card: &str) -> Value {
    let body =
        json!({"CustomerOrder": id, "CustomerName": "Ann", "CreditCard": card, "Address": "Las Vegas"});
    api("POST", "/order", id, &body)
}

fn card() -> Value {
    json!({"CreditCard": "4111111111111111"})
}

fn payment(id: &str) -> Value {
    api("POST", "/paybill", id, &json!({"CustomerOrder": id}))
}

fn forgetting(id: &str) -> Value {
    api("DELETE", "/order/{CustomerOrder}/card", id, &json!(null))
}

fn row(order: &str, status: &str, more: &[(&str, AttributeValue)]) -> HashMap<String, AttributeValue> {
    let id = s("550e8400-e29b-41d4-a716-446655440000");
    let row = [("CustomerOrder", s(order)), ("Status", s(status)), ("AcceptanceId", id)];
    row.into_iter().chain(more.iter().cloned()).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: u32) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn b() -> AttributeValue {
    AttributeValue::B(Blob::new([1]))
}

fn context(purpose: &str, name: &str) -> HashMap<String, String> {
    HashMap::from([("purpose".to_owned(), purpose.to_owned()), (name.to_owned(), "1".to_owned())])
}

async fn decrypt(
    kms: &aws_sdk_kms::Client,
    key: &str,
    context: &HashMap<String, String>,
) -> Result<(), Option<String>> {
    let decrypt = kms.decrypt().key_id(key).ciphertext_blob(KmsBlob::new([0]));
    let outcome = decrypt.set_encryption_context(Some(context.clone())).send().await;
    outcome.map(drop).map_err(|error| code(&error))
}

async fn generate(
    kms: &aws_sdk_kms::Client,
    key: &str,
    context: &HashMap<String, String>,
) -> Result<(), Option<String>> {
    let generate = kms.generate_data_key().key_id(key).key_spec(DataKeySpec::Aes256);
    let outcome = generate.set_encryption_context(Some(context.clone())).send().await;
    outcome.map(drop).map_err(|error| code(&error))
}

/// An outcome that may be a denial.
trait Outcome {
    fn code(&self) -> Option<String>;
}

impl Outcome for Result<(), Option<String>> {
    fn code(&self) -> Option<String> {
        self.as_ref().err().cloned().flatten()
    }
}

impl<T, E: ProvideErrorMetadata, R> Outcome for Result<T, SdkError<E, R>> {
    fn code(&self) -> Option<String> {
        self.as_ref().err().and_then(code)
    }
}

fn is_denied(outcome: &impl Outcome) -> bool {
    outcome.code().is_some_and(|code| code == "AccessDeniedException" || code == "AccessDenied")
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<String> {
    error.as_service_error().and_then(ProvideErrorMetadata::code).map(str::to_owned)
}
