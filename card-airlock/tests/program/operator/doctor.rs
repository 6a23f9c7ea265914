//! `doctor`: a sound stack has no findings, and each thing that is broken on purpose is found, with what fixes it.

use std::time::Duration;

use aws_sdk_dynamodb::types::{StreamSpecification, TimeToLiveSpecification};
use card_airlock::{
    functions,
    operations::doctor::{Checked, Finding, examine, promised_key_policy},
};
use clock::TestClock;
use serde_json::{Value, json};
use test_support::tables::{QUARANTINE, VAULT};

use super::{World, is_presentable, now, quarantined};

async fn look(world: &World) -> Vec<Checked> {
    examine(&world.access().await, now()).await.unwrap()
}

pub(super) async fn findings(world: &World) -> Vec<(&'static str, Finding)> {
    let of = |check: Checked| check.outcome.findings.into_iter().map(move |finding| (check.name, finding));
    look(world).await.into_iter().flat_map(of).collect()
}

/// The one finding, which is of this check and says this.
pub(super) async fn finds(world: &World, check: &str, what: &str) -> Finding {
    let found = findings(world).await;
    let [(name, finding)] = &found[..] else { panic!("{what}: {found:?}") };
    assert!(*name == check && finding.what.contains(what), "{what}: {found:?}");
    assert!(!finding.why.is_empty() && !finding.fix.is_empty(), "{finding:?}");
    finding.clone()
}

pub(super) async fn is_sound(world: &World) {
    assert_eq!(findings(world).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_stack_has_no_findings_and_everything_is_checked() {
    let world = World::start().await;
    for check in look(&world).await {
        assert_eq!(check.outcome.findings, [], "{}", check.name);
        assert!(check.outcome.not_checked.is_empty(), "{check:?}");
    }
    let done = world.run(&["doctor"]).await.is(0);
    is_presentable(&done);
    assert!(done.out.contains("0 findings; 0 things were not checked"), "{}", done.out);
    assert_eq!(world.run(&["doctor", "--json"]).await.is(0).json()["findings"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_that_is_broken_is_found_and_fixed_by_what_is_said() {
    let world = World::start().await;
    let (kms, access) = (world.kms(), world.access().await);
    for key in ["QuarantineKey", "VaultKey", "CardKeyKey"] {
        let id = access.names().physical(key).unwrap().to_owned();
        kms.disable_key().key_id(&id).send().await.unwrap();
        let finding = finds(&world, "keys", &format!("{key} is Disabled")).await;
        assert!(finding.fix.contains(&format!("kms enable-key --key-id {id}")), "{finding:?}");
        kms.enable_key().key_id(&id).send().await.unwrap();
        is_sound(&world).await;

        kms.disable_key_rotation().key_id(&id).send().await.unwrap();
        finds(&world, "keys", &format!("{key} is not rotated")).await;
        kms.enable_key_rotation().key_id(&id).send().await.unwrap();
        is_sound(&world).await;

        kms.schedule_key_deletion().key_id(&id).send().await.unwrap();
        finds(&world, "keys", &format!("{key} waits for its deletion")).await;
        kms.cancel_key_deletion().key_id(&id).send().await.unwrap();
        kms.enable_key().key_id(&id).send().await.unwrap();
        is_sound(&world).await;

        let promised = promised_key_policy(&access, key).await.unwrap();
        for (alter, named) in alterations(if key == "CardKeyKey" { "MakesPairs" } else { "Seals" }) {
            let mut altered: Value = serde_json::from_str(&promised).unwrap();
            alter(altered["Statement"].as_array_mut().unwrap());
            put_policy(&kms, &id, &altered.to_string()).await;
            let finding = finds(&world, "keys", &format!("the policy of {key} is not the template's")).await;
            assert!(finding.what.contains(named), "{named}: {finding:?}");
            let policies = finding.policies.unwrap();
            assert_eq!(
                (&policies.stack, &policies.template),
                (&altered, &serde_json::from_str(&promised).unwrap())
            );
            assert!(policies.statements.iter().all(|one| one.sid.ends_with(named)), "{policies:?}");
        }
        // As the finding says: what doctor prints is put.
        let printed = world.run(&["doctor", "--policy", key]).await.is(0).out;
        put_policy(&kms, &id, &printed).await;
        is_sound(&world).await;
    }
    // A person sees what differs, and a script gets both policies.
    let id = access.names().physical("VaultKey").unwrap().to_owned();
    let promised = promised_key_policy(&access, "VaultKey").await.unwrap();
    let mut altered: Value = serde_json::from_str(&promised).unwrap();
    altered["Statement"][0]["Action"].as_array_mut().unwrap().push(json!("kms:Decrypt"));
    altered["Statement"].as_array_mut().unwrap().retain(|one| one["Sid"] != "PaybillOpens");
    put_policy(&kms, &id, &altered.to_string()).await;
    let shown = world.run(&["doctor"]).await.is(3);
    is_presentable(&shown);
    for line in [
        "      AdministerTheKey\n        + Action = kms:Decrypt\n",
        "      PaybillOpens\n        - Action = kms:Decrypt\n",
        "        - Condition StringEquals kms:EncryptionContext:purpose = vault\n",
    ] {
        assert!(shown.out.contains(line), "{line}: {}", shown.out);
    }
    let json = world.run(&["doctor", "--json"]).await.is(3).json();
    let policies = &json["checks"][0]["findings"][0]["policies"];
    assert_eq!(policies["stack"], altered);
    assert_eq!(policies["template"], serde_json::from_str::<Value>(&promised).unwrap());
    assert_eq!(policies["statements"][0]["onlyInStack"], json!(["Action = kms:Decrypt"]));
    let none = world.run(&["doctor", "--policy", "AnotherKey"]).await.is(1);
    assert!(none.told.contains("QuarantineKey, VaultKey and CardKeyKey"), "{}", none.told);
}

type Alteration = (fn(&mut Vec<Value>), &'static str);

/// Ways to alter a key's policy, and the statement that is named then.
fn alterations(second: &'static str) -> [Alteration; 4] {
    [
        (|statements| drop(statements.pop()), "NobodyWithoutThePurpose"),
        (|statements| statements[0]["Action"] = json!("kms:*"), "AdministerTheKey"),
        (|statements| drop(statements[1].as_object_mut().unwrap().remove("Condition")), second),
        (
            |statements| {
                let mut more = statements[1].clone();
                more["Sid"] = json!("OneMore");
                statements.push(more);
            },
            "OneMore",
        ),
    ]
}

async fn put_policy(kms: &aws_sdk_kms::Client, id: &str, policy: &str) {
    kms.put_key_policy().key_id(id).policy_name("default").policy(policy).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_table_that_is_not_as_declared_is_found() {
    let world = World::start().await;
    let dynamodb = world.dynamodb();
    for table in [QUARANTINE, VAULT, "CustomerOrderTable", "DetokenizeAuditTable", "CardKeyTable"] {
        let protect = |on| dynamodb.update_table().table_name(table).deletion_protection_enabled(on).send();
        protect(false).await.unwrap();
        finds(&world, "tables", &format!("{table} is not protected from deletion")).await;
        protect(true).await.unwrap();
        is_sound(&world).await;
    }
    let ttl = |on| {
        let ttl = TimeToLiveSpecification::builder().attribute_name("ExpiresAt").enabled(on).build().unwrap();
        dynamodb.update_time_to_live().table_name(VAULT).time_to_live_specification(ttl).send()
    };
    ttl(false).await.unwrap();
    finds(&world, "tables", "the time to live of CreditCardTokenizerTable").await;
    ttl(true).await.unwrap();
    is_sound(&world).await;

    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type("KEYS_ONLY".into());
    let stream = dynamodb.update_table().table_name(VAULT).stream_specification(stream.build().unwrap());
    stream.send().await.unwrap();
    finds(&world, "tables", "CreditCardTokenizerTable has a stream").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_is_off_and_an_order_that_waits_are_found() {
    let world = World::start().await;
    let uuid = world.stop_mapping().await;
    let finding = finds(&world, "stream", "the stream mapping of TokenizeWorkerFunction is Disabled").await;
    assert!(finding.fix.contains(&format!("--uuid {uuid} --enabled")), "{finding:?}");
    world.put(QUARANTINE, quarantined("A-1", "FAILED", 7_300, &[])).await;
    let found = findings(&world).await;
    assert!(found.iter().any(|(name, it)| *name == "ages" && it.what.contains("has waited")), "{found:?}");
    let done = world.run(&["doctor"]).await.is(3);
    is_presentable(&done);
    assert!(done.out.contains("2 findings") && done.out.contains("Why: "), "{}", done.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn revealed_cards_and_a_sandbox_in_production_are_found() {
    let world = World::with(&[("RevealCard", "true")]).await;
    finds(&world, "reveal", "RevealCard is on").await;
    let world = World::with(&[("StageName", "prod"), ("ProcessorUrl", "sandbox")]).await;
    finds(&world, "processor", "the stage prod pays through the sandbox").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_that_wait_for_longer_than_sweeps_need_are_found() {
    let clock = TestClock::stopped_at(std::time::SystemTime::now());
    let world = World::on(None, &[], clock.clock()).await;
    let access = world.access().await;
    let queue = access.names().physical("DeadLetterQueue").unwrap();
    let sqs = aws_sdk_sqs::Client::new(&functions::sdk_config(&world.stack.aws_url(), "operator"));
    sqs.send_message().queue_url(queue).message_body("of nobody's").send().await.unwrap();
    let found = async || {
        let checked = examine(&access, order::Timestamp::from(clock.now())).await.unwrap();
        let ages = checked.into_iter().find(|check| check.name == "ages").unwrap();
        assert_eq!(ages.outcome.not_checked, [""; 0]);
        ages.outcome.findings
    };
    clock.advance(Duration::from_secs(60 * 60));
    assert_eq!(found().await, []);
    clock.advance(Duration::from_secs(60));
    let [finding] = &found().await[..] else { panic!("one") };
    assert_eq!(finding.what, "a dead letter has waited for 61 minutes");
    assert!(finding.fix.contains("replay --dry-run --aws-port "), "{finding:?}");
    let received = sqs.receive_message().queue_url(queue).send().await.unwrap();
    let receipt = received.messages()[0].receipt_handle().unwrap();
    sqs.delete_message().queue_url(queue).receipt_handle(receipt).send().await.unwrap();
    assert_eq!(found().await, []);
}
