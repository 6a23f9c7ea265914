//! The mappings that hand a table's stream to a function: on or off.

use aws_sdk_lambda::Client;

use super::{
    access::{Right, StackAccess},
    access_error::AccessError,
    call::CallError,
};

/// What is said in place of a state where there is no mapping.
const NOT_THERE: &str = "not there";

/// The function whose mapping brings orders across.
pub const WORKER: &str = "TokenizeWorkerFunction";

/// Lambda's word for how the mapping of a function, by its logical id, is. One that is on is told before others.
///
/// # Errors
/// [`AccessError`].
pub async fn state(access: &StackAccess, function: &'static str) -> Result<String, AccessError> {
    let name = access.names().physical(function)?;
    let lambda = Client::new(&access.config(Right::Read));
    let pages = lambda.list_event_source_mappings().function_name(name).into_paginator().items().send();
    let mappings: Result<Vec<_>, _> = pages.collect().await;
    let mappings = mappings.map_err(CallError::of("Lambda", "ListEventSourceMappings"))?;
    let mut states = mappings.iter().filter_map(|mapping| mapping.state()).collect::<Vec<_>>();
    states.sort_by_key(|state| !is_on(state));
    Ok(states.first().map_or(NOT_THERE, |state| *state).to_owned())
}

/// Whether records are handed over in this state, or are about to be.
#[must_use]
pub fn is_on(state: &str) -> bool {
    ["Enabled", "Enabling", "Creating", "Updating"].contains(&state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_hands_records_over_is_on() {
        for state in ["Enabled", "Enabling", "Creating", "Updating"] {
            assert!(is_on(state), "{state}");
        }
        for state in ["Disabled", "Disabling", "Deleting", NOT_THERE, ""] {
            assert!(!is_on(state), "{state}");
        }
    }
}
