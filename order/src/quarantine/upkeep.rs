//! The upkeep of the quarantine: every row listed without its card, re-armed, parked or expired. Each write is
//! conditional on the row as read: if another writer was first, its write stays, and that is success.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::{
    recovery::{Pending, Progress},
    table::QuarantineTable,
};
use crate::{
    attributes::{Access, List, QUARANTINE},
    failure_reason::FailureReason,
    order_id::OrderId,
    owner::Owner,
    row_version::{Condition, RowVersion},
    status::QuarantineStatus,
    table_error::{TableError, Written, classify, conditional},
    timestamp::Timestamp,
};

/// What the upkeep reads of a row. Each part that is missing or unreadable is `None`: such a row is listed too.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRow {
    /// The key as stored.
    pub key: AttributeValue,
    /// The row's version, for the write that follows.
    pub version: RowVersion,
    /// The key as an order id.
    pub order: Option<OrderId>,
    /// Who placed the order.
    pub owner: Option<Owner>,
    pub acceptance: Option<Uuid>,
    /// Its status.
    pub status: Option<QuarantineStatus>,
    /// Why it failed.
    pub reason: Option<FailureReason>,
    /// How often it was armed.
    pub attempt: Option<u32>,
    /// When the order was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it was armed last.
    pub armed_at: Option<Timestamp>,
    /// When it was armed first, or first since an operator replayed it. A row that was armed once has none.
    pub first_armed_at: Option<Timestamp>,
    /// Before this time it is not armed: it waits for a payment. A time that cannot be read counts as over.
    pub arm_after: Option<Timestamp>,
    /// How often the sweep took it up.
    pub taken_up: u32,
    /// The orders that the sweep watched when it took the row up last: up to three.
    pub beside: Vec<String>,
    /// How often in succession the sweep took it up as the only row.
    pub alone: u32,
    /// How often it was suspected of crashing the worker.
    pub suspected: u32,
    /// When it expires, in epoch seconds.
    pub deadline: Option<u64>,
}

/// Why a row is armed again, and what is stored about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arming<'a> {
    /// An operator replays it: its 48 hours start again.
    Replayed,
    /// The payment that it waited for should be over: its 48 hours start again.
    Waited,
    /// It is lost: the stream and the queue no longer have it.
    Lost,
    /// Lambda gave it up, and the sweep takes it up.
    TakenUp {
        /// The orders that the sweep watches beside it, three at most. None: it is taken up alone.
        beside: &'a [String],
        /// How often it was suspected of crashing the worker, with this time.
        suspected: u32,
    },
}

/// Lists and repairs rows. It reads no sealed card.
#[derive(Debug, Clone)]
pub struct Upkeep(QuarantineTable);

/// One page of the listing.
#[derive(Debug)]
pub struct KeptPage {
    /// The rows of the page.
    pub rows: Vec<KeptRow>,
    /// Where the next page begins; none: this was the last.
    pub next: Option<HashMap<String, AttributeValue>>,
}

impl Upkeep {
    /// For the quarantine table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, name: String) -> Self {
        Self(QuarantineTable::new(config, name))
    }

    /// A page of all rows, read consistently, without their cards.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn page(&self, from: Option<HashMap<String, AttributeValue>>) -> Result<KeptPage, TableError> {
        let List { expression, placeholders } = QUARANTINE.list(Access::ReadForUpkeep);
        let reply = self
            .0
            .dynamodb
            .scan()
            .table_name(&self.0.name)
            .consistent_read(true)
            .projection_expression(expression)
            .set_expression_attribute_names(Some(placeholders))
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|error| classify("Scan quarantine", &error))?;
        let rows = reply.items.unwrap_or_default().iter().filter_map(KeptRow::of).collect();
        Ok(KeptPage { rows, next: reply.last_evaluated_key })
    }

    /// One row, read consistently, without its card.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn row(&self, order: &str) -> Result<Option<KeptRow>, TableError> {
        let read = self.0.read(order, Access::ReadForUpkeep);
        let reply = read.send().await.map_err(|error| classify("GetItem quarantine", &error))?;
        Ok(reply.item.as_ref().and_then(KeptRow::of))
    }

    /// Re-arms a row: PENDING, one attempt more, armed now. The MODIFY on the stream brings it to the worker.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn rearm(
        &self,
        row: &KeptRow,
        arming: Arming<'_>,
        now: Timestamp,
    ) -> Result<Written, TableError> {
        let first = match arming {
            Arming::Replayed | Arming::Waited => now,
            Arming::Lost | Arming::TakenUp { .. } => row.first_armed_at().unwrap_or(now),
        };
        let number = |count: u32| AttributeValue::N(count.to_string());
        let mut set = vec![
            ("#status", ":pending", AttributeValue::S(QuarantineStatus::Pending.word().into())),
            ("Attempt", ":attempt", number(row.attempt.unwrap_or(0).saturating_add(1))),
            ("ArmedAt", ":now", AttributeValue::S(now.to_string())),
            ("FirstArmedAt", ":first", AttributeValue::S(first.to_string())),
        ];
        let mut remove = vec!["FailureReason", "ArmAfter"];
        match arming {
            Arming::Replayed | Arming::Waited | Arming::Lost => {
                remove.extend(["TakenUpBeside", "TakenUpAlone"]);
            }
            Arming::TakenUp { beside, suspected } => {
                set.push(("TakenUp", ":taken_up", number(row.taken_up.saturating_add(1))));
                if suspected > 0 {
                    set.push(("Suspected", ":suspected", number(suspected)));
                }
                if beside.is_empty() {
                    set.push(("TakenUpAlone", ":alone", number(row.alone.saturating_add(1))));
                    remove.push("TakenUpBeside");
                } else {
                    set.push(("TakenUpBeside", ":beside", AttributeValue::Ss(beside.to_vec())));
                    remove.push("TakenUpAlone");
                }
            }
        }
        let assignments: Vec<_> = set.iter().map(|(name, value, _)| format!("{name} = {value}")).collect();
        let change = format!("SET {} REMOVE {}", assignments.join(", "), remove.join(", "));
        let values = set.into_iter().map(|(_, name, value)| (name, value)).collect();
        self.update(row, &change, values, &[("#status", "Status")]).await
    }

    /// Parks a row: FAILED, with the reason.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn park(&self, row: &KeptRow, reason: FailureReason) -> Result<Written, TableError> {
        self.0.park(row.key.clone(), &row.version, reason).await
    }

    /// Expires a row: its status is EXPIRED, and its card, its data key and the customer's details are removed.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn expire(&self, row: &KeptRow) -> Result<Written, TableError> {
        self.0.expire(row.key.clone(), &row.version, None).await
    }

    /// Expires a row because its order's card was forgotten.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn forget(&self, row: &KeptRow) -> Result<Written, TableError> {
        self.0.expire(row.key.clone(), &row.version, Some(FailureReason::Forgotten)).await
    }

    /// Ends a card that waited for a payment until its own deadline.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn end_replacement(&self, row: &KeptRow) -> Result<Written, TableError> {
        self.0.end_replacement(row.key.clone(), &row.version).await
    }

    /// Changes nothing of a row but its `TakenUp`. The MODIFY on the stream brings it to the worker, which sends the
    /// event of a row that failed or expired.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn have_event_sent_again(&self, row: &KeptRow) -> Result<Written, TableError> {
        let taken_up = AttributeValue::N(row.taken_up.saturating_add(1).to_string());
        self.update(row, "SET TakenUp = :taken_up", vec![(":taken_up", taken_up)], &[]).await
    }

    async fn update(
        &self,
        row: &KeptRow,
        change: &str,
        values: Vec<(&str, AttributeValue)>,
        more_names: &[(&str, &str)],
    ) -> Result<Written, TableError> {
        let Condition { expression, mut names, values: seen } = row.version.unchanged();
        names.extend(more_names.iter().map(|(short, name)| ((*short).to_owned(), (*name).to_owned())));
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(seen).collect();
        let reply = self
            .0
            .dynamodb
            .update_item()
            .table_name(&self.0.name)
            .key("CustomerOrder", row.key.clone())
            .update_expression(change)
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .send()
            .await;
        conditional("UpdateItem quarantine", reply)
    }
}

impl KeptRow {
    /// When it was armed first. A row of an earlier release that was armed several times has only the time of the last arming.
    #[must_use]
    pub fn first_armed_at(&self) -> Option<Timestamp> {
        self.first_armed_at.or(self.armed_at)
    }

    /// The attributes that each row needs and this one lacks, or has in a form that nobody can read; of those that are read
    /// here. The sealed card, the customer's details and what is shown of the card are not.
    #[must_use]
    pub fn lacking(&self) -> Vec<&'static str> {
        let needed = [
            ("Owner", self.owner.is_some()),
            ("AcceptanceId", self.acceptance.is_some()),
            ("AcceptedAt", self.accepted_at.is_some()),
            ("ArmedAt", self.armed_at.is_some()),
            ("Status", self.status.is_some()),
            ("Attempt", self.attempt.is_some()),
            ("Deadline", self.deadline.is_some()),
        ];
        needed.into_iter().filter(|(_, is_there)| !is_there).map(|(name, _)| name).collect()
    }

    /// Whether it failed for good, and its card was removed: nothing is lost, and no replay can start it again.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.status == Some(QuarantineStatus::Failed)
            && self.reason.is_some_and(|reason| !reason.is_replayable())
    }

    /// Where a PENDING row is, as far as the row itself tells.
    #[must_use]
    pub fn progress(&self, now: Timestamp) -> Progress {
        Pending::new(self.armed_at, self.arm_after, self.suspected).progress(now)
    }

    fn of(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok());
        let number = |name| item.get(name).and_then(|value| value.as_n().ok());
        let count = |name| number(name).and_then(|n| n.parse().ok()).unwrap_or(0);
        let time = |name| text(name).and_then(|time: &String| time.parse().ok());
        let arm_after = item.contains_key("ArmAfter").then(|| time("ArmAfter"));
        let beside = item.get("TakenUpBeside").and_then(|value| value.as_ss().ok());
        Some(Self {
            key: item.get("CustomerOrder")?.clone(),
            version: RowVersion::of(item),
            order: text("CustomerOrder").and_then(OrderId::stored),
            owner: text("Owner").and_then(|owner| owner.parse().ok()),
            acceptance: text("AcceptanceId").and_then(|id| id.parse().ok()),
            status: text("Status").and_then(|word| QuarantineStatus::of_word(word)),
            reason: text("FailureReason").and_then(|code| FailureReason::of_code(code)),
            attempt: number("Attempt").and_then(|n| n.parse().ok()),
            accepted_at: time("AcceptedAt"),
            armed_at: time("ArmedAt"),
            first_armed_at: time("FirstArmedAt"),
            arm_after: arm_after.map(|time| time.unwrap_or_else(|| Timestamp::of_epoch_seconds(0))),
            taken_up: count("TakenUp"),
            beside: beside.cloned().unwrap_or_default(),
            alone: count("TakenUpAlone"),
            suspected: count("Suspected"),
            deadline: number("Deadline").and_then(|n| n.parse().ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> HashMap<String, AttributeValue> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |number: u64| AttributeValue::N(number.to_string());
        let at = "2026-11-21T18:59:33.120Z";
        [
            ("CustomerOrder", text("A-1")),
            ("Owner", text("ann")),
            ("AcceptanceId", text("550e8400-e29b-41d4-a716-446655440000")),
            ("AcceptedAt", text(at)),
            ("ArmedAt", text(at)),
            ("Status", text("FAILED")),
            ("Attempt", number(1)),
            ("Deadline", number(1)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    #[test]
    fn what_a_row_lacks_or_has_in_another_form_is_named() {
        assert_eq!(KeptRow::of(&row()).unwrap().lacking(), [""; 0]);
        for name in row().keys().filter(|name| *name != "CustomerOrder") {
            let (mut without, mut other) = (row(), row());
            without.remove(name);
            other.insert(name.clone(), AttributeValue::Bool(true));
            for row in [without, other] {
                assert_eq!(KeptRow::of(&row).unwrap().lacking(), [name]);
            }
        }
    }
}
