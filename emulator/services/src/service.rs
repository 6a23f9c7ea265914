//! The services of the endpoint.

/// A service of the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// DynamoDB.
    DynamoDb,
    /// DynamoDB Streams.
    DynamoDbStreams,
    Kms,
    Sqs,
    SecretsManager,
}

impl Service {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::DynamoDb, Self::DynamoDbStreams, Self::Kms, Self::Sqs, Self::SecretsManager];

    const TARGETS: [(Self, &'static str); 5] = [
        (Self::DynamoDb, "DynamoDB_20120810"),
        (Self::DynamoDbStreams, "DynamoDBStreams_20120810"),
        (Self::Kms, "TrentService"),
        (Self::Sqs, "AmazonSQS"),
        (Self::SecretsManager, "secretsmanager"),
    ];

    /// Its name, as AWS writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::DynamoDbStreams => "DynamoDB Streams",
            Self::Kms => "KMS",
            Self::Sqs => "SQS",
            Self::SecretsManager => "Secrets Manager",
        }
    }

    /// The service whose `x-amz-target` begins so.
    pub(crate) fn of_target(prefix: &str) -> Option<Self> {
        Self::TARGETS.iter().find(|(_, target)| *target == prefix).map(|(service, _)| *service)
    }

    /// How its `x-amz-target` begins.
    pub(crate) fn target(self) -> &'static str {
        Self::TARGETS.iter().find(|(service, _)| *service == self).map_or("", |(_, target)| target)
    }
}
