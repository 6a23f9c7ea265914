//! What the shipped template declares, as it is read.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use card_airlock::deployment::{self, SHIPPED};
use card_airlock_template::{Route, Schedule};
use serde_json::{Value, json};

use super::{made, shipped, with_everything};

#[test]
fn the_shipped_template_declares_the_six_tables_as_designed() {
    let stack = shipped();
    let table = |name: &str| stack.tables.iter().find(|table| table.name == name).unwrap().clone();
    let quarantine = table("OrderQuarantineTable");
    assert_eq!(quarantine.stream_view_type.as_deref(), Some("NEW_AND_OLD_IMAGES"));
    assert_eq!(quarantine.ttl_attribute.as_deref(), Some("ExpiresAt"));
    assert!(!quarantine.point_in_time_recovery);
    let vault = table("CreditCardTokenizerTable");
    let keys: Vec<_> = vault.key.iter().map(|key| (key.name.as_str(), key.key_type.as_str())).collect();
    assert_eq!(keys, [("Hash_Key", "HASH"), ("Account_Id", "RANGE")]);
    assert_eq!(vault.ttl_attribute.as_deref(), Some("ExpiresAt"));
    let clean = table("CustomerOrderTable");
    assert_eq!(clean.stream_view_type.as_deref(), Some("NEW_AND_OLD_IMAGES"));
    assert_eq!(clean.ttl_attribute, None);
    let audit = table("DetokenizeAuditTable");
    let keys: Vec<_> = audit.key.iter().map(|key| (key.name.as_str(), key.key_type.as_str())).collect();
    assert_eq!(keys, [("Principal", "HASH"), ("At", "RANGE")]);
    assert_eq!(audit.stream_view_type.as_deref(), Some("NEW_AND_OLD_IMAGES"));
    assert_eq!(audit.ttl_attribute.as_deref(), Some("ExpiresAt"));
    let witness = table("AuditWitnessTable");
    let keys: Vec<_> = witness.key.iter().map(|key| (key.name.as_str(), key.key_type.as_str())).collect();
    assert_eq!(keys, [("Chain", "HASH"), ("Number", "RANGE")]);
    assert_eq!((&witness.stream_view_type, &witness.ttl_attribute), (&None, &None));
    assert!([&vault, &clean, &audit, &witness].iter().all(|table| table.point_in_time_recovery));
    let card_keys = table("CardKeyTable");
    let keys: Vec<_> = card_keys.key.iter().map(|key| (key.name.as_str(), key.key_type.as_str())).collect();
    assert_eq!(keys, [("Kid", "HASH")]);
    assert_eq!((&card_keys.stream_view_type, &card_keys.ttl_attribute), (&None, &None));
    assert!(!card_keys.point_in_time_recovery, "a private half that was deleted is gone");
    assert_eq!(stack.tables.len(), 6);
    assert!(stack.tables.iter().all(|table| table.deletion_protection));
}

#[test]
fn the_table_prefix_stands_before_every_table_name() {
    let overrides = [("TablePrefix", "blue-"), ("ProcessorUrl", "sandbox")];
    let overrides = overrides.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let template = deployment::template(SHIPPED, &overrides).unwrap();
    let tables = template.tables(&template.named_here()).unwrap();
    assert!(tables.iter().all(|table| table.name == format!("blue-{}", table.logical_id)));
}

#[test]
fn every_envelope_key_rotates() {
    let keys = shipped().keys;
    let keys: Vec<_> = keys.iter().map(|key| (key.logical_id.as_str(), key.rotation)).collect();
    assert_eq!(keys, [("CardKeyKey", true), ("QuarantineKey", true), ("VaultKey", true)]);
}

#[test]
fn dead_letters_are_encrypted_and_kept_for_fourteen_days() {
    let queues = shipped().queues;
    let names: Vec<_> = queues.iter().map(|queue| queue.logical_id.as_str()).collect();
    assert_eq!(names, ["DeadLetterQueue", "EventDeadLetterQueue"]);
    for queue in queues {
        assert!(queue.managed_sse);
        assert_eq!(queue.retention, Duration::from_secs(14 * 24 * 3600));
    }
}

#[test]
fn every_route_leads_to_its_function_and_requires_a_token() {
    let api = shipped().api;
    assert_eq!(api.stage, "dev");
    let route = |method: &str, path: &str, function: &str| Route {
        method: method.to_owned(),
        path: path.to_owned(),
        function: function.to_owned(),
        requires_auth: true,
    };
    let expected = [
        route("ANY", "/card-keys", "CardKeysFunction"),
        route("GET", "/card-keys", "CardKeysFunction"),
        route("DELETE", "/order/{CustomerOrder}/card", "ForgetFunction"),
        route("ANY", "/order/{CustomerOrder}/card", "IngestFunction"),
        route("ANY", "/order/{CustomerOrder}", "IngestFunction"),
        route("ANY", "/order", "IngestFunction"),
        route("GET", "/order/{CustomerOrder}", "IngestFunction"),
        route("POST", "/order", "IngestFunction"),
        route("PUT", "/order/{CustomerOrder}/card", "IngestFunction"),
        route("ANY", "/paybill", "PaybillFunction"),
        route("POST", "/paybill", "PaybillFunction"),
    ];
    assert_eq!(api.routes, expected);
}

#[test]
fn a_method_that_a_path_does_not_have_is_told_which_methods_it_has() {
    let routes = shipped().api.routes;
    let mut methods: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for route in &routes {
        methods.entry(&route.path).or_default().insert(&route.method);
    }
    let listed = methods.into_iter().map(|(path, mut methods)| {
        assert!(methods.remove("ANY"), "{path} answers other methods");
        (path, methods.into_iter().collect::<Vec<_>>().join(", "))
    });
    let listed: Vec<_> = listed.collect();
    assert_eq!(listed, platform::api::ROUTES.map(|(path, methods)| (path, methods.to_owned())));
}

#[test]
fn each_function_has_its_role_and_its_environment() {
    let stack = shipped();
    // What stands in each environment: `every_variable_that_a_function_reads_is_set_and_every_one_set_is_read`.
    for name in [
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
        assert_eq!(stack.function(&format!("{name}Function")).unwrap().role, format!("{name}Role"));
    }
    let (_, rewrapping) = with_everything();
    assert_eq!(rewrapping.function("RewrapFunction").unwrap().role, "RewrapRole");
    assert_eq!(rewrapping.function("ImportFunction").unwrap().role, "ImportRole");
    let worker = stack.function("TokenizeWorkerFunction").unwrap();
    assert_eq!(
        worker.environment["DEAD_LETTER_QUEUE_URL"],
        "http://127.0.0.1:4566/123456789012/card-airlock-DeadLetterQueue"
    );
    assert_eq!((worker.timeout, worker.memory_mib), (Duration::from_secs(60), 256));
}

#[test]
fn the_workers_stream_mapping_is_as_designed() {
    let stack = shipped();
    let mapping = stack.stream_mapping("TokenizeWorkerFunction").unwrap();
    assert_eq!(
        mapping.stream_arn,
        "arn:aws:dynamodb:us-east-1:123456789012:table/OrderQuarantineTable/stream/1"
    );
    assert_eq!(mapping.starting_position, "TRIM_HORIZON");
    assert_eq!((mapping.batch_size, mapping.parallelization_factor), (100, 1));
    assert_eq!(mapping.maximum_batching_window, Duration::ZERO);
    assert!(mapping.report_batch_item_failures && mapping.bisect_batch_on_function_error);
    assert_eq!(mapping.maximum_retry_attempts, Some(5));
    assert_eq!(mapping.maximum_record_age, Some(Duration::from_secs(3600)));
    assert_eq!(mapping.on_failure_arn.as_deref(), Some("arn:aws:sqs:us-east-1:123456789012:dlq"));
    let patterns: Vec<Value> =
        mapping.filter_patterns.iter().map(|pattern| serde_json::from_str(pattern).unwrap()).collect();
    let expected = [
        json!({
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": {"NewImage": {"Status": {"S": ["PENDING"]}, "ArmAfter": {"S": [{"exists": false}]}}},
        }),
        json!({
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": {"NewImage": {"Status": {"S": ["FAILED", "EXPIRED"]}}},
        }),
        json!({
            "eventName": ["REMOVE"],
            "userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]},
            "dynamodb": {"OldImage": {"Status": {"S": ["PENDING", "FAILED"]}}},
        }),
    ];
    assert_eq!(patterns, expected);
}

/// Nothing of a change is given up: the event of each is on the bus or in the queue before the next is read.
#[test]
fn the_stream_mapping_of_notify_is_as_designed() {
    let stack = shipped();
    let mapping = stack.stream_mapping("NotifyFunction").unwrap();
    assert_eq!(
        mapping.stream_arn,
        "arn:aws:dynamodb:us-east-1:123456789012:table/CustomerOrderTable/stream/1"
    );
    assert_eq!(mapping.starting_position, "TRIM_HORIZON");
    assert_eq!((mapping.batch_size, mapping.parallelization_factor), (100, 1));
    assert!(mapping.report_batch_item_failures && mapping.bisect_batch_on_function_error);
    assert_eq!((mapping.maximum_retry_attempts, mapping.maximum_record_age), (None, None));
    assert_eq!(mapping.on_failure_arn, None);
}

/// Every change of the audit reaches the witness, and none is given up: which one matters, the function decides.
#[test]
fn the_stream_mapping_of_the_witness_is_as_designed() {
    let stack = shipped();
    let mapping = stack.stream_mapping("WitnessFunction").unwrap();
    assert_eq!(
        mapping.stream_arn,
        "arn:aws:dynamodb:us-east-1:123456789012:table/DetokenizeAuditTable/stream/1"
    );
    assert_eq!(mapping.starting_position, "TRIM_HORIZON");
    assert_eq!((mapping.batch_size, mapping.parallelization_factor), (100, 1));
    assert_eq!(mapping.maximum_batching_window, Duration::ZERO);
    assert!(mapping.report_batch_item_failures && mapping.bisect_batch_on_function_error);
    assert_eq!((mapping.maximum_retry_attempts, mapping.maximum_record_age), (None, None));
    assert_eq!((mapping.on_failure_arn.as_deref(), mapping.filter_patterns.len()), (None, 0));
    assert_eq!(stack.stream_mappings.len(), 3);
}

#[test]
fn the_outputs_bear_the_samples_names() {
    let outputs = shipped().outputs;
    for (name, value) in [
        ("PaymentMethodApiURL", "https://customerapi.execute-api.us-east-1.amazonaws.com/dev/"),
        ("UserPoolArn", "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_CardArlck"),
        ("UserPoolAppClientId", "cardairlocklocalclienthere"),
        ("AccountId", "123456789012"),
        ("Region", "us-east-1"),
        (
            "CustomerOrderFunction",
            "arn:aws:lambda:us-east-1:123456789012:function:card-airlock-IngestFunction",
        ),
        ("DynamoDBArn", "arn:aws:dynamodb:us-east-1:123456789012:table/CreditCardTokenizerTable"),
    ] {
        assert_eq!(outputs[name].value, value, "{name}");
    }
    assert_eq!(outputs["KMSKeyID"].value, outputs["VaultKeyArn"].value);
    assert!(outputs.values().all(|output| output.description.is_some()));
}

#[test]
fn the_sweep_and_the_making_of_card_keys_are_scheduled() {
    let every_five_minutes = |function: &str, input: &str| Schedule {
        function: function.to_owned(),
        every: Duration::from_secs(5 * 60),
        input: input.to_owned(),
    };
    let expected = [
        every_five_minutes("CardKeyMakerFunction", "{}"),
        every_five_minutes("ReplayFunction", r#"{"action": "sweep"}"#),
    ];
    assert_eq!(shipped().schedules, expected);
}

/// The times of failure and replay are told in one place, the template, and must fit each other.
#[test]
fn the_defaults_of_failure_and_replay_fit_each_other() {
    const STREAM_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);
    let stack = shipped();
    let number = |function: &str, name: &str| -> u32 {
        stack.function(function).unwrap().environment[name].parse().unwrap()
    };
    let minute = Duration::from_secs(60);
    let rearm_after = minute * number("ReplayFunction", "REARM_AFTER_MINUTES");
    let exhausted = minute * 60 * number("ReplayFunction", "EXHAUSTED_AFTER_HOURS");
    let deadline = minute * 60 * number("IngestFunction", "ORDER_DEADLINE_HOURS");
    let ttl = deadline + minute * 60 * 24 * number("IngestFunction", "QUARANTINE_TTL_DAYS");
    let sweep = stack.schedules.iter().find(|schedule| schedule.function == "ReplayFunction").unwrap().every;
    assert_eq!(
        number("CardKeyMakerFunction", "ORDER_DEADLINE_HOURS"),
        number("IngestFunction", "ORDER_DEADLINE_HOURS"),
        "a private half would be deleted before the last order under it"
    );
    let mapping = stack.stream_mapping("TokenizeWorkerFunction").unwrap();
    let worker = stack.function("TokenizeWorkerFunction").unwrap().timeout;
    let record_age =
        mapping.maximum_record_age.expect("finite, or a poison record blocks its shard for a day");
    assert!(mapping.maximum_retry_attempts.is_some(), "finite, for the same reason");
    assert!(rearm_after >= record_age + worker + sweep, "Lambda may still be retrying what is re-armed");
    assert!(exhausted > STREAM_RETENTION + rearm_after, "a backlog of the stream's length would be parked");
    let longest_delay = order::suspect_delay(u32::MAX);
    assert!(exhausted + longest_delay + sweep < deadline, "an order would expire before it is parked");
    assert_eq!(sweep, order::SWEEP_PERIOD, "clients are told to come back when it has swept");
    let sweeping = stack.function("ReplayFunction").unwrap().timeout;
    assert!(
        sweeping >= minute * 10,
        "a sweep watches its probes, a portion and some suspects for half a minute each"
    );
    assert!(deadline < ttl, "TTL would remove a row before it expires");
    assert!(ttl < stack.queues[0].retention, "a dead letter would go before its row");
    assert!(stack.queues[0].retention <= minute * 60 * 24 * 14, "SQS keeps no message longer");
    let paying = stack.function("PaybillFunction").unwrap().timeout;
    let claim = Duration::from_secs(paybill::CLAIM_SECONDS.into());
    let processor = Duration::from_secs(number("PaybillFunction", "PROCESSOR_TIMEOUT_SECONDS").into());
    let connecting = Duration::from_secs(number("PaybillFunction", "PROCESSOR_CONNECT_SECONDS").into());
    assert!(connecting < processor, "a connection that cannot be had would look like an answer that is lost");
    assert!(
        processor + Duration::from_secs(5) < paying,
        "the outcome has to be written, and AWS asked before"
    );
    assert!(claim > paying + minute / 4, "a payment could be taken over from a request still at it");
    for function in ["IngestFunction", "PaybillFunction", "ForgetFunction", "CardKeysFunction"] {
        let timeout = stack.function(function).unwrap().timeout;
        assert!(timeout <= Duration::from_secs(29), "API Gateway waits no longer: {function}");
    }
}

#[test]
fn no_role_may_both_seal_and_open_with_one_key() {
    let stack = shipped();
    for (key, seals) in [
        ("QuarantineKey", "kms:GenerateDataKey"),
        ("VaultKey", "kms:GenerateDataKey"),
        ("CardKeyKey", "kms:GenerateDataKeyPairWithoutPlaintext"),
    ] {
        let statements = stack.properties(key).unwrap()["KeyPolicy"]["Statement"].as_array().unwrap().clone();
        let of = |action: &str| -> Vec<Value> {
            let named = statements.iter().filter(|s| s["Effect"] == "Allow" && s["Action"] == action);
            named.map(|s| s["Principal"]["AWS"].clone()).collect()
        };
        let (sealing, opening) = (of(seals), of("kms:Decrypt"));
        assert_eq!((sealing.len(), opening.len()), (1, 1), "{key}");
        assert_ne!(sealing, opening, "{key}");
    }
}

#[test]
fn a_property_that_would_change_behaviour_must_be_known() {
    let text =
        SHIPPED.replacen("            BatchSize: 100\n", "            TumblingWindowInSeconds: 5\n", 1);
    let processor = BTreeMap::from([("ProcessorUrl".to_owned(), "sandbox".to_owned())]);
    let error = deployment::template(&text, &processor).unwrap().resolve(&made()).unwrap_err().to_string();
    assert!(
        error.contains("TokenizeWorkerFunction.Quarantine") && error.contains("TumblingWindow"),
        "{error}"
    );
}
