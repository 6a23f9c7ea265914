//! Resources' properties as a template writes them. A property that would change behaviour and is not known
//! here is an error (`deny_unknown_fields`), so that nothing declared is silently left out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TableProperties {
    pub(super) table_name: Option<String>,
    pub(super) billing_mode: String,
    pub(super) attribute_definitions: Vec<AttributeDefinition>,
    pub(super) key_schema: Vec<KeySchemaPart>,
    pub(super) stream_specification: Option<StreamSpecification>,
    pub(super) time_to_live_specification: Option<TimeToLive>,
    #[serde(default)]
    pub(super) deletion_protection_enabled: bool,
    pub(super) point_in_time_recovery_specification: Option<PointInTimeRecovery>,
    // Encryption at rest by AWS's own means changes nothing that can be seen.
    #[serde(rename = "SSESpecification")]
    _sse_specification: Option<Value>,
    #[serde(rename = "Tags")]
    _tags: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AttributeDefinition {
    pub(super) attribute_name: String,
    pub(super) attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct KeySchemaPart {
    pub(super) attribute_name: String,
    pub(super) key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct StreamSpecification {
    pub(super) stream_view_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TimeToLive {
    pub(super) attribute_name: String,
    pub(super) enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PointInTimeRecovery {
    pub(super) point_in_time_recovery_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyProperties {
    #[serde(default)]
    pub(super) enable_key_rotation: bool,
    // Held to by the AWS endpoint, as roles' policies are.
    #[serde(rename = "KeyPolicy")]
    _key_policy: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct QueueProperties {
    pub(super) queue_name: Option<String>,
    #[serde(default = "four_days")]
    pub(super) message_retention_period: u64,
    #[serde(default)]
    pub(super) sqs_managed_sse_enabled: bool,
    #[serde(rename = "Tags")]
    _tags: Option<Value>,
}

fn four_days() -> u64 {
    345_600
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ApiProperties {
    pub(super) stage_name: String,
    pub(super) auth: Option<ApiAuth>,
    pub(super) cors: Option<ApiCors>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ApiCors {
    pub(super) allow_origin: Option<String>,
    pub(super) allow_headers: String,
    pub(super) max_age: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ApiAuth {
    pub(super) default_authorizer: Option<String>,
    #[serde(default)]
    pub(super) authorizers: BTreeMap<String, Value>,
    #[serde(default = "yes")]
    pub(super) add_default_authorizer_to_cors_preflight: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FunctionProperties {
    pub(super) role: String,
    #[serde(default)]
    pub(super) environment: Environment,
    #[serde(default = "three_seconds")]
    pub(super) timeout: u64,
    #[serde(default = "smallest_memory")]
    pub(super) memory_size: u32,
    #[serde(default)]
    pub(super) events: BTreeMap<String, Event>,
}

fn three_seconds() -> u64 {
    3
}

fn smallest_memory() -> u32 {
    128
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Environment {
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Event {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    pub(super) properties: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ApiEvent {
    pub(super) rest_api_id: String,
    pub(super) path: String,
    pub(super) method: String,
    pub(super) auth: Option<EventAuth>,
    // What does not match never reaches a function; the functions refuse it as well.
    #[serde(rename = "RequestModel")]
    _request_model: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct EventAuth {
    pub(super) authorizer: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct StreamEvent {
    pub(super) stream: String,
    pub(super) starting_position: String,
    #[serde(default = "hundred")]
    pub(super) batch_size: u32,
    #[serde(default)]
    pub(super) maximum_batching_window_in_seconds: u64,
    #[serde(default = "one")]
    pub(super) parallelization_factor: u32,
    #[serde(default)]
    pub(super) function_response_types: Vec<String>,
    #[serde(default)]
    pub(super) bisect_batch_on_function_error: bool,
    #[serde(default = "without_end")]
    pub(super) maximum_retry_attempts: i64,
    #[serde(default = "without_end")]
    pub(super) maximum_record_age_in_seconds: i64,
    pub(super) destination_config: Option<DestinationConfig>,
    #[serde(default)]
    pub(super) filter_criteria: FilterCriteria,
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
pub(super) struct DestinationConfig {
    pub(super) on_failure: OnFailure,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OnFailure {
    #[serde(rename = "Type")]
    _kind: Option<String>,
    pub(super) destination: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct FilterCriteria {
    pub(super) filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Filter {
    pub(super) pattern: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ScheduleEvent {
    pub(super) schedule: String,
    pub(super) input: String,
}
