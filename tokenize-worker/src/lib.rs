//! The inner door: DynamoDB Streams to vault and clean order.
