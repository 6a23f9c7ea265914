//! The checks that every request must pass before it reaches a service.

use card_airlock_iam::Iam;

use crate::{
    account::Account, answer::Fault, authorization::permissions, deployed::Deployed, kms::Kms,
    request::Request, service::Service,
};

/// Every request passes here: it goes on to its service, or it is answered here with the service's own refusal.
pub(crate) fn admit(
    request: &Request,
    iam: &Iam,
    account: &Account,
    kms: &Kms,
    deployed: Option<&Deployed>,
) -> Result<(), Fault> {
    let permissions = permissions(request, account, kms, deployed);
    iam.authorize(&request.role, permissions).map_err(|_| match request.service {
        Service::Sqs | Service::CloudFormation | Service::Sns => Fault::ACCESS_DENIED_QUERY,
        Service::Lambda | Service::ApiGateway => Fault::ACCESS_DENIED_REST,
        _ => Fault::ACCESS_DENIED,
    })
}
