//! Other names of keys.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html>

use serde_json::{Value, json};

use super::{error::KmsError, input::Input, key::seconds, page::page, state::Alias, turn::Turn};

const PREFIX: &str = "alias/";
const MOST_CHARS: usize = 256;
/// <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>
const MOST_OF_A_KEY: usize = 50;
const MOST_LISTED: u32 = 100;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
pub(crate) fn create_alias(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let name = alias_name(input)?;
    let target = turn.state.resolve_without_alias(input.key_id("TargetKeyId")?, turn.account)?;
    turn.state.keys.get(&target).ok_or(KmsError::NotFound)?.must_stay(turn.account)?;
    if turn.state.aliases.contains_key(name) {
        return Err(KmsError::AlreadyExists);
    }
    if turn.state.aliases.values().filter(|alias| alias.target == target).count() >= MOST_OF_A_KEY {
        return Err(KmsError::LimitExceeded("aliases of a key"));
    }
    let alias = Alias { target, created: turn.now, updated: turn.now };
    turn.state.aliases.insert(name.to_owned(), alias);
    Ok(json!({}))
}

/// The new key must be of the old one's kind.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html>
pub(crate) fn update_alias(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let name = alias_name(input)?;
    let target = turn.state.resolve_without_alias(input.key_id("TargetKeyId")?, turn.account)?;
    let alias = turn.state.aliases.get_mut(name).ok_or(KmsError::NotFound)?;
    let new = turn.state.keys.get(&target).ok_or(KmsError::NotFound)?;
    let old = turn.state.keys.get(&alias.target).ok_or(KmsError::NotFound)?;
    new.must_stay(turn.account)?;
    if old.spec.usage() != new.spec.usage() {
        return Err(KmsError::validation("the alias's new key must have the key usage of the old one"));
    }
    if alias.target != target {
        (alias.target, alias.updated) = (target, turn.now);
    }
    Ok(json!({}))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html>
pub(crate) fn delete_alias(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    turn.state.aliases.remove(alias_name(input)?).ok_or(KmsError::NotFound)?;
    Ok(json!({}))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html>
pub(crate) fn list_aliases(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let of = input.text("KeyId")?.map(|_| input.key_id("KeyId")).transpose()?;
    let of = of.map(|named| turn.state.resolve_without_alias(named, turn.account)).transpose()?;
    let aliases = turn.state.aliases.iter().filter(|(_, alias)| of.is_none_or(|key| alias.target == key));
    let listed = aliases.map(|(name, alias)| {
        let listed = json!({
            "AliasName": name,
            "AliasArn": turn.account.arn("kms", name),
            "TargetKeyId": alias.target,
            "CreationDate": seconds(alias.created),
            "LastUpdatedDate": seconds(alias.updated),
        });
        (name.clone(), listed)
    });
    page("Aliases", listed.collect(), MOST_LISTED, input)
}

fn alias_name<'a>(input: &Input<'a>) -> Result<&'a str, KmsError> {
    let name = input.required("AliasName")?;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || ":/_-".contains(c);
    if name.is_empty() || name.chars().count() > MOST_CHARS || !name.chars().all(is_allowed) {
        return Err(KmsError::validation("AliasName must be 1 to 256 letters, digits, : / _ or -"));
    }
    match name.strip_prefix(PREFIX) {
        Some(rest) if rest.starts_with("aws/") => Err(KmsError::NotAuthorized),
        Some(rest) if !rest.is_empty() && !rest.contains(':') => Ok(name),
        _ => Err(KmsError::InvalidAliasName),
    }
}
