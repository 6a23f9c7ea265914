//! Cognito: the user pool of the stack that is up. `card_airlock_gateway` has it.

use std::sync::Arc;

use card_airlock_gateway::{Cognito, CognitoError};
use http::StatusCode;

use crate::{
    answer::{Answer, Fault},
    deployed::Deployed,
    members::stray,
    request::Request,
};

/// On a thread of its own: a password's hash is slow on purpose.
pub(crate) async fn perform(deployed: Option<&Deployed>, request: Request) -> Result<Answer, Fault> {
    let Some(pool) = deployed.and_then(|deployed| deployed.stack.user_pool.clone()) else {
        return Ok(refusal(CognitoError::NoPool.code(), &CognitoError::NoPool.to_string()));
    };
    if let Some(name) = stray(&request.json, Cognito::members(&request.operation)) {
        let message = format!("the parameter {name} is not supported here");
        return Ok(refusal("InvalidParameterException", &message));
    }
    let performed = tokio::task::spawn_blocking(move || outcome(&pool, &request)).await;
    performed.map_err(|_| Fault::UNAVAILABLE)
}

fn outcome(pool: &Arc<Cognito>, request: &Request) -> Answer {
    match pool.perform(&request.operation, &request.json) {
        Ok(members) => Answer::ok(&members),
        Err(error) => refusal(error.code(), &error.to_string()),
    }
}

fn refusal(code: &str, message: &str) -> Answer {
    Answer::error(StatusCode::BAD_REQUEST, code, message)
}
