//! The queues and messages, by winterbaume's own rules, kept beyond the process.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::UNIX_EPOCH};

use clock::Clock;
use parking_lot::Mutex;
use winterbaume_sqs::{
    SendMessageOutput, SqsBackend, SqsState, SqsStateView, StateViewError,
    state::SqsError,
    types::{Message, MessageAttribute, MessageMoveTask, Queue},
};

use super::{kept::KeptQueues, waiting::Waiting};
use crate::keep::{KeepError, Store};

type Ready<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The state of SQS. After each change, what differs is written.
pub(super) struct Queues {
    state: Mutex<SqsState>,
    kept: KeptQueues,
    clock: Clock,
}

impl Queues {
    /// With the queues that are kept, and their messages in the order in which they were sent.
    pub(super) fn open(store: &Store, clock: Clock) -> Result<Arc<Self>, KeepError> {
        let (kept, state) = KeptQueues::open(store)?;
        Ok(Arc::new(Self { state: Mutex::new(state), kept, clock }))
    }

    pub(super) fn waiting(&self) -> Vec<Waiting> {
        Waiting::all(&self.state.lock())
    }

    fn change<T: Send + 'static>(&self, act: impl FnOnce(&mut SqsState) -> T) -> Ready<T> {
        let mut state = self.state.lock();
        let done = act(&mut state);
        self.kept.follow(&state);
        ready(done)
    }

    fn look<T: Send + 'static>(&self, at: impl FnOnce(&SqsState) -> T) -> Ready<T> {
        ready(at(&self.state.lock()))
    }
}

fn ready<T: Send + 'static>(value: T) -> Ready<T> {
    Box::pin(std::future::ready(value))
}

/// There is one account in one region: nothing is parted by them.
impl SqsBackend for Queues {
    fn create_queue(
        &self,
        account_id: String,
        region: String,
        name: String,
        attributes: HashMap<String, String>,
        tags: Option<HashMap<String, String>>,
    ) -> Ready<Result<Queue, SqsError>> {
        self.change(|state| {
            state.create_queue(&name, &region, &account_id, &attributes, tags.as_ref()).cloned()
        })
    }

    fn delete_queue(&self, _: String, _: String, queue: String) -> Ready<Result<(), SqsError>> {
        self.change(|state| state.delete_queue(&queue))
    }

    fn get_queue_url(&self, _: String, _: String, queue: String) -> Ready<Result<String, SqsError>> {
        self.look(|state| state.get_queue_url(&queue).map(str::to_owned))
    }

    fn get_queue_attributes(
        &self,
        _: String,
        _: String,
        queue: String,
    ) -> Ready<Result<HashMap<String, String>, SqsError>> {
        self.look(|state| state.get_queue_attributes(&queue))
    }

    fn set_queue_attributes(
        &self,
        _: String,
        _: String,
        queue: String,
        attributes: HashMap<String, String>,
    ) -> Ready<Result<(), SqsError>> {
        self.change(|state| state.set_queue_attributes(&queue, &attributes))
    }

    fn list_queues(
        &self,
        _: String,
        _: String,
        prefix: Option<String>,
    ) -> Ready<Result<Vec<Queue>, SqsError>> {
        self.look(|state| Ok(state.list_queues(prefix.as_deref()).into_iter().cloned().collect()))
    }

    fn send_message(
        &self,
        _: String,
        _: String,
        queue: String,
        body: String,
        delay_seconds: Option<u32>,
        attributes: HashMap<String, MessageAttribute>,
        group: Option<String>,
        deduplication: Option<String>,
    ) -> Ready<Result<SendMessageOutput, SqsError>> {
        let now = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        self.change(|state| {
            let (group, deduplication) = (group.as_deref(), deduplication.as_deref());
            let sent = state.send_message(&queue, &body, delay_seconds, attributes, group, deduplication)?;
            // Its own time is the machine's. What was sent before is not sent again.
            let messages = state.queues.get_mut(&queue).map(|queue| queue.messages.iter_mut());
            let last = messages.and_then(|mut messages| messages.next_back());
            if let Some(message) = last.filter(|message| message.message_id == sent.message_id) {
                message.sent_timestamp = now.try_into().unwrap_or(i64::MAX);
            }
            Ok(SendMessageOutput { message_id: sent.message_id, body_md5: sent.body_md5 })
        })
    }

    fn receive_messages(
        &self,
        _: String,
        _: String,
        queue: String,
        max: usize,
        visibility_timeout: Option<u32>,
    ) -> Ready<Result<Vec<Message>, SqsError>> {
        self.change(|state| state.receive_message(&queue, max, visibility_timeout))
    }

    fn delete_message(
        &self,
        _: String,
        _: String,
        queue: String,
        receipt: String,
    ) -> Ready<Result<(), SqsError>> {
        self.change(|state| state.delete_message(&queue, &receipt))
    }

    fn purge_queue(&self, _: String, _: String, queue: String) -> Ready<Result<(), SqsError>> {
        self.change(|state| state.purge_queue(&queue))
    }

    fn change_message_visibility(
        &self,
        _: String,
        _: String,
        queue: String,
        receipt: String,
        visibility_timeout: u32,
    ) -> Ready<Result<(), SqsError>> {
        self.change(|state| state.change_message_visibility(&queue, &receipt, visibility_timeout))
    }

    fn change_message_visibility_batch(
        &self,
        _: String,
        _: String,
        queue: String,
        entries: Vec<(String, String, u32)>,
    ) -> Ready<Result<Vec<String>, SqsError>> {
        self.change(|state| state.change_message_visibility_batch(&queue, &entries))
    }

    fn list_queue_tags(
        &self,
        _: String,
        _: String,
        queue: String,
    ) -> Ready<Result<HashMap<String, String>, SqsError>> {
        self.look(|state| state.list_queue_tags(&queue))
    }

    fn tag_queue(
        &self,
        _: String,
        _: String,
        queue: String,
        tags: HashMap<String, String>,
    ) -> Ready<Result<(), SqsError>> {
        self.change(|state| state.tag_queue(&queue, &tags))
    }

    fn untag_queue(
        &self,
        _: String,
        _: String,
        queue: String,
        keys: Vec<String>,
    ) -> Ready<Result<(), SqsError>> {
        self.change(|state| state.untag_queue(&queue, &keys))
    }

    fn add_permission(
        &self,
        _: String,
        _: String,
        queue: String,
        label: String,
        accounts: Vec<String>,
        actions: Vec<String>,
    ) -> Ready<Result<(), SqsError>> {
        self.change(|state| state.add_permission(&queue, &label, accounts, actions))
    }

    fn remove_permission(
        &self,
        _: String,
        _: String,
        queue: String,
        label: String,
    ) -> Ready<Result<(), SqsError>> {
        self.change(|state| state.remove_permission(&queue, &label))
    }

    fn list_dead_letter_source_queues(
        &self,
        _: String,
        _: String,
        queue: String,
    ) -> Ready<Result<Vec<String>, SqsError>> {
        self.look(|state| state.list_dead_letter_source_queues(&queue))
    }

    fn start_message_move_task(
        &self,
        _: String,
        _: String,
        source: String,
        destination: Option<String>,
        rate: Option<i32>,
    ) -> Ready<Result<String, SqsError>> {
        self.change(|state| state.start_message_move_task(&source, destination.as_deref(), rate))
    }

    fn cancel_message_move_task(&self, _: String, _: String, task: String) -> Ready<Result<i64, SqsError>> {
        self.change(|state| state.cancel_message_move_task(&task))
    }

    fn list_message_move_tasks(
        &self,
        _: String,
        _: String,
        source: String,
    ) -> Ready<Result<Vec<MessageMoveTask>, SqsError>> {
        self.look(|state| Ok(state.list_message_move_tasks(&source).into_iter().cloned().collect()))
    }

    fn scopes_with_state(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn snapshot(&self, _: String, _: String) -> Ready<SqsStateView> {
        self.look(|state| SqsStateView::from(state))
    }

    fn restore(&self, _: String, _: String, view: SqsStateView) -> Ready<Result<(), StateViewError>> {
        self.change(|state| {
            *state = SqsState::from(view);
            Ok(())
        })
    }

    fn merge(&self, _: String, _: String, view: SqsStateView) -> Ready<Result<(), StateViewError>> {
        self.change(|state| {
            state.queues.extend(SqsState::from(view).queues);
            Ok(())
        })
    }
}
