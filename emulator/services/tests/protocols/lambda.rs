//! Lambda invokes the functions of the stack that is up, and turns its mappings off and on.

use card_airlock_event_source::MappingState;
use serde_json::{Value, json};

use crate::wire::{MAPPING, STREAM, Up, ask, up};

const INVOKE: &str = "POST /2015-03-31/functions/shop-Worker/invocations";
const ARN: &str = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Ashop-Worker";

async fn asked(up: &Up, caller: &str, line: &str, headers: &str, body: &str) -> (u16, String, Value) {
    let (status, head, answer) = ask(&up.aws, line, caller, "lambda", headers, body).await;
    let body = if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer).unwrap() };
    (status, head, body)
}

/// Status and code of a refusal.
async fn refused(up: &Up, line: &str, headers: &str, body: &str) -> (u16, String) {
    let (status, head, told) = asked(up, "operator", line, headers, body).await;
    let code = told["code"].as_str().unwrap_or_default().to_owned();
    assert!(head.contains(&format!("x-amzn-errortype: {}", code.to_lowercase())), "{head}");
    (status, code)
}

#[tokio::test]
async fn a_function_is_invoked_by_each_of_its_names_and_its_answer_is_the_body() {
    let up = up().await;
    let partial = "123456789012%3Afunction%3Ashop-Worker";
    for name in ["shop-Worker", partial, ARN, "shop-Worker%3A%24LATEST", "shop-Worker?Qualifier=%24LATEST"] {
        let (name, query) = name.split_once('?').unwrap_or((name, ""));
        let line = format!("POST /2015-03-31/functions/{name}/invocations?{query}");
        let (status, head, body) = asked(&up, "operator", &line, "", r#"{"a": 1}"#).await;
        assert_eq!((status, body), (200, json!({ "was": { "a": 1 } })), "{name}");
        assert!(head.contains("x-amz-executed-version: $latest"), "{head}");
        assert!(!head.contains("x-amz-function-error"), "{head}");
    }
    assert_eq!(asked(&up, "operator", INVOKE, "", "").await.2, json!({ "was": {} }));
}

#[tokio::test]
async fn a_function_that_fails_says_so_beside_a_success() {
    let up = up().await;
    for (event, kind, message) in [
        (r#"{"do": "fail"}"#, "Runtime.Unknown", "The function failed"),
        (r#"{"do": "panic"}"#, "Runtime.Unknown", "The function failed"),
        (r#"{"do": "take long"}"#, "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
    ] {
        let (status, head, body) = asked(&up, "operator", INVOKE, "", event).await;
        assert_eq!((status, body), (200, json!({ "errorType": kind, "errorMessage": message })));
        assert!(head.contains("x-amz-function-error: unhandled"), "{head}");
    }
    let throttled = refused(&up, INVOKE, "", r#"{"do": "throttle"}"#).await;
    assert_eq!(throttled, (429, "TooManyRequestsException".to_owned()));
}

#[tokio::test]
async fn a_caller_who_does_not_wait_is_told_that_it_was_accepted() {
    let up = up().await;
    for (kind, status) in [("Event", 202), ("DryRun", 204)] {
        let headers = format!("X-Amz-Invocation-Type: {kind}\r\n");
        let answered = asked(&up, "operator", INVOKE, &headers, r#"{"do": "take long"}"#).await;
        assert_eq!((answered.0, answered.2), (status, Value::Null));
    }
}

#[tokio::test]
async fn what_cannot_be_invoked_is_refused_by_its_code() {
    let up = up().await;
    let kind = |kind: &str| format!("X-Amz-Invocation-Type: {kind}\r\n");
    let not_found = (404, "ResourceNotFoundException".to_owned());
    for name in [
        "shop-Other",
        "shop-Worker%3A1",
        "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Ashop-Worker",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Ashop-Worker",
        "000000000000%3Afunction%3Ashop-Worker",
        "a%3Ab%3Ac",
    ] {
        let line = format!("POST /2015-03-31/functions/{name}/invocations");
        assert_eq!(refused(&up, &line, "", "{}").await, not_found, "{name}");
    }
    let other_version = format!("{INVOKE}?Qualifier=1");
    assert_eq!(refused(&up, &other_version, "", "{}").await, not_found);
    let invalid = (400, "InvalidParameterValueException".to_owned());
    for headers in [
        kind("Odd"),
        "X-Amz-Log-Type: Tail\r\n".into(),
        "X-Amz-Log-Type: Odd\r\n".into(),
        "X-Amz-Client-Context: e30=\r\n".into(),
    ] {
        assert_eq!(refused(&up, INVOKE, &headers, "{}").await, invalid, "{headers}");
    }
    assert_eq!(asked(&up, "operator", INVOKE, "X-Amz-Log-Type: None\r\n", "{}").await.0, 200);
    let not_json = (400, "InvalidRequestContentException".to_owned());
    assert_eq!(refused(&up, INVOKE, "", "{").await, not_json);
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    let too_large = (413, "RequestTooLargeException".to_owned());
    assert_eq!(refused(&up, INVOKE, &kind("Event"), &large).await, too_large);
    assert_eq!(asked(&up, "operator", INVOKE, "", &large).await.0, 200);
}

#[tokio::test]
async fn a_configuration_has_what_the_template_says() {
    let up = up().await;
    let line = format!("GET /2015-03-31/functions/{ARN}/configuration");
    let (status, _, configuration) = asked(&up, "operator", &line, "", "").await;
    let expected = json!({
        "Architectures": ["arm64"],
        "Environment": { "Variables": { "TABLE": "Things" } },
        "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:shop-Worker",
        "FunctionName": "shop-Worker",
        "Handler": "bootstrap",
        "LastModified": "2023-11-14T22:13:20.000+0000",
        "LastUpdateStatus": "Successful",
        "LoggingConfig": { "LogGroup": "shop-WorkerLogs" },
        "MemorySize": 256,
        "PackageType": "Zip",
        "Role": "arn:aws:iam::123456789012:role/R",
        "Runtime": "provided.al2023",
        "State": "Active",
        "Timeout": 1,
        "TracingConfig": { "Mode": "Active" },
        "Version": "$LATEST",
    });
    assert_eq!((status, configuration), (200, expected));
    let other = "GET /2015-03-31/functions/other/configuration";
    assert_eq!(refused(&up, other, "", "").await, (404, "ResourceNotFoundException".to_owned()));
}

#[tokio::test]
async fn mappings_are_listed_all_by_function_and_by_source() {
    let up = up().await;
    let list = |query: &str| format!("GET /2015-03-31/event-source-mappings/?{query}");
    let source = STREAM.replace(':', "%3A").replace('/', "%2F");
    for query in [
        "",
        "FunctionName=shop-Worker",
        &format!("FunctionName={ARN}"),
        &format!("EventSourceArn={source}"),
        "MaxItems=1",
    ] {
        let (status, _, found) = asked(&up, "operator", &list(query), "", "").await;
        let expected = json!([{
            "BatchSize": 100,
            "EventSourceArn": STREAM,
            "EventSourceMappingArn":
                format!("arn:aws:lambda:us-east-1:123456789012:event-source-mapping:{MAPPING}"),
            "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:shop-Worker",
            "LastModified": 1_700_000_000,
            "State": "Enabled",
            "StateTransitionReason": "User action",
            "UUID": MAPPING.to_string(),
        }]);
        assert_eq!((status, &found["EventSourceMappings"]), (200, &expected), "{query}");
    }
    let (_, _, none) = asked(&up, "operator", &list("EventSourceArn=other"), "", "").await;
    assert_eq!(none, json!({ "EventSourceMappings": [] }));
    let not_found = (404, "ResourceNotFoundException".to_owned());
    assert_eq!(refused(&up, &list("FunctionName=other"), "", "").await, not_found);
    for query in ["MaxItems=0", "MaxItems=10001", "MaxItems=x", "Marker=m"] {
        let invalid = (400, "InvalidParameterValueException".to_owned());
        assert_eq!(refused(&up, &list(query), "", "").await, invalid, "{query}");
    }
}

#[tokio::test]
async fn a_mapping_is_turned_off_and_on_and_says_how_far_it_is() {
    let up = up().await;
    let line = format!("PUT /2015-03-31/event-source-mappings/{MAPPING}");
    let (status, _, answer) = asked(&up, "operator", &line, "", r#"{"Enabled": false}"#).await;
    assert_eq!((status, answer["State"].as_str()), (202, Some("Disabling")));
    assert_eq!(up.switch.state(), MappingState::Disabling);
    // No mapping follows here: it is under way for ever.
    let in_use = (400, "ResourceInUseException".to_owned());
    for enabled in [true, false] {
        let body = json!({ "Enabled": enabled }).to_string();
        assert_eq!(refused(&up, &line, "", &body).await, in_use);
    }
    let (status, _, answer) = asked(&up, "operator", &line, "", "{}").await;
    assert_eq!((status, answer["State"].as_str()), (202, Some("Disabling")));
}

#[tokio::test]
async fn nothing_else_of_a_mapping_can_be_changed() {
    let up = up().await;
    let line = format!("PUT /2015-03-31/event-source-mappings/{MAPPING}");
    let invalid = (400, "InvalidParameterValueException".to_owned());
    for body in
        [json!({ "Enabled": "false" }), json!({ "BatchSize": 10 }), json!({ "FunctionName": "shop-Worker" })]
    {
        assert_eq!(refused(&up, &line, "", &body.to_string()).await, invalid, "{body}");
    }
    let other = "PUT /2015-03-31/event-source-mappings/11111111-2222-3333-4444-555555555555";
    let not_found = (404, "ResourceNotFoundException".to_owned());
    assert_eq!(refused(&up, other, "", r#"{"Enabled": false}"#).await, not_found);
    assert_eq!(refused(&up, &line, "", "no json").await, (400, "SerializationException".to_owned()));
    assert_eq!(up.switch.state(), MappingState::Enabled);
}

#[tokio::test]
async fn a_role_may_do_only_what_its_policy_says() {
    let up = up().await;
    let function = "arn:aws:lambda:us-east-1:123456789012:function:shop-Worker";
    let mapping = format!("arn:aws:lambda:us-east-1:123456789012:event-source-mapping:{MAPPING}");
    let configuration = "GET /2015-03-31/functions/shop-Worker/configuration";
    let list = "GET /2015-03-31/event-source-mappings/";
    let update = format!("PUT /2015-03-31/event-source-mappings/{MAPPING}");
    for (line, action, resource) in [
        (INVOKE, "lambda:InvokeFunction", function),
        (&format!("POST /2015-03-31/functions/{ARN}/invocations"), "lambda:InvokeFunction", function),
        (configuration, "lambda:GetFunctionConfiguration", function),
        (list, "lambda:ListEventSourceMappings", "*"),
        (&update, "lambda:UpdateEventSourceMapping", &mapping),
    ] {
        up.allow("lambda:Nothing", "*");
        let (status, _, told) = asked(&up, "R", line, "", "").await;
        assert_eq!((status, told["code"].as_str()), (403, Some("AccessDeniedException")), "{line}");
        up.allow(action, "arn:aws:lambda:us-east-1:123456789012:function:other");
        assert_eq!(asked(&up, "R", line, "", "").await.0, 403, "{line}");
        up.allow(action, resource);
        assert!(asked(&up, "R", line, "", "").await.0 < 300, "{line}");
    }
}

#[tokio::test]
async fn without_a_stack_there_is_nothing() {
    let aws = crate::wire::endpoint().await;
    let (status, _, _) = ask(&aws, INVOKE, "operator", "lambda", "", "{}").await;
    assert_eq!(status, 404);
    let (status, _, body) =
        ask(&aws, "GET /2015-03-31/event-source-mappings", "operator", "lambda", "", "").await;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, body), (200, json!({ "EventSourceMappings": [] })));
}
