//! Replacing a card: the new one in, the old one out, and the declined payment gone; or nothing.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use order::{Crossing, QuarantineRow};
use test_support::tables::{ORDERS, QUARANTINE, VAULT};

use crate::{
    crossing::Airlocks,
    rows::{
        BEFORE, Change, Item, LATER, NOW, OTHER, OTHER_TOKEN, OURS, TOKEN, b, changed, clean, item, n,
        quarantined, s, set,
    },
    world::ACCOUNT,
};

/// When the other card was sent.
const SENT: &str = "2026-11-21T18:30:00.000Z";

/// The quarantine row of another card for an order.
fn replacement() -> Item {
    changed(&quarantined(), [("Replaces", s(TOKEN)), ("AcceptedAt", s(SENT))], &[])
}

fn old_card() -> Item {
    item([("Hash_Key", s(TOKEN)), ("Account_Id", s(ACCOUNT))])
}

/// An order whose payment was declined, with all that a payment leaves.
fn declined() -> Item {
    let with = [
        ("PaymentStatus", s("DECLINED")),
        ("PaymentId", s(OURS)),
        ("PaymentAmount", n(500)),
        ("PaymentCurrency", s("EUR")),
        ("PaymentStartedAt", s(BEFORE)),
        ("PaymentSettledAt", s(BEFORE)),
        ("PaymentProfile", s("stripe")),
        ("PaymentProfileDigest", s("digest")),
        ("PaymentOrigin", s("origin")),
        ("PaymentAccount", s("account")),
        ("PaymentPayer", s("OWNER")),
        ("PaymentObject", s("pi_1")),
        ("ProcessorReference", s("ch_1")),
        ("LookedUpAt", s(BEFORE)),
        ("HardDeclines", set(&["visa:1111"])),
        ("PaymentHistory", AttributeValue::L(vec![])),
        ("PaymentKeys", AttributeValue::M([].into())),
        ("OrderAmount", n(500)),
        ("OrderCurrency", s("EUR")),
        ("CardExpiresAt", n(1_800_000_000)),
        ("CardJweDigest", b(&[1; 32])),
    ];
    changed(&clean(), with, &[])
}

/// What a payment leaves, and a new card takes away.
pub(crate) const PAYMENT: [&str; 14] = [
    "PaymentStatus",
    "PaymentId",
    "PaymentAmount",
    "PaymentCurrency",
    "PaymentStartedAt",
    "PaymentSettledAt",
    "PaymentProfile",
    "PaymentProfileDigest",
    "PaymentOrigin",
    "PaymentAccount",
    "PaymentPayer",
    "PaymentObject",
    "ProcessorReference",
    "LookedUpAt",
];

#[tokio::test]
async fn a_card_is_replaced_while_the_order_has_it_and_neither_it_nor_the_new_one_is_ruled_out() {
    let airlocks = Airlocks::start().await;
    let world = &airlocks.world;
    let plain = QuarantineRow::parse(replacement()).unwrap();
    let encrypted = changed(&replacement(), [("CardJweDigest", b(&[7; 32]))], &["CardLast4", "CardBrand"]);
    let encrypted = QuarantineRow::parse(encrypted).unwrap();
    for (row, expiry, retention) in
        [(plain, Some("12/30"), None), (encrypted, None, Some(Duration::from_secs(86_400)))]
    {
        let tokenized = airlocks.tokenized(expiry, retention).await;
        let replace = async || {
            let retired = airlocks.tokenizer(None).retire(TOKEN.parse().unwrap()).unwrap();
            let replaced = TOKEN.parse().unwrap();
            let now = NOW.parse().unwrap();
            airlocks.airlock.replace_card(&row, replaced, &tokenized, retired, now).await.unwrap()
        };
        world.have(VAULT, Some(&old_card())).await;

        // The clean row is another.
        world.have(QUARANTINE, Some(&replacement())).await;
        let others = [
            Change::With("CreditCardToken", s(OTHER_TOKEN)),
            Change::With("Owner", s("you")),
            Change::With("PaymentStatus", s("SUBMITTED")),
            Change::With("PaymentStatus", s("UNKNOWN")),
            Change::With("PaymentStatus", s("SUBMITTING")),
        ];
        world.loses(ORDERS, &declined(), &others, replace, Crossing::CardNotReplaced).await;
        let ruled_out = [
            // By today's table of issuers, and by the first one.
            Change::With("HardDeclines", set(&["rupay:0007", "visa:1111"])),
            Change::With("HardDeclines", set(&["discover:0007", "visa:1111"])),
        ];
        // Ingest has judged a card that was sent as it is, so this one came too late.
        let refused =
            if row.card_jwe_digest.is_some() { Crossing::CardRefused } else { Crossing::CardNotReplaced };
        world.loses(ORDERS, &declined(), &ruled_out, replace, refused).await;
        let forgotten = [Change::With("CardForgottenAt", s(BEFORE))];
        world.loses(ORDERS, &declined(), &forgotten, replace, Crossing::Forgotten).await;
        world.loses(ORDERS, &declined(), &[Change::Gone], replace, Crossing::NothingToReplace).await;
        let claimed =
            changed(&declined(), [("PaymentStatus", s("SUBMITTING")), ("ClaimedUntil", s(LATER))], &[]);
        let under_way = Crossing::PaymentUnderWay { claimed_until: LATER.parse().unwrap() };
        world.leaves(ORDERS, Some(&claimed), replace(), (under_way, Some(&claimed)), "claimed").await;
        assert_eq!(world.row(QUARANTINE).await, Some(replacement()));

        // The quarantine row is another.
        world.have(ORDERS, Some(&declined())).await;
        let others =
            [Change::Gone, Change::With("AcceptanceId", s(OTHER)), Change::With("Status", s("EXPIRED"))];
        world.loses(QUARANTINE, &replacement(), &others, replace, Crossing::Superseded).await;

        // The token is taken.
        world.have(QUARANTINE, Some(&replacement())).await;
        let taken = item([("Hash_Key", s(tokenized.token.to_string())), ("Account_Id", s(ACCOUNT))]);
        world.have(VAULT, Some(&taken)).await;
        assert_eq!(replace().await, Crossing::Transient);
        assert_eq!(world.vault_row(&tokenized.token.to_string()).await, Some(taken), "it is as it was");
        world.forget_vault_row(&tokenized.token.to_string()).await;

        // Nothing was written so far.
        assert_eq!(world.row(QUARANTINE).await, Some(replacement()));
        assert_eq!(world.row(ORDERS).await, Some(declined()));
        assert_eq!(world.vault_row(TOKEN).await, Some(old_card()));

        // With no payment, and with a declined one.
        for before in [changed(&declined(), [], &PAYMENT), declined()] {
            world.have(VAULT, Some(&old_card())).await;
            world.have(QUARANTINE, Some(&replacement())).await;
            let with = [
                ("CreditCardToken", s(tokenized.token.to_string())),
                ("CardLast4", s("0007")),
                ("CardBrand", s("rupay")),
                ("AcceptanceId", s(OURS)),
                ("AcceptedAt", s(SENT)),
                ("TokenizedAt", s(NOW)),
                ("CardReplacedAt", s(NOW)),
                ("CardHasExpiry", AttributeValue::Bool(expiry.is_some())),
            ];
            let gone = ["CardExpiresAt", "CardJweDigest"];
            let mut after = changed(&changed(&before, with, &PAYMENT), [], &gone);
            after.extend(tokenized.expires_at.map(|end| ("CardExpiresAt".to_owned(), n(end))));
            after
                .extend(row.card_jwe_digest.map(|digest| ("CardJweDigest".to_owned(), b(digest.as_bytes()))));
            world.leaves(ORDERS, Some(&before), replace(), (Crossing::Across, Some(&after)), "across").await;
            assert_eq!((world.row(QUARANTINE).await, world.vault_row(TOKEN).await), (None, None));
            assert!(airlocks.is_in_the_vault(&tokenized).await);
            world.forget_vault_row(&tokenized.token.to_string()).await;
        }
    }
}
