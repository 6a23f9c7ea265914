//! A user pool and its client as a template declares them. A property that is not known here is an error.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::password::PasswordPolicy;

/// What a user pool and its client are like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CognitoSettings {
    pub(super) self_sign_up: bool,
    pub(super) passwords: PasswordPolicy,
    pub(super) flows: Vec<String>,
    pub(super) id_token: Duration,
    pub(super) access_token: Duration,
    pub(super) refresh_token: Duration,
    pub(super) groups: Vec<String>,
}

/// Why a declared user pool cannot be played here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CognitoSettingsError {
    /// A property is not known, or has a wrong form.
    #[error("{0}")]
    Malformed(String),
    /// A property has a value whose behaviour is not here.
    #[error("{0} is not supported here")]
    Unsupported(&'static str),
}

/// Without what changes nothing that can be seen here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PoolProperties {
    username_attributes: Vec<String>,
    auto_verified_attributes: Vec<String>,
    admin_create_user_config: Option<AdminCreateUserConfig>,
    policies: Option<Policies>,
    #[serde(rename = "MfaConfiguration")]
    mfa: Option<String>,
    #[serde(rename = "UserPoolName")]
    _name: Option<Value>,
    #[serde(rename = "DeletionProtection")]
    _deletion_protection: Option<Value>,
    #[serde(rename = "UserPoolTier")]
    _tier: Option<Value>,
    #[serde(rename = "UserPoolTags")]
    _tags: Option<Value>,
    #[serde(rename = "AccountRecoverySetting")]
    _account_recovery: Option<Value>,
    // No operation sets a second factor up.
    #[serde(rename = "EnabledMfas")]
    _enabled_mfas: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AdminCreateUserConfig {
    allow_admin_create_user_only: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Policies {
    password_policy: PasswordPolicy,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ClientProperties {
    #[serde(rename = "UserPoolId")]
    _user_pool_id: Value,
    #[serde(rename = "ClientName")]
    _name: Option<Value>,
    #[serde(default)]
    generate_secret: bool,
    prevent_user_existence_errors: String,
    explicit_auth_flows: Vec<String>,
    // There is no operation that revokes.
    #[serde(rename = "EnableTokenRevocation")]
    _enable_token_revocation: Option<Value>,
    id_token_validity: u64,
    access_token_validity: u64,
    refresh_token_validity: u64,
    token_validity_units: Units,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Units {
    id_token: Unit,
    access_token: Unit,
    refresh_token: Unit,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Seconds,
    Minutes,
    Hours,
    Days,
}

impl CognitoSettings {
    /// From the properties of `AWS::Cognito::UserPool`, of `AWS::Cognito::UserPoolClient`, and the groups' names.
    ///
    /// # Errors
    /// [`CognitoSettingsError`] for what is not known here.
    pub fn from_properties(
        pool: &Value,
        client: &Value,
        groups: Vec<String>,
    ) -> Result<Self, CognitoSettingsError> {
        let malformed = |error: serde_json::Error| CognitoSettingsError::Malformed(error.to_string());
        let pool = PoolProperties::deserialize(pool).map_err(malformed)?;
        let client = ClientProperties::deserialize(client).map_err(malformed)?;
        let email = ["email".to_owned()];
        let known = [
            (
                pool.username_attributes == email,
                "a pool whose users sign in with something else than their e-mail",
            ),
            (pool.auto_verified_attributes == email, "a pool that does not verify an e-mail"),
            (pool.mfa.as_deref() != Some("ON"), "MfaConfiguration ON"),
            (!client.generate_secret, "a client with a secret"),
            (client.prevent_user_existence_errors == "ENABLED", "PreventUserExistenceErrors LEGACY"),
        ];
        if let Some((_, what)) = known.into_iter().find(|(is_known, _)| !is_known) {
            return Err(CognitoSettingsError::Unsupported(what));
        }
        let units = client.token_validity_units;
        Ok(Self {
            self_sign_up: !pool
                .admin_create_user_config
                .is_some_and(|config| config.allow_admin_create_user_only),
            passwords: pool.policies.map(|policies| policies.password_policy).unwrap_or_default(),
            flows: client.explicit_auth_flows,
            id_token: units.id_token.times(client.id_token_validity),
            access_token: units.access_token.times(client.access_token_validity),
            refresh_token: units.refresh_token.times(client.refresh_token_validity),
            groups,
        })
    }
}

impl Unit {
    fn times(self, count: u64) -> Duration {
        let seconds = match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
            Self::Hours => 60 * 60,
            Self::Days => 24 * 60 * 60,
        };
        Duration::from_secs(seconds * count)
    }
}
