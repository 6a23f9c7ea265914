//! What is not here is refused in the protocol of its service, with its own name and a list of what is here.

use serde_json::Value;

use crate::wire::{FORM, ask, endpoint, text};

/// Of a service that is not here, or not in this protocol.
const SERVICES: &str = "this local endpoint has dynamodb, dynamodbstreams, kms, sqs, secretsmanager, cloudformation, \
                        lambda, cognito-idp, monitoring, logs, sns, cloudtrail, apigateway, events";

#[tokio::test]
async fn sts_says_who_is_calling() {
    let aws = endpoint().await;
    for (caller, arn, user) in [
        ("R", "arn:aws:sts::123456789012:assumed-role/R/R", "R:R"),
        ("operator", "arn:aws:iam::123456789012:user/operator", "operator"),
    ] {
        let body = "Action=GetCallerIdentity&Version=2011-06-15";
        let (status, head, body) = ask(&aws, "POST /", caller, "sts", FORM, body).await;
        assert_eq!(status, 200);
        assert!(head.contains("content-type: text/xml"), "{head}");
        let expected = format!("<Account>123456789012</Account><Arn>{arn}</Arn><UserId>{user}</UserId>");
        assert!(text(&body).contains(&expected), "{}", text(&body));
        let (status, _, by_get) =
            ask(&aws, "GET /?Action=GetCallerIdentity&Version=2011-06-15", caller, "sts", "", "").await;
        assert_eq!((status, text(&by_get)), (200, text(&body)));
    }
}

#[tokio::test]
async fn nobody_is_told_who_they_are_without_a_credential() {
    let aws = endpoint().await;
    let (status, head, body) = ask(&aws, "POST /", "", "sts", FORM, "Action=GetCallerIdentity").await;
    assert_eq!(status, 403);
    assert!(head.contains("content-type: text/xml"), "{head}");
    assert!(text(&body).contains("<Code>MissingAuthenticationToken</Code>"), "{}", text(&body));
}

#[tokio::test]
async fn a_query_service_is_refused_in_xml() {
    let aws = endpoint().await;
    for (service, action) in [
        ("sts", "AssumeRole"),
        ("iam", "ListUsers"),
        ("iam", "GetCallerIdentity"),
        ("sns", "Publish"),
        ("cloudformation", "CreateStack"),
        ("sqs", "SendMessage"),
    ] {
        let body = format!("Version=1&Action={action}&More=1");
        let (status, head, body) = ask(&aws, "POST /", "operator", service, FORM, &body).await;
        assert_eq!(status, 400);
        assert!(head.contains("content-type: text/xml"), "{head}");
        let list = match service {
            "sns" => "of sns there are ListSubscriptionsByTopic",
            "cloudformation" => {
                "of cloudformation there are DeleteStack, DescribeStackResource, DescribeStackResources, \
                 DescribeStacks, ListStackResources"
            }
            _ => SERVICES,
        };
        let expected = format!(
            "<ErrorResponse><Error><Code>InvalidAction</Code><Message>{action} of {service} is not here; \
             {list}</Message><Type>Sender</Type></Error>"
        );
        assert_eq!(text(&body), expected);
    }
}

#[tokio::test]
async fn ec2_s3_lambda_and_cloudwatch_are_refused_as_each_of_them_refuses() {
    let aws = endpoint().await;
    let (status, _, body) = ask(&aws, "POST /", "operator", "ec2", FORM, "Action=DescribeVpcs").await;
    let expected = format!(
        "<Response><Errors><Error><Code>InvalidAction</Code><Message>DescribeVpcs of ec2 is not here; \
         {SERVICES}</Message></Error></Errors>"
    );
    assert_eq!((status, text(&body)), (400, expected));

    let (status, head, body) = ask(&aws, "GET /", "operator", "s3", "", "").await;
    assert_eq!(status, 501);
    assert!(head.contains("content-type: application/xml"), "{head}");
    assert!(
        text(&body).contains("<Code>NotImplemented</Code><Message>GET of s3 is not here; "),
        "{}",
        text(&body)
    );

    let (status, head, body) = ask(&aws, "GET /2015-03-31/functions/", "operator", "lambda", "", "").await;
    assert_eq!(status, 404);
    assert!(head.contains("x-amzn-errortype: unknownoperationexception"), "{head}");
    let body: Value = serde_json::from_slice(&body).unwrap();
    let listed = "GetFunctionConfiguration, Invoke, ListEventSourceMappings, UpdateEventSourceMapping";
    assert_eq!(body["message"], format!("GET of lambda is not here; of lambda there are {listed}"));

    let headers = "Smithy-Protocol: rpc-v2-cbor\r\nContent-Type: application/cbor\r\n";
    let line = "POST /service/GraniteServiceVersion20100801/operation/PutMetricData";
    let (status, head, body) = ask(&aws, line, "operator", "monitoring", headers, "").await;
    assert_eq!(status, 400);
    assert!(
        head.contains("content-type: application/cbor") && head.contains("smithy-protocol: rpc-v2-cbor"),
        "{head}"
    );
    assert_eq!(body[..8], [&[0xa2, 0x66], b"__type".as_slice()].concat());
    let told = String::from_utf8_lossy(&body).into_owned();
    assert!(
        told.contains("UnknownOperationException") && told.contains("PutMetricData of monitoring"),
        "{told}"
    );
}

#[tokio::test]
async fn a_json_service_is_refused_in_its_version_of_json() {
    let aws = endpoint().await;
    for (target, name, list) in [
        (
            "Logs_20140328.GetLogEvents",
            "GetLogEvents of Logs_20140328",
            "of logs there are DescribeLogGroups",
        ),
        (
            "TrentService.GenerateRandom",
            "GenerateRandom of TrentService",
            "of kms there are CancelKeyDeletion",
        ),
        (
            "DynamoDB_20120810.CreateBackup",
            "CreateBackup of DynamoDB_20120810",
            "of dynamodb there are Batch",
        ),
        (
            "DynamoDBStreams_20120810.GetItem",
            "GetItem of DynamoDBStreams_20120810",
            "of dynamodbstreams there",
        ),
        (
            "AmazonSQS.StartMessageMoveTask",
            "StartMessageMoveTask of AmazonSQS",
            "of sqs there are ChangeMessage",
        ),
        (
            "secretsmanager.PutResourcePolicy",
            "PutResourcePolicy of secretsmanager",
            "of secretsmanager there are",
        ),
        ("AmazonSSM.GetParameter", "GetParameter of AmazonSSM", SERVICES),
    ] {
        for version in ["1.0", "1.1"] {
            let headers =
                format!("X-Amz-Target: {target}\r\nContent-Type: application/x-amz-json-{version}\r\n");
            let (status, head, body) = ask(&aws, "POST /", "operator", "any", &headers, "{}").await;
            assert_eq!(status, 400);
            assert!(head.contains(&format!("content-type: application/x-amz-json-{version}")), "{head}");
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["__type"], "UnknownOperationException");
            let message = body["message"].as_str().unwrap();
            assert!(message.starts_with(&format!("{name} is not here; {list}")), "{message}");
        }
    }
}

#[tokio::test]
async fn a_name_is_cut_and_nothing_in_it_becomes_markup() {
    let aws = endpoint().await;
    let body = format!("Action=<b>{}</b>", "x".repeat(5000));
    let (_, _, body) = ask(&aws, "POST /", "operator", "iam", FORM, &body).await;
    let told = text(&body);
    assert!(told.contains(&format!("<Message>b{} of iam is not here", "x".repeat(63))), "{told}");
}
