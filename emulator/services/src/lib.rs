#![doc = include_str!("../README.md")]

mod account;
mod addressed;
mod admit;
mod answer;
mod authorization;
mod calls;
mod cbor;
mod cloudformation;
mod cognito;
mod declared;
mod deployed;
mod dynamodb;
mod embedded;
mod endpoint;
mod faults;
mod idempotency;
mod kms;
mod lambda;
mod members;
mod mentions;
mod metering;
mod metrics;
mod not_here;
mod observer;
mod operations;
mod protocol;
mod provision;
mod request;
mod request_names;
mod rest;
mod retention;
mod secrets;
mod service;
mod snapshot;
mod sqs;
mod start_error;
mod streams;
mod units;
mod waiting;
mod written_reply;
mod xml;

pub use account::Account;
pub use calls::{Call, CallKind, Tally};
pub use deployed::{
    DeployedFunction, DeployedMapping, DeployedStack, StackOutput, StackParameter, StackResource,
};
pub use endpoint::{AwsEndpoint, EndpointOptions};
pub use faults::{FaultKind, FaultRule, Faults, ParseFaultError, When};
pub use observer::ObservedCall;
pub use provision::{CreatedKey, CreatedQueue, CreatedTable, KeyAttribute, Refused, TableSpec};
pub use request_names::RequestNames;
pub use service::Service;
pub use start_error::StartError;
pub use streams::{StreamError, StreamReader};
pub use units::Units;
pub use waiting::Waiting;
