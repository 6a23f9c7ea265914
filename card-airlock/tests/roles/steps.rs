//! The walk's steps: every step of the pipeline and every end of an order.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock::{
    functions,
    operations::{
        AuditSources, EventSelection, Openings, Place, Right, StackAccess, doctor::examine,
        payment_to_settle, read_status, replay_events, run_rewrap, run_sweep, settle, verify_audit,
    },
};
use card_airlock_services::{FaultKind, FaultRule, Service, When};
use order::{
    AuditSelection, AuditTrail, Claim, DeclineCode, DeclineKind, FoundOut, OrderId, OrderTable, Payer,
    PaymentRoute, ProcessorReference, Settlement, Timestamp, Upkeep, Written,
};
use paybill::Sandbox;
use serde_json::{Value, json};
use test_support::tables::{AUDIT, CARD_KEYS, ORDERS, QUARANTINE};
use uuid::Uuid;
use vault::{Card, CardIssue, CardPublicKey, Pan};

use super::{PREVIOUS_KEY, b, n, s, world::World};

impl World {
    /// Every step of the pipeline and every end of an order; no further than the first denial.
    pub(super) async fn walk(&mut self) {
        for role in ["TokenizeWorkerRole", "NotifyRole"] {
            self.stack.aws().faults().add(refuse_an_event_of(role));
        }
        self.invoke("IngestFunction", order("paid", "4111111111111111")).await;
        self.invoke("IngestFunction", order("paid", "4111111111111111")).await;
        self.invoke("IngestFunction", api("GET", "/order/{CustomerOrder}", "paid", &json!(null))).await;
        self.invoke("PaybillFunction", payment("paid")).await;
        self.invoke("IngestFunction", order("declined", Sandbox::DECLINED)).await;
        let late = self.row("paid").await;
        self.drive().await;
        if self.is_denied() {
            return;
        }
        for order in ["paid", "paid", "declined", "unknown"] {
            self.invoke("PaybillFunction", payment(order)).await;
        }
        // Another card for the declined order meets a payment under way, then one that was taken.
        self.invoke("IngestFunction", api("PUT", "/order/{CustomerOrder}/card", "declined", &card())).await;
        self.say_payment("declined", "SUBMITTING").await;
        self.drive().await;
        let mut waiting = self.row("declined").await;
        waiting.remove("ArmAfter");
        self.say_payment("declined", "SUBMITTED").await;
        self.put(waiting).await;
        self.drive().await;
        self.say_payment("declined", "DECLINED").await;
        // It is sent again, and then paid with all that a client can say of it.
        self.invoke("IngestFunction", api("PUT", "/order/{CustomerOrder}/card", "declined", &card())).await;
        self.drive().await;
        if self.is_denied() {
            return;
        }
        let bill = json!({"CustomerOrder": "declined", "Amount": 1999, "Currency": "EUR"});
        let mut keyed = api("POST", "/paybill", "declined", &bill);
        keyed["headers"]["idempotency-key"] = "again".into();
        // Only a merchant says how much.
        keyed["requestContext"]["authorizer"]["claims"]["cognito:groups"] = "billing".into();
        self.invoke("PaybillFunction", keyed).await;
        self.invoke("ForgetFunction", forgetting("declined")).await;
        // A put that arrives after its order crossed: dropped.
        self.put(late).await;
        // A row that no worker can read: parked, once nobody is seen to have forgotten it. One that time removes with
        // its card: told.
        self.put(row("broken", "PENDING", &[("Attempt", n(1)), ("Owner", s("ann"))])).await;
        self.put(row("removed", "FAILED", &[("ExpiresAt", n(1)), ("SealedCard", b())])).await;
        self.stack.aws().sweep_ttl().unwrap();
        self.drive().await;
        if self.is_denied() {
            return;
        }
        // Nobody takes it up in time: its position goes to the queue, and the sweep, which suspects it, arms it again.
        self.invoke("IngestFunction", order("stuck", "4111111111111111")).await;
        let mut stuck = self.row("stuck").await;
        stuck.insert("Suspected".into(), n(1));
        self.put(stuck).await;
        self.time.advance(Duration::from_secs(2 * 60 * 60));
        self.drive().await;
        let armed_at = ("ArmedAt", s("2020-01-01T00:00:00.000Z"));
        self.put(row("worn", "PENDING", &[("Attempt", n(99)), armed_at, ("Owner", s("ann"))])).await;
        self.put(row("overdue", "PENDING", &[("Attempt", n(1)), ("Deadline", n(1)), ("SealedCard", b())]))
            .await;
        self.invoke("ReplayFunction", json!({"action": "sweep"})).await;
        self.drive().await;
        if self.is_denied() {
            return;
        }
        self.invoke("ForgetFunction", forgetting("worn")).await;
        let sqs = self.sqs("operator");
        sqs.send_message().queue_url(&self.queue).message_body("of nobody's").send().await.unwrap();
        self.invoke("ReplayFunction", json!({"action": "replay", "order": "broken"})).await;
        self.invoke("ReplayFunction", json!({"action": "replay"})).await;
        let import_key =
            self.stack.declared.function("ImportFunction").unwrap().environment["IMPORT_KEY_ARN"].clone();
        let others = [self.card_key_key(), PREVIOUS_KEY.to_owned(), import_key];
        for key in self.keys().into_iter().chain(others) {
            drop(self.kms("operator").describe_key().key_id(key).send().await);
        }
        self.write_what_profiles_write("paid").await;
        // A card from before the vault's key was replaced is charged, and then moved to the present key.
        self.tokenize_as_before("old").await;
        self.invoke("PaybillFunction", payment("old")).await;
        self.invoke("RewrapFunction", json!({"action": "rewrap"})).await;
        self.import().await;
        self.make_and_use_a_card_key().await;
        self.drive().await;
        self.operate("paid").await;
        self.drive().await;
    }

    /// A key pair is made, its public half served, a card under it ordered with and opened; and an old one loses its halves.
    async fn make_and_use_a_card_key(&mut self) {
        let old = HashMap::from([
            ("Kid".to_owned(), s("0a0b0c0d-0e0f-5a0b-8c0d-0e0f0a0b0c0d")),
            ("AcceptedUntil".to_owned(), n(1)),
            ("OpenedUntil".to_owned(), n(2)),
        ]);
        let put = self.dynamodb("operator").put_item().table_name(CARD_KEYS).set_item(Some(old));
        put.send().await.unwrap();
        self.invoke("CardKeyMakerFunction", json!({})).await;
        self.invoke("CardKeysFunction", api("GET", "/card-keys", "", &json!(null))).await;
        if self.is_denied() {
            return;
        }
        let answer = self.ask("CardKeysFunction", api("GET", "/card-keys", "", &json!(null))).await;
        let keys: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        let key = CardPublicKey::from_jwk(&keys["keys"][0].to_string()).unwrap();
        let card = Card { pan: Pan::parse("4111111111111111").unwrap(), expiry: None };
        let issue = CardIssue { order: "encrypted", owner: "ann", issued_at: self.time.now() };
        let mut body = json!({"CustomerOrder": "encrypted", "CustomerName": "Ann", "Address": "Las Vegas"});
        body["EncryptedCard"] = key.encrypt(&card, &issue).unwrap().into();
        self.invoke("IngestFunction", api("POST", "/order", "encrypted", &body)).await;
        self.drive().await;
    }

    /// What the operator's commands ask, with the rights of the template's policies for operators.
    async fn operate(&self, id: &str) {
        let Ok(access) = StackAccess::open(Place::Up { aws_url: self.stack.aws_url() }).await else { return };
        let (now, order) = (Timestamp::from(self.time.now()), OrderId::accept(id).unwrap());
        drop(read_status(&access, None, now, &|_, _| {}).await);
        drop(examine(&access, now).await);
        let config = access.config(Right::Read);
        drop(Upkeep::new(&config, QUARANTINE.to_owned()).row(id).await);
        drop(OrderTable::new(&config, ORDERS.to_owned()).overview(&order).await);
        let audit = AuditTrail::new(&config, AUDIT.to_owned());
        for principal in [None, Some("ann".to_owned())] {
            let selection =
                AuditSelection { principal, order: Some(order.clone()), ..AuditSelection::default() };
            drop(audit.page(&selection, None).await);
        }
        if let Ok(sources) = AuditSources::of(&access) {
            drop(verify_audit(&sources, Openings::default(), 1_000, &mut |_| Ok(())).await);
        }
        drop(self.while_time_passes(run_sweep(&access, true)).await);
        // Looked at, put back, and put again.
        for dry_run in [true, false] {
            let selection = EventSelection { dry_run, ..EventSelection::default() };
            drop(self.while_time_passes(replay_events(&access, &selection)).await);
        }
        let count = rewrap::Request {
            action: rewrap::Action::Count,
            cursor: None,
            limit: None,
            rate: None,
            all: false,
        };
        drop(self.while_time_passes(run_rewrap(&access, &count)).await);
        let charged = FoundOut::Charged(ProcessorReference::accept("ch_1").unwrap());
        for found in [charged, FoundOut::NotCharged] {
            self.say_payment(id, "UNKNOWN").await;
            if let Ok(seen) = payment_to_settle(&access, &order).await {
                drop(settle(&access, &order, &seen, &found, now).await);
            }
        }
    }

    /// What paybill writes only under profiles that require an expiry date, or that tell hard declines: by its own
    /// code and with its own rights, for this walk's processor speaks another format.
    async fn write_what_profiles_write(&self, id: &str) {
        let (config, order) =
            (functions::sdk_config(&self.stack.aws_url(), "PaybillRole"), OrderId::accept(id).unwrap());
        let orders = OrderTable::new(&config, ORDERS.to_owned());
        let Ok(Some((clean, payments))) = orders.with_payments(&order).await else { return };
        let now = Timestamp::from(self.time.now());
        let claim = Claim {
            id: Uuid::new_v4(),
            until: now.after(Duration::from_secs(60)),
            payment: Uuid::new_v4(),
            amount: None,
            started_at: now,
            route: PaymentRoute {
                profile: "mine".to_owned(),
                digest: "digest".to_owned(),
                origin: "https://pay.example/".to_owned(),
                account: String::new(),
            },
            payer: Payer::Owner,
            key: None,
            seen: payments.current.clone(),
        };
        let decline = Settlement {
            kind: DeclineKind::Hard,
            ..Settlement::of(order::Outcome::Declined(DeclineCode::of("stolen_card")))
        };
        assert_eq!(orders.claim_payment(&clean, &payments, &claim).await, Ok(Written::Done));
        assert_eq!(orders.release_claim(&order, &claim, Some(false)).await, Ok(Written::Done));
        assert_eq!(orders.claim_payment(&clean, &payments, &claim).await, Ok(Written::Done));
        assert_eq!(orders.record_outcome(&clean, &claim, &decline, now).await, Ok(Written::Done));
    }

    /// Says that the payment of an order stands elsewhere.
    async fn say_payment(&self, order: &str, status: &str) {
        let update =
            self.dynamodb("operator").update_item().table_name(ORDERS).key("CustomerOrder", s(order));
        let update = match status {
            "SUBMITTING" => update
                .update_expression("SET PaymentStatus = :status, ClaimedUntil = :until")
                .expression_attribute_values(":until", s("2026-01-02T03:04:05.006Z")),
            _ => update.update_expression("SET PaymentStatus = :status REMOVE ClaimedUntil"),
        };
        let update = update.condition_expression("attribute_exists(CustomerOrder)");
        drop(update.expression_attribute_values(":status", s(status)).send().await);
    }

    async fn row(&self, order: &str) -> HashMap<String, AttributeValue> {
        let read = self.dynamodb("operator").get_item().table_name(QUARANTINE).key("CustomerOrder", s(order));
        read.send().await.unwrap().item.unwrap_or_default()
    }

    /// An operator puts a row as it is.
    async fn put(&self, row: HashMap<String, AttributeValue>) {
        if !row.is_empty() {
            let put = self.dynamodb("operator").put_item().table_name(QUARANTINE).set_item(Some(row));
            put.send().await.unwrap();
        }
    }
}

/// The bus refuses a first event of this role, which so goes to the queue.
fn refuse_an_event_of(role: &str) -> FaultRule {
    FaultRule {
        role: Some(role.to_owned()),
        service: Some(Service::EventBridge),
        operation: Some("PutEvents".to_owned()),
        kind: FaultKind::EntriesRefused,
        when: When::First(1),
    }
}

/// What API Gateway would hand on of Ann's request.
fn api(method: &str, resource: &str, order: &str, body: &Value) -> Value {
    json!({
        "httpMethod": method, "resource": resource, "path": resource, "headers": {"content-type": "application/json"},
        "multiValueHeaders": {"content-type": ["application/json"]},
        "queryStringParameters": null, "pathParameters": {"CustomerOrder": order}, "isBase64Encoded": false,
        "body": (!body.is_null()).then(|| body.to_string()),
        "requestContext": {"httpMethod": method, "resourcePath": resource, "path": resource, "stage": "dev",
            "authorizer": {"claims": {"token_use": "id", "aud": card_airlock::deployment::USER_POOL_CLIENT_ID, "sub": "ann"}}},
    })
}

pub(super) fn order(id: &str, card: &str) -> Value {
    let body =
        json!({"CustomerOrder": id, "CustomerName": "Ann", "CreditCard": card, "Address": "Las Vegas"});
    api("POST", "/order", id, &body)
}

fn card() -> Value {
    json!({"CreditCard": "4111111111111111"})
}

fn payment(id: &str) -> Value {
    api("POST", "/paybill", id, &json!({"CustomerOrder": id}))
}

fn forgetting(id: &str) -> Value {
    api("DELETE", "/order/{CustomerOrder}/card", id, &json!(null))
}

fn row(order: &str, status: &str, more: &[(&str, AttributeValue)]) -> HashMap<String, AttributeValue> {
    let id = s("550e8400-e29b-41d4-a716-446655440000");
    let row = [("CustomerOrder", s(order)), ("Status", s(status)), ("AcceptanceId", id)];
    row.into_iter().chain(more.iter().cloned()).map(|(name, value)| (name.to_owned(), value)).collect()
}
