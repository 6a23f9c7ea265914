//! What every request must pass before a service sees it.

use super::{answer::Fault, calls::Service, iam::Iam, request::Request};

/// The one door: a request goes on, or is answered here, as the service answers who may not.
pub(super) fn admit(request: &Request, iam: &Iam) -> Result<(), Fault> {
    iam.authorize(request).map_err(|_| match request.service {
        Service::Sqs => Fault::ACCESS_DENIED_SQS,
        Service::DynamoDb | Service::DynamoDbStreams | Service::Kms | Service::SecretsManager => {
            Fault::ACCESS_DENIED
        }
    })
}
