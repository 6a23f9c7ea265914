//! What every request must pass before a service sees it.

use card_airlock_iam::Iam;

use super::{answer::Fault, authorization::permissions, calls::Service, request::Request};

/// The one door: a request goes on, or is answered here, as the service answers who may not.
pub(super) fn admit(request: &Request, iam: &Iam) -> Result<(), Fault> {
    iam.authorize(&request.role, permissions(request)).map_err(|_| match request.service {
        Service::Sqs => Fault::ACCESS_DENIED_SQS,
        Service::DynamoDb | Service::DynamoDbStreams | Service::Kms | Service::SecretsManager => {
            Fault::ACCESS_DENIED
        }
    })
}
