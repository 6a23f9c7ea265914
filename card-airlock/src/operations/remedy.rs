//! What ends a payment that has no outcome, by paybill's own rules and its settings in this stack.

use std::{collections::HashMap, time::Duration};

use aws_sdk_lambda::Client;
use order::{Payment, Standing, Timestamp};
use paybill::{is_repeat_recognized, profile::Profile};

use super::{
    access::{Right, StackAccess},
    access_error::AccessError,
    call::CallError,
};

/// What a person does about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Remedy {
    /// It was interrupted, and the bill settles it: the processor recognizes the repeat.
    SendAgain,
    /// It was interrupted too long ago: the bill charges nothing and makes it UNKNOWN.
    TooLate,
    /// It was interrupted under another processor's profile or account: the bill charges nothing and makes it UNKNOWN.
    SentElsewhere,
    /// It is UNKNOWN, and with the bill paybill asks the processor for its outcome.
    LookUp,
    /// It is UNKNOWN, and a person asks the processor.
    AskTheProcessor,
    /// A request submits it at this moment.
    Wait,
}

/// Paybill's settings that decide about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaybillTerms {
    /// How long the processor recognizes a repeated payment.
    pub idempotency: Duration,
    profile: String,
    account: String,
    can_look_up: bool,
}

impl PaybillTerms {
    /// As the function has them in this stack.
    ///
    /// # Errors
    /// [`AccessError`] when they cannot be read, or are those of another release.
    pub async fn read(access: &StackAccess) -> Result<Self, AccessError> {
        let function = access.names().physical("PaybillFunction")?;
        let lambda = Client::new(&access.config(Right::Read));
        let read = lambda.get_function_configuration().function_name(function).send().await;
        let read = read.map_err(CallError::of("Lambda", "GetFunctionConfiguration"))?;
        let variables = read.environment().and_then(|environment| environment.variables());
        variables.and_then(Self::of).ok_or_else(|| {
            AccessError::NoResource("setting PROCESSOR_IDEMPOTENCY_HOURS of PaybillFunction".to_owned())
        })
    }

    fn of(variables: &HashMap<String, String>) -> Option<Self> {
        let text = |name: &str| variables.get(name).map(String::as_str).unwrap_or_default();
        let hours: u64 = text("PROCESSOR_IDEMPOTENCY_HOURS").parse().ok()?;
        // Under this address there is no profile but its own.
        let profile = if text("PROCESSOR_URL") == "sandbox" { "sandbox" } else { text("PROCESSOR_PROFILE") };
        let shipped = Profile::shipped().any(|name| name == profile).then(|| Profile::load(profile));
        Some(Self {
            idempotency: Duration::from_secs(hours * 60 * 60),
            profile: profile.to_owned(),
            account: text("PROCESSOR_ACCOUNT").to_owned(),
            // What a profile of one's own can do is not known here: a person who asks the processor finds out, too.
            can_look_up: shipped.and_then(Result::ok).is_some_and(|profile| profile.has_lookup()),
        })
    }

    /// What ends it. A payment that is settled has nothing to be ended.
    #[must_use]
    pub fn remedy(&self, payment: &Payment, now: Timestamp) -> Option<Remedy> {
        let was_sent_here = payment
            .route
            .as_ref()
            .is_some_and(|route| route.profile == self.profile && route.account == self.account);
        match payment.standing {
            Standing::Submitting { until, .. } if until > now => Some(Remedy::Wait),
            Standing::Submitting { .. } if !was_sent_here => Some(Remedy::SentElsewhere),
            Standing::Submitting { .. } if is_repeat_recognized(payment, self.idempotency, now) => {
                Some(Remedy::SendAgain)
            }
            Standing::Submitting { .. } => Some(Remedy::TooLate),
            Standing::Unknown if self.can_look_up && was_sent_here => Some(Remedy::LookUp),
            Standing::Unknown => Some(Remedy::AskTheProcessor),
            Standing::Submitted | Standing::Declined => None,
        }
    }

    /// Whether paybill asks the processor for the outcome of one that has become UNKNOWN.
    #[must_use]
    pub fn can_look_up(&self) -> bool {
        self.can_look_up
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "550e8400-e29b-41d4-a716-446655440000";

    fn terms(more: &[(&str, &str)]) -> Option<PaybillTerms> {
        let standard = [
            ("PROCESSOR_IDEMPOTENCY_HOURS", "23"),
            ("PROCESSOR_URL", "https://pay.example/"),
            ("PROCESSOR_PROFILE", "stripe"),
            ("PROCESSOR_ACCOUNT", "acct"),
        ];
        let all = standard.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        PaybillTerms::of(&all.collect())
    }

    fn payment(status: &str, more: Value) -> Payment {
        let mut row = json!({
            "PaymentStatus": status, "PaymentId": ID, "PaymentStartedAt": "2026-11-21T10:00:00.000Z",
            "PaymentProfile": "stripe", "PaymentProfileDigest": "d", "PaymentOrigin": "o", "PaymentAccount": "acct",
        });
        if status == "SUBMITTING" {
            row["ClaimId"] = ID.into();
            row["ClaimedUntil"] = "2026-11-21T10:01:00.000Z".into();
        }
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value::<order::Payments>(row).unwrap().current.unwrap()
    }

    #[test]
    fn an_interrupted_payment_is_sent_again_until_the_processor_would_not_recognize_it() {
        let terms = terms(&[]).unwrap();
        let interrupted = payment("SUBMITTING", json!({}));
        for (at, remedy) in [
            ("2026-11-21T10:00:59.999Z", Remedy::Wait),
            ("2026-11-21T10:01:00.000Z", Remedy::SendAgain),
            ("2026-11-22T08:59:00.000Z", Remedy::SendAgain),
            ("2026-11-22T08:59:00.001Z", Remedy::TooLate),
        ] {
            assert_eq!(terms.remedy(&interrupted, at.parse().unwrap()), Some(remedy), "{at}");
        }
        let now = "2026-11-21T10:01:00.000Z".parse().unwrap();
        for more in [json!({"PaymentProfile": "adyen"}), json!({"PaymentAccount": "other"})] {
            assert_eq!(terms.remedy(&payment("SUBMITTING", more), now), Some(Remedy::SentElsewhere));
        }
    }

    #[test]
    fn an_unknown_payment_is_looked_up_where_paybill_can_and_by_a_person_elsewhere() {
        let now = "2026-11-28T10:00:00.000Z".parse().unwrap();
        let remedy = |more: &[(&str, &str)], row| terms(more).unwrap().remedy(&payment("UNKNOWN", row), now);
        assert_eq!(remedy(&[], json!({})), Some(Remedy::LookUp));
        assert_eq!(remedy(&[], json!({"PaymentAccount": "other"})), Some(Remedy::AskTheProcessor));
        let airlock = [("PROCESSOR_PROFILE", "airlock")];
        assert_eq!(remedy(&airlock, json!({"PaymentProfile": "airlock"})), Some(Remedy::AskTheProcessor));
        let own = [("PROCESSOR_PROFILE", "./own.toml")];
        assert_eq!(remedy(&own, json!({"PaymentProfile": "./own.toml"})), Some(Remedy::AskTheProcessor));
        // The sandbox has no profile, whatever the parameter says.
        let sandbox = [("PROCESSOR_URL", "sandbox")];
        assert_eq!(remedy(&sandbox, json!({})), Some(Remedy::AskTheProcessor));
        for settled in ["SUBMITTED", "DECLINED"] {
            assert_eq!(terms(&[]).unwrap().remedy(&payment(settled, json!({})), now), None);
        }
    }

    #[test]
    fn settings_of_another_release_are_not_guessed() {
        assert_eq!(terms(&[("PROCESSOR_IDEMPOTENCY_HOURS", "soon")]), None);
    }
}
