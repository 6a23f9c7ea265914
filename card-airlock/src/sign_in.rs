//! Sign-in on this machine: whose tokens its user pool accepts.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use card_airlock_gateway::{Cognito, CognitoSettings, CognitoSettingsError, Issuer, IssuerError, UserPool};
use card_airlock_template::Stack;
use clock::Clock;
use etcetera::BaseStrategy;
use serde_json::Value;

use crate::deployment::{USER_POOL_CLIENT_ID, USER_POOL_ID};

/// The folder's name inside the user's state folder.
const FOLDER: &str = "card-airlock";

/// Why nobody can sign in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The user has no home folder.
    #[error("there is no folder for the signing key, because the user has no home folder: set HOME")]
    NoHome,
    /// The signing key could not be made, kept or read back.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
}

/// An issuer with a key of its own, which ends with the process: for tests and the demo.
///
/// # Errors
/// When the machine cannot make a key.
pub fn ephemeral() -> Result<Issuer, IssuerError> {
    Issuer::ephemeral(user_pool())
}

/// The issuer of the user who runs this process: a token made by `card-airlock token` is accepted by a running
/// `card-airlock up` of the same user.
///
/// # Errors
/// When the key file cannot be made or read, or others may read it.
pub fn of_this_user() -> Result<Issuer, SignInError> {
    Ok(kept_in(&state_folder()?)?)
}

/// The issuer whose key file is in `folder`, made there when there is none.
///
/// # Errors
/// As [`of_this_user`].
pub fn kept_in(folder: &Path) -> Result<Issuer, IssuerError> {
    Issuer::kept_in(user_pool(), folder)
}

/// The `sub` of a token's user, by which an order belongs to them. Nothing of the token is checked.
pub(crate) fn subject(token: &str) -> Option<String> {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Some(claims.get("sub")?.as_str()?.to_owned())
}

/// The template's user pool, without users. It has the machine's time, as the authorizer does.
pub(crate) fn cognito(declared: &Stack, issuer: Arc<Issuer>) -> Result<Arc<Cognito>, CognitoSettingsError> {
    let of_kind = |kind: &'static str| {
        let ids = declared.resources.iter().filter(move |resource| resource.kind == kind);
        ids.filter_map(|resource| declared.properties(&resource.logical_id))
    };
    let only = |kind| of_kind(kind).next().unwrap_or(&Value::Null);
    let groups = of_kind("AWS::Cognito::UserPoolGroup").filter_map(|group| group.get("GroupName")?.as_str());
    let settings = CognitoSettings::from_properties(
        only("AWS::Cognito::UserPool"),
        only("AWS::Cognito::UserPoolClient"),
        groups.map(str::to_owned).collect(),
    )?;
    Ok(Arc::new(Cognito::new(settings, issuer, Clock::system())))
}

fn user_pool() -> UserPool {
    UserPool { id: USER_POOL_ID.to_owned(), client_id: USER_POOL_CLIENT_ID.to_owned() }
}

/// The folder in which this user's programs keep their state.
fn state_folder() -> Result<PathBuf, SignInError> {
    let home = etcetera::choose_base_strategy().map_err(|_| SignInError::NoHome)?;
    Ok(home.state_dir().unwrap_or_else(|| home.data_dir()).join(FOLDER))
}
