//! What is served: a deployed REST API.

use std::sync::Arc;

use clock::Clock;

use crate::{gateway_error::ErrorAnswer, issuer::Issuer, route::Route};

/// One deployed REST API.
#[derive(Debug)]
pub struct RestApi {
    /// The API's id, which its functions get.
    pub id: String,
    /// The stage's name: the first segment of every path.
    pub stage: String,
    /// The account, which its functions get.
    pub account_id: String,
    /// What it serves. The first match is taken.
    pub routes: Vec<Route>,
    /// Its answer to a browser's preflight request.
    pub cors: Option<Cors>,
    /// The text of the gateway's own refusals.
    pub error_answer: ErrorAnswer,
    /// The signer of the ID tokens that it accepts.
    pub issuer: Arc<Issuer>,
    /// The functions' clock, by which their deadlines are set.
    pub clock: Clock,
}

/// The answer to a preflight request; each path adds its own methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// The origin whose pages may call; `None`: the answer names no origin, which a browser treats as a refusal.
    pub allow_origin: Option<String>,
    /// The headers that they may send.
    pub allow_headers: String,
    /// How many seconds a browser may remember the answer.
    pub max_age: String,
}
