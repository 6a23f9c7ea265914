//! The API before its functions: refusals, logs, limits, sign-in, other origins.

use std::collections::BTreeSet;

use card_airlock::deployment::{self};
use card_airlock_template::{Cors, Stack};
use serde_json::{Value, json};

use super::{made, shipped, with_everything};

#[test]
fn the_gateway_refuses_in_the_functions_error_shape_and_tells_nothing_of_the_request() {
    let stack = shipped();
    let responses = stack.properties("CustomerApi").unwrap()["GatewayResponses"].as_object().unwrap();
    for (code, response) in responses {
        let templates = response["ResponseTemplates"].as_object().unwrap();
        assert_eq!(templates.keys().collect::<Vec<_>>(), ["application/json"], "{code}");
        let body: Value = serde_json::from_str(templates["application/json"].as_str().unwrap()).unwrap();
        let of_all_others = code.starts_with("DEFAULT_");
        let expected = match code.as_str() {
            _ if of_all_others => "$context.error.responseType",
            // API Gateway's name for a request without a route says the wrong thing.
            "MISSING_AUTHENTICATION_TOKEN" => "ROUTE_NOT_FOUND",
            code => code,
        };
        let message = body["message"].as_str().unwrap();
        assert!(!message.contains('$'), "{code}");
        assert!(message.contains(": "), "{code} does not say what to do next: {message}");
        let shape = json!({"message": message, "code": expected, "requestId": "$context.requestId"});
        assert_eq!(body, shape, "{code}");
        assert_eq!(response.get("StatusCode").is_none(), of_all_others, "{code}");
    }
    assert!(["DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED"].iter().all(|code| responses.contains_key(*code)));
}

#[test]
fn the_gateway_logs_routes_and_numbers_and_no_more() {
    let stack = shipped();
    let api = stack.properties("CustomerApi").unwrap();
    let format: Value = serde_json::from_str(api["AccessLogSetting"]["Format"].as_str().unwrap()).unwrap();
    let allowed = [
        "$context.error.responseType",
        "$context.httpMethod",
        "$context.integration.latency",
        "$context.integration.status",
        "$context.requestId",
        "$context.requestTimeEpoch",
        "$context.resourcePath",
        "$context.responseLatency",
        "$context.status",
    ];
    let logged: BTreeSet<_> =
        format.as_object().unwrap().values().map(|value| value.as_str().unwrap()).collect();
    assert_eq!(logged, allowed.into());
    assert_eq!(api["TracingEnabled"], false, "a trace holds the URL");
    for method in api["MethodSettings"].as_array().unwrap() {
        assert_eq!((&method["LoggingLevel"], &method["DataTraceEnabled"]), (&json!("OFF"), &json!(false)));
    }
}

#[test]
fn every_route_is_limited_and_paying_most_of_all() {
    let stack = shipped();
    let settings = stack.properties("CustomerApi").unwrap()["MethodSettings"].as_array().unwrap().clone();
    let rate = |method: &str, path: &str| {
        let path = format!("/{}", path.replace('/', "~1"));
        let of = |s: &&Value| s["HttpMethod"] == method && s["ResourcePath"] == path.as_str();
        settings.iter().find(of).and_then(|s| s["ThrottlingRateLimit"].as_u64()).unwrap()
    };
    let paying = rate("POST", "/paybill");
    for route in stack.api.routes.iter().filter(|route| route.path != "/paybill" && route.method != "ANY") {
        assert!(rate(&route.method, &route.path) > paying, "{}", route.path);
    }
    let all = settings.iter().find(|s| s["ResourcePath"] == "/*").unwrap();
    assert!(all["ThrottlingRateLimit"].as_u64().is_some(), "a route that is added has a limit too");
}

#[test]
fn a_body_that_is_no_object_reaches_no_function() {
    let stack = shipped();
    assert_eq!(
        stack.properties("CustomerApi").unwrap()["Models"],
        json!({"JsonObject": {"type": "object"}}),
        "what is in it the functions check, and say nothing of it"
    );
    let model = json!({"Model": "JsonObject", "Required": true, "ValidateBody": true});
    for (function, event) in [("IngestFunction", "PostOrder"), ("PaybillFunction", "PostPaybill")] {
        let event = &stack.properties(function).unwrap()["Events"][event]["Properties"];
        assert_eq!(event["RequestModel"], model, "{function}");
    }
}

#[test]
fn tokens_are_this_clients_and_short_and_users_are_made_by_an_administrator() {
    let stack = shipped();
    let authorizer = &stack.properties("CustomerApi").unwrap()["Auth"]["Authorizers"]["CognitoAuthorizer"];
    assert_eq!(authorizer["Identity"]["ValidationExpression"], stack.user_pool_client_id.as_str());
    let client = stack.properties("UserPoolClient").unwrap();
    assert_eq!(
        (&client["IdTokenValidity"], &client["TokenValidityUnits"]["IdToken"]),
        (&json!(60), &json!("minutes"))
    );
    let pool = stack.properties("UserPool").unwrap();
    assert_eq!(pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"], true);
    assert_eq!(pool["MfaConfiguration"], "OPTIONAL");
    assert!(pool["Policies"]["PasswordPolicy"]["MinimumLength"].as_u64().unwrap() >= 12);
    let group = &stack.properties("BillingGroup").unwrap()["GroupName"];
    assert_eq!(group, "billing");
    for function in ["IngestFunction", "PaybillFunction", "ForgetFunction"] {
        assert_eq!(stack.function(function).unwrap().environment["BILLING_GROUP"], group.as_str().unwrap());
    }
    let (_, open) = with_everything();
    assert_eq!(
        open.properties("UserPool").unwrap()["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"],
        false
    );
}

/// The shipped template with an origin, or with none.
fn letting_in(origin: &str) -> Stack {
    deployment::shipped_with([("CorsOrigin", origin)]).unwrap().resolve(&made()).unwrap()
}

/// The headers of every answer that the gateway gives by itself.
fn headers(stack: &Stack) -> Vec<(String, Value)> {
    let responses = stack.properties("CustomerApi").unwrap()["GatewayResponses"].as_object().unwrap();
    let headers =
        responses.iter().map(|(code, r)| (code.clone(), r["ResponseParameters"]["Headers"].clone()));
    headers.collect()
}

#[test]
fn no_page_of_another_origin_reads_anything_unless_one_is_named() {
    for stack in [shipped(), letting_in("")] {
        assert_eq!(stack.api.cors.as_ref().unwrap().allow_origin, None);
        for (code, headers) in headers(&stack) {
            let expected = if code == "THROTTLED" { json!({"Retry-After": "'1'"}) } else { json!({}) };
            assert_eq!(headers, expected, "{code}");
        }
        for function in ["IngestFunction", "PaybillFunction"] {
            assert_eq!(stack.function(function).unwrap().environment["CORS_ORIGIN"], "");
        }
    }
}

#[test]
fn pages_of_the_one_origin_that_is_named_read_every_answer() {
    let origin = "https://shop.example.com";
    let stack = letting_in(origin);
    let cors = Cors {
        allow_origin: Some(origin.to_owned()),
        allow_headers: "Authorization,Content-Type,Idempotency-Key".to_owned(),
        max_age: "600".to_owned(),
    };
    assert_eq!(stack.api.cors, Some(cors));
    let api = stack.properties("CustomerApi").unwrap();
    assert_eq!(api["Auth"]["AddDefaultAuthorizerToCorsPreflight"], false, "a preflight has no token");
    assert!(api["Cors"].get("AllowCredentials").is_none(), "tokens go in a header; no cookie is asked for");
    let headers = headers(&stack);
    assert!(headers.len() > 10);
    for (code, headers) in headers {
        assert_eq!(headers["Access-Control-Allow-Origin"], format!("'{origin}'").as_str(), "{code}");
        let shows = headers.get("Access-Control-Expose-Headers");
        assert_eq!(shows, (code == "THROTTLED").then_some(&json!("'Retry-After'")), "{code}");
    }
    for route in &stack.api.routes {
        assert_eq!(stack.function(&route.function).unwrap().environment["CORS_ORIGIN"], origin);
    }
}

#[test]
fn the_deployed_gateway_answers_as_this_one_does() {
    let stack = shipped();
    let declared = &stack.properties("CustomerApi").unwrap()["GatewayResponses"];
    for error in card_airlock_gateway::GatewayError::ALL {
        let response = &declared[error.code()];
        let template = response["ResponseTemplates"]["application/json"].as_str().unwrap();
        let template: Value = serde_json::from_str(template).unwrap();
        let (status, mut body) = card_airlock::front::error_answer(&error, uuid::Uuid::nil());
        assert_eq!(response["StatusCode"], status.as_u16(), "{}", error.code());
        body["requestId"] = json!("$context.requestId");
        assert_eq!(body, template, "{}", error.code());
    }
}
