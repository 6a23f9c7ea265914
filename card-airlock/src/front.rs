//! The API of this machine: what the template declares of it, in the gateway's terms.

use std::{collections::BTreeMap, sync::Arc};

use card_airlock_gateway::{Cors, GatewayError, Issuer, RestApi, Route};
use card_airlock_lambda::Function;
use card_airlock_template::Stack;
use clock::Clock;
use http::StatusCode;
use platform::api::Problem;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deployment::ACCOUNT_ID;

/// Why the declared API cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrontError {
    /// A route names a function that is not there.
    #[error("{0}: the template declares no such function")]
    NoFunction(String),
    /// A route's method is not an HTTP method.
    #[error("{0} is not an HTTP method")]
    Method(String),
}

/// The declared API before these functions, by logical id.
///
/// # Errors
/// [`FrontError`] when a route has no function, or an unknown method.
pub fn rest_api(
    declared: &Stack,
    functions: &BTreeMap<String, Function>,
    issuer: Arc<Issuer>,
    clock: Clock,
) -> Result<RestApi, FrontError> {
    let route = |route: &card_airlock_template::Route| {
        let found = declared.function(&route.function).zip(functions.get(&route.function));
        let (function, handler) = found.ok_or_else(|| FrontError::NoFunction(route.function.clone()))?;
        Ok(Route {
            method: route.method.parse().map_err(|_| FrontError::Method(route.method.clone()))?,
            path: route.path.clone(),
            function: handler.clone(),
            timeout: function.timeout,
            requires_sign_in: route.requires_auth,
        })
    };
    let cors = declared.api.cors.clone().map(|cors| Cors {
        allow_origin: cors.allow_origin,
        allow_headers: cors.allow_headers,
        max_age: cors.max_age,
    });
    Ok(RestApi {
        id: declared.api.id.clone(),
        stage: declared.api.stage.clone(),
        account_id: ACCOUNT_ID.to_owned(),
        routes: declared.api.routes.iter().map(route).collect::<Result<_, _>>()?,
        cors,
        error_answer,
        issuer,
        clock,
    })
}

/// The functions' error shape, as the template's gateway responses have it too.
#[must_use]
pub fn error_answer(error: &GatewayError, request_id: Uuid) -> (StatusCode, Value) {
    let (status, code, message) = match *error {
        // As a function says it. API Gateway calls it a missing token, whatever was sent.
        GatewayError::NO_ROUTE => {
            let problem = Problem::ROUTE_NOT_FOUND;
            (problem.status, problem.code, problem.message)
        }
        _ => (error.status(), error.code(), message(error)),
    };
    (status, json!({ "message": message, "code": code, "requestId": request_id }))
}

/// What went wrong and what to do next, which AWS's own words do not say.
fn message(error: &GatewayError) -> &'static str {
    match *error {
        GatewayError::UNAUTHORIZED => Problem::UNAUTHORIZED.message,
        GatewayError::FOREIGN_HOST => {
            "Access is denied: check the address that you use, and the user who is signed in"
        }
        GatewayError::BODY_BROKEN => "The body cannot be read: send a JSON object in UTF-8",
        GatewayError::TOO_LARGE => "The request is too large: send at most 16 KiB",
        GatewayError::FUNCTION_FAILED => "The service failed: send the same request again",
        GatewayError::TIMED_OUT => "The service did not answer in time: send the same request again",
        _ => error.message(),
    }
}
