//! What an operator may do to the KMS keys, at every stage of an order: rotate them, disable them, schedule their
//! deletion, and change their policies. Nothing is lost, and the answers are those of docs/operating.md.

use std::time::Duration;

use aws_sdk_kms::Client as Kms;
use card_airlock::functions::sdk_config;
use serde_json::{Value, json};

use crate::life::{
    Cross, CrossAgain, Forget, LIFE, Life, MakeCardKey, Pay, PayInVain, Place, SendAnotherCard, Stage,
};

const KEYS: [&str; 3] = ["QuarantineKey", "VaultKey", "CardKeyKey"];

/// What the operator does to a key, and takes back.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    Disabled(&'static str),
    PendingDeletion(&'static str),
    /// The key's policy lacks a statement.
    Without(&'static str, &'static str),
    /// The key's policy denies everybody the use of it.
    Denied(&'static str),
}

impl Trouble {
    /// The stages that the trouble stops.
    fn stops(self) -> &'static [Stage] {
        match self {
            Self::Disabled(key) | Self::PendingDeletion(key) | Self::Denied(key) => match key {
                "QuarantineKey" => &[Place, Cross, SendAnotherCard, CrossAgain],
                "VaultKey" => &[Cross, PayInVain, CrossAgain, Pay],
                // An order with a card in plaintext does without.
                _ => &[MakeCardKey, CrossAgain],
            },
            Self::Without(_, "IngestSeals") => &[Place, SendAnotherCard],
            Self::Without(_, "TokenizeWorkerOpens" | "TokenizeWorkerSeals") => &[Cross, CrossAgain],
            Self::Without(_, "PaybillOpens") => &[PayInVain, Pay],
            Self::Without(_, "CardKeyMakerMakesPairs") => &[MakeCardKey],
            Self::Without(_, "TokenizeWorkerOpensPrivateHalves") => &[CrossAgain],
            // A denial that stops only callers that break the rules, and the administration.
            Self::Without(..) => &[],
        }
    }
}

#[tokio::test]
async fn an_undisturbed_life_is_as_the_drills_expect_it() {
    let mut life = Life::new().await;
    life.live(&LIFE).await;
    life.is_whole();
}

#[tokio::test]
async fn keys_that_are_rotated_at_every_stage_change_nothing() {
    for rotated in 0..=LIFE.len() {
        let mut life = Life::new().await;
        let (before, after) = LIFE.split_at(rotated);
        life.live(before).await;
        Operator::of(&life).rotate_all().await;
        life.live(after).await;
        life.is_whole();
    }
    let mut life = Life::new().await;
    for stage in LIFE {
        Operator::of(&life).rotate_all().await;
        life.live(&[stage]).await;
    }
    life.is_whole();
}

/// The vault keeps a card for years, and the key is rotated each year.
#[tokio::test]
async fn a_card_is_charged_after_years_of_automatic_rotation() {
    let mut life = Life::new().await;
    life.live(&[Place, Cross]).await;
    let operator = Operator::of(&life);
    let before = operator.material("VaultKey").await;
    life.world.advance(Duration::from_secs(3 * 366 * 24 * 60 * 60));
    assert_ne!(operator.material("VaultKey").await, before);
    life.live(&[PayInVain, MakeCardKey, SendAnotherCard, CrossAgain, Pay, Forget]).await;
    life.is_whole();
}

#[tokio::test]
async fn a_key_that_is_disabled_at_any_stage_holds_up_what_needs_it_until_it_is_enabled() {
    for key in KEYS {
        at_every_stage(Trouble::Disabled(key)).await;
    }
}

#[tokio::test]
async fn a_key_whose_deletion_is_scheduled_at_any_stage_holds_up_what_needs_it_until_it_is_back() {
    for key in KEYS {
        at_every_stage(Trouble::PendingDeletion(key)).await;
    }
}

#[tokio::test]
async fn a_policy_that_lacks_a_statement_at_any_stage_holds_up_what_needs_it_until_it_is_back() {
    for (key, sid) in [
        ("QuarantineKey", "IngestSeals"),
        ("QuarantineKey", "TokenizeWorkerOpens"),
        ("QuarantineKey", "NobodyWithoutThePurpose"),
        ("VaultKey", "TokenizeWorkerSeals"),
        ("VaultKey", "PaybillOpens"),
        ("VaultKey", "NobodyWithoutThePurpose"),
        ("CardKeyKey", "CardKeyMakerMakesPairs"),
        ("CardKeyKey", "TokenizeWorkerOpensPrivateHalves"),
        ("CardKeyKey", "NobodyWithoutThePurpose"),
    ] {
        at_every_stage(Trouble::Without(key, sid)).await;
    }
}

#[tokio::test]
async fn a_policy_that_denies_everybody_at_any_stage_holds_up_what_needs_the_key_until_it_is_back() {
    for key in KEYS {
        at_every_stage(Trouble::Denied(key)).await;
    }
}

/// So the drill leaves no statement of a key's policy out.
#[tokio::test]
async fn a_policy_without_its_administration_is_refused_and_each_other_statement_is_in_the_drill() {
    let life = Life::new().await;
    let operator = Operator::of(&life);
    for key in KEYS {
        let before = operator.policy(key).await;
        let mut document: Value = serde_json::from_str(&before).unwrap();
        let mut sids: Vec<String> = statements(&mut document).iter().map(|one| text_of(one, "Sid")).collect();
        // What only re-wrapping and an import need, which are no stages of an order: `card-airlock/tests/roles/` has
        // them.
        sids.retain(|sid| !["RewrapMovesKeysHere", "ImportSeals"].contains(&sid.as_str()));
        let drilled = match key {
            "QuarantineKey" => ["IngestSeals", "TokenizeWorkerOpens"],
            "VaultKey" => ["TokenizeWorkerSeals", "PaybillOpens"],
            _ => ["CardKeyMakerMakesPairs", "TokenizeWorkerOpensPrivateHalves"],
        };
        assert_eq!(sids, ["AdministerTheKey", drilled[0], drilled[1], "NobodyWithoutThePurpose"]);
        statements(&mut document).retain(|statement| statement["Sid"] != "AdministerTheKey");
        let put = operator.kms.put_key_policy().key_id(operator.arn(key)).policy(document.to_string());
        let refused = put.send().await.unwrap_err().into_service_error();
        assert!(refused.is_malformed_policy_document_exception(), "{refused:?}");
        assert_eq!(operator.policy(key).await, before);
    }
}

/// One life for each stage that the trouble comes before; it is over when the stage has been tried.
async fn at_every_stage(trouble: Trouble) {
    for (place, stage) in LIFE.into_iter().enumerate() {
        let mut life = Life::new().await;
        life.live(&LIFE[..place]).await;
        let mut operator = Operator::of(&life);
        operator.begin(trouble).await;
        let is_stopped = trouble.stops().contains(&stage);
        if is_stopped {
            life.is_held_up_at(stage).await;
        } else {
            life.live(&[stage]).await;
        }
        operator.end(trouble).await;
        if is_stopped {
            life.recovers_at(stage).await;
        }
        life.live(&LIFE[place + 1..]).await;
        life.is_whole();
    }
}

/// What the operator's hands do in the life of an order.
struct Operator {
    kms: Kms,
    arns: [String; 3],
    /// The policies that were changed, as they were.
    before: Vec<(&'static str, String)>,
}

impl Operator {
    fn of(life: &Life) -> Self {
        let stack = &life.world.stack;
        let arn =
            |function: &str, name: &str| stack.declared.function(function).unwrap().environment[name].clone();
        Self {
            kms: Kms::new(&sdk_config(&stack.aws_url(), "Operator")),
            arns: [
                arn("IngestFunction", "QUARANTINE_KEY_ARN"),
                arn("PaybillFunction", "VAULT_KEY_ARN"),
                arn("CardKeyMakerFunction", "CARD_KEY_KEY_ARN"),
            ],
            before: Vec::new(),
        }
    }

    async fn begin(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Disabled(key) => {
                self.kms.disable_key().key_id(self.arn(key)).send().await.unwrap();
            }
            Trouble::PendingDeletion(key) => {
                self.kms.schedule_key_deletion().key_id(self.arn(key)).send().await.unwrap();
            }
            Trouble::Without(key, sid) => {
                self.change_policy(key, |statements| statements.retain(|one| one["Sid"] != sid)).await;
            }
            Trouble::Denied(key) => {
                let deny = json!({
                    "Effect": "Deny", "Principal": "*", "Resource": "*",
                    "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                });
                self.change_policy(key, |statements| statements.push(deny)).await;
            }
        }
    }

    async fn end(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Disabled(key) => {
                self.kms.enable_key().key_id(self.arn(key)).send().await.unwrap();
            }
            Trouble::PendingDeletion(key) => {
                self.kms.cancel_key_deletion().key_id(self.arn(key)).send().await.unwrap();
                self.kms.enable_key().key_id(self.arn(key)).send().await.unwrap();
            }
            Trouble::Without(..) | Trouble::Denied(_) => {
                for (key, policy) in std::mem::take(&mut self.before) {
                    self.kms.put_key_policy().key_id(self.arn(key)).policy(policy).send().await.unwrap();
                }
            }
        }
    }

    async fn change_policy(&mut self, key: &'static str, change: impl FnOnce(&mut Vec<Value>)) {
        let before = self.policy(key).await;
        let mut document: Value = serde_json::from_str(&before).unwrap();
        let count = statements(&mut document).len();
        change(statements(&mut document));
        assert_ne!(statements(&mut document).len(), count, "{key}: nothing is changed");
        let put = self.kms.put_key_policy().key_id(self.arn(key)).policy(document.to_string());
        put.send().await.unwrap();
        self.before.push((key, before));
    }

    async fn policy(&self, key: &str) -> String {
        self.kms.get_key_policy().key_id(self.arn(key)).send().await.unwrap().policy.unwrap()
    }

    async fn rotate_all(&self) {
        for key in KEYS {
            let before = self.material(key).await;
            self.kms.rotate_key_on_demand().key_id(self.arn(key)).send().await.unwrap();
            assert_ne!(self.material(key).await, before);
        }
    }

    /// The id of the material that seals now.
    async fn material(&self, key: &str) -> String {
        let described = self.kms.describe_key().key_id(self.arn(key)).send().await.unwrap();
        described.key_metadata.unwrap().current_key_material_id.unwrap()
    }

    fn arn(&self, key: &str) -> &str {
        let place = KEYS.iter().position(|known| *known == key).unwrap();
        &self.arns[place]
    }
}

fn statements(document: &mut Value) -> &mut Vec<Value> {
    document["Statement"].as_array_mut().unwrap()
}

fn text_of(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
