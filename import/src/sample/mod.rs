//! The AWS sample as the source: its order table names tokens, and its vault has their cards. A row of it crosses at once,
//! under its token: it needs no quarantine, because its card was never in the clear.

mod orphans;
mod pairing;
mod vault_rows;

use aws_config::SdkConfig;
use clock::Clock;
use order::{CleanOrder, Customer, OrderId, Owner, TableError, Timestamp, Written};
use tokio::sync::Mutex;
use vault::{ImportedOrder, Importer, KeyringError, SealError, Token, Tokenized, opaque_id};

use crate::{
    Import,
    error::ImportError,
    owners::Found,
    reading,
    reason::Reason,
    row::Row,
    settings::SampleSettings,
    stored::Stored,
    summary::{Outcome, RowResult, THERE, Verdict, bad, left},
};

use self::{pairing::Pairing, vault_rows::VaultRows};

/// What the sample's vault is read with.
#[derive(Debug)]
pub(crate) struct Sample {
    importer: Importer,
    rows: VaultRows,
    pairing: Mutex<Option<Pairing>>,
    token_attribute: String,
}

/// What a row of the sample's order table says.
struct SampleOrder {
    order: OrderId,
    customer: Customer,
    token: Token,
}

impl Sample {
    pub(crate) fn new(config: &SdkConfig, settings: &SampleSettings, clock: Clock) -> Self {
        let SampleSettings { table, token_attribute, importer } = settings.clone();
        Self {
            importer: Importer::new(config, importer, clock),
            rows: VaultRows::new(config, table),
            pairing: Mutex::new(None),
            token_attribute,
        }
    }
}

impl Import {
    /// Carries a row of the sample across, or tells what an import would do.
    ///
    /// # Errors
    /// [`ImportError`]; the row is as it was, or imported, and the same call continues.
    pub(crate) async fn import_sample_row(
        &self,
        sample: &Sample,
        row: &Row,
        is_dry: bool,
    ) -> Result<RowResult, ImportError> {
        let ((outcome, reason), owner_by) = match self.read_sample_order(sample, row) {
            Ok(read) => match self.owners.of(row, &read.order, &self.settings.columns).await? {
                Ok(Found { owner, by }) => {
                    (self.judge_sample_order(sample, read, owner, is_dry).await?, Some(by))
                }
                Err(verdict) => (verdict, None),
            },
            Err(reason) => (bad(reason), None),
        };
        let order = reading::order_id(row, &self.settings).ok();
        let order = order.filter(|order| row.may_show(order.as_str()));
        Ok(RowResult { key: row.shown_key(&self.settings.columns), order, outcome, reason, owner_by })
    }

    fn read_sample_order(&self, sample: &Sample, row: &Row) -> Result<SampleOrder, Reason> {
        let order = reading::order_id(row, &self.settings)?;
        let token = row.text(&sample.token_attribute).ok_or(Reason::TokenMissing)?;
        let token = token.parse().map_err(|_| Reason::TokenMalformed)?;
        Ok(SampleOrder { order, customer: reading::customer(row, &self.settings.columns)?, token })
    }

    async fn judge_sample_order(
        &self,
        sample: &Sample,
        read: SampleOrder,
        owner: Owner,
        is_dry: bool,
    ) -> Result<Verdict, ImportError> {
        let SampleOrder { order, customer, token } = read;
        if let Some(verdict) = self.judge_across(&order, token).await? {
            return Ok(verdict);
        }
        if self.is_shared(sample, token).await {
            return Ok(bad(Reason::TokenShared));
        }
        let stored = match sample.rows.of(token).await? {
            Ok(stored) => stored,
            Err(reason) => return Ok(bad(reason)),
        };
        if is_dry {
            let checked = sample.importer.check_row(&stored).await;
            return checked.map_or_else(refused, |_| Ok((Outcome::Good, None)));
        }
        let acceptance = opaque_id();
        let imported = ImportedOrder { order: order.as_str(), owner: owner.as_str(), acceptance };
        let tokenized = match sample.importer.import_row(&stored, imported).await {
            Ok(tokenized) => tokenized,
            Err(error) => return refused(error),
        };
        let clean = clean_order(order, customer, owner, acceptance, &tokenized, self.now());
        if self.orders.import(&clean, &tokenized).await? == Written::Done {
            tracing::info!(acceptance = %acceptance, "imported from the sample's vault");
            return Ok((Outcome::Imported, None));
        }
        // Its own write, whose reply was lost, or another run's; or somebody else's row.
        match self.judge_across(&clean.customer_order, token).await? {
            Some(verdict) => Ok(verdict),
            None => Ok(left(Reason::ChangedMeanwhile)),
        }
    }

    /// What is said of the order in this stack. None: nothing is.
    async fn judge_across(&self, order: &OrderId, token: Token) -> Result<Option<Verdict>, ImportError> {
        Ok(match self.seen(order).await? {
            // A card that was replaced since has another token.
            Stored::Clean(clean) if clean.credit_card_token == token || clean.card_replaced_at.is_some() => {
                Some(THERE)
            }
            Stored::Clean(_) | Stored::Quarantined(_) => Some(bad(Reason::OrderConflict)),
            Stored::Unreadable => Some(bad(Reason::OrderUnreadable)),
            Stored::Nothing => None,
        })
    }
}

/// What stopped is an error; what is wrong with the row is a verdict.
fn refused(error: vault::ImportRowError) -> Result<Verdict, ImportError> {
    use vault::ImportRowError as Refused;
    Err(match error {
        Refused::KmsUnavailable => ImportError::Key(KeyringError::Unavailable),
        Refused::KeyUnusable => ImportError::Key(KeyringError::Unusable),
        Refused::NotSealed => ImportError::Seal(SealError::Cipher),
        Refused::Incomplete => ImportError::Table(TableError::Rejected),
        Refused::NotASampleRow => return Ok(bad(Reason::NotASampleRow)),
        Refused::TokenMalformed => return Ok(bad(Reason::TokenMalformed)),
        Refused::DescriptionUnknown => return Ok(bad(Reason::DescriptionUnknown)),
        Refused::OtherKey => return Ok(bad(Reason::OtherKey)),
        Refused::KeyRefused => return Ok(bad(Reason::KeyRefused)),
        Refused::SignatureWrong => return Ok(bad(Reason::SignatureWrong)),
        Refused::Unreadable => return Ok(bad(Reason::Unreadable)),
        Refused::NoCard => return Ok(bad(Reason::NoCard)),
        Refused::NotACard => return Ok(bad(Reason::NotACard)),
    })
}

fn clean_order(
    order: OrderId,
    customer: Customer,
    owner: Owner,
    acceptance: uuid::Uuid,
    tokenized: &Tokenized,
    now: Timestamp,
) -> CleanOrder {
    CleanOrder {
        customer_order: order,
        customer,
        credit_card_token: tokenized.token,
        card_last4: tokenized.last4,
        card_brand: tokenized.brands.now(),
        card_jwe_digest: None,
        owner,
        acceptance_id: acceptance,
        accepted_at: now,
        order_amount: None,
        order_currency: None,
        tokenized_at: now,
        card_has_expiry: Some(tokenized.has_expiry),
        card_expires_at: tokenized.expires_at,
        card_forgotten_at: None,
        card_replaced_at: None,
    }
}

#[cfg(test)]
mod tests {
    use vault::ImportRowError as Refused;

    use super::*;
    use crate::refusal::Refusal;

    #[test]
    fn what_is_wrong_with_a_row_is_told_of_it_and_what_is_not_done_now_may_be_done_later() {
        for error in [Refused::KmsUnavailable, Refused::KeyUnusable, Refused::NotSealed] {
            assert_eq!(refused(error).unwrap_err().refusal(), None, "{error:?}");
        }
        assert_eq!(refused(Refused::Incomplete).unwrap_err().refusal(), Some(Refusal::StackTable));
        for error in [
            Refused::NotASampleRow,
            Refused::TokenMalformed,
            Refused::DescriptionUnknown,
            Refused::OtherKey,
            Refused::KeyRefused,
            Refused::SignatureWrong,
            Refused::Unreadable,
            Refused::NoCard,
            Refused::NotACard,
        ] {
            let (outcome, reason) = refused(error).unwrap();
            assert_eq!((outcome, reason.map(Reason::code)), (Outcome::Bad, Some(error.reason())));
        }
    }
}
