//! Cognito: the user pool of the stack that is up. `card_airlock_gateway` has it.

use std::sync::Arc;

use card_airlock_gateway::{Cognito, CognitoError};
use http::StatusCode;
use parking_lot::Mutex;

use crate::{
    answer::{Answer, Fault},
    deployed::Deployed,
    keep::{KeepError, Part, Store},
    members::stray,
    request::Request,
};

const STATE: &str = "state";

/// The pool's users, as they are kept. One call after the other writes what it changed.
pub(crate) struct KeptUsers(Mutex<Part>);

impl KeptUsers {
    pub(crate) fn new(store: &Store) -> Self {
        Self(Mutex::new(store.part("cognito")))
    }

    /// Gives a pool the users that are kept.
    pub(crate) fn bring_back(&self, pool: &Cognito) -> Result<(), KeepError> {
        if let Some(state) = self.0.lock().one(STATE)? {
            pool.take_up(state);
        }
        Ok(())
    }

    fn follow(&self, pool: &Cognito) {
        let part = self.0.lock();
        if part.keeps() {
            part.put(STATE, &pool.state());
        }
    }
}

/// On a thread of its own: a password's hash is slow on purpose.
pub(crate) async fn perform(
    deployed: Option<&Deployed>,
    kept: &Arc<KeptUsers>,
    request: Request,
) -> Result<Answer, Fault> {
    let Some(pool) = deployed.and_then(|deployed| deployed.stack.user_pool.clone()) else {
        return Ok(refusal(CognitoError::NoPool.code(), &CognitoError::NoPool.to_string()));
    };
    if let Some(name) = stray(&request.json, Cognito::members(&request.operation)) {
        let message = format!("the parameter {name} is not supported here");
        return Ok(refusal("InvalidParameterException", &message));
    }
    let kept = Arc::clone(kept);
    let performed = tokio::task::spawn_blocking(move || {
        let answer = outcome(&pool, &request);
        kept.follow(&pool);
        answer
    })
    .await;
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
