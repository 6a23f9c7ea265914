//! Answers that are saved for an idempotency key.

use std::{collections::HashMap, sync::Arc};

use aws_lc_rs::hmac;
use axum::http::StatusCode;
use card_airlock_services::{Changes, KeepError, Part};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The answers of all dialects.
pub(super) struct SavedAnswers {
    key: Arc<hmac::Key>,
    answers: HashMap<String, Saved>,
    /// The names of those that are not written down.
    new: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    /// A keyed hash of the request.
    request: Vec<u8>,
    status: u16,
    body: Value,
}

const SAVED: &str = "saved/";

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
    /// The answers that were written down.
    pub(super) fn open(key: Arc<hmac::Key>, kept: &Part) -> Result<Self, KeepError> {
        let answers = kept.beginning_with(SAVED)?.into_iter().collect();
        Ok(Self { key, answers, new: Vec::new() })
    }

    pub(super) fn of(&self, dialect: &'static str, key: &str, path: &str, body: &[u8]) -> Known {
        match self.answers.get(&name(dialect, key)) {
            None => Known::Nothing,
            Some(saved) if self.request(path, body).as_ref() == saved.request.as_slice() => {
                let status = StatusCode::from_u16(saved.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Known::Answer(status, saved.body.clone())
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
        let request = self.request(path, body).as_ref().to_vec();
        let saved = Saved { request, status: answer.0.as_u16(), body: answer.1.clone() };
        self.new.push(name(dialect, key));
        self.answers.insert(name(dialect, key), saved);
    }

    pub(super) fn write_changes(&mut self, changes: &mut Changes) {
        for name in std::mem::take(&mut self.new) {
            if let Some(saved) = self.answers.get(&name) {
                changes.put(&format!("{SAVED}{name}"), saved);
            }
        }
    }

    /// A request as a hash with the sandbox's own key, because there may be a card in it.
    fn request(&self, path: &str, body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(path.as_bytes());
        context.update(&[0]);
        context.update(body);
        context.sign()
    }
}

fn name(dialect: &str, key: &str) -> String {
    format!("{dialect}/{key}")
}
