//! Resources' properties as a template writes them. An unknown property that would change behaviour
//! is an error (`deny_unknown_fields`), so that nothing declared is silently left out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct TableProperties {
    pub(crate) table_name: Option<String>,
    pub(crate) billing_mode: String,
    pub(crate) attribute_definitions: Vec<AttributeDefinition>,
    pub(crate) key_schema: Vec<KeySchemaPart>,
    pub(crate) stream_specification: Option<StreamSpecification>,
    pub(crate) time_to_live_specification: Option<TimeToLive>,
    #[serde(default)]
    pub(crate) deletion_protection_enabled: bool,
    pub(crate) point_in_time_recovery_specification: Option<PointInTimeRecovery>,
    // Encryption at rest by AWS's own means changes nothing that can be seen.
    #[serde(rename = "SSESpecification")]
    _sse_specification: Option<Value>,
    #[serde(rename = "Tags")]
    _tags: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AttributeDefinition {
    pub(crate) attribute_name: String,
    pub(crate) attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct KeySchemaPart {
    pub(crate) attribute_name: String,
    pub(crate) key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct StreamSpecification {
    pub(crate) stream_view_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct TimeToLive {
    pub(crate) attribute_name: String,
    pub(crate) enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct PointInTimeRecovery {
    pub(crate) point_in_time_recovery_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyProperties {
    #[serde(default)]
    pub(crate) enable_key_rotation: bool,
    pub(crate) key_spec: Option<String>,
    pub(crate) key_usage: Option<String>,
    // The AWS endpoint enforces it, as it does roles' policies.
    #[serde(rename = "KeyPolicy")]
    _key_policy: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct QueueProperties {
    pub(crate) queue_name: Option<String>,
    #[serde(default = "four_days")]
    pub(crate) message_retention_period: u64,
    #[serde(default)]
    pub(crate) sqs_managed_sse_enabled: bool,
    #[serde(rename = "Tags")]
    _tags: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct EventBusProperties {
    pub(crate) name: String,
    #[serde(rename = "Description")]
    _description: Option<String>,
    #[serde(rename = "Tags")]
    _tags: Option<Value>,
}

fn four_days() -> u64 {
    345_600
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ApiProperties {
    pub(crate) stage_name: String,
    pub(crate) auth: Option<ApiAuth>,
    pub(crate) cors: Option<ApiCors>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ApiCors {
    pub(crate) allow_origin: Option<String>,
    pub(crate) allow_headers: String,
    pub(crate) max_age: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ApiAuth {
    pub(crate) default_authorizer: Option<String>,
    #[serde(default)]
    pub(crate) authorizers: BTreeMap<String, Value>,
    #[serde(default = "yes")]
    pub(crate) add_default_authorizer_to_cors_preflight: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FunctionProperties {
    pub(crate) role: String,
    #[serde(default)]
    pub(crate) environment: Environment,
    #[serde(default = "three_seconds")]
    pub(crate) timeout: u64,
    #[serde(default = "smallest_memory")]
    pub(crate) memory_size: u32,
    #[serde(default)]
    pub(crate) events: BTreeMap<String, Event>,
}

fn three_seconds() -> u64 {
    3
}

fn smallest_memory() -> u32 {
    128
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Environment {
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Event {
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    pub(crate) properties: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ApiEvent {
    pub(crate) rest_api_id: String,
    pub(crate) path: String,
    pub(crate) method: String,
    pub(crate) auth: Option<EventAuth>,
    // A request that does not match never reaches a function. The functions refuse it as well.
    #[serde(rename = "RequestModel")]
    _request_model: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct EventAuth {
    pub(crate) authorizer: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct StreamEvent {
    pub(crate) stream: String,
    pub(crate) starting_position: String,
    #[serde(default = "hundred")]
    pub(crate) batch_size: u32,
    #[serde(default)]
    pub(crate) maximum_batching_window_in_seconds: u64,
    #[serde(default = "one")]
    pub(crate) parallelization_factor: u32,
    #[serde(default)]
    pub(crate) function_response_types: Vec<String>,
    #[serde(default)]
    pub(crate) bisect_batch_on_function_error: bool,
    #[serde(default = "without_end")]
    pub(crate) maximum_retry_attempts: i64,
    #[serde(default = "without_end")]
    pub(crate) maximum_record_age_in_seconds: i64,
    pub(crate) destination_config: Option<DestinationConfig>,
    #[serde(default)]
    pub(crate) filter_criteria: FilterCriteria,
}

fn hundred() -> u32 {
    100
}

fn one() -> u32 {
    1
}

fn without_end() -> i64 {
    -1
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DestinationConfig {
    pub(crate) on_failure: OnFailure,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct OnFailure {
    #[serde(rename = "Type")]
    _kind: Option<String>,
    pub(crate) destination: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct FilterCriteria {
    pub(crate) filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Filter {
    pub(crate) pattern: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ScheduleEvent {
    pub(crate) schedule: String,
    pub(crate) input: String,
}
