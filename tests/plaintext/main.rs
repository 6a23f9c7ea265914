//! Plaintext is kept no longer than it is used: each request is stopped at each of its calls, and what is alive then is
//! counted. The count is one for the whole process, so these tests have a process of their own and run one by one.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests' helpers"
)]
#![expect(dead_code, unused_imports, reason = "the helpers' other half is for the other tests")]

#[path = "../end_to_end/support/mod.rs"]
mod support;

use std::sync::Arc;

use axum::{Router, extract::State};
use futures::future::join;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{Mutex, Notify},
};
use vault::Alive;

use support::{Answer, Client, Fault, ORDERS, Relay, World, eventually, order, order_of};

/// The number and the expiry of a card, and nothing besides.
const CARD: usize = 2;

static ALONE: Mutex<()> = Mutex::const_new(());

/// A pipeline whose calls of AWS can be stopped.
struct Setting {
    world: World,
    relay: Relay,
    client: Client,
}

impl Setting {
    async fn new<const N: usize>(parameters: [(&str, &str); N]) -> Self {
        let world = World::stepped_under(parameters).await;
        let relay = Relay::to(world.aws.url()).await;
        let client = world.client("ann").at(&world.front(relay.url()).await);
        Self { world, relay, client }
    }

    /// Stops a request at the call of an operation that follows `skip` others, and waits until so much plaintext is
    /// alive. Gives the request's answer. A call that is sent again because it got no answer is stopped too: who waits
    /// too long for plaintext to go, sees the request fail.
    async fn stopped_at(
        &self,
        (operation, skip): (&str, usize),
        alive: usize,
        request: impl Future<Output = Answer>,
    ) -> Answer {
        let let_through = Arc::new(Notify::new());
        let struck = self.relay.struck();
        self.relay.strike_after(operation, skip, Fault::Held(let_through.clone()), usize::MAX);
        let stopped = async {
            let what = format!("{operation} {skip} is held");
            eventually(&what, async || (self.relay.struck() > struck).then_some(())).await;
            becomes(alive, &what).await;
            self.relay.repair();
            let_through.notify_one();
        };
        join(request, stopped).await.0
    }
}

async fn becomes(alive: usize, what: &str) {
    let what = format!("{alive} are alive when {what}");
    eventually(&what, async || (Alive::count() == alive).then_some(())).await;
}

fn with_expiry(id: &str) -> serde_json::Value {
    let mut order = order(id);
    order["CardExpiry"] = "12/30".into();
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_waits_for_no_table_with_its_card_in_plaintext() {
    let _alone = ALONE.lock().await;
    let setting = Setting::new([]).await;
    // The clean table is read while the card is sealed, and may take longer.
    for (id, call) in [("1", ("GetItem", 0)), ("2", ("PutItem", 0))] {
        setting.stopped_at(call, 0, setting.client.submit(&with_expiry(id))).await.is(202);
    }
    // A repeat reads what was in the way.
    for call in [("GetItem", 1), ("GetItem", 2)] {
        setting.stopped_at(call, 0, setting.client.submit(&with_expiry("1"))).await.is(202);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_waits_for_its_data_key_without_the_body_that_it_came_in() {
    let _alone = ALONE.lock().await;
    let setting = Setting::new([]).await;
    let call = ("GenerateDataKey", 0);
    setting.stopped_at(call, CARD, setting.client.submit(&with_expiry("1"))).await.is(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_is_in_plaintext_until_its_order_is_known_and_then_no_longer() {
    let _alone = ALONE.lock().await;
    for (call, alive) in
        [(("GetItem", 0), CARD), (("GetItem", 1), 0), (("GetItem", 2), 0), (("PutItem", 0), 0)]
    {
        let setting = Setting::new([]).await;
        setting.world.tokenized(&setting.client, &order_of("1", paybill::Sandbox::DECLINED)).await;
        setting.client.pay("1").await.is(402);
        becomes(0, "the setting is made").await;
        setting.stopped_at(call, alive, setting.client.put_card("1", "5555555555554444")).await.is(202);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_waits_for_no_table_with_the_body_that_was_sent_with_it() {
    let _alone = ALONE.lock().await;
    let setting = Setting::new([]).await;
    let request = setting.client.request(http::Method::GET, "/order/1").body("4111111111111111");
    setting.stopped_at(("GetItem", 0), 0, setting.client.send(request)).await.is(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn forgetting_waits_for_no_table_with_the_body_that_was_sent_with_it() {
    let _alone = ALONE.lock().await;
    let setting = Setting::new([]).await;
    let request = setting.client.request(http::Method::DELETE, "/order/1/card").body("4111111111111111");
    setting.stopped_at(("GetItem", 0), 0, setting.client.send(request)).await.is(404);
}

/// A processor that takes a payment only when it is let.
async fn slow_processor() -> (String, Arc<[Notify; 2]>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let notify = Arc::new([Notify::new(), Notify::new()]);
    let router = Router::new().fallback(answer_when_let).with_state(notify.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, notify)
}

async fn answer_when_let(State(notify): State<Arc<[Notify; 2]>>, body: String) -> &'static str {
    assert!(body.contains("CreditCard") || body.contains("card%5Bnumber%5D"));
    drop(body);
    let [arrived, let_answer] = &*notify;
    arrived.notify_one();
    let_answer.notified().await;
    "{}"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_waits_for_no_answer_with_the_card_in_plaintext() {
    let _alone = ALONE.lock().await;
    let (url, processor) = slow_processor().await;
    let [arrived, let_answer] = &*processor;
    let setting = Setting::new([("ProcessorUrl", &url)]).await;
    let before = ["GetItem", "UpdateItem", "TransactWriteItems", "Decrypt"];
    for (id, call) in before.into_iter().chain(["UpdateItem"]).enumerate() {
        let id = id.to_string();
        setting.world.tokenized(&setting.client, &with_expiry(&id)).await;
        // The last is the outcome's.
        let call = (call, usize::from(id == "4"));
        let paid = setting.stopped_at(call, 0, setting.client.pay(&id));
        let answered = async {
            arrived.notified().await;
            if call.1 == 0 {
                becomes(0, "the processor has the card").await;
            }
            let_answer.notify_one();
        };
        join(paid, answered).await.0.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_before_the_charge_is_waited_for_without_a_card_that_no_later_one_carries() {
    let _alone = ALONE.lock().await;
    let (url, processor) = slow_processor().await;
    let [arrived, let_answer] = &*processor;
    let setting = Setting::new([("ProcessorUrl", &url), ("ProcessorProfile", "stripe")]).await;
    let clerk = setting.world.clerk();
    let mut order = with_expiry("1");
    order["Amount"] = 1999.into();
    order["Currency"] = "USD".into();
    setting.world.tokenized(&clerk, &order).await;
    let answered = async {
        arrived.notified().await;
        becomes(0, "the processor has the card").await;
        let_answer.notify_one();
    };
    // The answer names no payment method, so nothing more is sent.
    join(clerk.pay("1"), answered).await.0.is(503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_to_be_revealed_is_kept_in_the_one_form_that_is_shown() {
    let _alone = ALONE.lock().await;
    let (url, processor) = slow_processor().await;
    let [arrived, let_answer] = &*processor;
    let setting = Setting::new([("ProcessorUrl", &url), ("RevealCard", "true")]).await;
    setting.world.tokenized(&setting.client, &with_expiry("1")).await;
    let clerk = setting.world.clerk();
    let answered = async {
        arrived.notified().await;
        becomes(1, "the processor has the card").await;
        let_answer.notify_one();
    };
    join(clerk.pay("1"), answered).await.0.is(200);
    becomes(0, "the card was revealed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_cross_together_wait_for_their_transaction_sealed() {
    let _alone = ALONE.lock().await;
    let setting = Setting::new([]).await;
    for id in ["1", "2", "3"] {
        setting.client.submit(&with_expiry(id)).await.is(202);
    }
    let worker = setting.world.worker(setting.relay.url());
    let let_through = Arc::new(Notify::new());
    setting.relay.strike("TransactWriteItems", Fault::Held(let_through.clone()), usize::MAX);
    let records = setting.world.records();
    let held = async {
        eventually("the transaction is held", async || (setting.relay.struck() > 0).then_some(())).await;
        becomes(0, "orders wait for their transaction").await;
        setting.relay.repair();
        let_through.notify_one();
    };
    assert_eq!(join(setting.world.deliver_to(&worker, &records), held).await.0, None);
    assert_eq!(setting.world.rows(ORDERS).await.len(), 3);
}
