//! A stream mapping that the template declares, between this machine's stream and a function.

use std::sync::Arc;

use card_airlock_event_source::{Mapping, Names};
use card_airlock_lambda::Function;
use card_airlock_services::AwsEndpoint;
use card_airlock_template::{LambdaFunction, Resources, StreamMapping};
use clock::Clock;

use super::error::StackError;
use crate::{checkpoints, deployment::ACCOUNT_ID, functions, stream};

pub(super) fn map_stream(
    aws: &AwsEndpoint,
    resources: &Resources,
    declared: &StreamMapping,
    function: &LambdaFunction,
    handler: Function,
    clock: Clock,
) -> Result<Mapping, StackError> {
    let name = &declared.function;
    let settings =
        stream::settings(declared, function.timeout).map_err(|e| StackError::Mapping(name.clone(), e))?;
    let source = aws
        .stream_for(&function.role, &declared.stream_arn)
        .map_err(|error| StackError::Stream(name.clone(), error))?;
    let names = Names {
        function_arn: resources.attribute(name, "Arn").unwrap_or_default().to_owned(),
        stream_arn: declared.stream_arn.clone(),
        shard_id: source.shard_id().to_owned(),
    };
    let on_failure = declared.on_failure_arn.as_deref().map(|arn| {
        // A queue's ARN ends in its name, and so does its URL.
        let queue = arn.rsplit(':').next().unwrap_or_default();
        let url = format!("{}/{ACCOUNT_ID}/{queue}", aws.url());
        stream::on_failure(&functions::sdk_config(aws.url(), &function.role), url)
    });
    let checkpoints = checkpoints::of(aws, name, &names)?;
    let source = Arc::new(stream::TableStream(source));
    Ok(Mapping::new(names, settings, source, handler, on_failure, clock, checkpoints))
}
