//! `GET /card-keys`: the public halves of the keys that clients encrypt cards to. It does nothing else.

mod settings;

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use clock::Clock;
use http::{StatusCode, header};
use platform::{
    api::{self, Caller, Cors, Problem, Reply},
    spans,
};
use serde_json::{Value, json};
use vault::{PublishedCardKey, PublishedCardKeys};

pub use settings::Settings;

/// The longest that a client may keep the answer: a card is encrypted minutes, not days, after its key was read.
const LONGEST_KEPT: Duration = Duration::from_secs(300);

/// The function behind the route.
#[derive(Debug)]
pub struct CardKeys {
    keys: PublishedCardKeys,
    user_pool_client_id: String,
    cors: Cors,
    clock: Clock,
}

impl CardKeys {
    /// Clients are made once and reused by every request.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, clock: Clock) -> Self {
        Self {
            keys: PublishedCardKeys::new(config, settings.card_key_table),
            user_pool_client_id: settings.user_pool_client_id,
            cors: settings.cors,
            clock,
        }
    }

    /// Answers one request before the deadline. Each error has an answer, so this never fails.
    pub async fn handle(
        &self,
        mut request: ApiGatewayProxyRequest,
        deadline: SystemTime,
    ) -> ApiGatewayProxyResponse {
        spans::name_request(&request);
        // The body should be empty. It is wiped in any case.
        drop(api::take_body(&mut request));
        let outcome = api::before(deadline, &self.clock, Problem::UNAVAILABLE, self.route(&request)).await;
        api::respond(&request, outcome, &self.cors)
    }

    async fn route(&self, request: &ApiGatewayProxyRequest) -> Result<Reply, Problem> {
        Caller::of(request, &self.user_pool_client_id)?;
        api::refuse_card_in_url(request)?;
        match (request.http_method.as_str(), request.resource.as_deref()) {
            ("GET", Some("/card-keys")) => self.list().await,
            _ => Err(api::no_route(request)),
        }
    }

    async fn list(&self) -> Result<Reply, Problem> {
        let now = self.clock.now();
        let keys = self.keys.at(now).await.map_err(|_| Problem::UNAVAILABLE)?;
        let newest = keys.first().ok_or(Problem::CARD_KEYS_UNAVAILABLE)?;
        let left = newest.accepted_until.duration_since(now).unwrap_or_default();
        let kept = left.min(LONGEST_KEPT).as_secs();
        // The answer is the same for all, but it is behind the authorizer: nobody's proxy may hand it out.
        Ok(Reply::new(StatusCode::OK, set(&keys))
            .with_header(header::CACHE_CONTROL, format!("private, max-age={kept}")))
    }
}

fn set(keys: &[PublishedCardKey]) -> Value {
    json!({ "keys": keys.iter().map(|published| published.key.jwk()).collect::<Vec<_>>() })
}
