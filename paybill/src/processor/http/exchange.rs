//! One request and its answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use http_body_util::Full;
use order::PaymentObject;
use reqwest::{
    Body, RequestBuilder, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    super::{
        answer::{Judged, Verdict, judge},
        profile::{Lookup, Method, Pointer, Rule, Step, UrlPath},
        request::{Texts, Values, path, render},
        seam::Exchange,
    },
    HttpProcessor,
};

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing was sent, for that reason.
    NotSent(&'static str),
    /// The request may have arrived; the reason says what went wrong.
    NoAnswer(&'static str),
}

impl Silence {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::NotSent(reason) | Self::NoAnswer(reason) => reason,
        }
    }
}

impl Exchange {
    /// Sends a request, and decides what its answer means.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        step: &str,
        rules: &[Rule],
        take: &[(String, Pointer)],
    ) -> Result<(StatusCode, Judged), Silence> {
        let payment = self.payment;
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let reason = "no time is left";
            tracing::warn!(%payment, step, reason, "the request was not sent to the processor");
            return Err(Silence::NotSent(reason));
        }
        let mut response = request.timeout(left).send().await.map_err(|error| {
            // If there was no complete connection with TLS, nothing was sent.
            let silence = match error.is_connect() {
                true => Silence::NotSent("no connection"),
                false if error.is_timeout() => Silence::NoAnswer("timeout"),
                false => Silence::NoAnswer("connection broken"),
            };
            let reason = silence.reason();
            tracing::warn!(%payment, step, reason, "the processor did not answer");
            silence
        })?;
        let status = response.status();
        let judged = judge(rules, take, self.last4, &mut response).await;
        self.log(step, status, &judged);
        Ok((status, judged))
    }

    /// Only these parts of an answer are logged: status, rule, code and reference.
    fn log(&self, step: &str, status: StatusCode, judged: &Judged) {
        let (code, reference) = match &judged.verdict {
            Verdict::Submitted { reference } => (None, reference.as_ref()),
            Verdict::Declined { code, reference, .. } => (Some(code.to_string()), reference.as_ref()),
            _ => (None, None),
        };
        tracing::info!(
            payment = %self.payment, step, status = status.as_u16(), rule = judged.rule, code,
            reference = reference.map(order::ProcessorReference::as_str), "the processor answered"
        );
    }
}

/// Nothing can be sent: a value, the secret or the address is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RequestNotWrittenError;

impl HttpProcessor {
    /// A step's request, with nothing sent yet.
    pub(super) async fn write(
        &self,
        step: &Step,
        values: &Values<'_>,
        texts: &Texts,
    ) -> Result<RequestBuilder, RequestNotWrittenError> {
        let path =
            path(&step.path, &texts.payment_id, values.taken, values.object).ok_or(RequestNotWrittenError)?;
        let mut request =
            self.client.request(step.method.into(), self.address(&path).ok_or(RequestNotWrittenError)?);
        for header in &step.headers {
            request = request.header(header.name.clone(), header.value.clone());
        }
        if let Some(header) = &self.profile.key_header {
            request = request.header(header.name.clone(), texts.key.as_str());
        }
        request = self.authenticated(request).await?;
        if step.method == Method::Get {
            return Ok(request);
        }
        // Wrapped, because the client would keep a plain body until the answer comes, to send it again.
        // Last, so that the card is in memory no longer than it must be.
        let body =
            render(&step.body, step.encoding, &values.with(texts)).map_err(|_| RequestNotWrittenError)?;
        Ok(request
            .header(CONTENT_TYPE, HeaderValue::from_static(step.encoding.media_type()))
            .body(Body::wrap(Full::new(Bytes::from_owner(body)))))
    }

    /// The request that asks for the outcome of a payment.
    pub(super) async fn write_lookup(
        &self,
        lookup: &Lookup,
        payment: Uuid,
        object: Option<&PaymentObject>,
    ) -> Option<RequestBuilder> {
        let object = object.map(PaymentObject::as_str);
        let path = path(&lookup.path, &payment.to_string(), &BTreeMap::new(), object)?;
        let mut request = self.client.get(self.address(&path)?);
        for header in &lookup.headers {
            request = request.header(header.name.clone(), header.value.clone());
        }
        self.authenticated(request).await.ok()
    }

    /// The request with the secret in it.
    pub(super) async fn authenticated(
        &self,
        request: RequestBuilder,
    ) -> Result<RequestBuilder, RequestNotWrittenError> {
        let Some(secret) = &self.secret else { return Ok(request) };
        let (name, value) = secret.header().await.map_err(|_| RequestNotWrittenError)?;
        Ok(request.header(name, value))
    }

    /// A path below the processor's address. Without a path it is the address itself.
    fn address(&self, path: &str) -> Option<reqwest::Url> {
        if path.is_empty() {
            return Some(self.url.clone());
        }
        let base = self.url.as_str().trim_end_matches('/');
        format!("{base}{path}").parse().ok()
    }
}

impl UrlPath {
    /// Whether it is the processor's address itself.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_says_why() {
        assert_eq!(Silence::NotSent("no connection").reason(), "no connection");
        assert_eq!(Silence::NoAnswer("timeout").reason(), "timeout");
    }
}
