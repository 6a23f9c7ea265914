//! Cognito's user pool at the endpoint: who needs a credential, and how it refuses.

use std::sync::Arc;

use card_airlock_gateway::{Cognito, CognitoSettings, Issuer, UserPool};
use clock::Clock;
use serde_json::{Value, json};

use crate::wire::{Up, ask, up_with};

async fn with_users() -> Up {
    let pool = json!({ "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"] });
    let client = json!({
        "UserPoolId": "us-east-1_Pool", "PreventUserExistenceErrors": "ENABLED",
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
        "IdTokenValidity": 1, "AccessTokenValidity": 1, "RefreshTokenValidity": 1,
        "TokenValidityUnits": { "IdToken": "hours", "AccessToken": "hours", "RefreshToken": "days" },
    });
    let settings = CognitoSettings::from_properties(&pool, &client, vec![]).unwrap();
    let ids = UserPool { id: "us-east-1_Pool".to_owned(), client_id: "client".to_owned() };
    let issuer = Arc::new(Issuer::ephemeral(ids).unwrap());
    up_with(Some(Arc::new(Cognito::new(settings, issuer, Clock::system()))), vec![]).await
}

async fn asked(up: &Up, caller: &str, operation: &str, body: &Value) -> (u16, Value) {
    let headers = format!(
        "X-Amz-Target: AWSCognitoIdentityProviderService.{operation}\r\nContent-Type: application/x-amz-json-1.1\r\n"
    );
    let answer = ask(&up.aws, "POST /", caller, "cognito-idp", &headers, &body.to_string()).await;
    let (status, head, body) = answer;
    assert!(head.contains("content-type: application/x-amz-json-1.1"), "{head}");
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn who_signs_up_and_in_needs_no_credential_and_whoever_administers_does() {
    let up = with_users().await;
    let ann = json!({ "ClientId": "client", "Username": "ann@example.com", "Password": "long enough" });
    for caller in ["", "R"] {
        let (status, told) = asked(&up, caller, "SignUp", &ann).await;
        let expected = if caller.is_empty() { 200 } else { 400 };
        assert_eq!(status, expected, "{told}");
    }
    let sign_in = json!({
        "ClientId": "client", "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": "ann@example.com", "PASSWORD": "long enough" },
    });
    let (status, told) = asked(&up, "", "InitiateAuth", &sign_in).await;
    let not_confirmed = json!({ "__type": "UserNotConfirmedException", "message": "User is not confirmed." });
    assert_eq!((status, told), (400, not_confirmed));
    let list = json!({ "UserPoolId": "us-east-1_Pool" });
    let (status, told) = asked(&up, "", "ListUsers", &list).await;
    assert_eq!((status, &told["__type"]), (400, &json!("MissingAuthenticationTokenException")));
    let (status, told) = asked(&up, "operator", "ListUsers", &list).await;
    assert_eq!((status, told["Users"].as_array().unwrap().len()), (200, 1));
}

#[tokio::test]
async fn a_role_administers_only_the_pool_that_its_policy_names() {
    let up = with_users().await;
    let list = json!({ "UserPoolId": "us-east-1_Pool" });
    let (_, told) = asked(&up, "R", "ListUsers", &list).await;
    assert_eq!(told["__type"], "AccessDeniedException");
    for (pool, may) in [("us-east-1_Pool", true), ("us-east-1_Other", false)] {
        up.allow(
            "cognito-idp:ListUsers",
            &format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}"),
        );
        assert_eq!(asked(&up, "R", "ListUsers", &list).await.0 == 200, may, "{pool}");
    }
}

#[tokio::test]
async fn what_is_not_known_is_refused_by_its_name() {
    let up = with_users().await;
    let with_metadata = json!({ "ClientId": "client", "Username": "ann@example.com", "ClientMetadata": {} });
    let (status, told) = asked(&up, "", "SignUp", &with_metadata).await;
    let expected = json!({
        "__type": "InvalidParameterException", "message": "the parameter ClientMetadata is not supported here",
    });
    assert_eq!((status, told), (400, expected));
    let (status, told) = asked(&up, "", "ForgotPassword", &json!({ "ClientId": "client" })).await;
    assert_eq!((status, &told["__type"]), (400, &json!("UnknownOperationException")));
    let without = crate::wire::up().await;
    let (_, told) = asked(&without, "", "SignUp", &json!({ "ClientId": "client" })).await;
    assert_eq!(told["__type"], "ResourceNotFoundException");
}
