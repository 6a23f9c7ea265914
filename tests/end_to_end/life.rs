//! The life of one order, stage by stage: what the drills of keys and roles disturb.

use std::time::Duration;

use crate::{
    simulation::{
        at_rest::{is_decline, text},
        details::{DETAILS, EXPIRY, OTHER_CARDS},
        events::check_told,
        world::World,
    },
    support::Encryptor,
};

pub(crate) const ORDER: &str = "order-1";
const OWNER: &str = "ada";

/// Longer than ingest keeps a data key and paybill a secret: each stage needs KMS, and each payment its secret.
const LATER: Duration = Duration::from_secs(10 * 60);

/// Longer than Lambda tries a batch.
const HELD_UP: Duration = Duration::from_secs(2 * 60 * 60);

/// A stage of the order's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The schedule has a key made that clients encrypt cards to.
    MakeCardKey,
    Place,
    Cross,
    /// The processor declines the first card.
    PayInVain,
    /// The client encrypts it.
    SendAnotherCard,
    CrossAgain,
    Pay,
    Forget,
}

pub(crate) use Stage::{Cross, CrossAgain, Forget, MakeCardKey, Pay, PayInVain, Place, SendAnotherCard};

pub(crate) static LIFE: [Stage; 8] =
    [MakeCardKey, Place, Cross, PayInVain, SendAnotherCard, CrossAgain, Pay, Forget];

/// The stages to this one, with it.
pub(crate) fn up_to(stage: Stage) -> &'static [Stage] {
    LIFE.split_at(place_of(stage) + 1).0
}

/// The stages after this one.
pub(crate) fn after(stage: Stage) -> &'static [Stage] {
    LIFE.split_at(place_of(stage) + 1).1
}

fn place_of(stage: Stage) -> usize {
    LIFE.iter().position(|one| *one == stage).unwrap()
}

/// An order in its own world.
pub(crate) struct Life {
    pub(crate) world: World,
}

impl Life {
    pub(crate) async fn new() -> Self {
        Self { world: World::new().await }
    }

    /// These stages go well.
    pub(crate) async fn live(&mut self, stages: &[Stage]) {
        for stage in stages {
            self.world.advance(LATER);
            match stage {
                MakeCardKey => self.world.keep_card_keys().await.expect("a key is made"),
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
    pub(crate) async fn ask(&self, stage: Stage) -> (u64, String) {
        let answer = match stage {
            Place => self.world.submit(ORDER, OWNER, &DETAILS[3]).await,
            SendAnotherCard => {
                let keys = self.world.card_keys(OWNER).await;
                if keys.status == 200 {
                    let encryptor = Encryptor::with(&keys.body, OWNER, self.world.now());
                    let card = encryptor.card(ORDER, OTHER_CARDS[0], Some(EXPIRY));
                    self.world.put_encrypted_card(ORDER, OWNER, &card).await
                } else {
                    keys
                }
            }
            PayInVain | Pay => self.world.pay(ORDER, OWNER).await,
            Forget => self.world.forget(ORDER, OWNER).await,
            Cross | CrossAgain | MakeCardKey => self.world.status(ORDER, OWNER).await,
        };
        let told =
            ["Code", "code", "Status"].iter().map(|name| answer.text(name)).find(|text| !text.is_empty());
        (answer.status, told.unwrap_or_default().to_owned())
    }

    /// The stage is not reached: the client must try again, or the order waits. Nothing is parked.
    pub(crate) async fn is_held_up_at(&mut self, stage: Stage) {
        if matches!(stage, Cross | CrossAgain) {
            // Lambda retries and gives up; a sweep during the trouble tries again, and changes nothing.
            self.work().await;
            self.sweep().await;
            self.is_kept();
        } else if stage == MakeCardKey {
            assert_eq!(self.world.keep_card_keys().await, None, "there is a key");
            assert_eq!(self.world.card_keys(OWNER).await.status, 503);
        } else {
            let charges = self.world.charges().len();
            let (status, code) = self.ask(stage).await;
            assert_eq!((status, code.as_str()), (503, "UNAVAILABLE"), "{stage:?}");
            assert_eq!(self.world.charges().len(), charges, "{stage:?}: nothing was sent to the processor");
        }
    }

    /// What Lambda can do does Lambda.
    pub(crate) async fn work(&mut self) {
        self.world.advance(LATER);
        self.world.settle_within(Some(HELD_UP)).await;
    }

    /// The order waits with its card, and nothing is held against it.
    pub(crate) fn is_kept(&self) {
        let row = &self.world.at_rest().quarantine[ORDER];
        assert_eq!(text(row, "Status"), "PENDING", "{row}");
        assert!(row.get("FailureReason").is_none(), "{row}");
        assert!(row.get("SealedCard").is_some(), "{row}");
    }

    /// The trouble is over: the same request goes well, and what waits goes across within two sweeps, without hands.
    pub(crate) async fn recovers_at(&mut self, stage: Stage) {
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

    pub(crate) async fn sweep(&mut self) {
        self.world.advance(order::SWEEP_PERIOD);
        self.world.sweep().await.expect("a sweep ends well");
    }

    async fn is_across(&self, stage: Stage) {
        let rest = self.world.at_rest();
        assert!(rest.quarantine.is_empty(), "{stage:?}: {:?}", rest.quarantine);
        assert_eq!((rest.clean.len(), rest.vault.len()), (1, 1), "{stage:?}");
    }

    /// Everybody was told of each change.
    pub(crate) async fn is_told(&mut self) {
        self.world.tell_all().await;
        check_told(&self.world, &self.world.at_rest(), ORDER).unwrap();
    }

    /// Each item of the audit is in a chain, and nothing else is said of it.
    pub(crate) async fn is_witnessed(&mut self) {
        self.world.witness_all().await;
        let [items, witnessed] = self.world.audit_and_witnessed().await;
        assert!(!items.is_empty());
        assert_eq!(witnessed, items);
    }

    /// Charged once, with the second card; forgotten; nothing is left behind.
    pub(crate) fn is_whole(&self) {
        let rest = self.world.at_rest();
        rest.check(&self.world.charges()).unwrap();
        assert!(rest.quarantine.is_empty() && rest.vault.is_empty());
        let row = &rest.clean[ORDER];
        assert!(row.get("CardForgottenAt").is_some() && row.get("PaymentId").is_some(), "{row}");
        let declined: Vec<_> = self.world.charges().iter().map(is_decline).collect();
        assert_eq!(declined, [true, false], "declined once, charged once");
    }
}
