//! Policies: who is let in, to what, by which statements.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{SECRET, of_kind, shipped, statements, texts, with, with_everything};

#[test]
fn nothing_is_allowed_on_every_resource_but_what_has_no_resource_to_name() {
    let (template, stack) = with_everything();
    let statements = statements(&template, &stack);
    assert!(statements.len() > 30, "{}", statements.len());
    for (logical_id, statement) in statements {
        if statement["Effect"] == "Deny" {
            continue;
        }
        let sid = statement.get("Sid").and_then(Value::as_str).unwrap_or_default();
        let on_all = statement.get("Resource").is_some_and(|resource| texts(resource).contains(&"*"));
        // A key's policy has no other way to say "this key".
        let is_key = ["QuarantineKey", "VaultKey", "CardKeyKey", "ImportKey"].contains(&logical_id);
        let nameless = ["WriteTraces", "JoinTheVpc", "LookAtWhatHasNoResource"];
        let platform = nameless.contains(&sid) || logical_id == "XRayEndpoint";
        assert!(!on_all || is_key || platform, "{logical_id} {sid}");
        let wild = texts(&statement["Action"]).iter().any(|action| action.contains('*'));
        assert!(!wild || (is_key && sid == "AdministerTheKey"), "{logical_id} {sid}");
    }
}

#[test]
fn whoever_is_let_in_by_a_policy_is_named() {
    let (template, stack) = with_everything();
    let roles = [
        "Ingest",
        "TokenizeWorker",
        "Replay",
        "Paybill",
        "Forget",
        "Notify",
        "Witness",
        "CardKeyMaker",
        "CardKeys",
        "Rewrap",
        "Import",
    ];
    let roles: BTreeSet<_> = roles.map(|role| format!("arn:aws:iam::123456789012:role/{role}Role")).into();
    let mut by_condition = 0;
    for (logical_id, statement) in statements(&template, &stack) {
        if statement["Effect"] == "Deny" || statement.get("Principal") != Some(&json!("*")) {
            continue;
        }
        // Only a VPC endpoint, whose policy cannot name a role any other way.
        let named = texts(&statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]);
        assert!(!named.is_empty() && named.iter().all(|role| roles.contains(*role)), "{logical_id}");
        by_condition += 1;
    }
    assert_eq!(by_condition, of_kind(&template, "AWS::EC2::VPCEndpoint").len());
    assert_eq!(by_condition, 7);
}

#[test]
fn nobody_reaches_the_dead_letters_without_tls() {
    let stack = shipped();
    for (policy, alarm, queue) in [
        ("DeadLetterQueuePolicy", "DeadLettersAlarm", "dlq"),
        ("EventDeadLetterQueuePolicy", "EventDeadLettersAlarm", "event-dlq"),
    ] {
        let watched = &stack.properties(alarm).unwrap()["Dimensions"];
        assert_eq!(*watched, json!([{"Name": "QueueName", "Value": queue}]));
        let policy = stack.properties(policy).unwrap();
        let [statement] = &policy["PolicyDocument"]["Statement"].as_array().unwrap()[..] else {
            panic!("one")
        };
        assert_eq!((&statement["Effect"], &statement["Principal"]), (&json!("Deny"), &json!("*")));
        assert_eq!(statement["Action"], "sqs:*");
        assert_eq!(statement["Resource"], format!("arn:aws:sqs:us-east-1:123456789012:{queue}"));
        assert_eq!(statement["Condition"], json!({"Bool": {"aws:SecureTransport": "false"}}));
    }
}

/// Every statement of every policy, by its name; one without a name by what it is about.
const STATEMENTS: &[(&str, &[&str])] = &[
    ("ApiGatewayLogsRole", &["sts:AssumeRole"]),
    (
        "CardKeyKey",
        &[
            "AdministerTheKey",
            "CardKeyMakerMakesPairs",
            "TokenizeWorkerOpensPrivateHalves",
            "NobodyWithoutThePurpose",
        ],
    ),
    ("CardKeyMakerPolicy", &["ListCardKeys", "WriteACardKey", "DeleteThePrivateHalf", "WriteLogs"]),
    ("CardKeyMakerRole", &["sts:AssumeRole"]),
    ("CardKeysPolicy", &["ListPublicHalves", "WriteLogs"]),
    ("CardKeysRole", &["sts:AssumeRole"]),
    ("DeadLetterQueuePolicy", &["NobodyWithoutTls"]),
    ("DynamoDbEndpoint", &["dynamodb:ConditionCheckItem"]),
    ("EventDeadLetterQueuePolicy", &["NobodyWithoutTls"]),
    ("EventsEndpoint", &["events:PutEvents"]),
    (
        "ForgetPolicy",
        &[
            "ReadQuarantineStatus",
            "ReadCleanStatus",
            "ForgetInQuarantine",
            "ForgetInTheVault",
            "MarkAsForgotten",
            "WriteLogs",
        ],
    ),
    ("ForgetRole", &["sts:AssumeRole"]),
    ("ImportKey", &["AdministerTheKey", "ImportMarks"]),
    (
        "ImportPolicy",
        &[
            "ReadTheSource",
            "MarkOrScrubARow",
            "LookAnOwnerUp",
            "AcceptAnOrder",
            "ReadQuarantineStatus",
            "ReadACleanOrder",
            "CheckTheCard",
            "ReadTheSamplesVault",
            "OpenTheSamplesVault",
            "CrossInFromTheSample",
            "WriteLogs",
        ],
    ),
    ("ImportRole", &["sts:AssumeRole"]),
    (
        "IngestPolicy",
        &["AcceptAnOrder", "ReadQuarantineStatus", "ReadCleanStatus", "ReadCardKeyIds", "WriteLogs"],
    ),
    ("IngestRole", &["sts:AssumeRole"]),
    ("KmsEndpoint", &["kms:Decrypt"]),
    ("LogsEndpoint", &["logs:CreateLogStream"]),
    ("NotifyPolicy", &["ReadTheStream", "PutEvents", "SendRefusedEvents", "WriteLogs"]),
    ("NotifyRole", &["sts:AssumeRole"]),
    ("OperatorAudit", &["ReadTheAuditAsAWhole", "ReadTheChains", "ReadTheLogOfTheWitness"]),
    ("OperatorImport", &["RunImport", "LookAtTheSource"]),
    (
        "OperatorRead",
        &[
            "ListQuarantine",
            "ListOrders",
            "ReadTheAudit",
            "LookAtTables",
            "LookAtTheQueues",
            "LookAtKeys",
            "LookAtTheStack",
            "LookAtFunctions",
            "LookAtTheApi",
            "LookAtSubscribers",
            "LookAtWhatHasNoResource",
        ],
    ),
    ("OperatorReplay", &["RunReplayAndSweep", "TakeRefusedEvents", "PutEventsAgain"]),
    ("OperatorRewrap", &["RunRewrap"]),
    ("OperatorSettle", &["SettleAPayment", "RecordASettlement"]),
    (
        "PaybillPolicy",
        &[
            "ReadACleanOrder",
            "ReadQuarantineStatus",
            "ReadAVaultRow",
            "RecordAPayment",
            "CountADetokenization",
            "RecordADetokenization",
            "ReadProcessorSecret",
            "WriteLogs",
        ],
    ),
    ("PaybillRole", &["sts:AssumeRole"]),
    ("PlatformPolicy", &["WriteTraces", "JoinTheVpc"]),
    (
        "QuarantineKey",
        &["AdministerTheKey", "IngestSeals", "ImportSeals", "TokenizeWorkerOpens", "NobodyWithoutThePurpose"],
    ),
    (
        "ReplayPolicy",
        &[
            "ListQuarantine",
            "RearmParkOrExpire",
            "SeeWhetherAnOrderIsAcross",
            "DrainAndSendDeadLetters",
            "WriteLogs",
        ],
    ),
    ("ReplayRole", &["sts:AssumeRole"]),
    ("RewrapPolicy", &["ListDataKeys", "MoveADataKey", "WriteLogs"]),
    ("RewrapRole", &["sts:AssumeRole"]),
    ("SecretsEndpoint", &["secretsmanager:GetSecretValue"]),
    ("SqsEndpoint", &["sqs:ChangeMessageVisibility"]),
    (
        "TokenizeWorkerPolicy",
        &[
            "ReadTheStream",
            "CrossIn",
            "CrossOut",
            "ReplaceACard",
            "RetireACard",
            "CheckWhetherForgotten",
            "ParkWaitOrEnd",
            "ReadACardKey",
            "SendDeadLetters",
            "PutEvents",
            "SendRefusedEvents",
            "WriteLogs",
        ],
    ),
    ("TokenizeWorkerRole", &["sts:AssumeRole"]),
    (
        "VaultKey",
        &[
            "AdministerTheKey",
            "TokenizeWorkerSeals",
            "ImportSealsForTheVault",
            "PaybillOpens",
            "RewrapMovesKeysHere",
            "NobodyWithoutThePurpose",
        ],
    ),
    ("WitnessPolicy", &["ReadTheStream", "ReadTheEndOfAChain", "AddALink", "WriteLogs"]),
    ("WitnessRole", &["sts:AssumeRole"]),
    ("XRayEndpoint", &["xray:PutTelemetryRecords"]),
];

/// The local endpoint's walk uses each statement of the roles and keys (`card-airlock/tests/roles/`), tests here say what
/// is in the rest; this one says that none is missing, in whatever part of the template it stands.
#[test]
fn every_policy_has_these_statements_and_no_others() {
    let (template, stack) = with_everything();
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (logical_id, statement) in statements(&template, &stack) {
        let name = statement.get("Sid").unwrap_or_else(|| &statement["Action"]);
        found.entry(logical_id).or_default().push(texts(name)[0]);
    }
    let expected = STATEMENTS.iter().map(|(logical_id, names)| (*logical_id, names.to_vec()));
    assert_eq!(found, expected.collect());
}

/// What an operator may do, beside what DynamoDB's attributes limit: nothing that changes, opens or reads out.
#[test]
fn operators_look_invoke_the_replay_and_settle_and_do_nothing_else() {
    let (template, stack) = with_everything();
    let of = |policy: &str| {
        let statements = statements(&template, &stack).into_iter().filter(|(id, _)| *id == policy);
        statements.map(|(_, statement)| statement.clone()).collect::<Vec<_>>()
    };
    let actions = |policy: &str| {
        let of = of(policy);
        of.iter()
            .flat_map(|statement| texts(&statement["Action"]))
            .map(str::to_owned)
            .collect::<BTreeSet<_>>()
    };
    for action in actions("OperatorRead") {
        let (_, verb) = action.split_once(':').unwrap();
        let reads = ["Describe", "Get", "GET", "List", "Query", "Scan"];
        assert!(reads.iter().any(|word| verb.starts_with(word)), "{action}");
    }
    for (invoking, more) in [
        (
            "OperatorReplay",
            &["events:PutEvents", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"][..],
        ),
        ("OperatorRewrap", &[]),
    ] {
        let expected = [&["lambda:InvokeFunction"], more].concat();
        assert_eq!(actions(invoking), expected.into_iter().map(str::to_owned).collect());
        let functions = of(invoking).into_iter().filter(|one| one["Action"] == "lambda:InvokeFunction");
        assert_eq!(functions.count(), 1, "{invoking}: one function");
    }
    for statement in of("OperatorReplay") {
        for queue in texts(&statement["Resource"]).into_iter().filter(|arn| arn.contains(":sqs:")) {
            assert!(queue.ends_with(":event-dlq"), "it takes no dead letters of orders: {statement}");
        }
    }
    let settling = ["dynamodb:PutItem", "dynamodb:UpdateItem"].map(str::to_owned);
    assert_eq!(actions("OperatorSettle"), settling.into());
    // Whole items, for their digests: it reads, and nothing but the audit and what bears witness to it.
    let verifying = ["dynamodb:Query", "dynamodb:Scan", "logs:FilterLogEvents"].map(str::to_owned);
    assert_eq!(actions("OperatorAudit"), verifying.into());
    let read: Vec<_> = of("OperatorAudit").iter().map(|one| texts(&one["Resource"])[0].to_owned()).collect();
    let ends = ["table/DetokenizeAuditTable", "table/AuditWitnessTable", "WitnessLogs:*"];
    assert!(read.len() == 3 && read.iter().zip(ends).all(|(arn, end)| arn.ends_with(end)), "{read:?}");
    for policy in ["OperatorRead", "OperatorReplay", "OperatorRewrap", "OperatorSettle"] {
        let properties = stack.properties(policy).unwrap();
        for attached in ["Users", "Groups", "Roles"] {
            assert!(properties.get(attached).is_none(), "{policy}: a person attaches it");
        }
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
        let document = properties["PolicyDocument"].to_string();
        assert!(document.len() < 6_144, "{policy}: {}", document.len());
        for statement in of(policy) {
            let tables = texts(&statement["Resource"]);
            let rows = texts(&statement["Action"]).iter().any(|action| {
                ["GetItem", "Scan", "Query", "PutItem", "UpdateItem"]
                    .iter()
                    .any(|verb| action.ends_with(verb))
            });
            assert!(
                !rows || !tables.iter().any(|arn| arn.contains("CreditCardTokenizerTable")),
                "{statement}"
            );
            assert!(!rows || statement["Condition"]["Null"]["dynamodb:Attributes"] == "false", "{statement}");
            let named = &statement["Condition"]["ForAllValues:StringEquals"]["dynamodb:Attributes"];
            let named = named.as_array().cloned().unwrap_or_default();
            for hidden in
                ["SealedCard", "DataKey", "KeyBatchId", "CustomerName", "Address", "CreditCardToken"]
            {
                assert!(!named.contains(&json!(hidden)), "{policy} {hidden}");
            }
        }
    }
}

#[test]
fn a_role_is_for_the_one_service_that_takes_it_on() {
    let (template, stack) = with_everything();
    for role in of_kind(&template, "AWS::IAM::Role") {
        let service = if role == "ApiGatewayLogsRole" { "apigateway" } else { "lambda" };
        let trust = &stack.properties(role).unwrap()["AssumeRolePolicyDocument"]["Statement"];
        let service = format!("{service}.amazonaws.com");
        let expected =
            json!([{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]);
        assert_eq!(*trust, expected, "{role}");
    }
}

#[test]
fn lambda_joins_the_vpc_with_a_functions_role_and_its_code_cannot() {
    let (_, stack) = with_everything();
    let statements = |stack: &card_airlock_template::Stack| {
        stack.properties("PlatformPolicy").unwrap()["PolicyDocument"]["Statement"].as_array().unwrap().clone()
    };
    let joining = json!({
        "Sid": "JoinTheVpc",
        "Effect": "Allow",
        "Action": [
            "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
        ],
        "Resource": "*",
        "Condition": {"Null": {"lambda:SourceFunctionArn": "true"}},
    });
    let [traces, found] = &statements(&stack)[..] else { panic!("two statements") };
    assert_eq!(*found, joining);
    assert_eq!(
        statements(&shipped()),
        std::slice::from_ref(traces),
        "without a VPC there is nothing to join"
    );
}

#[test]
fn the_processors_secret_is_this_one_and_paybills_only() {
    let (template, stack) = with_everything();
    let reading =
        |statement: &&(&str, &Value)| texts(&statement.1["Action"]).iter().any(|a| a.contains("secret"));
    let all = statements(&template, &stack);
    let reading: Vec<_> = all.iter().filter(reading).collect();
    let places: Vec<_> = reading.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, ["PaybillPolicy", "SecretsEndpoint"]);
    assert!(reading.iter().all(|(_, statement)| texts(&statement["Resource"]) == [SECRET]));
    let environment = &stack.function("PaybillFunction").unwrap().environment;
    assert_eq!(environment["PROCESSOR_PROXY"], "http://proxy.example:3128");
    // Where there is no secret, nobody may read any.
    let (template, stack) = with(&[("VpcId", "vpc-0a"), ("SubnetIds", "s"), ("RouteTableIds", "r")]);
    assert!(stack.properties("SecretsEndpoint").is_none());
    let all = statements(&template, &stack);
    assert!(all.iter().all(|(_, s)| !s.to_string().contains("secretsmanager")));
}
