//! Sealing the card of a request for its place in quarantine.

use platform::api::Problem;
use vault::{CardKeyError, QuarantineIdentity, QuarantinedCard};

use crate::{
    Ingest,
    submitted_card::{CardRules, SubmittedCard},
};

impl Ingest {
    pub(crate) fn card_rules(&self) -> CardRules {
        CardRules {
            encrypted_only: self.settings.encrypted_card_only,
            expiry_required: self.settings.card_expiry_required,
            now: self.clock.now(),
        }
    }

    /// Seals a card for its place. One that is encrypted is sealed as it came, if it was made for a key that is accepted.
    pub(crate) async fn seal(
        &self,
        card: SubmittedCard,
        place: QuarantineIdentity<'_>,
    ) -> Result<QuarantinedCard, Problem> {
        let sealed = match card {
            SubmittedCard::Plain(card) => self.sealer.seal(card, place).await,
            SubmittedCard::Encrypted(card) => {
                self.card_keys.check(card.card_key()).await.map_err(card_key_problem)?;
                self.sealer.seal_encrypted(&card, place).await
            }
        };
        sealed.map_err(|_| Problem::UNAVAILABLE)
    }
}

fn card_key_problem(error: CardKeyError) -> Problem {
    match error {
        CardKeyError::NoKey => Problem::CARD_KEYS_UNAVAILABLE,
        CardKeyError::NotAccepted => Problem::CARD_KEY_NOT_ACCEPTED,
        CardKeyError::Unavailable => Problem::UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_key_has_its_answer() {
        use CardKeyError::{NoKey, NotAccepted, Unavailable};
        for (error, status, code) in [
            (NoKey, 503, "CARD_KEYS_UNAVAILABLE"),
            (NotAccepted, 422, "CARD_KEY_NOT_ACCEPTED"),
            (Unavailable, 503, "UNAVAILABLE"),
        ] {
            let problem = card_key_problem(error);
            assert_eq!((problem.status.as_u16(), problem.code), (status, code));
        }
    }
}
