//! Secrets Manager: winterbaume's.

use winterbaume_secretsmanager::SecretsManagerService;

use crate::{answer::Answer, embedded::ask, request::Request};

#[derive(Default)]
pub(crate) struct Secrets(SecretsManagerService);

impl Secrets {
    pub(crate) async fn perform(&self, request: Request) -> Answer {
        ask(&self.0, &request).await
    }
}
