//! The services that only tell what the stack's template declares.

use card_airlock_services::StackResource;
use serde_json::{Value, json};

use crate::wire::{FORM, Up, ask, text, up, up_with};

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:shop-Alarms";

async fn declared() -> Up {
    let resource = |kind: &str, physical_id: &str, properties: Value| StackResource {
        logical_id: physical_id.to_owned(),
        physical_id: physical_id.to_owned(),
        kind: kind.to_owned(),
        is_retained: false,
        properties,
    };
    let alarm = |name: &str, more: Value| {
        let mut properties = json!({ "MetricName": "M", "Namespace": "N", "AlarmActions": [TOPIC] });
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        resource("AWS::CloudWatch::Alarm", name, properties)
    };
    let subscription =
        |protocol: &str| json!({ "TopicArn": TOPIC, "Protocol": protocol, "Endpoint": "here" });
    let recovery = json!({ "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true } });
    let api = json!({
        "Name": "shop", "StageName": "dev", "SecurityPolicy": "SecurityPolicy_TLS13_1_3_2025_09",
        "EndpointAccessMode": "STRICT", "EndpointConfiguration": { "Type": "REGIONAL" }, "TracingEnabled": true,
        "AccessLogSetting": { "DestinationArn": "arn:log", "Format": "{}" },
    });
    let selectors = json!([{ "ReadWriteType": "All" }]);
    up_with(
        None,
        vec![
            alarm("shop-A", json!({ "Threshold": "7200", "Period": "300", "EvaluationPeriods": 1 })),
            alarm("shop-B", json!({ "Threshold": 1.5, "ActionsEnabled": "false", "Statistic": "Sum" })),
            alarm("other", json!({})),
            resource("AWS::SNS::Topic", TOPIC, json!({})),
            resource("AWS::SNS::Subscription", "S1", subscription("email")),
            resource("AWS::SNS::Subscription", "S2", subscription("sqs")),
            resource("AWS::SNS::Subscription", "S3", json!({ "TopicArn": "arn:other", "Protocol": "sqs" })),
            resource("AWS::Logs::LogGroup", "shop-Logs", json!({ "RetentionInDays": "365" })),
            resource("AWS::Logs::LogGroup", "shop-MoreLogs", json!({})),
            resource("AWS::DynamoDB::Table", "Kept", recovery),
            resource("AWS::ApiGateway::RestApi", "shopapi", api),
            resource(
                "AWS::CloudTrail::Trail",
                "trail",
                json!({ "IsLogging": true, "EventSelectors": selectors }),
            ),
        ],
    )
    .await
}

async fn alarms(up: &Up, caller: &str, asked: &Value) -> (u16, Value) {
    let mut body = Vec::new();
    ciborium::into_writer(asked, &mut body).unwrap();
    let headers = "Smithy-Protocol: rpc-v2-cbor\r\nContent-Type: application/cbor\r\n";
    let line = "POST /service/GraniteServiceVersion20100801/operation/DescribeAlarms";
    let (status, head, answer) = ask(&up.aws, line, caller, "monitoring", headers, &body).await;
    assert!(head.contains("smithy-protocol: rpc-v2-cbor") && head.contains("application/cbor"), "{head}");
    (status, ciborium::from_reader(answer.as_slice()).unwrap())
}

async fn json_service(up: &Up, caller: &str, service: &str, target: &str, asked: &Value) -> (u16, Value) {
    let headers = format!("X-Amz-Target: {target}\r\nContent-Type: application/x-amz-json-1.1\r\n");
    let (status, _, answer) = ask(&up.aws, "POST /", caller, service, &headers, asked.to_string()).await;
    (status, serde_json::from_slice(&answer).unwrap())
}

async fn apigateway(up: &Up, caller: &str, path: &str) -> (u16, Value) {
    let (status, _, answer) = ask(&up.aws, &format!("GET {path}"), caller, "apigateway", "", "").await;
    (status, serde_json::from_slice(&answer).unwrap())
}

fn names(answer: &Value) -> Vec<&str> {
    answer["MetricAlarms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alarm| alarm["AlarmName"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn alarms_are_configured_as_declared_and_know_nothing() {
    let up = declared().await;
    let (status, all) = alarms(&up, "operator", &json!({})).await;
    assert_eq!((status, names(&all)), (200, vec!["shop-A", "shop-B", "other"]));
    assert_eq!(all["CompositeAlarms"], json!([]));
    let expected = json!({
        "ActionsEnabled": true,
        "AlarmActions": [TOPIC],
        "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:shop-A",
        "AlarmName": "shop-A",
        "EvaluationPeriods": 1,
        "MetricName": "M",
        "Namespace": "N",
        "Period": 300,
        "StateReason": "Alarms are not evaluated on this machine",
        "StateValue": "INSUFFICIENT_DATA",
        "Threshold": 7200.0,
    });
    assert_eq!(all["MetricAlarms"][0], expected);
    // The AWS CLI asks in JSON.
    let target = "GraniteServiceVersion20100801.DescribeAlarms";
    assert_eq!(json_service(&up, "operator", "monitoring", target, &json!({})).await, (200, all.clone()));
    let wrong = json_service(&up, "operator", "monitoring", target, &json!({ "MaxRecords": 101 })).await;
    assert_eq!((wrong.0, &wrong.1["__type"]), (400, &json!("InvalidParameterValueException")), "{}", wrong.1);
    let second = &all["MetricAlarms"][1];
    assert_eq!((&second["ActionsEnabled"], &second["Threshold"]), (&json!(false), &json!(1.5)));
}

#[tokio::test]
async fn alarms_are_found_by_name_prefix_type_and_state() {
    let up = declared().await;
    for (asked, expected) in [
        (json!({ "AlarmNames": ["shop-B", "nothing"] }), vec!["shop-B"]),
        (json!({ "AlarmNamePrefix": "shop-" }), vec!["shop-A", "shop-B"]),
        (json!({ "AlarmTypes": ["MetricAlarm"], "MaxRecords": 3 }), vec!["shop-A", "shop-B", "other"]),
        (json!({ "AlarmTypes": ["CompositeAlarm"] }), vec![]),
        (json!({ "StateValue": "ALARM" }), vec![]),
        (json!({ "StateValue": "OK" }), vec![]),
        (json!({ "StateValue": "INSUFFICIENT_DATA", "AlarmNames": ["other"] }), vec!["other"]),
    ] {
        let (status, found) = alarms(&up, "operator", &asked).await;
        assert_eq!((status, names(&found)), (200, expected), "{asked}");
    }
    for asked in [
        json!({ "AlarmNames": "shop-A" }),
        json!({ "AlarmNames": ["shop-A"], "AlarmNamePrefix": "shop-" }),
        json!({ "MaxRecords": 0 }),
        json!({ "MaxRecords": 101 }),
        json!({ "MaxRecords": 2 }),
        json!({ "NextToken": "t" }),
    ] {
        let (status, told) = alarms(&up, "operator", &asked).await;
        assert_eq!((status, &told["__type"]), (400, &json!("InvalidParameterValueException")), "{asked}");
    }
}

#[tokio::test]
async fn a_subscription_by_e_mail_is_not_confirmed() {
    let up = declared().await;
    let ask_for = async |caller: &str, topic: &str| {
        let body = format!("Action=ListSubscriptionsByTopic&Version=2010-03-31&TopicArn={topic}");
        let (status, _, answer) = ask(&up.aws, "POST /", caller, "sns", FORM, body).await;
        (status, text(&answer))
    };
    let (status, listed) = ask_for("operator", TOPIC).await;
    assert_eq!((status, listed.matches("<member>").count()), (200, 2));
    assert!(listed.starts_with(
        "<ListSubscriptionsByTopicResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">"
    ));
    assert!(
        listed.contains("<Protocol>email</Protocol><SubscriptionArn>PendingConfirmation</SubscriptionArn>")
    );
    let declared = format!("<Protocol>sqs</Protocol><SubscriptionArn>{TOPIC}:declared</SubscriptionArn>");
    assert!(listed.contains(&declared), "{listed}");
    let (status, told) = ask_for("operator", "arn:nothing").await;
    assert!(status == 404 && told.contains("<Code>NotFound</Code>"), "{told}");
    assert_eq!(ask_for("R", TOPIC).await.0, 403);
    up.allow("sns:ListSubscriptionsByTopic", TOPIC);
    assert_eq!(ask_for("R", TOPIC).await.0, 200);
}

#[tokio::test]
async fn log_groups_have_the_declared_retention() {
    let up = declared().await;
    let ask_for = async |asked: Value| {
        json_service(&up, "operator", "logs", "Logs_20140328.DescribeLogGroups", &asked).await
    };
    let (status, groups) = ask_for(json!({ "logGroupNamePrefix": "shop-L" })).await;
    let expected = json!([{
        "arn": "arn:aws:logs:us-east-1:123456789012:log-group:shop-Logs:*",
        "creationTime": 1_700_000_000_000u64,
        "logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:shop-Logs",
        "logGroupClass": "STANDARD",
        "logGroupName": "shop-Logs",
        "metricFilterCount": 0,
        "retentionInDays": 365,
        "storedBytes": 0,
    }]);
    assert_eq!((status, &groups["logGroups"]), (200, &expected));
    let (_, all) = ask_for(json!({ "limit": 2 })).await;
    assert_eq!(all["logGroups"].as_array().unwrap().len(), 2);
    assert!(all["logGroups"][1].get("retentionInDays").is_none(), "it is kept for ever");
    for wrong in
        [json!({ "limit": 0 }), json!({ "limit": 51 }), json!({ "limit": 1 }), json!({ "nextToken": "t" })]
    {
        let (status, told) = ask_for(wrong).await;
        assert_eq!((status, &told["__type"]), (400, &json!("InvalidParameterException")));
    }
}

#[tokio::test]
async fn a_log_group_holds_what_is_put_into_its_streams_by_who_may() {
    let up = declared().await;
    let ask_for = async |caller: &str, operation: &str, more: Value| {
        let mut asked = json!({ "logGroupName": "shop-Logs" });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json_service(&up, caller, "logs", &format!("Logs_20140328.{operation}"), &asked).await
    };
    let line = |at: u64, text: &str| json!({ "timestamp": at, "message": text });
    let put = |lines: Value| json!({ "logStreamName": "one", "logEvents": lines });
    let (status, told) = ask_for("operator", "PutLogEvents", put(json!([line(1, "a")]))).await;
    assert_eq!((status, &told["__type"]), (400, &json!("ResourceNotFoundException")), "no such stream");
    let stream = json!({ "logStreamName": "one" });
    assert_eq!(ask_for("operator", "CreateLogStream", stream.clone()).await.0, 200);
    let (status, told) = ask_for("operator", "CreateLogStream", stream).await;
    assert_eq!((status, &told["__type"]), (400, &json!("ResourceAlreadyExistsException")));
    for wrong in [
        json!([]),
        json!([line(1, "")]),
        json!([{ "timestamp": 1 }]),
        json!([{ "message": "a" }]),
        json!([line(2, "later"), line(1, "earlier")]),
    ] {
        let (status, told) = ask_for("operator", "PutLogEvents", put(wrong)).await;
        assert_eq!((status, &told["__type"]), (400, &json!("InvalidParameterException")));
    }
    let lines = json!([line(1, "a"), line(2, "b")]);
    assert_eq!(ask_for("operator", "PutLogEvents", put(lines)).await.0, 200);
    let texts = async |caller: &str| {
        let (status, found) = ask_for(caller, "FilterLogEvents", json!({})).await;
        let events = found["events"].as_array().cloned().unwrap_or_default();
        (status, events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(texts("operator").await, (200, vec!["a".to_owned(), "b".to_owned()]));
    let other = ask_for("operator", "FilterLogEvents", json!({ "logGroupName": "nobodys" })).await;
    assert_eq!((other.0, &other.1["__type"]), (400, &json!("ResourceNotFoundException")));
    let more = ask_for("operator", "FilterLogEvents", json!({ "logStreamNames": ["one"] })).await;
    assert!(more.1["message"].as_str().unwrap().contains("logStreamNames"), "{}", more.1);
    // As a policy names it: the group's ARN with an asterisk behind it.
    let arn = |group: &str| format!("arn:aws:logs:us-east-1:123456789012:log-group:{group}:*");
    assert_eq!(texts("R").await.0, 400);
    up.allow("logs:FilterLogEvents", &arn("shop-MoreLogs"));
    assert_eq!(texts("R").await.0, 400);
    up.allow("logs:FilterLogEvents", &arn("shop-Logs"));
    assert_eq!(texts("R").await.0, 200);
    assert_eq!(ask_for("R", "PutLogEvents", put(json!([line(3, "c")]))).await.0, 400);
    up.allow("logs:PutLogEvents", &arn("shop-Logs"));
    assert_eq!(ask_for("R", "PutLogEvents", put(json!([line(3, "c")]))).await.0, 200);
}

#[tokio::test]
async fn trails_are_those_that_are_declared() {
    let up = declared().await;
    let ask_for = async |caller: &str, operation: &str, asked: Value| {
        json_service(&up, caller, "cloudtrail", &format!("CloudTrail_20131101.{operation}"), &asked).await
    };
    let arn = "arn:aws:cloudtrail:us-east-1:123456789012:trail/trail";
    let (_, trails) = ask_for("operator", "DescribeTrails", json!({})).await;
    assert_eq!(trails["trailList"][0]["TrailARN"], arn);
    for named in ["trail", arn] {
        let (_, status) = ask_for("operator", "GetTrailStatus", json!({ "Name": named })).await;
        assert_eq!(status, json!({ "IsLogging": true }));
        let (_, selectors) = ask_for("operator", "GetEventSelectors", json!({ "TrailName": named })).await;
        assert_eq!(selectors["EventSelectors"], json!([{ "ReadWriteType": "All" }]));
        assert_eq!(selectors["AdvancedEventSelectors"], json!([]));
    }
    for (operation, name) in [("GetTrailStatus", "Name"), ("GetEventSelectors", "TrailName")] {
        let (status, told) = ask_for("operator", operation, json!({ name: "other" })).await;
        assert_eq!((status, &told["__type"]), (400, &json!("TrailNotFoundException")));
    }
    let (status, told) = ask_for("R", "GetTrailStatus", json!({ "Name": "trail" })).await;
    assert_eq!((status, &told["__type"]), (400, &json!("AccessDeniedException")));
    up.allow("cloudtrail:GetTrailStatus", arn);
    assert_eq!(ask_for("R", "GetTrailStatus", json!({ "Name": "trail" })).await.0, 200);
    // Some clients write a namespace before the target.
    let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DescribeTrails";
    assert_eq!(json_service(&up, "operator", "cloudtrail", target, &json!({})).await.0, 200);
    let without = up_with(None, vec![]).await;
    let (_, none) =
        json_service(&without, "operator", "cloudtrail", "CloudTrail_20131101.DescribeTrails", &json!({}))
            .await;
    assert_eq!(none, json!({ "trailList": [] }));
}

#[tokio::test]
async fn the_api_and_its_stage_have_the_declared_settings() {
    let up = declared().await;
    let (status, api) = apigateway(&up, "operator", "/restapis/shopapi").await;
    let expected = json!({
        "createdDate": 1_700_000_000,
        "endpointAccessMode": "STRICT",
        "endpointConfiguration": { "types": ["REGIONAL"] },
        "id": "shopapi",
        "name": "shop",
        "securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09",
    });
    assert_eq!((status, api), (200, expected));
    let (status, stage) = apigateway(&up, "operator", "/restapis/shopapi/stages/dev").await;
    assert_eq!((status, &stage["stageName"], &stage["tracingEnabled"]), (200, &json!("dev"), &json!(true)));
    assert_eq!(stage["accessLogSettings"], json!({ "destinationArn": "arn:log", "format": "{}" }));
    for path in ["/restapis/other", "/restapis/shopapi/stages/prod", "/restapis/other/stages/dev"] {
        let (status, told) = apigateway(&up, "operator", path).await;
        assert_eq!((status, &told["code"]), (404, &json!("NotFoundException")), "{path}");
    }
    assert_eq!(apigateway(&up, "R", "/restapis/shopapi").await.0, 403);
    up.allow("apigateway:GET", "arn:aws:apigateway:us-east-1::/restapis/shopapi");
    assert_eq!(apigateway(&up, "R", "/restapis/shopapi").await.0, 200);
    assert_eq!(apigateway(&up, "R", "/restapis/shopapi/stages/dev").await.0, 403);
}

#[tokio::test]
async fn a_table_s_recovery_is_the_declared_one() {
    let up = declared().await;
    let ask_for = async |table: &str| {
        let target = "DynamoDB_20120810.DescribeContinuousBackups";
        json_service(&up, "operator", "dynamodb", target, &json!({ "TableName": table })).await
    };
    let status = |answer: &Value| {
        let described = &answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
        described["PointInTimeRecoveryStatus"].as_str().unwrap_or_default().to_owned()
    };
    for table in ["Kept", "arn:aws:dynamodb:us-east-1:123456789012:table/Kept"] {
        assert_eq!(status(&ask_for(table).await.1), "ENABLED");
    }
    assert_eq!(status(&ask_for("shop-Things").await.1), "DISABLED");
    let (code, told) = ask_for("Other").await;
    assert_eq!((code, &told["__type"]), (400, &json!("TableNotFoundException")));
}

#[tokio::test]
async fn alarms_and_log_groups_are_a_permission_on_all_of_them() {
    let up = up().await;
    let groups =
        async || json_service(&up, "R", "logs", "Logs_20140328.DescribeLogGroups", &json!({})).await.0;
    assert_eq!((alarms(&up, "R", &json!({})).await.0, groups().await), (400, 400));
    up.allow("cloudwatch:DescribeAlarms", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:*");
    assert_eq!((alarms(&up, "R", &json!({})).await.0, groups().await), (200, 400));
    up.allow("logs:DescribeLogGroups", "*");
    assert_eq!((alarms(&up, "R", &json!({})).await.0, groups().await), (400, 200));
}
