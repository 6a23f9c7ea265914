//! One user of the pool.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{error::CognitoError, password::PasswordHash};

/// A user may fail so often before each failure locks the user out.
const FREE_FAILURES: u32 = 5;
const LONGEST_LOCK: Duration = Duration::from_secs(15 * 60);

/// How far a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum UserStatus {
    Unconfirmed,
    Confirmed,
    ForceChangePassword,
}

/// A user. Its name is its `sub`, as in a pool whose users sign in with their e-mail.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) sub: Uuid,
    pub(super) email: String,
    /// The others that it was given.
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) status: UserStatus,
    pub(super) password: Option<PasswordHash>,
    /// Until when a temporary password is good.
    pub(super) temporary_until: Option<SystemTime>,
    /// What confirms the sign-up, and until when.
    pub(super) code: Option<(String, SystemTime)>,
    pub(super) groups: BTreeSet<String>,
    pub(super) created: SystemTime,
    pub(super) modified: SystemTime,
    pub(super) failures: u32,
    pub(super) locked_until: Option<SystemTime>,
}

impl User {
    pub(super) fn new(email: &str, status: UserStatus, now: SystemTime) -> Self {
        Self {
            sub: Uuid::new_v4(),
            email: email.to_owned(),
            attributes: BTreeMap::from([("email_verified".to_owned(), "false".to_owned())]),
            status,
            password: None,
            temporary_until: None,
            code: None,
            groups: BTreeSet::new(),
            created: now,
            modified: now,
            failures: 0,
            locked_until: None,
        }
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.email == name || self.sub.to_string() == name
    }

    /// An attribute's value, as a filter names it.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        match name {
            "sub" | "username" => Some(self.sub.to_string()),
            "email" => Some(self.email.clone()),
            "cognito:user_status" => Some(<&str>::from(self.status).to_owned()),
            "status" => Some("Enabled".to_owned()),
            _ => self.attributes.get(name).cloned(),
        }
    }

    /// Whether this is the user's password. Failures lock the user out for a while: after five for a second, then each
    /// for twice as long. <https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html>
    pub(super) fn check_password(&mut self, password: &str, now: SystemTime) -> Result<(), CognitoError> {
        if self.locked_until.is_some_and(|until| now < until) {
            return Err(CognitoError::AttemptsExceeded);
        }
        if self.password.as_ref().is_some_and(|kept| kept.is_of(password)) {
            (self.failures, self.locked_until) = (0, None);
            return Ok(());
        }
        self.failures += 1;
        if let Some(beyond) = self.failures.checked_sub(FREE_FAILURES) {
            let lock = Duration::from_secs(1u64.checked_shl(beyond).unwrap_or(u64::MAX)).min(LONGEST_LOCK);
            self.locked_until = Some(now + lock);
        }
        Err(CognitoError::IncorrectPassword)
    }

    /// As the API shows it, with all attributes or those that are wanted.
    pub(super) fn shown(&self, wanted: Option<&[&str]>) -> Value {
        let own = [("sub", self.sub.to_string()), ("email", self.email.clone())];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        let all = own.chain(self.attributes.clone());
        let shown = all.filter(|(name, _)| wanted.is_none_or(|wanted| wanted.contains(&name.as_str())));
        let attributes: Vec<_> = shown.map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        json!({
            "Username": self.sub,
            "Attributes": attributes,
            "UserCreateDate": seconds(self.created),
            "UserLastModifiedDate": seconds(self.modified),
            "Enabled": true,
            "UserStatus": <&str>::from(self.status),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_lock_a_user_out_for_longer_each_time_and_a_success_ends_it() {
        let mut now = UNIX_EPOCH;
        let mut user = User::new("ann@example.com", UserStatus::Confirmed, now);
        user.password = Some(PasswordHash::of("right").unwrap());
        for _ in 0..4 {
            assert_eq!(user.check_password("wrong", now), Err(CognitoError::IncorrectPassword));
            assert_eq!(user.locked_until, None);
        }
        for seconds in [1, 2, 4] {
            assert_eq!(user.check_password("wrong", now), Err(CognitoError::IncorrectPassword));
            let end = now + Duration::from_secs(seconds);
            now = end - Duration::from_millis(1);
            // Not even the right one, and a try changes nothing.
            assert_eq!(user.check_password("right", now), Err(CognitoError::AttemptsExceeded));
            now = end;
        }
        assert_eq!(user.check_password("right", now), Ok(()));
        assert_eq!((user.failures, user.locked_until), (0, None));
        user.failures = 200;
        user.check_password("wrong", now).unwrap_err();
        assert_eq!(user.locked_until, Some(now + LONGEST_LOCK));
    }
}
