//! The members of a profile's file, as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{
    exponents::Exponents,
    pointer::Pointer,
    rule::{CodeSource, StatusRange, Test},
    template::{Body, UrlPath},
};

/// A processor profile: how a processor is charged, and what each of its answers means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ProcessorProfile"))]
pub(super) struct ProfileFile {
    /// The profile's name: 1 to 32 small letters, digits and dashes. It is written with each payment.
    #[cfg_attr(test, schemars(with = "String", regex(pattern = r"^[a-z0-9-]{1,32}$")))]
    pub(super) name: Spanned<String>,
    /// How requests are authenticated.
    #[cfg_attr(test, schemars(with = "AuthFile"))]
    pub(super) auth: Spanned<AuthFile>,
    /// What a payment must have. It is checked before anything is claimed.
    #[serde(default)]
    pub(super) requires: Requires,
    /// What is known of the processor's idempotency keys.
    #[cfg_attr(test, schemars(with = "Idempotency"))]
    pub(super) idempotency: Spanned<Idempotency>,
    /// The decimals of the currencies in which the processor does not count as ISO 4217 does.
    #[serde(default)]
    pub(super) exponents: Exponents,
    /// One to three requests, in their order. The last one charges; those before it charge nothing.
    #[cfg_attr(test, schemars(with = "Vec<StepFile>", length(min = 1, max = 3)))]
    pub(super) steps: Spanned<Vec<Spanned<StepFile>>>,
    /// The request that asks for the outcome of a payment. It carries no card.
    #[cfg_attr(test, schemars(with = "Option<LookupFile>"))]
    pub(super) lookup: Option<Spanned<LookupFile>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Auth"))]
pub(super) struct AuthFile {
    /// How the secret is sent.
    pub(super) scheme: SchemeName,
    /// With `header`: the header's name.
    pub(super) header: Option<HeaderName>,
    /// Whether the function refuses to start without a secret.
    #[serde(default = "yes")]
    pub(super) required: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "AuthScheme"))]
pub(super) enum SchemeName {
    /// `Authorization: Bearer SECRET`.
    Bearer,
    /// `Authorization: Basic`, where the secret is `user:password`.
    Basic,
    /// The secret alone, in the header that `header` names.
    Header,
}

/// How the secret is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthScheme {
    /// `Authorization: Bearer SECRET`.
    Bearer,
    /// `Authorization: Basic`, of the secret `user:password`.
    Basic,
    /// The secret alone, in a header of that name.
    Header(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Requires {
    /// An amount and its currency.
    pub(super) amount: bool,
    /// The card's expiry date.
    pub(super) expiry: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Idempotency {
    /// The header that carries the key; absent: a body carries it as `{idempotency_key}`, or nothing does.
    pub(super) header: Option<HeaderName>,
    /// The longest key that the processor takes, in characters.
    #[serde(default = "unlimited")]
    pub(super) longest_key: usize,
    /// How long the processor keeps a key, in hours. `PROCESSOR_IDEMPOTENCY_HOURS` must be less.
    pub(super) kept_hours: u8,
    /// What may be done with a payment whose outcome is unknown.
    pub(super) resend_after_unknown: Resend,
}

/// What may be done with a payment whose outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Resend {
    /// The charging step may come again with the same key: the processor then charges once.
    SameKey,
    /// The charging step never comes again: nothing would protect it.
    Never,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Step"))]
pub(super) struct StepFile {
    /// The step's name in logs: small letters, digits and underscores.
    #[cfg_attr(test, schemars(with = "String", regex(pattern = r"^[a-z0-9_]{1,32}$")))]
    pub(super) name: Spanned<String>,
    /// The request's method.
    #[serde(default)]
    pub(super) method: Method,
    /// The path below `PROCESSOR_URL`, with its query. `{payment_id}`, `{object}` and `{taken.NAME}` can stand in it.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(super) path: UrlPath,
    /// How the body is written.
    #[serde(default)]
    pub(super) encoding: Encoding,
    /// Headers that are the same in every request.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, String>"))]
    pub(super) headers: Headers,
    /// What is put behind the `PaymentId` to make the step's idempotency key: letters, digits, `-` and `_`.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "String", regex(pattern = r"^[A-Za-z0-9_-]{0,27}$")))]
    pub(super) key_suffix: Option<Spanned<String>>,
    /// The body: a tree of tables and lists whose values are constants or placeholders.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub(super) body: Body,
    /// What an answer means: the first rule that matches decides, and none means unknown.
    #[cfg_attr(test, schemars(with = "Vec<RuleFile>"))]
    pub(super) rules: Vec<Spanned<RuleFile>>,
    /// Values that later steps take from the answer, each by its name and a JSON pointer.
    #[serde(default)]
    pub(super) take: BTreeMap<String, Pointer>,
    /// The name of the taken value that is written down before anything is charged. Later steps and the lookup use it as `{object}`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(super) remember: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Lookup"))]
pub(super) struct LookupFile {
    /// The path of a GET below `PROCESSOR_URL`, with its query. `{payment_id}` and `{object}` can stand in it.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(super) path: UrlPath,
    /// Headers that are the same in every request.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, String>"))]
    pub(super) headers: Headers,
    /// What an answer means. Only `submitted` and `declined` settle a payment.
    #[cfg_attr(test, schemars(with = "Vec<RuleFile>"))]
    pub(super) rules: Vec<Spanned<RuleFile>>,
}

/// A request's method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Method {
    /// A request with a body.
    #[default]
    Post,
    /// A request with a body.
    Put,
    /// A request without a body.
    Get,
}

impl Method {
    /// The method's name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Get => "GET",
        }
    }
}

impl From<Method> for http::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Get => Self::GET,
        }
    }
}

/// How a body is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Encoding {
    /// `application/json`.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`, where nested names are written as `card[number]`.
    Form,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Rule"))]
pub(super) struct RuleFile {
    /// The status codes: numbers such as 402, and texts such as "4xx" or "500-599".
    #[cfg_attr(test, schemars(with = "Vec<StatusText>"))]
    pub(super) status: Vec<StatusRange>,
    /// Tests of the answer's body, each by a JSON pointer. All of them must hold. A test is a constant, a list of constants, or a table with one of `exists`, `starts_with` and `type`.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, serde_json::Value>"))]
    pub(super) when: BTreeMap<Pointer, Test>,
    /// What the answer means.
    pub(super) outcome: OutcomeName,
    /// With `declined`: where the decline code is found. A JSON pointer, a constant, or a list of them of which the first counts that gives a code.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<OneOrMore>"))]
    pub(super) code: Option<Codes>,
    /// With `declined`: whether the same card may be tried again.
    pub(super) kind: Option<KindName>,
    /// With `submitted` or `declined`: where the processor's own id of the payment is found.
    pub(super) reference: Option<Pointer>,
}

#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the schema alone is used")]
enum StatusText {
    Code(u16),
    Range(String),
}

#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the schema alone is used")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Outcome"))]
pub(super) enum OutcomeName {
    /// Of a step before the last: it is done, and the next one follows.
    Next,
    /// The payment is taken.
    Submitted,
    /// The card is declined.
    Declined,
    /// The request is at fault, and nothing was charged.
    Refused,
    /// The processor is at work on this payment: the same request may come again.
    InProgress,
    /// Nobody knows whether the card was charged.
    Unknown,
}

/// Whether a declined card may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "DeclineKind"))]
pub(super) enum KindName {
    /// It may: the reason may pass.
    Soft,
    /// It must not: the reason does not pass.
    Hard,
}

impl From<KindName> for order::DeclineKind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Soft => Self::Soft,
            KindName::Hard => Self::Hard,
        }
    }
}

/// Where a decline's code is found: one place or several.
#[derive(Debug, Deserialize)]
#[serde(try_from = "CodesText")]
pub(super) struct Codes(pub(super) Vec<CodeSource>);

#[derive(Deserialize)]
#[serde(untagged)]
enum CodesText {
    One(String),
    More(Vec<String>),
}

impl TryFrom<CodesText> for Codes {
    type Error = String;

    fn try_from(codes: CodesText) -> Result<Self, String> {
        let codes = match codes {
            CodesText::One(code) => vec![code],
            CodesText::More(codes) => codes,
        };
        if codes.is_empty() {
            return Err("an empty list gives no code".to_owned());
        }
        codes.into_iter().map(CodeSource::try_from).collect::<Result<_, _>>().map(Self)
    }
}

/// The name of a header.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct HeaderName(pub(super) String);

/// A header that is the same in every request; of the idempotency key's header, the name alone counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeaderLine {
    pub(crate) name: http::HeaderName,
    pub(crate) value: http::HeaderValue,
}

/// The headers of a step.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub(super) struct Headers(pub(super) Vec<HeaderLine>);

/// The headers that the engine sets, and those that would change what a request is.
const OURS: [&str; 8] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "te",
    "transfer-encoding",
];

impl TryFrom<String> for HeaderName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        header_name(&text)?;
        Ok(Self(text))
    }
}

impl TryFrom<BTreeMap<String, String>> for Headers {
    type Error = String;

    fn try_from(headers: BTreeMap<String, String>) -> Result<Self, String> {
        let line = |(name, value): (String, String)| {
            let value = http::HeaderValue::from_str(&value)
                .map_err(|_| format!("the value of {name} cannot be sent in a header"))?;
            Ok(HeaderLine { name: header_name(&name)?, value })
        };
        headers.into_iter().map(line).collect::<Result<_, _>>().map(Self)
    }
}

pub(super) fn header_name(text: &str) -> Result<http::HeaderName, String> {
    let name: http::HeaderName = text.parse().map_err(|_| format!("{text:?} is not the name of a header"))?;
    if OURS.contains(&name.as_str()) {
        return Err(format!("a profile cannot set the header {text}"));
    }
    Ok(name)
}

fn yes() -> bool {
    true
}

fn unlimited() -> usize {
    255
}
