//! The attributes that a caller may give a user.

use std::collections::BTreeMap;

use email_address::EmailAddress;

use super::error::CognitoError;

/// The standard attributes that a client may write.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html>
const WRITABLE: [&str; 15] = [
    "address",
    "birthdate",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "picture",
    "preferred_username",
    "profile",
    "website",
    "zoneinfo",
];

/// The attributes beside the e-mail, which is the name: those that the caller may write.
pub(super) fn own_attributes(
    email: &str,
    mut given: BTreeMap<String, String>,
    writable_too: &[&str],
) -> Result<BTreeMap<String, String>, CognitoError> {
    if !EmailAddress::is_valid(email) {
        return Err(CognitoError::NotAnEmail);
    }
    if given.remove("email").is_some_and(|other| other != email) {
        return Err(CognitoError::Invalid("UserAttributes"));
    }
    let is_writable = |name: &str| WRITABLE.contains(&name) || writable_too.contains(&name);
    if given.keys().any(|name| !is_writable(name)) {
        return Err(CognitoError::AttributeNotWritable);
    }
    Ok(given)
}
