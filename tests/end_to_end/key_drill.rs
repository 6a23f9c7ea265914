//! What an operator may do to the KMS keys, at every stage of an order: rotate them, disable them, schedule their
//! deletion, and change their policies. Nothing is lost, and the answers are those of docs/operating.md.

use std::time::Duration;

use aws_sdk_kms::Client as Kms;
use card_airlock::functions::sdk_config;
use serde_json::{Value, json};

use crate::simulation::{
    at_rest::{is_decline, text},
    details::{DETAILS, OTHER_CARDS},
    world::World,
};

const ORDER: &str = "order-1";
const OWNER: &str = "ada";
const KEYS: [&str; 2] = ["QuarantineKey", "VaultKey"];

/// Longer than ingest keeps a data key: each stage needs KMS.
const LATER: Duration = Duration::from_secs(10 * 60);

/// A stage of the order's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Place,
    Cross,
    /// The processor declines the first card.
    PayInVain,
    SendAnotherCard,
    CrossAgain,
    Pay,
    Forget,
}

use Stage::{Cross, CrossAgain, Forget, Pay, PayInVain, Place, SendAnotherCard};

const LIFE: [Stage; 7] = [Place, Cross, PayInVain, SendAnotherCard, CrossAgain, Pay, Forget];

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
                _ => &[Cross, PayInVain, CrossAgain, Pay],
            },
            Self::Without(_, "IngestSeals") => &[Place, SendAnotherCard],
            Self::Without(_, "TokenizeWorkerOpens" | "TokenizeWorkerSeals") => &[Cross, CrossAgain],
            Self::Without(_, "PaybillOpens") => &[PayInVain, Pay],
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
        life.rotate_all().await;
        life.live(after).await;
        life.is_whole();
    }
    let mut life = Life::new().await;
    for stage in LIFE {
        life.rotate_all().await;
        life.live(&[stage]).await;
    }
    life.is_whole();
}

/// The vault keeps a card for years, and the key is rotated each year.
#[tokio::test]
async fn a_card_is_charged_after_years_of_automatic_rotation() {
    let mut life = Life::new().await;
    life.live(&[Place, Cross]).await;
    let before = life.material("VaultKey").await;
    life.world.advance(Duration::from_secs(3 * 366 * 24 * 60 * 60));
    assert_ne!(life.material("VaultKey").await, before);
    life.live(&[PayInVain, SendAnotherCard, CrossAgain, Pay, Forget]).await;
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
    for key in KEYS {
        let before = life.policy(key).await;
        let mut document: Value = serde_json::from_str(&before).unwrap();
        let sids: Vec<String> = statements(&mut document).iter().map(|one| text_of(one, "Sid")).collect();
        let drilled = match key {
            "QuarantineKey" => ["IngestSeals", "TokenizeWorkerOpens"],
            _ => ["TokenizeWorkerSeals", "PaybillOpens"],
        };
        assert_eq!(sids, ["AdministerTheKey", drilled[0], drilled[1], "NobodyWithoutThePurpose"]);
        statements(&mut document).retain(|statement| statement["Sid"] != "AdministerTheKey");
        let put = life.kms.put_key_policy().key_id(life.arn(key)).policy(document.to_string());
        let refused = put.send().await.unwrap_err().into_service_error();
        assert!(refused.is_malformed_policy_document_exception(), "{refused:?}");
        assert_eq!(life.policy(key).await, before);
    }
}

/// One life for each stage that the trouble comes before; it is over when the stage has been tried.
async fn at_every_stage(trouble: Trouble) {
    for (place, stage) in LIFE.into_iter().enumerate() {
        let mut life = Life::new().await;
        life.live(&LIFE[..place]).await;
        life.begin(trouble).await;
        let is_stopped = trouble.stops().contains(&stage);
        if is_stopped {
            life.is_held_up_at(stage).await;
        } else {
            life.live(&[stage]).await;
        }
        life.end(trouble).await;
        if is_stopped {
            life.recovers_at(stage).await;
        }
        life.live(&LIFE[place + 1..]).await;
        life.is_whole();
    }
}

/// An order in its own world.
struct Life {
    world: World,
    kms: Kms,
    /// The policies that were changed, as they were.
    before: Vec<(&'static str, String)>,
}

impl Life {
    async fn new() -> Self {
        let world = World::new().await;
        let kms = Kms::new(&sdk_config(&world.stack.aws_url(), "Operator"));
        Self { world, kms, before: Vec::new() }
    }

    /// These stages go well.
    async fn live(&mut self, stages: &[Stage]) {
        for stage in stages {
            self.world.advance(LATER);
            match stage {
                Place | SendAnotherCard => {
                    assert_eq!(self.ask(*stage).await, (202, "PENDING".into()), "{stage:?}")
                }
                Cross | CrossAgain => {
                    self.world.settle().await;
                    self.is_across(*stage).await;
                }
                PayInVain => assert_eq!(self.ask(*stage).await, (402, "PAYMENT_DECLINED".into())),
                Pay | Forget => assert_eq!(self.ask(*stage).await.0, 200, "{stage:?}"),
            }
        }
    }

    /// What the stage is answered: its status, and the order's status or the problem's code.
    async fn ask(&self, stage: Stage) -> (u64, String) {
        let answer = match stage {
            Place => self.world.submit(ORDER, OWNER, &DETAILS[3]).await,
            SendAnotherCard => self.world.put_card(ORDER, OWNER, OTHER_CARDS[0]).await,
            PayInVain | Pay => self.world.pay(ORDER, OWNER).await,
            Forget => self.world.forget(ORDER, OWNER).await,
            Cross | CrossAgain => self.world.status(ORDER, OWNER).await,
        };
        let told =
            ["Code", "code", "Status"].iter().map(|name| answer.text(name)).find(|text| !text.is_empty());
        (answer.status, told.unwrap_or_default().to_owned())
    }

    /// The stage is not reached: the client must try again, or the order waits. Nothing is parked.
    async fn is_held_up_at(&mut self, stage: Stage) {
        if matches!(stage, Cross | CrossAgain) {
            // Lambda retries and gives up; a sweep during the trouble tries again, and changes nothing.
            self.world.settle().await;
            self.sweep().await;
            let row = &self.world.at_rest().quarantine[ORDER];
            assert_eq!(text(row, "Status"), "PENDING", "{stage:?}: {row}");
            assert!(row.get("FailureReason").is_none(), "{stage:?}: {row}");
            assert!(row.get("SealedCard").is_some(), "{stage:?}: {row}");
        } else {
            let charges = self.world.charges().len();
            let (status, code) = self.ask(stage).await;
            assert_eq!((status, code.as_str()), (503, "UNAVAILABLE"), "{stage:?}");
            assert_eq!(self.world.charges().len(), charges, "{stage:?}: nothing was sent to the processor");
        }
    }

    /// The trouble is over: the same request goes well, and what waits goes across within two sweeps, without hands.
    async fn recovers_at(&mut self, stage: Stage) {
        if matches!(stage, Cross | CrossAgain) {
            for _ in 0..2 {
                self.sweep().await;
                self.world.settle().await;
            }
            self.is_across(stage).await;
        } else {
            self.live(&[stage]).await;
        }
    }

    async fn sweep(&mut self) {
        self.world.advance(order::SWEEP_PERIOD);
        self.world.sweep().await.expect("a sweep ends well");
    }

    async fn is_across(&self, stage: Stage) {
        let rest = self.world.at_rest();
        assert!(rest.quarantine.is_empty(), "{stage:?}: {:?}", rest.quarantine);
        assert_eq!((rest.clean.len(), rest.vault.len()), (1, 1), "{stage:?}");
    }

    /// Charged once, with the second card; forgotten; nothing is left behind.
    fn is_whole(&self) {
        let rest = self.world.at_rest();
        rest.check(&self.world.charges()).unwrap();
        assert!(rest.quarantine.is_empty() && rest.vault.is_empty());
        let row = &rest.clean[ORDER];
        assert!(row.get("CardForgottenAt").is_some() && row.get("PaymentId").is_some(), "{row}");
        let declined: Vec<_> = self.world.charges().iter().map(is_decline).collect();
        assert_eq!(declined, [true, false], "declined once, charged once");
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

    fn arn(&self, key: &str) -> String {
        let (function, variable) = match key {
            "QuarantineKey" => ("IngestFunction", "QUARANTINE_KEY_ARN"),
            _ => ("PaybillFunction", "VAULT_KEY_ARN"),
        };
        self.world.stack.declared.function(function).unwrap().environment[variable].clone()
    }
}

fn statements(document: &mut Value) -> &mut Vec<Value> {
    document["Statement"].as_array_mut().unwrap()
}

fn text_of(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
