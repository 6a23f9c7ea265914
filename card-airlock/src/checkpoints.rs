//! How far each function has read its stream, beyond the process.

use card_airlock_event_source::{Checkpoints, Names, Position};
use card_airlock_services::{AwsEndpoint, KeepError};

/// The checkpoints of a function's mapping. Records that it has done and that are too old to be read are removed.
pub(crate) fn of(aws: &AwsEndpoint, function: &str, names: &Names) -> Result<Checkpoints, KeepError> {
    let kept = aws.store().part("checkpoints");
    if !kept.keeps() {
        return Ok(Checkpoints::default());
    }
    let key = format!("{function}/{}", names.shard_id);
    let position = match kept.one::<String>(&key)? {
        Some(text) => Some(Position::parse(&text).ok_or_else(|| aws.store().damaged())?),
        None => None,
    };
    if let Some(Position::After(sequence)) = &position
        && aws.forget_records(&names.stream_arn, sequence.as_str()).is_err()
    {
        tracing::warn!(function, "old records of its stream could not be removed");
    }
    let positions = position.map(|position| (names.shard_id.clone(), position));
    let function = function.to_owned();
    Ok(Checkpoints::kept(positions.into_iter().collect(), move |shard, position| {
        kept.put(&format!("{function}/{shard}"), &position.to_string());
    }))
}
