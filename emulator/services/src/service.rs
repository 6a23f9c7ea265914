//! The services of the endpoint.

use crate::protocol::Protocol;

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
    CloudFormation,
    Lambda,
    /// Cognito user pools.
    Cognito,
    CloudWatch,
    /// CloudWatch Logs.
    CloudWatchLogs,
    Sns,
    CloudTrail,
    /// API Gateway.
    ApiGateway,
    EventBridge,
}

/// How a service is called and spoken to.
struct Described {
    service: Service,
    /// As AWS writes it.
    name: &'static str,
    /// As its requests are signed, and as a fault names it.
    signing_name: &'static str,
    protocol: Protocol,
    /// How its `x-amz-target` begins, in the JSON protocols.
    target: &'static str,
    /// The namespace of its XML, in the query protocol.
    namespace: &'static str,
}

const DESCRIBED: [Described; 14] = [
    json(Service::DynamoDb, "DynamoDB", "dynamodb", "DynamoDB_20120810"),
    json(Service::DynamoDbStreams, "DynamoDB Streams", "dynamodbstreams", "DynamoDBStreams_20120810"),
    json(Service::Kms, "KMS", "kms", "TrentService"),
    json(Service::Sqs, "SQS", "sqs", "AmazonSQS"),
    json(Service::SecretsManager, "Secrets Manager", "secretsmanager", "secretsmanager"),
    Described {
        namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        ..with(Service::CloudFormation, "CloudFormation", "cloudformation", Protocol::Query)
    },
    with(Service::Lambda, "Lambda", "lambda", Protocol::RestJson),
    json(Service::Cognito, "Cognito user pools", "cognito-idp", "AWSCognitoIdentityProviderService"),
    // In CBOR by the SDKs, in JSON by the AWS CLI.
    Described {
        target: "GraniteServiceVersion20100801",
        ..with(Service::CloudWatch, "CloudWatch", "monitoring", Protocol::RpcV2Cbor)
    },
    json(Service::CloudWatchLogs, "CloudWatch Logs", "logs", "Logs_20140328"),
    Described {
        namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
        ..with(Service::Sns, "SNS", "sns", Protocol::Query)
    },
    json(Service::CloudTrail, "CloudTrail", "cloudtrail", "CloudTrail_20131101"),
    with(Service::ApiGateway, "API Gateway", "apigateway", Protocol::RestJson),
    json(Service::EventBridge, "EventBridge", "events", "AWSEvents"),
];

const fn with(
    service: Service,
    name: &'static str,
    signing_name: &'static str,
    protocol: Protocol,
) -> Described {
    Described { service, name, signing_name, protocol, target: "", namespace: "" }
}

const fn json(
    service: Service,
    name: &'static str,
    signing_name: &'static str,
    target: &'static str,
) -> Described {
    Described { target, ..with(service, name, signing_name, Protocol::AwsJson) }
}

impl Service {
    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        DESCRIBED.iter().map(|described| described.service)
    }

    /// Its name, as AWS writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.described().map_or("", |described| described.name)
    }

    /// The service whose `x-amz-target` begins so. Some clients write a namespace before it.
    pub(crate) fn of_target(prefix: &str) -> Option<Self> {
        let prefix = prefix.rsplit('.').next().unwrap_or(prefix);
        let found = DESCRIBED.iter().find(|described| described.target == prefix && !prefix.is_empty());
        found.map(|described| described.service)
    }

    /// The service with this name in its requests' signatures, if it is spoken to in this protocol.
    pub(crate) fn of_signature(signing_name: &str, protocol: Protocol) -> Option<Self> {
        let is_it =
            |described: &&Described| (described.signing_name, described.protocol) == (signing_name, protocol);
        DESCRIBED.iter().find(is_it).map(|described| described.service)
    }

    /// How its `x-amz-target` begins.
    pub(crate) fn target(self) -> &'static str {
        self.described().map_or("", |described| described.target)
    }

    /// As its requests are signed, and as a fault names it.
    pub(crate) fn signing_name(self) -> &'static str {
        self.described().map_or("", |described| described.signing_name)
    }

    /// The namespace of its XML.
    pub(crate) fn namespace(self) -> &'static str {
        self.described().map_or("", |described| described.namespace)
    }

    fn described(self) -> Option<&'static Described> {
        DESCRIBED.iter().find(|described| described.service == self)
    }
}
