//! A user pool with its one client: who signs up, who signs in, and with which tokens.
//!
//! <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/Welcome.html>

mod admin;
mod attributes;
mod error;
mod input;
mod listing;
mod password;
mod settings;
mod sign_in;
mod sign_up;
mod state;
#[cfg(test)]
mod tests;
mod user;

use std::sync::Arc;

use clock::Clock;
use parking_lot::Mutex;
use serde_json::Value;

pub use error::CognitoError;
use input::Input;
pub use settings::{CognitoSettings, CognitoSettingsError};
pub use state::State as CognitoState;

use crate::issuer::Issuer;

type Outcome = Result<Value, CognitoError>;
type Perform = fn(&Cognito, &Input<'_>) -> Outcome;

/// A user pool that is asked as Cognito is. Its users end with the process, if nobody keeps its state.
#[derive(Debug)]
pub struct Cognito {
    settings: CognitoSettings,
    issuer: Arc<Issuer>,
    clock: Clock,
    state: Mutex<CognitoState>,
}

/// An operation, its members, and whether it needs no credential.
struct Operation {
    name: &'static str,
    members: &'static [&'static str],
    is_open: bool,
    perform: Perform,
}

const OPERATIONS: [Operation; 8] = [
    admin("AdminAddUserToGroup", &["GroupName", "UserPoolId", "Username"], admin::add_to_group),
    admin(
        "AdminCreateUser",
        &["MessageAction", "TemporaryPassword", "UserAttributes", "UserPoolId", "Username"],
        admin::create_user,
    ),
    admin("AdminSetUserPassword", &["Password", "Permanent", "UserPoolId", "Username"], admin::set_password),
    open("ConfirmSignUp", &["ClientId", "ConfirmationCode", "Username"], sign_up::confirm),
    open("InitiateAuth", &["AuthFlow", "AuthParameters", "ClientId"], sign_in::initiate),
    admin(
        "ListUsers",
        &["AttributesToGet", "Filter", "Limit", "PaginationToken", "UserPoolId"],
        listing::list_users,
    ),
    open(
        "RespondToAuthChallenge",
        &["ChallengeName", "ChallengeResponses", "ClientId", "Session"],
        sign_in::respond,
    ),
    open("SignUp", &["ClientId", "Password", "UserAttributes", "Username"], sign_up::sign_up),
];

const fn admin(name: &'static str, members: &'static [&'static str], perform: Perform) -> Operation {
    Operation { name, members, is_open: false, perform }
}

const fn open(name: &'static str, members: &'static [&'static str], perform: Perform) -> Operation {
    Operation { name, members, is_open: true, perform }
}

impl Cognito {
    /// A pool without users. `clock` is the time of codes, passwords and tokens.
    #[must_use]
    pub fn new(settings: CognitoSettings, issuer: Arc<Issuer>, clock: Clock) -> Self {
        Self { settings, issuer, clock, state: Mutex::default() }
    }

    /// The users, and what was handed out to them.
    #[must_use]
    pub fn state(&self) -> CognitoState {
        self.state.lock().clone()
    }

    /// Takes the users of another pool, such as one of an earlier process, in place of its own.
    pub fn take_up(&self, state: CognitoState) {
        *self.state.lock() = state;
    }

    /// The names of all operations, in alphabetical order.
    pub fn operations() -> impl Iterator<Item = &'static str> {
        OPERATIONS.iter().map(|operation| operation.name)
    }

    /// The members that an operation has here.
    #[must_use]
    pub fn members(operation: &str) -> &'static [&'static str] {
        find(operation).map_or(&[], |operation| operation.members)
    }

    /// Whether an operation needs no credential.
    #[must_use]
    pub fn is_open(operation: &str) -> bool {
        find(operation).is_some_and(|operation| operation.is_open)
    }

    /// Does an operation. It may take a tenth of a second: a password's hash is slow on purpose.
    ///
    /// # Errors
    /// [`CognitoError`] as Cognito names it.
    pub fn perform(&self, operation: &str, parameters: &Value) -> Outcome {
        let found = find(operation).ok_or(CognitoError::Unsupported("the operation"))?;
        let input = Input(parameters);
        if found.is_open && input.required("ClientId")? != self.issuer.pool().client_id {
            return Err(CognitoError::NoClient);
        }
        if !found.is_open && input.required("UserPoolId")? != self.issuer.pool().id {
            return Err(CognitoError::NoPool);
        }
        (found.perform)(self, &input)
    }
}

fn find(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}
