//! `POST /paybill`: takes a card out of the vault, for the payment processor only.

mod amounts;
mod asked;
mod audit;
mod card_gone;
mod claim;
mod decision;
mod looking_up;
mod pay;
mod processor;
mod reveal;
mod settings;
mod submitting;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_config::SdkConfig;
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use clock::Clock;
use order::{OrderIdPattern, OrderTable, QuarantineTable};
use platform::{
    api::{self, Caller, Cors, Problem, Reply},
    spans,
};
use vault::{Detokenizer, Plaintext};

use crate::asked::Asked;

pub use audit::{AuditError, AuditSettings, AuditTable, Detokenization, Purpose};
pub use claim::CLAIM_SECONDS;
pub use decision::is_repeat_recognized;
pub use processor::{
    Answered, ConnectError, Exchange, HttpProcessor, PaymentRequest, PrepareError, Prepared, PreviewError,
    Processor, ProcessorError, ProcessorSettings, ProcessorUrl, Requires, Sandbox, ShownRequest, connect,
    preview, profile,
};
pub use settings::Settings;

/// The function behind the route.
#[derive(Debug)]
pub struct Paybill {
    detokenizer: Detokenizer,
    audit: AuditTable,
    orders: OrderTable,
    quarantine: QuarantineTable,
    processor: Arc<dyn Processor>,
    user_pool_client_id: String,
    billing_group: String,
    idempotency: Duration,
    reveal_card: bool,
    order_ids: OrderIdPattern,
    owner_may_pay: bool,
    amount_required: bool,
    cors: Cors,
    clock: Clock,
}

impl Paybill {
    /// Clients are made once and reused by every request.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, processor: Arc<dyn Processor>, clock: Clock) -> Self {
        Self {
            detokenizer: Detokenizer::new(config, settings.detokenizer, clock.clone()),
            audit: AuditTable::new(config, settings.audit),
            orders: OrderTable::new(config, settings.order_table),
            quarantine: QuarantineTable::new(config, settings.quarantine_table),
            processor,
            user_pool_client_id: settings.user_pool_client_id,
            billing_group: settings.billing_group,
            idempotency: settings.processor_idempotency,
            reveal_card: settings.reveal_card,
            order_ids: settings.order_ids,
            owner_may_pay: settings.owner_may_pay,
            amount_required: settings.amount_required,
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
        let body = api::take_body(&mut request);
        let outcome = api::before(
            deadline,
            &self.clock,
            Problem::PAYMENT_UNCONFIRMED,
            self.route(&request, body, deadline),
        )
        .await;
        api::respond(&request, outcome, &self.cors)
    }

    async fn route(
        &self,
        request: &ApiGatewayProxyRequest,
        body: Plaintext<String>,
        deadline: SystemTime,
    ) -> Result<Reply, Problem> {
        let caller = Caller::of(request, &self.user_pool_client_id)?;
        api::refuse_card_in_url(request)?;
        match (request.http_method.as_str(), request.resource.as_deref()) {
            ("POST", Some("/paybill")) => {
                let asked = Asked::parse(request, &api::json_body(request, body)?, &self.order_ids)?;
                self.pay(&caller, &asked, deadline).await
            }
            _ => Err(api::no_route(request)),
        }
    }
}
