//! The parameters of a call. An unknown parameter is refused by name, because it would have no effect.

use std::ops::RangeInclusive;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{context::EncryptionContext, error::KmsError};
use crate::members::stray;

const MOST_KEY_ID_CHARS: usize = 2048;

/// The parameters of a call that are given; `null` is not.
#[derive(Debug)]
pub(crate) struct Input<'a>(Option<&'a Map<String, Value>>);

impl<'a> Input<'a> {
    /// Refuses a parameter that is not in `members`.
    pub(crate) fn read(body: &'a Value, members: &[&str]) -> Result<Self, KmsError> {
        match stray(body, members) {
            None => Ok(Self(body.as_object())),
            Some(name) => Err(KmsError::unsupported(format!("the parameter {name}"))),
        }
    }

    pub(crate) fn text(&self, member: &'static str) -> Result<Option<&'a str>, KmsError> {
        self.value(member).map(|value| value.as_str().ok_or(KmsError::Serialization(member))).transpose()
    }

    pub(crate) fn required(&self, member: &'static str) -> Result<&'a str, KmsError> {
        self.text(member)?.ok_or_else(|| missing(member))
    }

    /// The id, ARN or alias of a key.
    pub(crate) fn key_id(&self, member: &'static str) -> Result<&'a str, KmsError> {
        let named = self.required(member)?;
        if named.is_empty() || named.chars().count() > MOST_KEY_ID_CHARS {
            return Err(KmsError::validation(format!(
                "{member} must have 1 to {MOST_KEY_ID_CHARS} characters"
            )));
        }
        Ok(named)
    }

    /// Bytes, `1..=most` of them.
    pub(crate) fn blob(&self, member: &'static str, most: usize) -> Result<Vec<u8>, KmsError> {
        let bytes = BASE64_STANDARD.decode(self.required(member)?);
        let bytes = bytes.map_err(|_| KmsError::Serialization(member))?;
        if bytes.is_empty() || bytes.len() > most {
            return Err(KmsError::validation(format!("{member} must have 1 to {most} bytes")));
        }
        Ok(bytes)
    }

    pub(crate) fn number(
        &self,
        member: &'static str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, KmsError> {
        let Some(value) = self.value(member) else { return Ok(None) };
        let number = value.as_i64().ok_or(KmsError::Serialization(member))?;
        let number = u32::try_from(number).ok().filter(|number| range.contains(number));
        let outside =
            || KmsError::validation(format!("{member} must be from {} to {}", range.start(), range.end()));
        number.map(Some).ok_or_else(outside)
    }

    /// False when it is not given.
    pub(crate) fn truth(&self, member: &'static str) -> Result<bool, KmsError> {
        self.value(member).map_or(Ok(false), |value| value.as_bool().ok_or(KmsError::Serialization(member)))
    }

    pub(crate) fn list(&self, member: &'static str) -> Result<Option<&'a Vec<Value>>, KmsError> {
        self.value(member).map(|value| value.as_array().ok_or(KmsError::Serialization(member))).transpose()
    }

    pub(crate) fn context(&self, member: &'static str) -> Result<EncryptionContext, KmsError> {
        EncryptionContext::read(self.value(member), member)
    }

    fn value(&self, member: &str) -> Option<&'a Value> {
        self.0?.get(member).filter(|value| !value.is_null())
    }
}

pub(crate) fn missing(member: &str) -> KmsError {
    KmsError::validation(format!("{member} must not be null"))
}
