//! The parameters of a call.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::CognitoError;

pub(super) struct Input<'a>(pub(super) &'a Value);

impl<'a> Input<'a> {
    pub(super) fn text(&self, member: &'static str) -> Result<Option<&'a str>, CognitoError> {
        match self.0.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(CognitoError::Invalid(member)),
        }
    }

    pub(super) fn required(&self, member: &'static str) -> Result<&'a str, CognitoError> {
        self.text(member)?.filter(|text| !text.is_empty()).ok_or(CognitoError::Missing(member))
    }

    /// False when it is not given.
    pub(super) fn truth(&self, member: &'static str) -> Result<bool, CognitoError> {
        match self.0.get(member) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(truth)) => Ok(*truth),
            Some(_) => Err(CognitoError::Invalid(member)),
        }
    }

    /// A text within a map.
    pub(super) fn within(&self, map: &'static str, member: &'static str) -> Result<&'a str, CognitoError> {
        let text = self.0.get(map).and_then(|map| map.get(member)).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).ok_or(CognitoError::Missing(member))
    }

    /// A list of texts.
    pub(super) fn texts(&self, member: &'static str) -> Result<Option<Vec<&'a str>>, CognitoError> {
        let Some(list) = self.0.get(member).filter(|value| !value.is_null()) else { return Ok(None) };
        let texts = list.as_array().and_then(|items| items.iter().map(Value::as_str).collect());
        texts.map(Some).ok_or(CognitoError::Invalid(member))
    }

    /// `UserAttributes`, by name.
    pub(super) fn attributes(&self) -> Result<BTreeMap<String, String>, CognitoError> {
        const MEMBER: &str = "UserAttributes";
        let Some(list) = self.0.get(MEMBER).filter(|value| !value.is_null()) else {
            return Ok(BTreeMap::new());
        };
        let pair = |item: &Value| {
            let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
            Some((text("Name")?, text("Value").unwrap_or_default()))
        };
        let pairs = list.as_array().and_then(|items| items.iter().map(pair).collect());
        pairs.ok_or(CognitoError::Invalid(MEMBER))
    }
}
