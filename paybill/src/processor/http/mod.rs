//! A processor that is asked over HTTP. The wire format, and what each answer means: docs/processor.md.

mod answer;

use aws_config::SdkConfig;
use bytes::Bytes;
use clock::Clock;
use futures::future::BoxFuture;
use http_body_util::Full;
use order::Outcome;
use reqwest::{
    Body, Client, Proxy, RequestBuilder, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE},
    redirect,
};

use super::{
    bearer::Bearer,
    body::body,
    seam::{ClientNotBuiltError, PaymentRequest, Processor, ProcessorError},
    settings::ProcessorSettings,
};

/// Asks a processor with one POST for each submission.
#[derive(Debug)]
pub struct HttpProcessor {
    client: Client,
    url: Url,
    bearer: Option<Bearer>,
}

impl HttpProcessor {
    pub(super) fn new(
        config: &SdkConfig,
        url: Url,
        settings: &ProcessorSettings,
        clock: Clock,
    ) -> Result<Self, ClientNotBuiltError> {
        let mut client = Client::builder()
            // A redirect would carry the card elsewhere.
            .redirect(redirect::Policy::none())
            // What is sent again is the caller's to decide.
            .retry(reqwest::retry::never())
            // A Lambda function is frozen between requests, and a connection that died meanwhile would leave a
            // payment unclear: each has a connection of its own.
            .pool_max_idle_per_host(0)
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            // Only the proxy that is set: none of the environment's.
            .no_proxy();
        if let Some(proxy) = &settings.proxy {
            client = client.proxy(Proxy::all(proxy.clone()).map_err(|_| ClientNotBuiltError)?);
        }
        if url.scheme() == "http" {
            // On this machine there is no TLS, and reading the system's certificates takes long.
            client = client.tls_certs_only([]);
        }
        Ok(Self {
            client: client.build().map_err(|_| ClientNotBuiltError)?,
            url,
            bearer: settings.secret_arn.clone().map(|arn| Bearer::new(config, arn, clock)),
        })
    }

    async fn ask(&self, request: PaymentRequest<'_>) -> Result<Outcome, ProcessorError> {
        let payment = request.payment_id;
        let asked = self.prepare(request).await?;
        let mut response = asked.send().await.map_err(|error| {
            // Whatever failed before there was a connection, TLS and all, sent nothing.
            let (error, reason) = match error.is_connect() {
                true => (ProcessorError::NotReached, "no connection"),
                false if error.is_timeout() => (ProcessorError::NoAnswer, "too late"),
                false => (ProcessorError::NoAnswer, "broken off"),
            };
            tracing::warn!(%payment, reason, "the processor did not answer");
            error
        })?;
        let status = response.status();
        let outcome = answer::outcome(&mut response).await;
        tracing::info!(%payment, status = status.as_u16(), "the processor answered");
        if status == StatusCode::UNAUTHORIZED
            && let Some(bearer) = &self.bearer
        {
            bearer.forget().await;
        }
        outcome
    }

    /// The request, with nothing sent yet.
    async fn prepare(&self, request: PaymentRequest<'_>) -> Result<RequestBuilder, ProcessorError> {
        let mut asked = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", request.payment_id.to_string());
        if let Some(bearer) = &self.bearer {
            let authorization = bearer.header().await.map_err(|_| ProcessorError::NotReached)?;
            asked = asked.header(AUTHORIZATION, authorization);
        }
        // Last, so that the card is in memory no longer than it must be.
        let body = body(request).ok_or(ProcessorError::NotReached)?;
        // Wrapped, for a body of bytes is kept until the answer comes, to be sent again elsewhere.
        Ok(asked.body(Body::wrap(Full::new(Bytes::from_owner(body)))))
    }
}

impl Processor for HttpProcessor {
    fn submit<'a>(&'a self, request: PaymentRequest<'a>) -> BoxFuture<'a, Result<Outcome, ProcessorError>> {
        Box::pin(async move { self.ask(request).await })
    }
}
