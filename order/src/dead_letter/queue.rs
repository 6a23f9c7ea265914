//! The dead-letter queue (SQS).

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
    types::QueueAttributeName,
};

use serde::Serialize;

/// What may be sent to a queue of dead letters: ids, states, reasons and times, never data.
pub trait Letter: Serialize {}

/// A call to the dead-letter queue failed; the caller tries again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the dead-letter queue is not available")]
pub struct QueueError;

/// A message that was received and is hidden from others for a while.
#[derive(Debug, Clone)]
pub struct DeadLetterMessage {
    /// A [`Letter`], or Lambda's own message about records that it gave up.
    pub body: String,
    receipt: String,
}

/// A queue of dead letters: that of the orders, or that of the events that the bus refused.
#[derive(Debug, Clone)]
pub struct DeadLetterQueue {
    sqs: Client,
    url: String,
}

impl DeadLetterQueue {
    /// The queue at its URL.
    #[must_use]
    pub fn new(config: &SdkConfig, url: String) -> Self {
        Self { sqs: Client::new(config), url }
    }

    /// Sends a letter.
    ///
    /// # Errors
    /// [`QueueError`]; the letter may have been sent although this fails.
    pub async fn send(&self, letter: &impl Letter) -> Result<(), QueueError> {
        let body = serde_json::to_string(letter).map_err(|_| QueueError)?;
        let reply = self.sqs.send_message().queue_url(&self.url).message_body(body).send().await;
        reply.map(drop).map_err(|error| unavailable("SendMessage", &error))
    }

    /// Receives up to ten messages and hides them from others for this time. None: there are no more visible messages.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn receive(&self, hidden: Duration) -> Result<Vec<DeadLetterMessage>, QueueError> {
        let receive = self.sqs.receive_message().queue_url(&self.url);
        let reply = receive
            .max_number_of_messages(10)
            .visibility_timeout(seconds(hidden))
            .wait_time_seconds(1)
            .send()
            .await
            .map_err(|error| unavailable("ReceiveMessage", &error))?;
        let messages = reply.messages.unwrap_or_default().into_iter();
        Ok(messages
            .filter_map(|message| {
                Some(DeadLetterMessage { body: message.body?, receipt: message.receipt_handle? })
            })
            .collect())
    }

    /// About how many messages there are, hidden ones too.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn count(&self) -> Result<u64, QueueError> {
        use QueueAttributeName::{ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible};
        let names = [ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible];
        let request = self.sqs.get_queue_attributes().queue_url(&self.url);
        let reply = request
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await
            .map_err(|error| unavailable("GetQueueAttributes", &error))?;
        let attributes = reply.attributes.unwrap_or_default();
        Ok(names.iter().filter_map(|name| attributes.get(name)?.parse::<u64>().ok()).sum())
    }

    /// Deletes a message that was received.
    ///
    /// # Errors
    /// [`QueueError`]; the message comes back by itself.
    pub async fn delete(&self, message: &DeadLetterMessage) -> Result<(), QueueError> {
        let delete = self.sqs.delete_message().queue_url(&self.url).receipt_handle(&message.receipt);
        delete.send().await.map(drop).map_err(|error| unavailable("DeleteMessage", &error))
    }

    /// Makes a message visible to others again. If this fails, it becomes visible by itself later.
    pub async fn put_back(&self, message: &DeadLetterMessage) {
        self.hide(message, Duration::ZERO).await;
    }

    /// Hides a received message for this time from now on. If this fails, the message becomes visible sooner.
    pub async fn hide(&self, message: &DeadLetterMessage, hidden: Duration) {
        let change = self.sqs.change_message_visibility().queue_url(&self.url);
        let reply = change.receipt_handle(&message.receipt).visibility_timeout(seconds(hidden)).send().await;
        if let Err(error) = reply {
            unavailable("ChangeMessageVisibility", &error);
        }
    }
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

fn unavailable<E, R>(operation: &'static str, error: &SdkError<E, R>) -> QueueError
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: RequestId,
{
    let code = vault::failure_code(error);
    tracing::warn!(operation, code, request_id = error.request_id(), "SQS refused or failed");
    QueueError
}
