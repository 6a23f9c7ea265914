//! What is served: a deployed REST API.

use std::sync::Arc;

use clock::Clock;

use crate::{gateway_error::ErrorAnswer, issuer::Issuer, route::Route};

/// One deployed REST API.
#[derive(Debug)]
pub struct RestApi {
    /// The API's id, as its functions are told.
    pub id: String,
    /// The stage's name: the first segment of every path.
    pub stage: String,
    /// The account its functions are told.
    pub account_id: String,
    /// What it serves. The first match is taken.
    pub routes: Vec<Route>,
    /// What it answers to a browser that asks before it calls.
    pub cors: Option<Cors>,
    /// What the gateway's own refusals say.
    pub error_answer: ErrorAnswer,
    /// Who signs the ID tokens it takes.
    pub issuer: Arc<Issuer>,
    /// The functions' time: they are told their deadlines by it.
    pub clock: Clock,
}

/// What a preflight is answered; the methods are each path's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// The origin whose pages may call; `None`: an answer that names none, which a browser takes for a refusal.
    pub allow_origin: Option<String>,
    /// The headers that they may send.
    pub allow_headers: String,
    /// How many seconds a browser may remember the answer.
    pub max_age: String,
}
