//! `POST /paybill`: takes a card out of the vault, for the payment processor alone.

mod pay;
mod processor;
mod settings;

use std::{sync::Arc, time::SystemTime};

use aws_config::SdkConfig;
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use order::{
    OrderTable, QuarantineTable,
    api::{self, Caller, Cors, Fields, Problem, Reply},
};
use vault::{Clock, Detokenizer};
use zeroize::Zeroizing;

pub use pay::CLAIM_SECONDS;
pub use processor::{Charge, PaymentRequest, Processor, ProcessorError, Sandbox};
pub use settings::{ProcessorKind, Settings};

/// The function behind the route.
#[derive(Debug)]
pub struct Paybill {
    detokenizer: Detokenizer,
    orders: OrderTable,
    quarantine: QuarantineTable,
    processor: Arc<dyn Processor>,
    user_pool_client_id: String,
    cors: Cors,
    clock: Clock,
}

const ORDER_MISSING: Problem = Problem::malformed("ORDER_ID_MISSING", "CustomerOrder must be a string");

impl Paybill {
    /// Clients are made once and reused by every request.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, processor: Arc<dyn Processor>, clock: Clock) -> Self {
        Self {
            detokenizer: Detokenizer::new(config, settings.detokenizer, clock.clone()),
            orders: OrderTable::new(config, settings.order_table),
            quarantine: QuarantineTable::new(config, settings.quarantine_table),
            processor,
            user_pool_client_id: settings.user_pool_client_id,
            cors: settings.cors,
            clock,
        }
    }

    /// Answers one request before the deadline. Every fault has an answer, so this never fails.
    pub async fn handle(
        &self,
        mut request: ApiGatewayProxyRequest,
        deadline: SystemTime,
    ) -> ApiGatewayProxyResponse {
        api::name_request(&request);
        let body = api::take_body(&mut request);
        let outcome = api::before(deadline, &self.clock, pay::NO_ANSWER, self.route(&request, body)).await;
        api::respond(&request, outcome, &self.cors)
    }

    async fn route(
        &self,
        request: &ApiGatewayProxyRequest,
        body: Zeroizing<String>,
    ) -> Result<Reply, Problem> {
        let caller = Caller::of(request, &self.user_pool_client_id)?;
        api::refuse_card_in_url(request)?;
        match (request.http_method.as_str(), request.resource.as_deref()) {
            ("POST", Some("/paybill")) => {
                let body = api::json_body(request, body)?;
                let fields = Fields::parse(&body, &["CustomerOrder"])?;
                let order = fields.string("CustomerOrder", ORDER_MISSING)?.ok_or(ORDER_MISSING)?;
                self.pay(&caller, &api::order_id(&order)?).await
            }
            _ => Err(Problem::ROUTE_NOT_FOUND),
        }
    }
}
