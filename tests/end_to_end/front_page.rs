//! The example on the front page of `vault`, run against the local AWS endpoint with the template's roles.

use card_airlock::{deployment::ACCOUNT_ID, functions};
use vault::{DataKeyPolicy, TokenizerSettings};

use crate::support::{QUARANTINE, VAULT, World};

#[path = "../../vault/doc/front_page.rs"]
mod example;

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_vaults_front_page_seals_tokenizes_and_detokenizes_one_card() {
    let world = World::stepped().await;
    let [ingest, worker, paybill] = ["IngestFunction", "TokenizeWorkerFunction", "PaybillFunction"]
        .map(|name| functions::sdk_config(world.aws.url(), &world.declared.function(name).unwrap().role));
    let environment = &world.declared.function("TokenizeWorkerFunction").unwrap().environment;
    let settings = TokenizerSettings {
        quarantine_key_arn: environment["QUARANTINE_KEY_ARN"].clone(),
        vault_key_arn: environment["VAULT_KEY_ARN"].clone(),
        vault_table: VAULT.into(),
        account: ACCOUNT_ID.into(),
        card_key_table: environment["CARD_KEY_TABLE"].clone(),
        card_key_key_arn: environment["CARD_KEY_KEY_ARN"].clone(),
        card_expiry_required: false,
        policy: DataKeyPolicy::default(),
        retention: None,
    };
    let card = example::in_and_out(&ingest, &worker, &paybill, settings).await.unwrap();
    assert_eq!(card.last4().to_string(), "4242");
    assert!(card.expiry.is_some());
    assert_eq!(world.rows(VAULT).await.len(), 1);
    assert!(world.rows(QUARANTINE).await.is_empty(), "the example stores the vault row only");
}
