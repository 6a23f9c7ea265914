//! The operations of each service. README.md lists them, too. Any other operation is refused by its name, with the list.
//!
//! Operations that an embedded service would answer without doing them are not in the lists: an SQS message move, a resource policy.

use card_airlock_gateway::Cognito;

use crate::{cloudformation, declared, events, kms, lambda, logs, metrics, service::Service};

const DYNAMODB: [&str; 24] = [
    "BatchExecuteStatement",
    "BatchGetItem",
    "BatchWriteItem",
    "CreateTable",
    "DeleteItem",
    "DeleteTable",
    "DescribeContinuousBackups",
    "DescribeTable",
    "DescribeTimeToLive",
    "ExecuteStatement",
    "ExecuteTransaction",
    "GetItem",
    "ListTables",
    "ListTagsOfResource",
    "PutItem",
    "Query",
    "Scan",
    "TagResource",
    "TransactGetItems",
    "TransactWriteItems",
    "UntagResource",
    "UpdateItem",
    "UpdateTable",
    "UpdateTimeToLive",
];
const DYNAMODB_STREAMS: [&str; 4] = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"];
const SQS: [&str; 18] = [
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "CreateQueue",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ListQueueTags",
    "ListQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
    "SendMessageBatch",
    "SetQueueAttributes",
    "TagQueue",
    "UntagQueue",
];
const SECRETS_MANAGER: [&str; 14] = [
    "BatchGetSecretValue",
    "CreateSecret",
    "DeleteSecret",
    "DescribeSecret",
    "GetRandomPassword",
    "GetSecretValue",
    "ListSecretVersionIds",
    "ListSecrets",
    "PutSecretValue",
    "RestoreSecret",
    "TagResource",
    "UntagResource",
    "UpdateSecret",
    "UpdateSecretVersionStage",
];

impl Service {
    /// The names of all its operations.
    pub(crate) fn operations(self) -> Vec<&'static str> {
        match self {
            Self::DynamoDb => DYNAMODB.to_vec(),
            Self::DynamoDbStreams => DYNAMODB_STREAMS.to_vec(),
            Self::Kms => kms::operations().collect(),
            Self::Sqs => SQS.to_vec(),
            Self::SecretsManager => SECRETS_MANAGER.to_vec(),
            Self::CloudFormation => cloudformation::OPERATIONS.to_vec(),
            Self::Lambda => lambda::OPERATIONS.to_vec(),
            Self::Cognito => Cognito::operations().collect(),
            Self::EventBridge => events::operations(),
            Self::CloudWatch => [declared::operations(self), vec![metrics::OPERATION]].concat(),
            Self::CloudWatchLogs => {
                declared::operations(self).into_iter().chain(logs::operations()).collect()
            }
            Self::Sns | Self::CloudTrail | Self::ApiGateway => declared::operations(self),
        }
    }

    /// Whether anybody may ask this, without a credential.
    pub(crate) fn is_open(self, operation: &str) -> bool {
        self == Self::Cognito && Cognito::is_open(operation)
    }

    /// Whether it has the operation.
    pub(crate) fn has(self, operation: &str) -> bool {
        self.operations().contains(&operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_each_operation_of_each_service_and_no_other() {
        let readme = include_str!("../README.md");
        for service in Service::all() {
            let row = readme.lines().find(|line| line.starts_with(&format!("| {} |", service.name())));
            let listed: Vec<_> = row.unwrap().split('`').skip(1).step_by(2).collect();
            assert_eq!(listed, service.operations(), "{}", service.name());
        }
    }
}
