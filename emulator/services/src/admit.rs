//! What every request must pass before a service sees it.

use card_airlock_iam::Iam;

use crate::{
    account::Account, answer::Fault, authorization::permissions, kms::Kms, request::Request, service::Service,
};

/// The one door: a request goes on, or is answered here, as the service answers who may not.
pub(crate) fn admit(request: &Request, iam: &Iam, account: &Account, kms: &Kms) -> Result<(), Fault> {
    iam.authorize(&request.role, permissions(request, account, kms)).map_err(|_| match request.service {
        Service::Sqs => Fault::ACCESS_DENIED_SQS,
        Service::DynamoDb | Service::DynamoDbStreams | Service::Kms | Service::SecretsManager => {
            Fault::ACCESS_DENIED
        }
    })
}
