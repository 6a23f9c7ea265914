//! What the functions are given: settings, events, an order to be made in; and what the stack gives out.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use card_airlock::deployment::{self, SHIPPED};
use card_airlock_event_source::FilterCriteria;
use card_airlock_template::read_yaml;
use order::QuarantineStatus;
use platform::{
    metrics,
    settings::{Lookup, SettingError},
};
use serde_json::{Value, json};

use super::{SAMPLE_KEY, shipped, with, with_everything};

#[test]
fn a_function_waits_for_the_policies_of_its_role() {
    // Lambda tries the role when it makes the stream mapping, and a VPC's interfaces.
    let declared = read_yaml(SHIPPED).unwrap();
    let resources = declared["Resources"].as_object().unwrap();
    for (function, policy) in [
        ("IngestFunction", "IngestPolicy"),
        ("TokenizeWorkerFunction", "TokenizeWorkerPolicy"),
        ("ReplayFunction", "ReplayPolicy"),
        ("PaybillFunction", "PaybillPolicy"),
        ("ForgetFunction", "ForgetPolicy"),
        ("CardKeyMakerFunction", "CardKeyMakerPolicy"),
        ("CardKeysFunction", "CardKeysPolicy"),
        ("NotifyFunction", "NotifyPolicy"),
        ("WitnessFunction", "WitnessPolicy"),
        ("RewrapFunction", "RewrapPolicy"),
        ("ImportFunction", "ImportPolicy"),
    ] {
        let waits_for = resources[function]["DependsOn"].as_array().unwrap();
        assert_eq!(waits_for[..2], [json!(policy), json!("PlatformPolicy")], "{function}");
    }
}

#[test]
fn who_writes_a_new_attribute_is_replaced_after_those_who_read_it() {
    let declared = read_yaml(SHIPPED).unwrap();
    let waits_for = &declared["Resources"]["IngestFunction"]["DependsOn"].as_array().unwrap()[2..];
    assert_eq!(*waits_for, [json!("TokenizeWorkerFunction"), json!("PaybillFunction")]);
}

#[test]
fn the_workers_filter_lets_through_what_waits_what_ended_and_what_ttl_took() {
    let stack = shipped();
    let mapping = stack.stream_mapping("TokenizeWorkerFunction").unwrap();
    let filter = FilterCriteria::from_patterns(&mapping.filter_patterns).unwrap();
    let status = |status: QuarantineStatus| json!({"Status": {"S": status.word()}});
    let ttl = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    for (event, image, by, passes) in [
        ("INSERT", QuarantineStatus::Pending, &Value::Null, true),
        ("MODIFY", QuarantineStatus::Pending, &Value::Null, true),
        ("MODIFY", QuarantineStatus::Failed, &Value::Null, true),
        ("MODIFY", QuarantineStatus::Expired, &Value::Null, true),
        ("INSERT", QuarantineStatus::Failed, &Value::Null, true),
        ("REMOVE", QuarantineStatus::Pending, &ttl, true),
        ("REMOVE", QuarantineStatus::Failed, &ttl, true),
        ("REMOVE", QuarantineStatus::Expired, &ttl, false),
        ("REMOVE", QuarantineStatus::Pending, &Value::Null, false),
    ] {
        let side = if event == "REMOVE" { "OldImage" } else { "NewImage" };
        let mut record = json!({"eventName": event, "dynamodb": {side: status(image)}});
        if !by.is_null() {
            record["userIdentity"] = by.clone();
        }
        assert_eq!(filter.matches(&record), passes, "{record}");
    }
}

/// A claim is the one change of a clean row that no event tells and that is made for each payment.
#[test]
fn the_filter_of_notify_lets_through_every_change_but_the_claim_of_a_payment() {
    let stack = shipped();
    let mapping = stack.stream_mapping("NotifyFunction").unwrap();
    let filter = FilterCriteria::from_patterns(&mapping.filter_patterns).unwrap();
    let row = |status: Option<&str>| match status {
        Some(status) => json!({"CustomerOrder": {"S": "1"}, "PaymentStatus": {"S": status}}),
        None => json!({"CustomerOrder": {"S": "1"}}),
    };
    for (event, status, passes) in [
        ("INSERT", None, true),
        ("MODIFY", None, true),
        ("MODIFY", Some("SUBMITTING"), false),
        ("MODIFY", Some("SUBMITTED"), true),
        ("MODIFY", Some("DECLINED"), true),
        ("MODIFY", Some("UNKNOWN"), true),
        ("REMOVE", None, false),
    ] {
        let side = if event == "REMOVE" { "OldImage" } else { "NewImage" };
        let record = json!({"eventName": event, "dynamodb": {side: row(status)}});
        assert_eq!(filter.matches(&record), passes, "{record}");
    }
}

#[test]
fn every_variable_that_a_function_reads_is_set_and_every_one_set_is_read() {
    fn read<T>(read: impl Fn(Lookup<'_>) -> Result<T, SettingError>, function: &str) {
        // Without a previous key there is no rewrap, and without a source no import.
        if let Some(plain) = shipped().function(function).map(|declared| &declared.environment) {
            assert_eq!(read(&|name| plain.get(name).cloned()).err(), None, "{function}");
        }
        let (_, stack) = with_everything();
        let environment = &stack.function(function).unwrap().environment;
        let asked = RefCell::new(BTreeSet::new());
        let lookup = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            environment.get(name).cloned()
        };
        assert_eq!(metrics::namespace(&lookup).err(), None, "{function}");
        assert_eq!(read(&lookup).err(), None, "{function}");
        assert_eq!(asked.into_inner(), environment.keys().cloned().collect(), "{function}");
    }
    read(ingest::Settings::read, "IngestFunction");
    read(tokenize_worker::Settings::read, "TokenizeWorkerFunction");
    read(replay::Settings::read, "ReplayFunction");
    read(paybill::Settings::read, "PaybillFunction");
    read(forget::Settings::read, "ForgetFunction");
    read(card_key_maker::Settings::read, "CardKeyMakerFunction");
    read(card_keys::Settings::read, "CardKeysFunction");
    read(notify::Settings::read, "NotifyFunction");
    read(witness::Settings::read, "WitnessFunction");
    read(rewrap::Settings::read, "RewrapFunction");
    read(import::Settings::read, "ImportFunction");
}

#[test]
fn without_a_source_there_is_nothing_that_could_read_one() {
    let of_import = |stack: &card_airlock_template::Stack, template: &card_airlock_template::Template| {
        let is_of_import = |id: &&str| id.starts_with("Import") || *id == "OperatorImport";
        let named: BTreeSet<_> = template.logical_ids().filter(is_of_import).map(str::to_owned).collect();
        let said = template.logical_ids().filter_map(|id| stack.properties(id)).map(Value::to_string);
        let words =
            ["ImportRole", "ImportFunction", "importrole", "importfunction", "table/Legacy", "ImportKey"];
        let said = said.filter(|text| words.iter().any(|word| text.contains(word)));
        let is_output = |name: &&String| name.contains("Import");
        (named, said.count(), stack.outputs.keys().filter(is_output).count())
    };
    let template = deployment::shipped().unwrap();
    assert_eq!(of_import(&shipped(), &template), (BTreeSet::new(), 0, 0));
    let (template, stack) = with_everything();
    let (named, said, outputs) = of_import(&stack, &template);
    let parts = ["ErrorsAlarm", "Function", "Key", "Logs", "Policy", "Role", "ThrottlesAlarm"];
    let mut expected: BTreeSet<_> = parts.map(|what| format!("Import{what}")).into();
    expected.insert("OperatorImport".to_owned());
    assert_eq!((named, outputs), (expected, 4));
    assert!(said > 6, "{said}");
}

#[test]
fn an_import_that_does_not_know_whose_the_orders_are_is_refused_before_anything_is_made() {
    let check = |given: &[(&str, &str)]| {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        deployment::check_parameters(&given.collect()).is_ok()
    };
    let sub = "550e8400-e29b-41d4-a716-446655440000";
    assert!(!check(&[("ImportTable", "Legacy")]));
    for owner in [("ImportOwner", sub), ("ImportOwnerTable", "Owners"), ("ImportOwnerAttribute", "Owner")] {
        assert!(check(&[("ImportTable", "Legacy"), owner]), "{owner:?}");
        assert!(!check(&[owner]), "{owner:?}");
    }
    // The sample's vault, its key and its orders belong together.
    let orders = [("ImportTable", "Legacy"), ("ImportOwner", sub)];
    let vault = [("ImportVaultTable", "SampleVault"), ("ImportVaultKeyArn", SAMPLE_KEY)];
    let renamed = ("ImportOriginalTable", "CreditCardTokenizerTable");
    assert!(check(&[orders, vault].concat()) && check(&[&orders[..], &vault, &[renamed]].concat()));
    for wrong in [&vault[..], &[orders[0], orders[1], vault[0]], &[orders[0], orders[1], vault[1]]] {
        assert!(!check(wrong), "{wrong:?}");
    }
    assert!(!check(&[orders[0], orders[1], renamed]));
    let alias = ("ImportVaultKeyArn", "arn:aws:kms:us-east-1:123456789012:alias/sample");
    assert!(!check(&[orders[0], orders[1], vault[0], alias]));
}

#[test]
fn without_a_previous_key_there_is_nothing_that_could_move_a_data_key() {
    let of_rewrap = |stack: &card_airlock_template::Stack, template: &card_airlock_template::Template| {
        let named: BTreeSet<_> =
            template.logical_ids().filter(|id| id.starts_with("Rewrap")).map(str::to_owned).collect();
        let said = template.logical_ids().filter_map(|id| stack.properties(id)).map(Value::to_string);
        let said =
            said.filter(|text| text.contains("ReEncryptTo") || text.contains("PREVIOUS_VAULT_KEY_ARN"));
        (named, said.count(), stack.outputs.keys().filter(|name| name.starts_with("Rewrap")).count())
    };
    let template = deployment::shipped().unwrap();
    assert_eq!(of_rewrap(&shipped(), &template), (BTreeSet::new(), 0, 0));
    let (template, stack) = with_everything();
    let (named, said, outputs) = of_rewrap(&stack, &template);
    let expected = ["ErrorsAlarm", "Function", "Logs", "Policy", "Role", "ThrottlesAlarm"];
    assert_eq!(named, expected.map(|what| format!("Rewrap{what}")).into());
    // The vault's key, the endpoint of KMS, paybill, and rewrap itself.
    assert_eq!((said, outputs), (4, 3));
}

/// As docs/keys.md replaces the vault's key.
#[test]
fn the_vaults_key_may_have_another_logical_id() {
    let renamed =
        SHIPPED.replace("\n  VaultKey:\n", "\n  VaultKey2:\n").replace("VaultKey.Arn", "VaultKey2.Arn");
    let given = BTreeMap::from([
        ("ProcessorUrl".to_owned(), "sandbox".to_owned()),
        ("PreviousVaultKeyArn".to_owned(), super::PREVIOUS_KEY.to_owned()),
    ]);
    let template = deployment::template(&renamed, &given).unwrap();
    let mut resources = super::made();
    resources.fill_from(template.named_here());
    let present = "arn:aws:kms:us-east-1:123456789012:key/22222222-2222-4333-8444-555555555555";
    resources.insert("VaultKey2", "VaultKey2", [("Arn", present)]);
    let stack = template.resolve(&resources).unwrap();
    assert_eq!(stack.outputs["VaultKeyArn"].value, present);
    for function in ["TokenizeWorkerFunction", "PaybillFunction", "RewrapFunction"] {
        assert_eq!(stack.function(function).unwrap().environment["VAULT_KEY_ARN"], present, "{function}");
    }
    assert!(stack.properties("VaultKey").is_none());
}

#[test]
fn no_function_that_judges_order_ids_starts_with_a_pattern_that_admits_a_card() {
    let (_, stack) = with(&[("OrderIdPattern", r"^4999\d{12}$")]);
    let environment = |function| stack.function(function).unwrap().environment.clone();
    let (ingest, paybill, forget) =
        (environment("IngestFunction"), environment("PaybillFunction"), environment("ForgetFunction"));
    for refused in [
        ingest::Settings::read(&|name| ingest.get(name).cloned()).unwrap_err(),
        paybill::Settings::read(&|name| paybill.get(name).cloned()).unwrap_err(),
        forget::Settings::read(&|name| forget.get(name).cloned()).unwrap_err(),
    ] {
        let said = refused.to_string();
        assert!(said.starts_with("the setting ORDER_ID_PATTERN admits card numbers"), "{said}");
        assert!(said.contains(r"`4999\d{12}` could be 16 digits of visa"), "{said}");
    }
}

#[test]
fn a_payment_processor_must_be_chosen() {
    let error = deployment::template(SHIPPED, &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("ProcessorUrl"), "{error}");
    let declared = read_yaml(SHIPPED).unwrap();
    assert_eq!(declared["Parameters"]["ProcessorUrl"]["AllowedPattern"], "sandbox|https://.+");
}

#[test]
fn the_outputs_are_the_samples_and_what_an_operator_needs() {
    let outputs: BTreeSet<_> = shipped().outputs.into_keys().collect();
    let mut expected: BTreeSet<String> = [
        "AccountId",
        "AlarmTopicArn",
        "AuditTableName",
        "CardKeyKeyArn",
        "CardKeyTableName",
        "CustomerOrderFunction",
        "DeadLetterQueueUrl",
        "DynamoDBArn",
        "EventBusArn",
        "EventBusName",
        "EventDeadLetterQueueUrl",
        "KMSKeyID",
        "OperatorAuditPolicyArn",
        "OperatorReadPolicyArn",
        "OperatorReplayPolicyArn",
        "OperatorSettlePolicyArn",
        "OrderTableName",
        "PaymentMethodApiURL",
        "QuarantineKeyArn",
        "QuarantineTableName",
        "Region",
        "UserPoolAppClientId",
        "UserPoolArn",
        "VaultKeyArn",
        "VaultTableName",
        "WitnessTableName",
    ]
    .map(str::to_owned)
    .into();
    for function in [
        "Ingest",
        "TokenizeWorker",
        "Replay",
        "Paybill",
        "Forget",
        "Notify",
        "Witness",
        "CardKeyMaker",
        "CardKeys",
    ] {
        expected.extend(["FunctionArn", "FunctionName", "RoleArn"].map(|what| format!("{function}{what}")));
    }
    assert_eq!(outputs, expected);
}
