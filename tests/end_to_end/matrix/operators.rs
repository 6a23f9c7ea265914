//! What fails, and what schedule and operator do about it.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock_event_source::{Did, Outcome};
use card_airlock_services::{FaultKind, When};
use serde_json::{Value, json};

use super::{
    faults::{ADA, End, Stage},
    steps::{accepted, alter, replay, row, stuck, sweep, tokenized},
};
use crate::simulation::{
    at_rest::text,
    world::{LATER, WORKER, World},
};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A sealed card is altered and found out.
pub(super) struct Parking;

impl Stage for Parking {
    async fn begin(&self, world: &mut World, order: &str) {
        stuck(world, order).await;
        alter(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        world.settle().await;
        assert_eq!(row(world, order).await["FailureReason"].as_s().unwrap(), "ENVELOPE_REFUSED");
        // Altering it again puts it right; who replays it is the operator of the recovery.
        alter(world, order).await;
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}

/// The operator replays what was parked and put right.
pub(super) struct Replaying {
    /// That order alone, after a look at what would be done; or all there is.
    pub(super) alone: bool,
}

impl Stage for Replaying {
    async fn begin(&self, world: &mut World, order: &str) {
        Parking.begin(world, order).await;
        Parking.go(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        if self.alone {
            replay(world, json!({ "order": order, "dryRun": true })).await;
            replay(world, json!({ "order": order })).await;
        } else {
            replay(world, json!({})).await;
        }
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}

/// A customer sends a parked order again.
pub(super) struct Renewing;

impl Stage for Renewing {
    async fn begin(&self, world: &mut World, order: &str) {
        stuck(world, order).await;
        alter(world, order).await;
        world.settle().await;
        assert_eq!(world.status(order, ADA).await.text("Status"), "FAILED");
        world.advance(LATER);
    }

    async fn go(&self, world: &mut World, order: &str) {
        accepted(world, order).await;
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}

/// KMS is down for all of the mapping's retries.
pub(super) struct GivingUp;

impl Stage for GivingUp {
    async fn begin(&self, world: &mut World, order: &str) {
        accepted(world, order).await;
        world.fault(WORKER, Some("Decrypt"), FaultKind::InternalError, When::Always);
        for _ in 0..100 {
            if matches!(world.step().await.did, Did::Invoked { outcome: Outcome::Exhausted, .. }) {
                break;
            }
            world.advance(Duration::from_secs(1));
        }
        world.faults().clear();
    }

    async fn go(&self, world: &mut World, _: &str) {
        world.settle().await;
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}

pub(super) struct Rearming;

impl Stage for Rearming {
    async fn begin(&self, world: &mut World, order: &str) {
        stuck(world, order).await;
        world.advance(LATER);
    }

    async fn go(&self, world: &mut World, _: &str) {
        sweep(world).await;
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}

/// A row without Status, which no filter lets through, is parked by the sweep and replayed.
pub(super) struct SweptMalformed;

impl Stage for SweptMalformed {
    async fn begin(&self, world: &mut World, order: &str) {
        stuck(world, order).await;
        let mut malformed = row(world, order).await;
        malformed.remove("Status");
        world.put_quarantined(malformed).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        sweep(world).await;
        assert_eq!(row(world, order).await["FailureReason"].as_s().unwrap(), "MALFORMED");
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}

pub(super) struct OutOfAttempts;

impl Stage for OutOfAttempts {
    async fn begin(&self, world: &mut World, order: &str) {
        stuck(world, order).await;
        let mut tired = row(world, order).await;
        let two_days_ago = humantime::format_rfc3339_millis(world.now() - 48 * HOUR).to_string();
        tired.insert("FirstArmedAt".into(), AttributeValue::S(two_days_ago));
        world.fault(WORKER, Some("Decrypt"), FaultKind::InternalError, When::Always);
        world.put_quarantined(tired).await;
        world.settle().await;
        world.faults().clear();
        world.advance(LATER);
    }

    async fn go(&self, world: &mut World, order: &str) {
        sweep(world).await;
        assert_eq!(row(world, order).await["FailureReason"].as_s().unwrap(), "ATTEMPTS_EXHAUSTED");
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}

/// Beyond its deadline an order expires, and an image of it from before changes nothing.
pub(super) struct Expiring;

impl Stage for Expiring {
    async fn begin(&self, world: &mut World, order: &str) {
        accepted(world, order).await;
        world.archive();
        world.advance(73 * HOUR);
    }

    async fn go(&self, world: &mut World, order: &str) {
        sweep(world).await;
        let is_its = |record: &&Value| text(&record["dynamodb"]["NewImage"], "CustomerOrder") == order;
        let first = world.records.iter().find(is_its).cloned();
        world.deliver(&first.into_iter().collect::<Vec<_>>()).await.expect("the worker failed");
    }

    fn end(&self) -> End {
        End::Expired
    }
}

/// Nobody swept: the net under the deadline.
pub(super) struct RemovedByTtl;

impl Stage for RemovedByTtl {
    async fn begin(&self, world: &mut World, order: &str) {
        stuck(world, order).await;
        world.advance(11 * 24 * HOUR);
        assert_eq!(world.stack.aws().sweep_ttl().unwrap(), 1);
    }

    async fn go(&self, world: &mut World, _: &str) {
        world.settle().await;
    }

    fn end(&self) -> End {
        End::Mourned
    }
}

/// A dead letter of an order that got across all the same.
pub(super) struct LetterOfATokenized;

impl Stage for LetterOfATokenized {
    async fn begin(&self, world: &mut World, order: &str) {
        tokenized(world, order).await;
        let letter = json!({ "Kind": "PARKED", "CustomerOrder": order, "At": "2026-11-21T18:59:33.120Z" });
        let url = &world.stack.declared.outputs["DeadLetterQueueUrl"].value;
        world.sqs.send_message().queue_url(url).message_body(letter.to_string()).send().await.unwrap();
    }

    async fn go(&self, world: &mut World, _: &str) {
        replay(world, json!({})).await;
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}
