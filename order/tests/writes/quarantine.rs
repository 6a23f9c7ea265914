//! Writes to the quarantine: each is conditional on the version of the row that was read.

use order::{
    Arming, FailureReason, KeptRow, QuarantineRow, QuarantineStatus, QuarantineTable, RowVersion, TableError,
    Upkeep, Written,
};
use test_support::tables::QUARANTINE;

use crate::{
    rows::{Change, Item, LATER, NOW, ORDER, OTHER, OURS, changed, n, quarantined, s, set},
    world::{World, key, order_id},
};

/// A write that follows a read.
#[derive(Debug, Clone, Copy)]
enum Write {
    Replace,
    Park,
    ArmAfter,
    UpkeepPark,
    Replayed,
    Waited,
    Lost,
    TakenUpAlone,
    TakenUpBeside,
    Expire,
    ExpireForgotten,
    EndReplacement,
    EndReplacementAtItsDeadline,
    ForgetCard,
    RefuseCard,
    HaveEventSentAgain,
}

const WRITES: [Write; 16] = [
    Write::Replace,
    Write::Park,
    Write::ArmAfter,
    Write::UpkeepPark,
    Write::Replayed,
    Write::Waited,
    Write::Lost,
    Write::TakenUpAlone,
    Write::TakenUpBeside,
    Write::Expire,
    Write::ExpireForgotten,
    Write::EndReplacement,
    Write::EndReplacementAtItsDeadline,
    Write::ForgetCard,
    Write::RefuseCard,
    Write::HaveEventSentAgain,
];

impl Write {
    async fn apply(self, world: &World, row: &KeptRow) -> Result<Written, TableError> {
        let table = QuarantineTable::new(&world.config, QUARANTINE.into());
        let upkeep = Upkeep::new(&world.config, QUARANTINE.into());
        let (now, beside) = (NOW.parse().unwrap(), ["2".to_owned(), "3".to_owned()]);
        match self {
            Self::Replace => table.replace(&another_acceptance(), &row.version).await,
            Self::Park => table.park(key(), &row.version, FailureReason::EnvelopeRefused).await,
            Self::ArmAfter => table.arm_after(key(), &row.version, LATER.parse().unwrap()).await,
            Self::UpkeepPark => upkeep.park(row, FailureReason::AttemptsExhausted).await,
            Self::Replayed => upkeep.rearm(row, Arming::Replayed, now).await,
            Self::Waited => upkeep.rearm(row, Arming::Waited, now).await,
            Self::Lost => upkeep.rearm(row, Arming::Lost, now).await,
            Self::TakenUpAlone => upkeep.rearm(row, Arming::TakenUp { beside: &[], suspected: 2 }, now).await,
            Self::TakenUpBeside => {
                upkeep.rearm(row, Arming::TakenUp { beside: &beside, suspected: 0 }, now).await
            }
            Self::Expire => upkeep.expire(row).await,
            Self::ExpireForgotten => upkeep.forget(row).await,
            Self::EndReplacement => table.end_replacement(key(), &row.version).await,
            Self::EndReplacementAtItsDeadline => upkeep.end_replacement(row).await,
            Self::RefuseCard => table.refuse_card(key(), &row.version).await,
            Self::ForgetCard => table.forget_card(&order_id(), &row.version).await,
            Self::HaveEventSentAgain => upkeep.have_event_sent_again(row).await,
        }
    }

    /// What the write makes of a row.
    fn of(self, row: &Item) -> Item {
        let rearmed = |row: &Item, first: &str| {
            let with = [
                ("Status", s("PENDING")),
                ("Attempt", n(4)),
                ("ArmedAt", s(NOW)),
                ("FirstArmedAt", s(first)),
            ];
            changed(row, with, &["FailureReason", "ArmAfter"])
        };
        let alone = ["TakenUpBeside", "TakenUpAlone"];
        let card = ["SealedCard", "DataKey", "KeyBatchId", "CustomerName", "Address"];
        let ended = |status: &str| changed(row, [("Status", s(status))], &card);
        let with_reason = |row: Item, reason: &str| changed(&row, [("FailureReason", s(reason))], &[]);
        match self {
            Self::Replace => serde_dynamo::aws_sdk_dynamodb_1::to_item(another_acceptance()).unwrap(),
            Self::Park => with_reason(changed(row, [("Status", s("FAILED"))], &[]), "ENVELOPE_REFUSED"),
            Self::ArmAfter => changed(row, [("ArmAfter", s(LATER))], &[]),
            Self::UpkeepPark => {
                with_reason(changed(row, [("Status", s("FAILED"))], &[]), "ATTEMPTS_EXHAUSTED")
            }
            Self::Replayed | Self::Waited => changed(&rearmed(row, NOW), [], &alone),
            Self::Lost => changed(&rearmed(row, LATER), [], &alone),
            Self::TakenUpAlone => {
                let with = [("TakenUp", n(6)), ("Suspected", n(2)), ("TakenUpAlone", n(3))];
                changed(&rearmed(row, LATER), with, &["TakenUpBeside"])
            }
            Self::TakenUpBeside => {
                let with = [("TakenUp", n(6)), ("TakenUpBeside", set(&["2", "3"]))];
                changed(&rearmed(row, LATER), with, &["TakenUpAlone"])
            }
            Self::Expire => ended("EXPIRED"),
            Self::ExpireForgotten | Self::ForgetCard => with_reason(ended("EXPIRED"), "FORGOTTEN"),
            Self::HaveEventSentAgain => changed(row, [("TakenUp", n(6))], &[]),
            Self::EndReplacement | Self::EndReplacementAtItsDeadline => {
                with_reason(ended("FAILED"), "CARD_NOT_REPLACED")
            }
            Self::RefuseCard => with_reason(ended("FAILED"), "CARD_REFUSED"),
        }
    }
}

/// The row of an order that was accepted once more.
fn another_acceptance() -> QuarantineRow {
    let mut row = QuarantineRow::parse(quarantined()).unwrap();
    row.acceptance_id = OTHER.parse().unwrap();
    row
}

/// A row with all that only recovery writes.
fn worn() -> Item {
    let with = [
        ("Attempt", n(3)),
        ("FirstArmedAt", s(LATER)),
        ("ArmAfter", s(NOW)),
        ("FailureReason", s("MALFORMED")),
        ("TakenUp", n(5)),
        ("TakenUpBeside", set(&["7"])),
        ("TakenUpAlone", n(2)),
        ("Suspected", n(1)),
    ];
    changed(&quarantined(), with, &[])
}

/// The same, parked.
fn failed() -> Item {
    changed(&worn(), [("Status", s("FAILED"))], &[])
}

async fn read(world: &World, row: &Item) -> KeptRow {
    world.have(QUARANTINE, Some(row)).await;
    Upkeep::new(&world.config, QUARANTINE.into()).row(ORDER).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_write_leaves_in_the_row_what_it_says_and_all_else_as_it_was() {
    let world = World::start().await;
    for row in [worn(), failed()] {
        let kept = read(&world, &row).await;
        for write in WRITES {
            let after = write.of(&row);
            let case = format!("{write:?}");
            let ends = (Ok(Written::Done), Some(&after));
            world.leaves(QUARANTINE, Some(&row), write.apply(&world, &kept), ends, &case).await;
        }
    }
}

#[tokio::test]
async fn a_write_changes_nothing_in_a_row_that_was_accepted_moved_on_or_armed_meanwhile() {
    let world = World::start().await;
    let row = worn();
    let kept = read(&world, &row).await;
    for write in WRITES {
        let others = [
            Change::Gone,
            Change::With("AcceptanceId", s(OTHER)),
            Change::Without("AcceptanceId"),
            Change::With("Status", s("FAILED")),
            Change::Without("Status"),
            Change::With("Attempt", n(4)),
            Change::Without("Attempt"),
        ];
        let apply = async || (format!("{write:?}"), write.apply(&world, &kept).await);
        let lost = (format!("{write:?}"), Ok(Written::LostRace));
        world.loses(QUARANTINE, &row, &others, apply, lost).await;
    }
}

#[tokio::test]
async fn a_row_without_a_version_is_told_from_one_that_has_got_one_and_from_none() {
    let world = World::start().await;
    let row = changed(&worn(), [], &["AcceptanceId", "Status", "Attempt"]);
    let kept = read(&world, &row).await;
    for write in WRITES {
        let others = [
            Change::Gone,
            Change::With("AcceptanceId", s(OURS)),
            Change::With("Status", s("PENDING")),
            Change::With("Attempt", n(1)),
        ];
        let apply = async || (format!("{write:?}"), write.apply(&world, &kept).await);
        let lost = (format!("{write:?}"), Ok(Written::LostRace));
        world.loses(QUARANTINE, &row, &others, apply, lost).await;
        world.have(QUARANTINE, Some(&row)).await;
        assert_eq!(write.apply(&world, &kept).await, Ok(Written::Done), "{write:?}");
    }
}

#[tokio::test]
async fn what_a_row_lacked_when_it_was_read_it_must_still_lack() {
    let world = World::start().await;
    let others = [("AcceptanceId", s(OTHER)), ("Status", s("FAILED")), ("Attempt", n(9))];
    for (missing, _) in &others {
        let row = changed(&worn(), [], &[missing]);
        let kept = read(&world, &row).await;
        let changes = others.clone().map(|(name, value)| Change::With(name, value));
        let park = async || Write::Park.apply(&world, &kept).await;
        world.loses(QUARANTINE, &row, &changes, park, Ok(Written::LostRace)).await;
        world.loses(QUARANTINE, &row, &[Change::Gone], park, Ok(Written::LostRace)).await;
    }
}

#[tokio::test]
async fn an_order_is_put_only_where_there_is_none() {
    let world = World::start().await;
    let table = QuarantineTable::new(&world.config, QUARANTINE.into());
    let row = another_acceptance();
    let after = serde_dynamo::aws_sdk_dynamodb_1::to_item(&row).unwrap();
    let put = async || table.put_if_absent(&row).await;
    world.leaves(QUARANTINE, None, put(), (Ok(Written::Done), Some(&after)), "none").await;
    for status in ["PENDING", "FAILED", "EXPIRED"] {
        let there = changed(&quarantined(), [("Status", s(status))], &[]);
        let ends = (Ok(Written::LostRace), Some(&there));
        world.leaves(QUARANTINE, Some(&there), put(), ends, status).await;
    }
}

#[tokio::test]
async fn a_row_is_dropped_while_it_is_this_acceptance_and_not_expired() {
    let world = World::start().await;
    let table = QuarantineTable::new(&world.config, QUARANTINE.into());
    let drop_row = async || table.drop_row(&order_id(), OURS.parse().unwrap()).await;
    for status in [QuarantineStatus::Pending, QuarantineStatus::Failed] {
        let row = changed(&quarantined(), [("Status", s(status.word()))], &[]);
        world.leaves(QUARANTINE, Some(&row), drop_row(), (Ok(Written::Done), None), status.word()).await;
    }
    let others = [
        Change::Gone,
        Change::With("AcceptanceId", s(OTHER)),
        Change::Without("AcceptanceId"),
        Change::With("Status", s("EXPIRED")),
    ];
    world.loses(QUARANTINE, &quarantined(), &others, drop_row, Ok(Written::LostRace)).await;
}

#[tokio::test]
async fn what_was_read_of_a_row_is_its_version() {
    let world = World::start().await;
    let kept = read(&world, &worn()).await;
    assert_eq!(kept.version, RowVersion::of(&worn()));
}

#[tokio::test]
async fn a_row_that_was_never_armed_again_was_armed_first_when_it_was_armed_last() {
    let world = World::start().await;
    let upkeep = Upkeep::new(&world.config, QUARANTINE.into());
    for (without, first) in
        [(&["FirstArmedAt"][..], "2026-11-21T18:00:00.000Z"), (&["FirstArmedAt", "ArmedAt"], NOW)]
    {
        let row = changed(&worn(), [], without);
        let beside = ["2".to_owned()];
        for arming in [
            Arming::Lost,
            Arming::TakenUp { beside: &[], suspected: 0 },
            Arming::TakenUp { beside: &[], suspected: 2 },
            Arming::TakenUp { beside: &beside, suspected: 0 },
        ] {
            let kept = read(&world, &row).await;
            assert_eq!(upkeep.rearm(&kept, arming, NOW.parse().unwrap()).await, Ok(Written::Done));
            assert_eq!(world.row(QUARANTINE).await.unwrap()["FirstArmedAt"], s(first), "{arming:?}");
        }
    }
}

#[tokio::test]
async fn a_row_that_says_nothing_of_its_armings_is_counted_from_nothing() {
    let world = World::start().await;
    let upkeep = Upkeep::new(&world.config, QUARANTINE.into());
    let counts = ["Attempt", "TakenUp", "TakenUpAlone", "Suspected"];
    let row = changed(&failed(), [], &counts);
    let kept = read(&world, &row).await;
    let arming = Arming::TakenUp { beside: &[], suspected: 0 };
    assert_eq!(upkeep.rearm(&kept, arming, NOW.parse().unwrap()).await, Ok(Written::Done));
    let counted = [("Attempt", n(1)), ("TakenUp", n(1)), ("TakenUpAlone", n(1))];
    let with = [("Status", s("PENDING")), ("ArmedAt", s(NOW))];
    let after = changed(&changed(&row, counted, &[]), with, &["FailureReason", "ArmAfter", "TakenUpBeside"]);
    assert_eq!(world.row(QUARANTINE).await, Some(after));
}
