//! What a template declares, with every value known.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

/// A template with every value known.
#[derive(Debug, Clone)]
pub struct Stack {
    pub tables: Vec<Table>,
    /// The KMS keys.
    pub keys: Vec<Key>,
    pub queues: Vec<Queue>,
    pub functions: Vec<LambdaFunction>,
    /// The API and its routes.
    pub api: Api,
    /// The streams that invoke functions.
    pub stream_mappings: Vec<StreamMapping>,
    /// The schedules that invoke functions.
    pub schedules: Vec<Schedule>,
    /// The user pool's id, the end of its tokens' issuer.
    pub user_pool_id: String,
    /// The user pool's client, the audience of its tokens.
    pub user_pool_client_id: String,
    /// What the template says of itself.
    pub description: String,
    /// The parameters, as they are in force.
    pub parameters: BTreeMap<String, Parameter>,
    /// All resources that the conditions leave.
    pub resources: Vec<DeclaredResource>,
    /// The stack's outputs.
    pub outputs: BTreeMap<String, Output>,
    pub(crate) properties: BTreeMap<String, Value>,
    pub(crate) kinds: BTreeMap<String, String>,
}

impl Stack {
    /// The logical ids of the resources of a type, such as `AWS::DynamoDB::Table`.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        self.kinds.iter().filter(move |(_, known)| *known == kind).map(|(logical_id, _)| logical_id.as_str())
    }

    /// All properties of a resource as declared, with every value known.
    #[must_use]
    pub fn properties(&self, logical_id: &str) -> Option<&Value> {
        self.properties.get(logical_id)
    }

    /// The function with a logical id.
    #[must_use]
    pub fn function(&self, logical_id: &str) -> Option<&LambdaFunction> {
        self.functions.iter().find(|function| function.logical_id == logical_id)
    }

    /// The stream that invokes the function with a logical id.
    #[must_use]
    pub fn stream_mapping(&self, function: &str) -> Option<&StreamMapping> {
        self.stream_mappings.iter().find(|mapping| mapping.function == function)
    }
}

/// A parameter as it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub value: String,
    /// Whether CloudFormation shows asterisks in its place.
    pub no_echo: bool,
}

/// An output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub value: String,
    pub description: Option<String>,
}

/// A resource of any type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredResource {
    pub logical_id: String,
    /// Its type as it stands in the template, such as `AWS::DynamoDB::Table`.
    pub kind: String,
    /// What `Ref` gives for it, where it is known here.
    pub reference: Option<String>,
    pub deletion_policy: DeletionPolicy,
}

/// What becomes of a resource when its stack is deleted.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionPolicy {
    Delete,
    Retain,
}

/// A DynamoDB table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub logical_id: String,
    pub name: String,
    /// Its key, hash first.
    pub key: Vec<KeyAttribute>,
    /// What its stream's records hold, if it has a stream.
    pub stream_view_type: Option<String>,
    /// The attribute with the time (epoch seconds) from which a row may be deleted.
    pub ttl_attribute: Option<String>,
    /// Whether DeleteTable is refused.
    pub deletion_protection: bool,
    /// Whether it can be restored to any second of the last weeks.
    pub point_in_time_recovery: bool,
}

/// One attribute of a table's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAttribute {
    pub name: String,
    /// `HASH` or `RANGE`.
    pub key_type: String,
    /// `S`, `N` or `B`.
    pub attribute_type: String,
}

/// A KMS key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub logical_id: String,
    /// Whether its material is replaced every year.
    pub rotation: bool,
    /// Its `KeySpec`; none: a symmetric key for encryption.
    pub spec: Option<String>,
    /// Its `KeyUsage`; none: encryption.
    pub usage: Option<String>,
}

/// An SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    pub logical_id: String,
    pub name: String,
    /// How long a message is kept.
    pub retention: Duration,
    /// Whether SQS encrypts it with a key of its own.
    pub managed_sse: bool,
}

/// An event bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventBus {
    pub logical_id: String,
    pub name: String,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaFunction {
    pub logical_id: String,
    /// The logical id of its role: the last part of its `Role`.
    pub role: String,
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Its memory in MiB.
    pub memory_mib: u32,
    /// The program that is built for it (`Metadata`, `BuildProperties`, `Binary`); empty when it names none.
    pub binary: String,
}

/// The REST API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    pub logical_id: String,
    /// What `Ref` gives for it: its id.
    pub id: String,
    /// Its stage, the first part of every path.
    pub stage: String,
    pub routes: Vec<Route>,
    /// Its answer to a browser's preflight request; `None`: none.
    pub cors: Option<Cors>,
}

/// The answer to a preflight request, as SAM writes it; each path adds its own methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// The origin whose pages may call; `None`: the answer names no origin, which a browser treats as a refusal.
    pub allow_origin: Option<String>,
    /// The headers that they may send.
    pub allow_headers: String,
    /// How many seconds a browser may remember the answer.
    pub max_age: String,
}

/// One route of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path with its parameters: `/order/{CustomerOrder}`.
    pub path: String,
    /// The logical id of the function behind it.
    pub function: String,
    /// Whether it requires a user pool's token.
    pub requires_auth: bool,
}

/// A schedule that invokes a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The logical id of the function.
    pub function: String,
    /// How often it runs.
    pub every: Duration,
    /// The event it is invoked with.
    pub input: String,
}

/// An event source mapping from a table's stream to a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamMapping {
    /// The logical id of the function.
    pub function: String,
    /// What the function calls the event; SAM makes the mapping's logical id of both.
    pub event: String,
    pub stream_arn: String,
    /// Where a new mapping starts: `TRIM_HORIZON` or `LATEST`.
    pub starting_position: String,
    /// The most records of one batch.
    pub batch_size: u32,
    /// How long to gather a batch.
    pub maximum_batching_window: Duration,
    /// How many batches of one shard may run at once.
    pub parallelization_factor: u32,
    /// Whether the function may answer with the records that failed.
    pub report_batch_item_failures: bool,
    /// Whether a failed batch is split in two.
    pub bisect_batch_on_function_error: bool,
    /// How often a failed batch is tried again; `None`: until its records expire.
    pub maximum_retry_attempts: Option<u32>,
    /// How old a record may get; `None`: until it expires.
    pub maximum_record_age: Option<Duration>,
    /// The queue (ARN) that gets messages about what was given up.
    pub on_failure_arn: Option<String>,
    /// Filter patterns (JSON): a record that matches none is dropped. No patterns: nothing is dropped.
    pub filter_patterns: Vec<String>,
}
