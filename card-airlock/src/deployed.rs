//! The stack as CloudFormation, Lambda and Cognito of this machine tell of it.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use card_airlock_event_source::MappingSwitch;
use card_airlock_gateway::Cognito;
use card_airlock_lambda::Function;
use card_airlock_services::{
    DeployedFunction, DeployedMapping, DeployedStack, StackOutput, StackParameter, StackResource,
};
use card_airlock_template::{DeclaredResource, DeletionPolicy, Stack, StreamMapping};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::deployment::{REGION, STACK_NAME};

/// What is made while the template's resources are.
pub(crate) struct Made<'a> {
    /// By logical id.
    pub(crate) functions: &'a BTreeMap<String, Function>,
    /// Of each stream mapping, in the template's order.
    pub(crate) switches: Vec<MappingSwitch>,
    /// Where the API is, without its stage: `http://127.0.0.1:PORT`.
    pub(crate) api_origin: String,
    pub(crate) created: SystemTime,
    pub(crate) user_pool: Arc<Cognito>,
    pub(crate) deletion: CancellationToken,
}

/// What the template declares and was made.
pub(crate) fn deployed(declared: &Stack, made: Made<'_>) -> DeployedStack {
    let mappings = declared.stream_mappings.iter().zip(made.switches);
    let mappings: Vec<_> =
        mappings.map(|(mapping, switch)| (mapping, self::mapping(mapping, switch))).collect();
    let functions = declared.functions.iter().filter_map(|function| {
        let deployed = DeployedFunction {
            properties: declared.properties(&function.logical_id)?.clone(),
            timeout: function.timeout,
            function: made.functions.get(&function.logical_id)?.clone(),
        };
        Some((name(&function.logical_id), deployed))
    });
    let parameters = declared.parameters.iter().map(|(key, parameter)| StackParameter {
        key: key.clone(),
        value: parameter.value.clone(),
        no_echo: parameter.no_echo,
    });
    // The one address that is another here.
    let api = format!("https://{}.execute-api.{REGION}.amazonaws.com", declared.api.id);
    let outputs = declared.outputs.iter().map(|(key, output)| StackOutput {
        key: key.clone(),
        value: output.value.replace(&api, &made.api_origin),
        description: output.description.clone(),
    });
    // SAM makes these of a function's events.
    let of_events = mappings.iter().map(|(declared, mapping)| StackResource {
        logical_id: format!("{}{}", declared.function, declared.event),
        physical_id: mapping.id.to_string(),
        kind: "AWS::Lambda::EventSourceMapping".to_owned(),
        is_retained: false,
        properties: Value::Null,
    });
    let resources = declared.resources.iter().map(|one| resource(declared, one)).chain(of_events).collect();
    DeployedStack {
        name: STACK_NAME.to_owned(),
        description: declared.description.clone(),
        created: made.created,
        parameters: parameters.collect(),
        outputs: outputs.collect(),
        resources,
        functions: functions.collect(),
        mappings: mappings.into_iter().map(|(_, mapping)| mapping).collect(),
        user_pool: Some(made.user_pool),
        deletion: made.deletion,
    }
}

/// The resources that stay on AWS when the stack is deleted, by logical id.
pub(crate) fn retained(declared: &Stack) -> Vec<&str> {
    let stays = |resource: &&DeclaredResource| resource.deletion_policy == DeletionPolicy::Retain;
    declared.resources.iter().filter(stays).map(|resource| resource.logical_id.as_str()).collect()
}

/// What CloudFormation calls a resource whose name the template leaves open.
fn name(logical_id: &str) -> String {
    format!("{STACK_NAME}-{logical_id}")
}

fn resource(stack: &Stack, declared: &DeclaredResource) -> StackResource {
    // What SAM makes of its own types.
    let kind = match declared.kind.as_str() {
        "AWS::Serverless::Function" => "AWS::Lambda::Function",
        "AWS::Serverless::Api" => "AWS::ApiGateway::RestApi",
        kind => kind,
    };
    StackResource {
        logical_id: declared.logical_id.clone(),
        physical_id: declared.reference.clone().unwrap_or_else(|| name(&declared.logical_id)),
        kind: kind.to_owned(),
        is_retained: declared.deletion_policy == DeletionPolicy::Retain,
        properties: stack.properties(&declared.logical_id).cloned().unwrap_or_default(),
    }
}

fn mapping(declared: &StreamMapping, switch: MappingSwitch) -> DeployedMapping {
    let function = name(&declared.function);
    // The same each time, so that who wrote it down still finds it after a restart.
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{function}#{}", declared.event).as_bytes());
    let responses: &[&str] =
        if declared.report_batch_item_failures { &["ReportBatchItemFailures"] } else { &[] };
    let destination = match &declared.on_failure_arn {
        Some(arn) => json!({ "OnFailure": { "Destination": arn } }),
        None => json!({}),
    };
    let filters = declared.filter_patterns.iter().map(|pattern| json!({ "Pattern": pattern }));
    // AWS's word for "without end".
    let endless = || json!(-1);
    let settings = json!({
        "BatchSize": declared.batch_size,
        "BisectBatchOnFunctionError": declared.bisect_batch_on_function_error,
        "DestinationConfig": destination,
        "FilterCriteria": { "Filters": filters.collect::<Vec<Value>>() },
        "FunctionResponseTypes": responses,
        "MaximumBatchingWindowInSeconds": declared.maximum_batching_window.as_secs(),
        "MaximumRecordAgeInSeconds": declared.maximum_record_age.map_or_else(endless, |age| json!(age.as_secs())),
        "MaximumRetryAttempts": declared.maximum_retry_attempts.map_or_else(endless, |most| json!(most)),
        "ParallelizationFactor": declared.parallelization_factor,
        "StartingPosition": declared.starting_position,
        "TumblingWindowInSeconds": 0,
    });
    DeployedMapping { id, function, source_arn: declared.stream_arn.clone(), settings, switch }
}
