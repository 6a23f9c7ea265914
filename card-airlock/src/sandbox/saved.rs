//! Answers that are saved for an idempotency key.

use std::collections::HashMap;

use aws_lc_rs::{hmac, rand::SystemRandom};
use axum::http::StatusCode;
use serde_json::Value;

/// The answers of all dialects.
pub(super) struct SavedAnswers {
    key: hmac::Key,
    answers: HashMap<(&'static str, String), Saved>,
}

struct Saved {
    request: hmac::Tag,
    status: StatusCode,
    body: Value,
}

/// What is known about a key.
pub(super) enum Known {
    /// Nothing.
    Nothing,
    /// This was the answer to the same request.
    Answer(StatusCode, Value),
    /// It was used with another request.
    AnotherRequest,
}

impl SavedAnswers {
    pub(super) fn new() -> Result<Self, aws_lc_rs::error::Unspecified> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())?;
        Ok(Self { key, answers: HashMap::new() })
    }

    pub(super) fn of(&self, dialect: &'static str, key: &str, path: &str, body: &[u8]) -> Known {
        match self.answers.get(&(dialect, key.to_owned())) {
            None => Known::Nothing,
            Some(saved) if self.request(path, body).as_ref() == saved.request.as_ref() => {
                Known::Answer(saved.status, saved.body.clone())
            }
            Some(_) => Known::AnotherRequest,
        }
    }

    pub(super) fn save(
        &mut self,
        dialect: &'static str,
        key: &str,
        path: &str,
        body: &[u8],
        answer: (StatusCode, &Value),
    ) {
        let saved = Saved { request: self.request(path, body), status: answer.0, body: answer.1.clone() };
        self.answers.insert((dialect, key.to_owned()), saved);
    }

    /// A request as a hash with a key that exists only in this process, because there may be a card in it.
    fn request(&self, path: &str, body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(path.as_bytes());
        context.update(&[0]);
        context.update(body);
        context.sign()
    }
}
