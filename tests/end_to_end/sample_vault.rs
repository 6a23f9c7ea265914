//! Rows of the AWS sample's vault: `vault::Importer` opens them with real keys of KMS, and seals their cards for this
//! vault under their tokens.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client as DynamoDb, primitives::Blob, types::AttributeValue};
use aws_sdk_kms::Client as Kms;
use card_airlock::{deployment::ACCOUNT_ID, functions};
use card_airlock_services::{FaultKind, FaultRule, Service, When};
use clock::Clock;
use test_support::sample_vault::{self, LIBRARY_TABLE, Place, Plain, Row};
use uuid::Uuid;
use vault::{
    Card, CardReference, DetokenizeError, Detokenizer, DetokenizerSettings, ImportRowError, ImportedOrder,
    Importer, ImporterSettings, Tokenized,
};

use crate::support::{VAULT, World};

const CARD: &str = "5555-5555-5555-4444";
const ORDER: ImportedOrder<'static> =
    ImportedOrder { order: "order-1", owner: "ann", acceptance: Uuid::from_u128(7) };
const PLACE: Place<'static> =
    Place { table: LIBRARY_TABLE, token: "9b2f3f3e-2d0e-4a7a-9c0a-0e6f6a1b2c01", account: ACCOUNT_ID };

/// Keys of the test's own, under which the operator may do everything: who may use the importer's real ones is tested
/// with its role.
struct Imported {
    world: World,
    config: SdkConfig,
    kms: Kms,
    settings: ImporterSettings,
}

impl Imported {
    async fn start() -> Self {
        let world = World::stepped().await;
        let config = functions::sdk_config(world.aws.url(), "operator");
        let kms = Kms::new(&config);
        let key = async || kms.create_key().send().await.unwrap().key_metadata.unwrap().arn.unwrap();
        let settings = ImporterSettings {
            source_table: LIBRARY_TABLE.to_owned(),
            source_key_arn: key().await,
            vault_key_arn: key().await,
            vault_table: VAULT.to_owned(),
            in_place: false,
            account: ACCOUNT_ID.to_owned(),
            retention: None,
        };
        Self { world, config, kms, settings }
    }

    fn importer(&self) -> Importer {
        self.importer_with(|_| ())
    }

    fn importer_with(&self, change: impl FnOnce(&mut ImporterSettings)) -> Importer {
        let mut settings = self.settings.clone();
        change(&mut settings);
        Importer::new(&self.config, settings, Clock::system())
    }

    fn source_key(&self) -> &str {
        &self.settings.source_key_arn
    }

    async fn row(&self) -> Row {
        sample_vault::seal(&self.kms, self.source_key(), PLACE, Plain::Text(CARD)).await
    }

    /// Both ways of looking at a row; they must agree.
    async fn refused(&self, importer: &Importer, row: &Row) -> ImportRowError {
        let error = importer.import_row(row, ORDER).await.unwrap_err();
        assert_eq!(importer.check_row(row).await.unwrap_err(), error);
        error
    }

    async fn write(&self, tokenized: Tokenized) -> bool {
        let dynamodb = DynamoDb::new(&self.config);
        dynamodb.transact_write_items().transact_items(tokenized.vault_put).send().await.is_ok()
    }

    async fn take_out(
        &self,
        tokenized: &Reference,
        order: ImportedOrder<'_>,
    ) -> Result<Card, DetokenizeError> {
        let ImporterSettings { vault_key_arn, vault_table, account, .. } = self.settings.clone();
        let settings =
            DetokenizerSettings { vault_key_arn, previous_vault_key_arn: None, vault_table, account };
        let ImportedOrder { order, owner, acceptance } = order;
        let Reference(token, last4, brand) = *tokenized;
        let reference = CardReference { token, order, owner, acceptance, last4, brand };
        Detokenizer::new(&self.config, settings, Clock::system()).detokenize(reference).await
    }

    /// How often KMS was asked for a data key to be decrypted, and for a new one.
    fn asked(&self) -> [u64; 2] {
        ["Decrypt", "GenerateDataKey"].map(|operation| {
            let tallies = self.world.aws.tallies().into_iter();
            tallies.filter(|(kind, _)| kind.operation == operation).map(|(_, tally)| tally.calls).sum()
        })
    }
}

struct Reference(vault::Token, vault::Last4, vault::CardBrand);

impl Reference {
    fn of(tokenized: &Tokenized) -> Self {
        Self(tokenized.token, tokenized.last4, tokenized.brands.now())
    }
}

fn with(row: &Row, name: &str, value: AttributeValue) -> Row {
    let mut row = row.clone();
    row.insert(name.to_owned(), value);
    row
}

fn bytes_of<'a>(row: &'a Row, name: &str) -> &'a [u8] {
    row[name].as_b().unwrap().as_ref()
}

fn flipped(row: &Row, name: &str, bit: usize) -> Row {
    let mut bytes = bytes_of(row, name).to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    with(row, name, AttributeValue::B(Blob::new(bytes)))
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "EXPOSE: made-up cards of the tests")]
async fn rows_of_the_real_library_are_imported_under_their_tokens_and_what_is_no_card_is_told_apart() {
    let imported = Imported::start().await;
    let importer = imported.importer();
    let rows = sample_vault::library_rows(&imported.kms, imported.source_key()).await;
    let [text, number, null, no_card] = rows.as_slice() else { panic!("{}", rows.len()) };
    for (row, digits) in [(text, "0000000000000000"), (number, "4242424242424242")] {
        let checked = importer.check_row(row).await.unwrap();
        let tokenized = importer.import_row(row, ORDER).await.unwrap();
        assert_eq!(&tokenized.token.to_string(), row["Hash_Key"].as_s().unwrap());
        assert_eq!(
            (tokenized.token, tokenized.last4, tokenized.brands.now()),
            (checked.token, checked.last4, checked.brand)
        );
        assert!(!tokenized.has_expiry && tokenized.expires_at.is_none());
        let reference = Reference::of(&tokenized);
        assert!(imported.write(tokenized).await);
        let card = imported.take_out(&reference, ORDER).await.unwrap();
        assert_eq!(card.pan.expose(), digits);
        assert!(card.expiry.is_none());
    }
    assert_eq!(imported.refused(&importer, null).await, ImportRowError::NoCard);
    assert_eq!(imported.refused(&importer, no_card).await, ImportRowError::NotACard);
    // Each look and each import decrypts, and each import has a data key made; taking the two cards out decrypts, too.
    assert_eq!(imported.asked(), [4 + 4 + 2, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_an_imported_card_opens_for_its_order_its_owner_and_its_acceptance_alone() {
    let imported = Imported::start().await;
    let tokenized = imported.importer().import_row(&imported.row().await, ORDER).await.unwrap();
    let again = imported.importer().import_row(&imported.row().await, ORDER).await.unwrap();
    let reference = Reference::of(&tokenized);
    assert!(imported.write(tokenized).await);
    for other in [
        ImportedOrder { order: "order-2", ..ORDER },
        ImportedOrder { owner: "bob", ..ORDER },
        ImportedOrder { acceptance: Uuid::from_u128(8), ..ORDER },
    ] {
        let refused = imported.take_out(&reference, other).await.unwrap_err();
        assert_eq!(refused, DetokenizeError::Refused, "{other:?}");
    }
    assert!(imported.take_out(&reference, ORDER).await.is_ok());
    assert!(!imported.write(again).await, "a vault row that is there stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_a_row_of_another_token_table_account_or_key_is_not_imported() {
    let imported = Imported::start().await;
    let (importer, row) = (imported.importer(), imported.row().await);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    // KMS is the wall: the account is not signed.
    let moved = with(&row, "Account_Id", text("210987654321"));
    assert_eq!(imported.refused(&importer, &moved).await, ImportRowError::KeyRefused);
    let moved = with(&row, "Hash_Key", text("9b2f3f3e-2d0e-4a7a-9c0a-0e6f6a1b2c02"));
    assert_eq!(imported.refused(&importer, &moved).await, ImportRowError::KeyRefused);
    let renamed = imported.importer_with(|settings| settings.source_table = "Renamed".to_owned());
    assert_eq!(imported.refused(&renamed, &row).await, ImportRowError::KeyRefused);
    let vault_key = imported.settings.vault_key_arn.clone();
    let other_key = imported.importer_with(|settings| settings.source_key_arn = vault_key);
    assert_eq!(imported.refused(&other_key, &row).await, ImportRowError::OtherKey);
    // The description is not signed: another row's names a data key that KMS decrypts in that row's place only.
    let place = Place { token: "9b2f3f3e-2d0e-4a7a-9c0a-0e6f6a1b2c02", ..PLACE };
    let other = sample_vault::seal(&imported.kms, imported.source_key(), place, Plain::Text(CARD)).await;
    for (name, error) in [
        ("*amzn-ddb-map-desc*", ImportRowError::KeyRefused),
        ("*amzn-ddb-map-sig*", ImportRowError::SignatureWrong),
        ("CandidateString", ImportRowError::SignatureWrong),
    ] {
        let mixed = with(&row, name, other[name].clone());
        assert_eq!(imported.refused(&importer, &mixed).await, error, "{name}");
    }
    assert!(importer.check_row(&row).await.is_ok());
}

/// Every bit of what is signed is flipped in vault's own tests. Here KMS judges the description.
#[tokio::test(flavor = "multi_thread")]
async fn promise_5_no_row_with_a_flipped_bit_is_imported() {
    let imported = Imported::start().await;
    let (importer, row) = (imported.importer(), imported.row().await);
    for name in ["*amzn-ddb-map-sig*", "CandidateString", "*amzn-ddb-map-desc*"] {
        for byte in 0..bytes_of(&row, name).len() {
            let altered = flipped(&row, name, byte * 8 + byte % 8);
            let error = importer.check_row(&altered).await.unwrap_err();
            let expected: &[_] = match name {
                "*amzn-ddb-map-desc*" => &[
                    ImportRowError::DescriptionUnknown,
                    ImportRowError::KeyRefused,
                    ImportRowError::OtherKey,
                ],
                _ => &[ImportRowError::SignatureWrong],
            };
            assert!(expected.contains(&error), "{name} {byte} {error:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_judged_in_one_order_form_then_kms_then_the_signature_and_then_the_text() {
    let imported = Imported::start().await;
    let (importer, row) = (imported.importer(), imported.row().await);
    assert_eq!(imported.asked(), [0, 1], "the row's own");
    let mut ours = row.clone();
    ours.remove("*amzn-ddb-map-desc*");
    assert_eq!(imported.refused(&importer, &ours).await, ImportRowError::NotASampleRow);
    // All is wrong with it: the form is seen first.
    let mut all = flipped(&row, "*amzn-ddb-map-sig*", 0);
    all = flipped(&all, "*amzn-ddb-map-desc*", 0);
    all = with(&all, "CandidateString", AttributeValue::B(Blob::new([1])));
    let token = with(&all, "Hash_Key", AttributeValue::S("4111111111111111".to_owned()));
    assert_eq!(imported.refused(&importer, &token).await, ImportRowError::TokenMalformed);
    assert_eq!(imported.refused(&importer, &all).await, ImportRowError::DescriptionUnknown);
    assert_eq!(imported.asked(), [0, 1], "KMS was not asked");
    all = with(&all, "*amzn-ddb-map-desc*", row["*amzn-ddb-map-desc*"].clone());
    assert_eq!(imported.refused(&importer, &all).await, ImportRowError::SignatureWrong);
    assert_eq!(imported.asked(), [2, 1], "nothing was sealed");
    all = with(&all, "Account_Id", AttributeValue::S("210987654321".to_owned()));
    assert_eq!(imported.refused(&importer, &all).await, ImportRowError::KeyRefused);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kms_does_not_do_now_is_tried_again_and_says_nothing_about_the_row() {
    let imported = Imported::start().await;
    let (importer, row) = (imported.importer(), imported.row().await);
    for (operation, kind) in [
        ("Decrypt", FaultKind::Throttled),
        ("Decrypt", FaultKind::InternalError),
        ("GenerateDataKey", FaultKind::Throttled),
    ] {
        imported.world.aws.faults().clear();
        imported.world.aws.faults().add(FaultRule {
            role: None,
            service: Some(Service::Kms),
            operation: Some(operation.to_owned()),
            kind,
            when: When::Always,
        });
        let error = importer.import_row(&row, ORDER).await.unwrap_err();
        assert_eq!(error, ImportRowError::KmsUnavailable, "{operation} {kind:?}");
        assert!(error.retryable());
    }
    imported.world.aws.faults().clear();
    for key in [imported.source_key(), &imported.settings.vault_key_arn] {
        imported.kms.disable_key().key_id(key).send().await.unwrap();
        let error = importer.import_row(&row, ORDER).await.unwrap_err();
        assert_eq!((error, error.retryable()), (ImportRowError::KeyUnusable, true), "{key}");
        imported.kms.enable_key().key_id(key).send().await.unwrap();
    }
    assert!(importer.import_row(&row, ORDER).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_the_vaults_own_table_is_replaced_only_while_it_is_as_it_was_read() {
    let imported = Imported::start().await;
    let importer = imported.importer_with(|settings| settings.in_place = true);
    let row = imported.row().await;
    let import = async || importer.import_row(&row, ORDER).await.unwrap();
    assert!(!imported.write(import().await).await, "there is no such row");
    let edited =
        sample_vault::seal(&imported.kms, imported.source_key(), PLACE, Plain::Text("4111111111111111"));
    imported.world.put(VAULT, edited.await).await;
    assert!(!imported.write(import().await).await, "somebody wrote another one");
    imported.world.put(VAULT, row.clone()).await;
    let tokenized = import().await;
    let reference = Reference::of(&tokenized);
    assert!(imported.write(tokenized).await);
    assert!(imported.take_out(&reference, ORDER).await.is_ok());
    let ours = imported.world.only_row(VAULT).await;
    assert!(!ours.keys().any(|name| name.starts_with("*amzn-ddb")));
    assert!(!imported.write(import().await).await, "it is imported already");
    assert_eq!(imported.world.only_row(VAULT).await, ours);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_card_is_kept_for_as_long_as_any_other() {
    let imported = Imported::start().await;
    let kept = imported.importer_with(|settings| settings.retention = Some(Duration::from_secs(86_400)));
    let before = Clock::system().now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 86_400;
    let tokenized = kept.import_row(&imported.row().await, ORDER).await.unwrap();
    let end = tokenized.expires_at.unwrap();
    assert!((before..before + 60).contains(&end), "{end}");
    assert!(imported.write(tokenized).await);
    assert_eq!(imported.world.only_row(VAULT).await["ExpiresAt"], AttributeValue::N(end.to_string()));
}
