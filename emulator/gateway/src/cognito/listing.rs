//! Listing users. <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html>

use serde_json::{Value, json};

use super::{Cognito, Outcome, error::CognitoError, input::Input, user::User};

const MOST: u64 = 60;
/// What a filter may ask for.
const FILTERED: [&str; 10] = [
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
    "sub",
];

/// One test of an attribute.
struct Filter<'a> {
    name: &'a str,
    value: &'a str,
    /// Whether the attribute only begins so.
    is_prefix: bool,
}

pub(super) fn list_users(pool: &Cognito, input: &Input<'_>) -> Outcome {
    let wanted = input.texts("AttributesToGet")?;
    let filter = match input.text("Filter")? {
        None | Some("") => None,
        Some(text) => Some(Filter::read(text).ok_or(CognitoError::Invalid("Filter"))?),
    };
    let limit = match input.0.get("Limit") {
        None | Some(Value::Null) => MOST,
        Some(limit) => limit.as_u64().filter(|limit| *limit <= MOST).ok_or(CognitoError::Invalid("Limit"))?,
    };
    let first = match input.text("PaginationToken")? {
        None => 0,
        Some(token) => token.parse::<usize>().map_err(|_| CognitoError::Invalid("PaginationToken"))?,
    };
    let limit = usize::try_from(limit).unwrap_or_default();
    let state = pool.state.lock();
    let matching = state.users.iter().filter(|user| filter.as_ref().is_none_or(|filter| filter.takes(user)));
    let mut rest = matching.skip(first);
    let page: Vec<Value> = rest.by_ref().take(limit).map(|user| user.shown(wanted.as_deref())).collect();
    let mut answer = json!({ "Users": page });
    if let (Some(_), Some(members)) = (rest.next(), answer.as_object_mut()) {
        members.insert("PaginationToken".to_owned(), (first + limit).to_string().into());
    }
    Ok(answer)
}

impl<'a> Filter<'a> {
    /// `name = "value"`, or `^=` for how it begins.
    fn read(text: &'a str) -> Option<Self> {
        let (left, right) = text.split_once('=')?;
        let (left, is_prefix) = left.strip_suffix('^').map_or((left, false), |left| (left, true));
        let value = right.trim().strip_prefix('"')?.strip_suffix('"')?;
        let name = left.trim();
        (FILTERED.contains(&name) && !value.contains('"')).then_some(Self { name, value, is_prefix })
    }

    fn takes(&self, user: &User) -> bool {
        let value = user.attribute(self.name);
        value.is_some_and(
            |value| if self.is_prefix { value.starts_with(self.value) } else { value == self.value },
        )
    }
}
