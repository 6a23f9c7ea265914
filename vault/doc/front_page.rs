use std::{error::Error, time::SystemTime};

use aws_config::SdkConfig;
use clock::Clock;
use vault::{
    Card, CardExpiry, CardReference, DataKeyPolicy, Detokenizer, DetokenizerSettings, Pan,
    QuarantineIdentity, Sealer, Tokenizer, TokenizerSettings, opaque_id,
};

/// One card on its way from the request to the payment. Each capability has the credentials of its own role.
pub(crate) async fn in_and_out(
    ingest: &SdkConfig,
    worker: &SdkConfig,
    paybill: &SdkConfig,
    settings: TokenizerSettings,
) -> Result<Card, Box<dyn Error>> {
    // The outer door. `seal` consumes the card, and what it returns can be stored.
    let quarantine_key = settings.quarantine_key_arn.clone();
    let sealer = Sealer::new(ingest, quarantine_key, DataKeyPolicy::default(), Clock::system());
    let card = Card { pan: Pan::parse("4242 4242 4242 4242")?, expiry: Some(CardExpiry::parse("12/30")?) };
    let acceptance = opaque_id();
    let place = QuarantineIdentity { order: "A-1", owner: "ann", acceptance, accepted_at: SystemTime::now() };
    let quarantined = sealer.seal(card, place).await?;

    // The inner door. `tokenize` opens the card, seals it again for the vault, and returns the put of the vault row.
    let tokenizer = Tokenizer::new(worker, settings.clone(), Clock::system());
    let tokenized = tokenizer.tokenize(&quarantined, place).await?;
    let dynamodb = aws_sdk_dynamodb::Client::new(worker);
    dynamodb.transact_write_items().transact_items(tokenized.vault_put).send().await?;

    // Billing. The card opens only for its own token, order, owner and acceptance.
    let vault = DetokenizerSettings {
        vault_key_arn: settings.vault_key_arn,
        previous_vault_key_arn: None,
        vault_table: settings.vault_table,
        account: settings.account,
    };
    let reference = CardReference {
        token: tokenized.token,
        order: place.order,
        owner: place.owner,
        acceptance,
        last4: tokenized.last4,
        brand: tokenized.brands.now(),
    };
    Ok(Detokenizer::new(paybill, vault, Clock::system()).detokenize(reference).await?)
}
