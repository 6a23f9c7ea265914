//! `DELETE /order/{CustomerOrder}/card`: forgets an order's card in all places. It holds no key and reads no card.

mod settings;
mod step;

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use clock::Clock;
use http::StatusCode;
use order::{
    CardStanding, HeldCard, OrderId, OrderIdPattern, OrderTable, Owner, QuarantineTable, TableError,
    Timestamp, Written,
};
use platform::{
    api::{self, Caller, Cors, Denied, Problem, Reply},
    metrics::Metric,
    spans,
};
use serde_json::json;
use vault::Forgetter;

pub use settings::Settings;

use step::Step;

/// How many rounds there are: an order with a card in both places needs three rounds, a card that arrives meanwhile
/// needs one more, and so does each lost race.
const ROUNDS: usize = 8;

/// The function behind the route.
#[derive(Debug)]
pub struct Forget {
    quarantine: QuarantineTable,
    orders: OrderTable,
    vault: Forgetter,
    user_pool_client_id: String,
    billing_group: String,
    order_ids: OrderIdPattern,
    cors: Cors,
    clock: Clock,
}

impl Forget {
    /// Clients are made once and reused by every request.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, clock: Clock) -> Self {
        Self {
            quarantine: QuarantineTable::new(config, settings.quarantine_table),
            orders: OrderTable::new(config, settings.order_table),
            vault: Forgetter::new(settings.vault_table, settings.account),
            user_pool_client_id: settings.user_pool_client_id,
            billing_group: settings.billing_group,
            order_ids: settings.order_ids,
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
        let caller = Caller::of(request, &self.user_pool_client_id)?;
        api::refuse_card_in_url(request)?;
        match (request.http_method.as_str(), request.resource.as_deref()) {
            ("DELETE", Some("/order/{CustomerOrder}/card")) => {
                self.forget(&caller, &api::order_id_in_path(request, &self.order_ids)?).await
            }
            _ => Err(api::no_route(request)),
        }
    }

    /// One step at a time, each conditional on what was read, until there is nothing left to forget. So a repeat,
    /// a lost reply and two requests at once get the same answer: what the row says.
    async fn forget(&self, caller: &Caller, order: &OrderId) -> Result<Reply, Problem> {
        for _ in 0..ROUNDS {
            let (held, clean) = self.look(caller, order).await?;
            let now = Timestamp::from(self.clock.now());
            let written = match step::next(held.as_ref(), clean.as_ref(), now)? {
                Step::Nothing { forgotten_at } => return Ok(forgotten(order, forgotten_at)),
                Step::Expire(version) => self.quarantine.forget_card(order, version).await?,
                Step::Delete(token) => {
                    let delete = self.vault.delete(token).map_err(TableError::from)?;
                    self.orders.forget_card(order, token, delete, now).await?
                }
            };
            if written == Written::Done {
                tracing::info!(%order, "forgot a card");
                Metric::Forgotten.record();
            }
        }
        Err(Problem::UNAVAILABLE)
    }

    /// What the caller may forget of an order. The quarantine is read first, so that an order that crosses in
    /// between is found at least once. The two rows may be of two owners who met at the same order id.
    async fn look(
        &self,
        caller: &Caller,
        order: &OrderId,
    ) -> Result<(Option<HeldCard>, Option<CardStanding>), Problem> {
        let held = self.quarantine.held_card(order).await?;
        let clean = self.orders.card(order).await?;
        let may = |owner: Option<&Owner>| caller.may_act_for(owner, &self.billing_group);
        let is_there = held.is_some() || clean.is_some();
        let seen =
            (held.filter(|held| may(held.owner.as_ref())), clean.filter(|clean| may(Some(&clean.owner))));
        match seen {
            (None, None) if is_there => Err(Denied::NotTheOwner.deny()),
            seen => Ok(seen),
        }
    }
}

/// Without a time the card never reached the vault: it was removed with its quarantine row.
fn forgotten(order: &OrderId, at: Option<Timestamp>) -> Reply {
    let mut body = json!({ "CustomerOrder": order });
    if let (Some(at), Some(body)) = (at, body.as_object_mut()) {
        body.insert("CardForgottenAt".into(), json!(at));
    }
    Reply::new(StatusCode::OK, body)
}
