//! What of the queues outlives the process. A message is one value, so that a change of one does not write all.

use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use winterbaume_sqs::{
    SqsState,
    state::QueueState,
    types::{Message, MessageAttribute},
    views::QueueStateView,
};

use crate::keep::{Changes, KeepError, Mirror, Part, Store};

/// The queues' settings and their messages, as they were written last.
pub(super) struct KeptQueues {
    queues: Mirror,
    messages: Part,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    /// The number of the latest message, by which they keep their order.
    number: u64,
    /// By queue and message id.
    messages: HashMap<String, HashMap<String, Place>>,
}

/// Where a message is written, and in which state.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    number: u64,
    state: State,
}

/// All of a message that changes: how often it was received, from when it can be received again.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    received: u32,
    visible_at: i64,
}

/// A message as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct KeptMessage {
    queue: String,
    id: String,
    body: String,
    body_md5: String,
    receipt: Option<String>,
    receipts: Vec<String>,
    sender: String,
    /// In milliseconds since 1970, as all times here.
    sent: i64,
    first_received: Option<i64>,
    received: u32,
    visible_at: i64,
    attributes: BTreeMap<String, KeptAttribute>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct KeptAttribute {
    data_type: String,
    text: Option<String>,
    bytes: Option<Vec<u8>>,
}

impl KeptQueues {
    pub(super) fn open(store: &Store) -> Result<(Self, SqsState), KeepError> {
        let (queues, views) = Mirror::open::<QueueStateView>(store.part("sqs.queues"))?;
        let messages = store.part("sqs.messages");
        let queues_of_before = views.into_iter().map(|(name, view)| (name, QueueState::from(view)));
        let mut state = SqsState { queues: queues_of_before.collect(), ..SqsState::default() };
        let mut written = Written::default();
        // The keys have the order in which the messages were sent.
        for (key, message) in messages.all::<KeptMessage>()? {
            let Some(queue) = state.queues.get_mut(&message.queue) else { continue };
            let number = key.parse().unwrap_or_default();
            written.number = written.number.max(number);
            let place = Place { number, state: State::of_kept(&message) };
            written.messages.entry(message.queue.clone()).or_default().insert(message.id.clone(), place);
            queue.messages.push(Message::from(message));
        }
        Ok((Self { queues, messages, written: Mutex::new(written) }, state))
    }

    /// Writes what differs in the state from what was written.
    pub(super) fn follow(&self, state: &SqsState) {
        if !self.messages.keeps() {
            return;
        }
        self.queues
            .show(|| state.queues.iter().map(|(name, queue)| (name, QueueStateView::from(queue))).collect());
        let mut written = self.written.lock();
        let Written { number, messages } = &mut *written;
        let mut before = std::mem::take(messages);
        let mut changes = Changes::default();
        for (name, queue) in &state.queues {
            let mut of_queue = before.remove(name).unwrap_or_default();
            let now = messages.entry(name.clone()).or_default();
            for message in &queue.messages {
                let place = of_queue.remove(&message.message_id);
                let state = State::of(message);
                let numbered = place.map_or_else(
                    || {
                        *number += 1;
                        *number
                    },
                    |place| place.number,
                );
                if place.is_none_or(|place| place.state != state) {
                    changes.put(&key(numbered), &KeptMessage::of(name, message));
                }
                now.insert(message.message_id.clone(), Place { number: numbered, state });
            }
            before.insert(name.clone(), of_queue);
        }
        for place in before.values().flat_map(HashMap::values) {
            changes.remove(&key(place.number));
        }
        self.messages.write(changes);
    }
}

fn key(number: u64) -> String {
    format!("{number:020}")
}

impl State {
    fn of(message: &Message) -> Self {
        Self { received: message.approximate_receive_count, visible_at: message.visible_at }
    }

    fn of_kept(message: &KeptMessage) -> Self {
        Self { received: message.received, visible_at: message.visible_at }
    }
}

impl KeptMessage {
    fn of(queue: &str, message: &Message) -> Self {
        let message = message.clone();
        let attributes = message.message_attributes.into_iter().map(|(name, attribute)| {
            let MessageAttribute { data_type, string_value: text, binary_value: bytes } = attribute;
            (name, KeptAttribute { data_type, text, bytes })
        });
        Self {
            queue: queue.to_owned(),
            id: message.message_id,
            body: message.body,
            body_md5: message.body_md5,
            receipt: message.receipt_handle,
            receipts: message.all_receipt_handles,
            sender: message.sender_id,
            sent: message.sent_timestamp,
            first_received: message.approximate_first_receive_timestamp,
            received: message.approximate_receive_count,
            visible_at: message.visible_at,
            attributes: attributes.collect(),
        }
    }
}

impl From<KeptMessage> for Message {
    fn from(kept: KeptMessage) -> Self {
        let attributes = kept.attributes.into_iter().map(|(name, attribute)| {
            let KeptAttribute { data_type, text, bytes } = attribute;
            (name, MessageAttribute { data_type, string_value: text, binary_value: bytes })
        });
        Self {
            message_id: kept.id,
            body: kept.body,
            body_md5: kept.body_md5,
            receipt_handle: kept.receipt,
            all_receipt_handles: kept.receipts,
            sender_id: kept.sender,
            sent_timestamp: kept.sent,
            approximate_first_receive_timestamp: kept.first_received,
            approximate_receive_count: kept.received,
            visible_at: kept.visible_at,
            message_attributes: attributes.collect(),
        }
    }
}
