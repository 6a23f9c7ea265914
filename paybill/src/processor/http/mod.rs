//! A processor that is asked over HTTP, as its profile says.

mod exchange;

use std::{collections::BTreeMap, fmt, time::Duration};

use aws_config::SdkConfig;
use clock::Clock;
use futures::future::BoxFuture;
use order::{Amount, Outcome, PaymentObject, PaymentRoute, Settlement};
use reqwest::{Client, Proxy, RequestBuilder, StatusCode, Url, redirect};
use tokio::time::Instant;
use uuid::Uuid;
use vault::Last4;

use super::{
    ConnectError,
    answer::Verdict,
    profile::{Pointer, Profile, Resend, Rule},
    request::Values,
    seam::{
        Exchange, PaymentRequest, PrepareError, Prepared, PreparedStep, Processor, ProcessorError, Requires,
    },
    secret::Secret,
    settings::ProcessorSettings,
};
use exchange::Silence;

/// Asks a processor by the requests of its profile.
#[derive(Debug)]
pub struct HttpProcessor {
    client: Client,
    url: Url,
    profile: Profile,
    account: Option<String>,
    route: PaymentRoute,
    is_under_agreement: bool,
    secret: Option<Secret>,
    timeout: Duration,
    hears: Option<Hears>,
}

/// One request's answer, for the people who write profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered<'a> {
    /// The step's name, or `lookup`.
    pub request: &'a str,
    /// The status, and which rule matched, counted from 1; or why there is no answer.
    pub answer: Result<(u16, Option<usize>), &'static str>,
}

/// Is called with each answer.
struct Hears(Box<dyn Fn(&Answered<'_>) + Send + Sync>);

impl fmt::Debug for Hears {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hears")
    }
}

impl HttpProcessor {
    /// The processor at `url`. `config` reaches Secrets Manager; `clock` gives the age of a secret.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub fn new(
        config: &SdkConfig,
        url: Url,
        settings: &ProcessorSettings,
        clock: Clock,
    ) -> Result<Self, ConnectError> {
        let profile = Profile::load(&settings.profile)?;
        if profile.needs_secret && settings.secret_arn.is_none() {
            return Err(ConnectError::NoSecret(profile.name));
        }
        if profile.needs_account && settings.account.is_none() {
            return Err(ConnectError::NoAccount(profile.name));
        }
        if profile.has_paths() && (url.query().is_some() || url.fragment().is_some()) {
            return Err(ConnectError::UrlHasQuery);
        }
        if settings.idempotency_hours.get() >= profile.kept_hours {
            return Err(ConnectError::KeysKeptTooShort(profile.name, profile.kept_hours));
        }
        let secret = settings.secret_arn.clone();
        Ok(Self {
            client: client(&url, settings)?,
            route: route(&profile, &url, settings),
            url,
            secret: secret.map(|arn| Secret::new(config, arn, profile.auth.clone(), clock)),
            profile,
            account: settings.account.clone(),
            is_under_agreement: settings.stored_card_agreement,
            timeout: settings.timeout,
            hears: None,
        })
    }

    /// The same, with a listener that is called with each answer.
    #[must_use]
    pub fn telling(self, hear: impl Fn(&Answered<'_>) + Send + Sync + 'static) -> Self {
        Self { hears: Some(Hears(Box::new(hear))), ..self }
    }

    /// The remaining steps of a payment that has made this object.
    fn first_step(&self, object: Option<&PaymentObject>) -> usize {
        object.and_then(|_| self.profile.remembering_step()).map_or(0, |step| step + 1)
    }

    /// Does the steps before the charge. Even if one fails, this request has charged nothing.
    async fn prepare(
        &self,
        exchange: Exchange,
        mut request: PaymentRequest<'_>,
    ) -> Result<Prepared, PrepareError> {
        let mut taken = BTreeMap::new();
        let mut made = None;
        let mut left = self.profile.steps.get(self.first_step(request.object)..).unwrap_or_default();
        while let [step, later @ ..] = left {
            let object = made.as_ref().or(request.object).map(PaymentObject::as_str);
            let written = {
                let values = Values {
                    profile: &self.profile,
                    request: &request,
                    account: self.account.as_deref(),
                    is_under_agreement: self.is_under_agreement,
                    taken: &taken,
                    object,
                };
                let texts = values.texts(exchange.payment, &step.key_suffix);
                let texts = texts.map_err(|_| PrepareError::NotReached)?;
                self.write(step, &values, &texts).await.map_err(|_| PrepareError::NotReached)?
            };
            if !later.iter().any(|step| step.body.has_card()) {
                // The request is written, so the card is not needed any more.
                request.card = None;
            }
            if later.is_empty() {
                return Ok(Prepared { object: made, step: PreparedStep::Http(Box::new(written)) });
            }
            let answer = self.ask(exchange, written, &step.name, &step.rules, &step.take).await;
            match answer.map_err(|_| PrepareError::NotReached)? {
                Verdict::Next(values) => {
                    let remembered = step.remember.as_ref().and_then(|name| values.get(name));
                    made = made.or_else(|| remembered.cloned());
                    taken.extend(values);
                    left = later;
                }
                Verdict::Declined { code, kind, reference } => {
                    let outcome = Outcome::Declined(code);
                    return Err(PrepareError::Declined(Settlement { outcome, kind, reference }));
                }
                Verdict::Refused => return Err(PrepareError::Refused),
                Verdict::Submitted { .. } | Verdict::InProgress | Verdict::Unknown => {
                    return Err(PrepareError::NotReached);
                }
            }
        }
        Err(PrepareError::NotReached)
    }

    async fn charge(&self, exchange: Exchange, prepared: Prepared) -> Result<Settlement, ProcessorError> {
        let (PreparedStep::Http(request), Some(step)) = (prepared.step, self.profile.steps.last()) else {
            return Err(ProcessorError::NotReached);
        };
        let answer = self.ask(exchange, *request, &step.name, &step.rules, &[]).await;
        let verdict = answer.map_err(|silence| match silence {
            Silence::NotSent(_) => ProcessorError::NotReached,
            Silence::NoAnswer(_) => ProcessorError::NoAnswer,
        })?;
        match verdict {
            Verdict::Refused => Err(ProcessorError::Refused),
            verdict => settlement(verdict).ok_or(ProcessorError::NoAnswer),
        }
    }

    async fn look_up(&self, exchange: Exchange, object: Option<&PaymentObject>) -> Option<Settlement> {
        let lookup = self.profile.lookup.as_ref()?;
        let request = self.write_lookup(lookup, exchange.payment, object).await?;
        settlement(self.ask(exchange, request, "lookup", &lookup.rules, &[]).await.ok()?)
    }

    /// Sends one request, and decides what its answer means.
    async fn ask(
        &self,
        exchange: Exchange,
        request: RequestBuilder,
        step: &str,
        rules: &[Rule],
        take: &[(String, Pointer)],
    ) -> Result<Verdict, Silence> {
        let answer = exchange.send(request, step, rules, take).await;
        if let Some(Hears(hear)) = &self.hears {
            hear(&Answered {
                request: step,
                answer: answer
                    .as_ref()
                    .map(|(status, judged)| (status.as_u16(), judged.rule))
                    .map_err(|silence| silence.reason()),
            });
        }
        let (status, judged) = answer?;
        self.heed(status).await;
        Ok(judged.verdict)
    }

    /// After a 401 the secret may have been changed.
    async fn heed(&self, status: StatusCode) {
        if status == StatusCode::UNAUTHORIZED
            && let Some(secret) = &self.secret
        {
            secret.forget().await;
        }
    }
}

/// The settlement of a payment.
fn settlement(verdict: Verdict) -> Option<Settlement> {
    match verdict {
        Verdict::Submitted { reference } => {
            Some(Settlement { reference, ..Settlement::of(Outcome::Submitted) })
        }
        Verdict::Declined { code, kind, reference } => {
            Some(Settlement { outcome: Outcome::Declined(code), kind, reference })
        }
        Verdict::Next(_) | Verdict::Refused | Verdict::InProgress | Verdict::Unknown => None,
    }
}

/// Where payments are sent. The address has no query, because a query may have a secret in it.
fn route(profile: &Profile, url: &Url, settings: &ProcessorSettings) -> PaymentRoute {
    let mut origin = url.clone();
    origin.set_query(None);
    origin.set_fragment(None);
    // What a merchant says of an agreement is in the request: a repeat must say the same.
    let agreement = if settings.stored_card_agreement { "-agreed" } else { "" };
    PaymentRoute {
        profile: profile.name.clone(),
        digest: format!("{}{agreement}", profile.digest()),
        origin: origin.into(),
        account: settings.account.clone().unwrap_or_default(),
    }
}

fn client(url: &Url, settings: &ProcessorSettings) -> Result<Client, ConnectError> {
    let mut client = Client::builder()
        // A redirect would send the card to another server.
        .redirect(redirect::Policy::none())
        // The caller decides what is sent again.
        .retry(reqwest::retry::never())
        // A Lambda function is frozen between requests, and a connection that died meanwhile would leave a
        // payment unclear: each has a connection of its own.
        .pool_max_idle_per_host(0)
        .connect_timeout(settings.connect_timeout)
        // Only the proxy of the setting, and none of the environment.
        .no_proxy();
    if let Some(proxy) = &settings.proxy {
        client = client.proxy(Proxy::all(proxy.clone()).map_err(|_| ConnectError::NoClient)?);
    }
    if url.scheme() == "http" {
        // On this machine there is no TLS, and reading the system's certificates takes long.
        client = client.tls_certs_only([]);
    }
    client.build().map_err(|_| ConnectError::NoClient)
}

impl Processor for HttpProcessor {
    fn route(&self) -> &PaymentRoute {
        &self.route
    }

    fn requires(&self) -> Requires {
        Requires { amount: self.profile.needs_amount, expiry: self.profile.needs_expiry }
    }

    fn can_charge(&self, amount: Amount) -> bool {
        self.profile.can_charge(amount).is_ok()
    }

    fn may_resend(&self, object: Option<&PaymentObject>) -> bool {
        // If the object was not written before the charge, the charge was never sent.
        let was_never_sent = self.profile.remembering_step().is_some() && object.is_none();
        self.profile.resend == Resend::SameKey || was_never_sent
    }

    fn can_look_up(&self) -> bool {
        self.profile.lookup.is_some()
    }

    fn needs_card(&self, object: Option<&PaymentObject>) -> bool {
        self.profile.steps.iter().skip(self.first_step(object)).any(|step| step.body.has_card())
    }

    fn exchange(&self, payment: Uuid, last4: Last4) -> Exchange {
        Exchange { payment, last4, until: Instant::now() + self.timeout }
    }

    fn prepare<'a>(
        &'a self,
        exchange: Exchange,
        request: PaymentRequest<'a>,
    ) -> BoxFuture<'a, Result<Prepared, PrepareError>> {
        Box::pin(Self::prepare(self, exchange, request))
    }

    fn charge(
        &self,
        exchange: Exchange,
        prepared: Prepared,
    ) -> BoxFuture<'_, Result<Settlement, ProcessorError>> {
        Box::pin(Self::charge(self, exchange, prepared))
    }

    fn look_up<'a>(
        &'a self,
        exchange: Exchange,
        object: Option<&'a PaymentObject>,
    ) -> BoxFuture<'a, Option<Settlement>> {
        Box::pin(Self::look_up(self, exchange, object))
    }
}
