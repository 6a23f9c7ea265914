//! The rewrap function of a running stack, in this process: the code and the role of the deployed one.

use aws_sdk_kms::Client as Kms;
use card_airlock_template::TemplateError;
use clock::Clock;
use rewrap::{Rewrap, Settings};
use vault::RewrapperSettings;

use crate::{
    deployment::{self, ACCOUNT_ID},
    functions, previous_key,
};

/// The present key's logical id.
const VAULT_KEY: &str = "VaultKey";
/// The vault's logical id.
const VAULT: &str = "CreditCardTokenizerTable";

/// Why the vault of a running stack cannot be re-wrapped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RewrapFunctionError {
    /// The template cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Nothing answers.
    #[error("KMS does not answer; is `card-airlock up` running, and is this its --aws-port?")]
    NoAnswer,
    /// The stack was started without one.
    #[error(
        "this `up` has no previous key; start it with --parameter PreviousVaultKeyArn=ARN (docs/keys.md)"
    )]
    NoPreviousKey,
}

/// The rewrap function as the template declares it, at the endpoint of a running stack.
pub(crate) async fn rewrap_function(aws_url: &str) -> Result<Rewrap, RewrapFunctionError> {
    let template = deployment::shipped()?;
    let tables = template.tables(&template.named_here())?;
    let vault = tables.into_iter().find(|table| table.logical_id == VAULT);
    let kms = Kms::new(&functions::sdk_config(aws_url, "operator"));
    let rewrapper = RewrapperSettings {
        previous_vault_key_arn: key_arn(&kms, previous_key::NAME).await?,
        vault_key_arn: key_arn(&kms, VAULT_KEY).await?,
        vault_table: vault.map(|table| table.name).unwrap_or_default(),
        account: ACCOUNT_ID.to_owned(),
    };
    let config = functions::sdk_config(aws_url, previous_key::REWRAP_ROLE);
    Ok(Rewrap::new(&config, Settings { rewrapper }, Clock::system()))
}

/// The key that a stack of this machine was given or has made, by its description.
async fn key_arn(kms: &Kms, description: &str) -> Result<String, RewrapFunctionError> {
    let listed = kms.list_keys().send().await.map_err(|_| RewrapFunctionError::NoAnswer)?;
    for key in listed.keys().iter().filter_map(|key| key.key_id()) {
        let described = kms.describe_key().key_id(key).send().await;
        let described = described.map_err(|_| RewrapFunctionError::NoAnswer)?;
        let found = described.key_metadata().filter(|key| key.description() == Some(description));
        if let Some(arn) = found.and_then(|key| key.arn()) {
            return Ok(arn.to_owned());
        }
    }
    Err(RewrapFunctionError::NoPreviousKey)
}
