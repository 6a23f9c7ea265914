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
/// [`FrontError`] when a route leads nowhere.
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
        _ => (error.status(), error.code(), error.message()),
    };
    (status, json!({ "message": message, "code": code, "requestId": request_id }))
}
