//! Secrets Manager: winterbaume's, kept beyond the process.

use tokio::sync::Mutex;
use winterbaume_core::StatefulService;
use winterbaume_secretsmanager::{
    SecretsManagerService,
    views::{SecretView, SecretsmanagerStateView},
};

use crate::{
    account::Account,
    answer::Answer,
    embedded::ask,
    keep::{KeepError, Mirror, Store},
    request::Request,
};

pub(crate) struct Secrets {
    service: SecretsManagerService,
    account: Account,
    /// One call after the other writes what it changed.
    kept: Mutex<Mirror>,
}

impl Secrets {
    /// With the secrets that are kept.
    pub(crate) async fn new(account: Account, store: &Store) -> Result<Self, KeepError> {
        let (kept, secrets) = Mirror::open::<SecretView>(store.part("secrets"))?;
        let service = SecretsManagerService::default();
        let secrets = SecretsmanagerStateView { secrets: secrets.into_iter().collect() };
        let restored = service.restore(&account.id, &account.region, secrets).await;
        restored.map_err(|_| store.damaged())?;
        Ok(Self { service, account, kept: Mutex::new(kept) })
    }

    pub(crate) async fn perform(&self, request: Request) -> Answer {
        let kept = self.kept.lock().await;
        let answer = ask(&self.service, &request).await;
        let state = self.service.snapshot(&self.account.id, &self.account.region).await;
        kept.show(|| state.secrets.into_iter().collect());
        answer
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{account::account, keep::Keep, service::Service};

    #[tokio::test]
    async fn secrets_stay() {
        let folder = tempfile::tempdir().unwrap();
        Keep::make(folder.path()).unwrap();
        let opened = async || {
            let keep = Keep::open(folder.path()).unwrap();
            Secrets::new(account(), keep.store()).await.unwrap()
        };
        let ask = async |secrets: &Secrets, operation: &str, body: Value| -> Value {
            let answer = secrets.perform(Request::own(Service::SecretsManager, operation, body)).await;
            serde_json::from_slice(&answer.body).unwrap()
        };
        let before = opened().await;
        for (name, text) in [("stays", "one"), ("goes", "two")] {
            let asked = json!({ "Name": name, "SecretString": text, "ClientRequestToken": "t" });
            ask(&before, "CreateSecret", asked).await;
        }
        let asked = json!({ "SecretId": "goes", "ForceDeleteWithoutRecovery": true });
        ask(&before, "DeleteSecret", asked).await;
        let asked = json!({ "SecretId": "stays", "SecretString": "new", "ClientRequestToken": "u" });
        ask(&before, "PutSecretValue", asked).await;
        drop(before);
        let after = opened().await;
        let read = ask(&after, "GetSecretValue", json!({ "SecretId": "stays" })).await;
        assert_eq!(read["SecretString"], "new");
        let listed = ask(&after, "ListSecrets", json!({})).await;
        assert_eq!(listed["SecretList"].as_array().unwrap().len(), 1, "{listed}");
    }
}
