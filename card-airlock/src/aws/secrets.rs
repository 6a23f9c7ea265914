//! Secrets Manager: winterbaume's.

use winterbaume_secretsmanager::SecretsManagerService;

use super::{answer::Answer, kms::ask, request::Request};

#[derive(Default)]
pub(super) struct Secrets(SecretsManagerService);

impl Secrets {
    pub(super) async fn perform(&self, request: Request) -> Answer {
        ask(&self.0, &request).await
    }
}
