//! Accepts orders: `POST /order`, `GET /order/{CustomerOrder}` and `PUT /order/{CustomerOrder}/card`. It can only seal.

mod accept;
mod replace;
mod rules;
mod sealing;
mod settings;
mod status;
mod submission;
mod submitted_card;

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use clock::Clock;
use order::{OrderTable, QuarantineTable, Timestamp};
use platform::{
    api::{self, Caller, Problem, Reply},
    spans,
};
pub use rules::{OrderRules, check_order};
pub use settings::Settings;
use vault::{AcceptedCardKeys, Plaintext, Sealer};

use crate::submission::{Sender, Submission};

/// The function behind the three routes.
#[derive(Debug)]
pub struct Ingest {
    settings: Settings,
    sealer: Sealer,
    card_keys: AcceptedCardKeys,
    quarantine: QuarantineTable,
    orders: OrderTable,
    clock: Clock,
}

impl Ingest {
    /// Clients are made once and reused by every request.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, clock: Clock) -> Self {
        Self {
            sealer: Sealer::new(
                config,
                settings.quarantine_key_arn.clone(),
                settings.data_key_policy,
                clock.clone(),
            ),
            card_keys: AcceptedCardKeys::new(config, settings.card_key_table.clone(), clock.clone()),
            quarantine: QuarantineTable::new(config, settings.quarantine_table.clone()),
            orders: OrderTable::new(config, settings.order_table.clone()),
            settings,
            clock,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from(self.clock.now())
    }

    /// Answers one request before the deadline. Each error has an answer, so this never fails.
    pub async fn handle(
        &self,
        mut request: ApiGatewayProxyRequest,
        deadline: SystemTime,
    ) -> ApiGatewayProxyResponse {
        spans::name_request(&request);
        let body = api::take_body(&mut request);
        let outcome =
            api::before(deadline, &self.clock, Problem::UNAVAILABLE, self.route(&request, body)).await;
        api::respond(&request, outcome, &self.settings.cors)
    }

    async fn route(
        &self,
        request: &ApiGatewayProxyRequest,
        body: Plaintext<String>,
    ) -> Result<Reply, Problem> {
        let caller = Caller::of(request, &self.settings.user_pool_client_id)?;
        api::refuse_card_in_url(request)?;
        match (request.http_method.as_str(), request.resource.as_deref()) {
            ("POST", Some("/order")) => {
                let sender = Sender {
                    is_merchant: caller.is_in(&self.settings.billing_group),
                    order_ids: &self.settings.order_ids,
                };
                // The body is wiped with this statement, before the calls that follow.
                let submission =
                    Submission::parse(&api::json_body(request, body)?, sender, self.card_rules())?;
                self.accept(&caller, submission, &order_url(request)).await
            }
            ("GET", Some("/order/{CustomerOrder}")) => {
                drop(body); // nothing is expected in it
                self.status(&caller, &api::order_id_in_path(request, &self.settings.order_ids)?).await
            }
            ("PUT", Some("/order/{CustomerOrder}/card")) => {
                let card = submission::parse_card(&api::json_body(request, body)?, self.card_rules())?;
                let order = api::order_id_in_path(request, &self.settings.order_ids)?;
                self.replace(&caller, &order, card, &order_url(request)).await
            }
            _ => Err(api::no_route(request)),
        }
    }
}

/// The path of `POST /order` as the client sees it: with the stage, or with the base path of a custom domain.
fn order_url(request: &ApiGatewayProxyRequest) -> String {
    let path = request.request_context.path.as_deref().unwrap_or("/order").trim_end_matches('/');
    let order = path.strip_suffix("/card").and_then(|order| order.rsplit_once('/'));
    order.map_or(path, |(orders, _)| orders).to_owned()
}
