//! The interfaces: the source of records, and the destination for the positions of given-up ones.

use std::{future::Future, sync::Arc};

use futures::future::BoxFuture;
use serde_json::Value;

use crate::sequence::Position;

/// A stream that can be read.
pub trait StreamSource: Send + Sync {
    /// The records of a shard from `from` on, oldest first, `limit` at most; none when there are no more.
    ///
    /// Each has the shape of a record of Lambda's DynamoDB event, at least `dynamodb.SequenceNumber`,
    /// `dynamodb.ApproximateCreationDateTime` (epoch seconds) and `dynamodb.Keys`.
    ///
    /// # Errors
    ///
    /// [`SourceError::Trimmed`] when the records behind the position are gone.
    fn read<'a>(
        &'a self,
        shard: &'a str,
        from: &'a Position,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Value>, SourceError>>;

    /// The position behind the newest record of a shard: where LATEST starts.
    ///
    /// # Errors
    ///
    /// [`SourceError::Unavailable`] when the stream cannot be read now.
    fn latest<'a>(&'a self, shard: &'a str) -> BoxFuture<'a, Result<Position, SourceError>>;
}

/// A read that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The position lies before the trim horizon (`TrimmedDataAccessException`).
    #[error("the records at that position are trimmed")]
    Trimmed,
    /// The stream cannot be read now.
    #[error("the stream cannot be read")]
    Unavailable,
}

/// The on-failure destination: accepts the message with the positions of discarded records.
///
/// A send that fails is repeated until it succeeds, and the shard waits: a position is not lost.
#[derive(Clone)]
pub struct OnFailure(Arc<dyn Fn(Value) -> BoxFuture<'static, Result<(), DestinationError>> + Send + Sync>);

/// The destination did not take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the on-failure destination did not accept the message")]
pub struct DestinationError;

impl OnFailure {
    /// Wraps a sender of messages. A repeated message is the same, `requestId` included.
    pub fn new<F, R>(send: F) -> Self
    where
        F: Fn(Value) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), DestinationError>> + Send + 'static,
    {
        Self(Arc::new(move |message| Box::pin(send(message))))
    }

    pub(crate) async fn send(&self, message: Value) -> Result<(), DestinationError> {
        (self.0)(message).await
    }
}

impl std::fmt::Debug for OnFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnFailure")
    }
}
