//! Each role can do its own step and no other. That each statement of template.yaml is needed, `local` tests.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_kms::{
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::DataKeySpec,
};
use card_airlock::functions;
use vault::{Detokenizer, Forgetter, Sealer, Tokenizer};

use crate::support::{AUDIT, ORDERS, QUARANTINE, VAULT, WITNESS, World, order, text};

const ROLES: [&str; 7] = [
    "IngestRole",
    "TokenizeWorkerRole",
    "ReplayRole",
    "PaybillRole",
    "ForgetRole",
    "NotifyRole",
    "WitnessRole",
];

/// Who seals, and who opens, with the quarantine's key and the vault's.
const SEALS: [&str; 2] = ["IngestRole", "TokenizeWorkerRole"];
const OPENS: [&str; 2] = ["TokenizeWorkerRole", "PaybillRole"];

/// What the table "Roles" of ARCHITECTURE.md gives each role, seen from outside: role, service, operation,
/// resources, purpose.
const CALLS: [(&str, &str, &str, &[&str], &str); 27] = [
    ("IngestRole", "Kms", "GenerateDataKey", &["QuarantineKeyArn"], "quarantine"),
    ("IngestRole", "DynamoDb", "PutItem", &[QUARANTINE], ""),
    ("IngestRole", "DynamoDb", "GetItem", &[QUARANTINE], ""),
    ("IngestRole", "DynamoDb", "GetItem", &[ORDERS], ""),
    ("TokenizeWorkerRole", "Kms", "Decrypt", &["QuarantineKeyArn"], "quarantine"),
    ("TokenizeWorkerRole", "Kms", "GenerateDataKey", &["VaultKeyArn"], "vault"),
    ("TokenizeWorkerRole", "DynamoDb", "TransactWriteItems", &[VAULT, ORDERS, QUARANTINE], ""),
    // An order is parked only if its card was not forgotten.
    ("TokenizeWorkerRole", "DynamoDb", "TransactWriteItems", &[ORDERS, QUARANTINE], ""),
    ("TokenizeWorkerRole", "DynamoDb", "TransactWriteItems", &[QUARANTINE], ""),
    ("TokenizeWorkerRole", "DynamoDb", "UpdateItem", &[QUARANTINE], ""),
    ("TokenizeWorkerRole", "Sqs", "SendMessage", &["DeadLetterQueueUrl"], ""),
    // The end of an order that is not across.
    ("TokenizeWorkerRole", "DynamoDb", "TransactWriteItems", &[ORDERS], ""),
    ("TokenizeWorkerRole", "EventBridge", "PutEvents", &["EventBusName"], ""),
    // One call with an event for each of four changes.
    ("NotifyRole", "EventBridge", "PutEvents", &["EventBusName"; 4], ""),
    ("WitnessRole", "DynamoDb", "Query", &[WITNESS], ""),
    ("WitnessRole", "DynamoDb", "PutItem", &[WITNESS], ""),
    ("PaybillRole", "DynamoDb", "GetItem", &[ORDERS], ""),
    ("PaybillRole", "DynamoDb", "GetItem", &[QUARANTINE], ""),
    ("PaybillRole", "DynamoDb", "GetItem", &[VAULT], ""),
    ("PaybillRole", "DynamoDb", "UpdateItem", &[ORDERS], ""),
    ("PaybillRole", "DynamoDb", "TransactWriteItems", &[AUDIT, AUDIT], ""),
    ("PaybillRole", "Kms", "Decrypt", &["VaultKeyArn"], "vault"),
    ("ForgetRole", "DynamoDb", "GetItem", &[QUARANTINE], ""),
    ("ForgetRole", "DynamoDb", "GetItem", &[ORDERS], ""),
    ("ForgetRole", "DynamoDb", "UpdateItem", &[QUARANTINE], ""),
    ("ForgetRole", "DynamoDb", "TransactWriteItems", &[VAULT, ORDERS], ""),
    ("PaybillRole", "SecretsManager", "GetSecretValue", &["PROCESSOR_SECRET_ARN"], ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn promise_4_each_role_makes_the_calls_of_its_own_step_and_no_other() {
    let world = World::stepped().await;
    walk_everything(&world).await;
    let made: BTreeSet<String> = world
        .aws
        .calls()
        .iter()
        .filter(|call| call.role != "operator")
        .map(|call| {
            let purpose = call.purpose.as_deref().unwrap_or_default();
            format!("{} {:?} {} {:?} {purpose}", call.role, call.service, call.operation, call.resources)
        })
        .collect();
    let allowed: BTreeSet<String> = CALLS
        .iter()
        .map(|(role, service, operation, resources, purpose)| {
            let paybill = &world.declared.function("PaybillFunction").unwrap().environment;
            let output = |name: &&str| {
                let output = world.declared.outputs.get(*name).map(|output| &output.value);
                output.or_else(|| paybill.get(*name)).cloned()
            };
            let resources: Vec<_> =
                resources.iter().map(|name| output(name).unwrap_or_else(|| (*name).to_owned())).collect();
            format!("{role} {service} {operation} {resources:?} {purpose}")
        })
        .collect();
    assert_eq!(made, allowed);
}

/// Every route, every end of an order, every end of a crossing.
async fn walk_everything(world: &World) {
    let client = world.client("ann");
    client.submit(&order("1")).await.is(202);
    client.submit(&order("1")).await.is(202);
    client.status("1").await.is(200);
    client.pay("1").await.is(409);
    world.alter_card().await;
    world.deliver_last().await;
    // Parked, which is told.
    world.deliver_last().await;
    client.pay("1").await.is(409);
    client.forget("1").await.is(200);
    client.submit(&order("1")).await.is(202);
    world.deliver_last().await;
    client.status("1").await.is(200);
    client.submit(&order("1")).await.is(200);
    client.pay("1").await.is(200);
    client.pay("1").await.is(200);
    client.pay("unknown").await.is(404);
    client.forget("1").await.is(200);
    client.forget("unknown").await.is(404);
    world.race(&order("2"), &order("2")).await.is(202);
    world.deliver_last().await;
    assert_eq!(world.counts().await, [0, 1, 2]);
    assert_eq!(world.tell().await, None);
    assert_eq!(world.witness().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_4_kms_refuses_every_role_a_key_without_its_purpose() {
    let world = World::stepped().await;
    let client = world.client("ann");
    client.submit(&order("1")).await.is(202);
    let quarantined = world.only_row(QUARANTINE).await;
    world.deliver_last().await;
    let sealed = world.only_row(VAULT).await;
    let [quarantine, vault] =
        ["QuarantineKeyArn", "VaultKeyArn"].map(|name| world.declared.outputs[name].value.as_str());
    let data_keys = [&quarantined, &sealed].map(|row| row["DataKey"].as_b().unwrap().clone().into_inner());
    let right = [
        [("purpose", "quarantine"), ("key-batch", text(&quarantined, "KeyBatchId"))],
        [("purpose", "vault"), ("token", text(&sealed, "Hash_Key"))],
    ];

    let keys =
        [(quarantine, &data_keys[0], right[0], "vault"), (vault, &data_keys[1], right[1], "quarantine")];
    for role in ROLES {
        let kms = aws_sdk_kms::Client::new(&functions::sdk_config(world.aws.url(), role));
        for (number, (key, wrapped, right, other)) in keys.into_iter().enumerate() {
            let batch_or_token = right[1];
            for context in [
                vec![],
                vec![right[0]],
                vec![batch_or_token],
                vec![("purpose", other), batch_or_token],
                vec![("purpose", ""), batch_or_token],
                vec![("Purpose", right[0].1), batch_or_token],
                vec![right[0], batch_or_token, ("more", "1")],
            ] {
                let [generated, opened] = generate_and_open(&kms, key, wrapped, &context).await;
                assert_eq!(generated, "AccessDeniedException", "{role} {context:?}");
                assert_eq!(opened, "AccessDeniedException", "{role} {context:?}");
            }
            // With the right context: one role seals, one opens.
            let [generated, opened] = generate_and_open(&kms, key, wrapped, &right).await;
            assert_eq!(generated.is_empty(), role == SEALS[number], "{role} {generated}");
            assert_eq!(opened.is_empty(), role == OPENS[number], "{role} {opened}");
            if role != OPENS[number] {
                continue;
            }
            // And what opens, opens nothing that was sealed for another batch or token, or under another key.
            let another = uuid::Uuid::new_v4().to_string();
            let [_, opened] =
                generate_and_open(&kms, key, wrapped, &[right[0], (right[1].0, &another)]).await;
            assert_eq!(opened, "InvalidCiphertextException", "{role}");
            let [_, opened] = generate_and_open(&kms, key, &data_keys[1 - number], &right).await;
            assert!(["IncorrectKeyException", "InvalidCiphertextException"].contains(&&*opened), "{opened}");
        }
    }
}

/// How KMS answers GenerateDataKey and Decrypt under a context: the error's code, or nothing.
async fn generate_and_open(
    kms: &aws_sdk_kms::Client,
    key: &str,
    wrapped: &[u8],
    context: &[(&str, &str)],
) -> [String; 2] {
    let context: HashMap<String, String> =
        context.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let generate = kms.generate_data_key().key_id(key).key_spec(DataKeySpec::Aes256);
    let generated = generate.set_encryption_context(Some(context.clone())).send().await;
    let decrypt = kms.decrypt().key_id(key).ciphertext_blob(Blob::new(wrapped));
    let opened = decrypt.set_encryption_context(Some(context)).send().await;
    [code(generated.err()), code(opened.err())]
}

fn code<E: ProvideErrorMetadata, R>(error: Option<SdkError<E, R>>) -> String {
    let Some(error) = error else { return String::new() };
    error.as_service_error().unwrap().code().unwrap().to_owned()
}

/// Methods that a capability must not have. A call finds a type's own method before a trait's: should one of
/// these gain the other's method, with any arguments, this does not compile.
trait Lacks {
    fn seal(&self) {}
    fn open(&self) {}
    fn unseal(&self) {}
    fn tokenize(&self) {}
    fn detokenize(&self) {}
    fn delete(&self) {}
}

impl Lacks for Sealer {}
impl Lacks for Tokenizer {}
impl Lacks for Detokenizer {}
impl Lacks for Forgetter {}

#[test]
fn promise_4_a_capability_has_its_own_method_and_none_of_the_others() {
    fn sealer_lacks(it: &Sealer) -> [(); 5] {
        [it.open(), it.unseal(), it.tokenize(), it.detokenize(), it.delete()]
    }
    fn tokenizer_lacks(it: &Tokenizer) -> [(); 5] {
        [it.open(), it.unseal(), it.seal(), it.detokenize(), it.delete()]
    }
    fn detokenizer_lacks(it: &Detokenizer) -> [(); 5] {
        [it.open(), it.unseal(), it.seal(), it.tokenize(), it.delete()]
    }
    fn forgetter_lacks(it: &Forgetter) -> [(); 5] {
        [it.open(), it.unseal(), it.seal(), it.tokenize(), it.detokenize()]
    }
    let _ = (sealer_lacks, tokenizer_lacks, detokenizer_lacks, forgetter_lacks);
}
