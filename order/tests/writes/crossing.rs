//! Carrying an order across: three rows change, or none.

use std::time::{Duration, UNIX_EPOCH};

use clock::TestClock;
use order::{Airlock, Crossing, OrderTable, QuarantineRow, QuarantineTable};
use test_support::tables::{ORDERS, QUARANTINE, VAULT};
use vault::{
    Card, CardExpiry, DataKeyPolicy, Pan, QuarantineIdentity, Sealer, Tokenized, Tokenizer, TokenizerSettings,
};

use crate::{
    rows::{BEFORE, Change, Item, NOW, ORDER, OTHER, OURS, changed, clean, item, n, quarantined, s},
    world::{ACCOUNT, World},
};

/// A Discover card of the first release's table, and RuPay since.
const TWO_BRANDS: &str = "6521 0000 0000 0007";

/// When the worker's clock stands still.
const SEALED: Duration = Duration::from_secs(1_795_000_000);

pub(crate) struct Airlocks {
    pub(crate) world: World,
    pub(crate) airlock: Airlock,
    keys: [String; 2],
}

impl Airlocks {
    pub(crate) async fn start() -> Self {
        let world = World::start().await;
        let key = async |name| world.aws.endpoint.create_key(name, false).await.unwrap().arn;
        let keys = [key("quarantine").await, key("vault").await];
        let quarantine = QuarantineTable::new(&world.config, QUARANTINE.into());
        let airlock = Airlock::new(&world.config, quarantine, OrderTable::new(&world.config, ORDERS.into()));
        Self { world, airlock, keys }
    }

    pub(crate) fn vault_key(&self) -> &str {
        &self.keys[1]
    }

    pub(crate) fn tokenizer(&self, retention: Option<Duration>) -> Tokenizer {
        let [quarantine_key_arn, vault_key_arn] = self.keys.clone();
        let settings = TokenizerSettings {
            quarantine_key_arn,
            vault_key_arn,
            vault_table: VAULT.into(),
            account: ACCOUNT.into(),
            // No card here was encrypted by its client.
            card_key_table: String::new(),
            card_key_key_arn: String::new(),
            card_expiry_required: false,
            policy: DataKeyPolicy::default(),
            retention,
        };
        let clock = TestClock::stopped_at(UNIX_EPOCH + SEALED);
        Tokenizer::new(&self.world.config, settings, clock.clock())
    }

    /// A card of the order's, ready to cross.
    pub(crate) async fn tokenized(&self, expiry: Option<&str>, retention: Option<Duration>) -> Tokenized {
        let place = QuarantineIdentity {
            order: ORDER,
            owner: "me",
            acceptance: OURS.parse().unwrap(),
            accepted_at: UNIX_EPOCH,
        };
        let clock = clock::Clock::system();
        let sealer = Sealer::new(&self.world.config, self.keys[0].clone(), DataKeyPolicy::default(), clock);
        let expiry = expiry.map(|expiry| CardExpiry::parse(expiry).unwrap());
        let card = Card { pan: Pan::parse(TWO_BRANDS).unwrap(), expiry };
        let sealed = sealer.seal(card, place).await.unwrap();
        self.tokenizer(retention).tokenize(&sealed, place).await.unwrap()
    }

    /// The vault's row of that token is there, with a card and a key.
    pub(crate) async fn is_in_the_vault(&self, tokenized: &Tokenized) -> bool {
        let Some(row) = self.world.vault_row(&tokenized.token.to_string()).await else { return false };
        let expected = tokenized.vault_put.put().unwrap().item();
        assert_eq!(&row, expected);
        let end = tokenized.expires_at.map(n);
        assert_eq!(row.get("ExpiresAt"), end.as_ref());
        assert_eq!(row["CreatedAt"], s("2026-11-18T11:06:40.000Z"));
        true
    }
}

/// A quarantine row whose order has an amount.
pub(crate) fn priced() -> Item {
    changed(&quarantined(), [("OrderAmount", n(1999)), ("OrderCurrency", s("EUR"))], &[])
}

fn across(tokenized: &Tokenized) -> Item {
    let row = item([
        ("CreditCardToken", s(tokenized.token.to_string())),
        ("CardLast4", s("0007")),
        ("CardBrand", s("rupay")),
        ("AcceptanceId", s(OURS)),
        ("AcceptedAt", s(BEFORE)),
        ("TokenizedAt", s(NOW)),
        ("OrderAmount", n(1999)),
        ("OrderCurrency", s("EUR")),
        ("CardHasExpiry", aws_sdk_dynamodb::types::AttributeValue::Bool(tokenized.has_expiry)),
    ]);
    let mut across = clean();
    across.extend(row);
    across.extend(tokenized.expires_at.map(|end| ("CardExpiresAt".to_owned(), n(end))));
    across
}

#[tokio::test]
async fn an_order_crosses_with_its_card_or_not_at_all() {
    let airlocks = Airlocks::start().await;
    let world = &airlocks.world;
    let row = QuarantineRow::parse(priced()).unwrap();
    for together in [false, true] {
        for (expiry, retention) in [(Some("12/30"), None), (None, Some(Duration::from_secs(86_400)))] {
            let tokenized = airlocks.tokenized(expiry, retention).await;
            assert_eq!(tokenized.expires_at, retention.map(|kept| (SEALED + kept).as_secs()));
            let carry = async || {
                if together {
                    let orders = [(&row, &tokenized)];
                    airlocks.airlock.carry_together(&orders, NOW.parse().unwrap()).await.remove(0).unwrap()
                } else {
                    airlocks.airlock.carry_across(&row, &tokenized, NOW.parse().unwrap()).await.unwrap()
                }
            };
            let nothing_else = async |case: &str| {
                assert_eq!(world.row(ORDERS).await, None, "{case}");
                assert!(!airlocks.is_in_the_vault(&tokenized).await, "{case}");
            };

            world.have(ORDERS, None).await;
            let others = [
                Change::Gone,
                Change::With("AcceptanceId", s(OTHER)),
                Change::Without("AcceptanceId"),
                Change::With("Status", s("EXPIRED")),
            ];
            world.loses(QUARANTINE, &priced(), &others, carry, Crossing::Superseded).await;
            nothing_else("superseded").await;

            // A clean row of that id, whoever's.
            world.have(QUARANTINE, Some(&priced())).await;
            let there = changed(&clean(), [("CustomerName", s("Somebody else"))], &[]);
            let ends = (Crossing::OrderExists, Some(&there));
            world.leaves(ORDERS, Some(&there), carry(), ends, "an order is there").await;
            assert_eq!(world.row(QUARANTINE).await, Some(priced()));
            assert!(!airlocks.is_in_the_vault(&tokenized).await);
            world.have(ORDERS, None).await;

            // A vault row under that token.
            let token = item([("Hash_Key", s(tokenized.token.to_string())), ("Account_Id", s(ACCOUNT))]);
            world.have(VAULT, Some(&token)).await;
            assert_eq!(carry().await, Crossing::Transient);
            assert_eq!(world.vault_row(&tokenized.token.to_string()).await, Some(token), "it is as it was");
            assert_eq!((world.row(QUARANTINE).await, world.row(ORDERS).await), (Some(priced()), None));
            world.forget_vault_row(&tokenized.token.to_string()).await;

            // FAILED crosses too: it was parked, and got across all the same.
            let failed = changed(&priced(), [("Status", s("FAILED"))], &[]);
            world.leaves(QUARANTINE, Some(&failed), carry(), (Crossing::Across, None), "across").await;
            assert_eq!(world.row(ORDERS).await, Some(across(&tokenized)));
            assert!(airlocks.is_in_the_vault(&tokenized).await);
        }
    }
}

#[tokio::test]
async fn an_order_is_across_when_it_is_in_the_clean_table_and_at_no_other_time() {
    let airlocks = Airlocks::start().await;
    let is_across = async || airlocks.airlock.is_across(&s(ORDER)).await;
    airlocks.world.have(QUARANTINE, Some(&quarantined())).await;
    assert_eq!(is_across().await, Ok(false));
    airlocks.world.have(ORDERS, Some(&clean())).await;
    assert_eq!(is_across().await, Ok(true));
    let other = airlocks.airlock.is_across(&s("2")).await;
    assert_eq!(other, Ok(false), "another order");
    airlocks.world.aws.endpoint.faults().add("dynamodb/TransactWriteItems=throttled".parse().unwrap());
    assert!(is_across().await.is_err(), "it is not known");
}
