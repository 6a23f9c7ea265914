//! What the shipped template promises, for the tests of the checks.

use card_airlock_template::{LambdaFunction, Stack, StreamMapping, Table};

use crate::deployment;

/// The shipped template's promises.
fn promised() -> Stack {
    let template = deployment::shipped().unwrap();
    let mut resources = template.named_here();
    for id in template.logical_ids() {
        if resources.reference(id).is_none() {
            let attributes = [("Arn", id), ("StreamArn", id), ("QueueName", id), ("KeyId", id)];
            resources.insert(id, id, attributes);
        }
    }
    template.resolve(&resources).unwrap()
}

pub(super) fn promised_tables() -> Vec<Table> {
    promised().tables
}

pub(super) fn promised_functions() -> Vec<LambdaFunction> {
    promised().functions
}

pub(super) fn promised_mapping() -> StreamMapping {
    promised().stream_mapping("TokenizeWorkerFunction").unwrap().clone()
}
