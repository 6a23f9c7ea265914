//! What may go wrong with the roles' policies at every stage of an order: each statement of each role is taken away and
//! put back. Nothing is lost, and the answers are those of docs/operating.md.

use std::collections::BTreeSet;

use card_airlock_services::{FaultKind, FaultRule, Service, When};
use serde_json::{Value, json};

use crate::{
    life::{
        Cross, CrossAgain, Forget, LIFE, Life, MakeCardKey, ORDER, Pay, PayInVain, Place, SendAnotherCard,
        Stage, after, up_to,
    },
    simulation::{at_rest::text, world::WORKER},
};

/// A statement of a role's policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Permission {
    /// The role's name before `Role`, and its policy's before `Policy`.
    of: &'static str,
    sid: &'static str,
}

const ROLES: [&str; 9] = [
    "Ingest",
    "TokenizeWorker",
    "Replay",
    "Paybill",
    "Forget",
    "Notify",
    "Witness",
    "CardKeyMaker",
    "CardKeys",
];

/// What each is needed for in an undisturbed life.
const NEEDED: [(&str, &str, &[Stage]); 41] = [
    ("Ingest", "AcceptAnOrder", &[Place, SendAnotherCard]),
    ("Ingest", "ReadQuarantineStatus", &[SendAnotherCard]),
    ("Ingest", "ReadCleanStatus", &[Place, SendAnotherCard]),
    ("Ingest", "ReadCardKeyIds", &[SendAnotherCard]),
    ("TokenizeWorker", "ReadTheStream", &[Cross, CrossAgain]),
    ("TokenizeWorker", "CrossIn", &[Cross, CrossAgain]),
    ("TokenizeWorker", "CrossOut", &[Cross, CrossAgain]),
    ("TokenizeWorker", "ReplaceACard", &[CrossAgain]),
    ("TokenizeWorker", "RetireACard", &[CrossAgain]),
    ("TokenizeWorker", "CheckWhetherForgotten", &[]),
    ("TokenizeWorker", "ParkWaitOrEnd", &[]),
    ("TokenizeWorker", "ReadACardKey", &[CrossAgain]),
    ("TokenizeWorker", "SendDeadLetters", &[]),
    ("TokenizeWorker", "PutEvents", &[]),
    ("TokenizeWorker", "SendRefusedEvents", &[]),
    ("Replay", "ListQuarantine", &[]),
    ("Replay", "RearmParkOrExpire", &[]),
    ("Replay", "SeeWhetherAnOrderIsAcross", &[]),
    ("Replay", "DrainAndSendDeadLetters", &[]),
    ("Paybill", "ReadACleanOrder", &[PayInVain, Pay]),
    ("Paybill", "ReadQuarantineStatus", &[PayInVain, Pay]),
    ("Paybill", "ReadAVaultRow", &[PayInVain, Pay]),
    ("Paybill", "RecordAPayment", &[PayInVain, Pay]),
    ("Paybill", "CountADetokenization", &[PayInVain, Pay]),
    ("Paybill", "RecordADetokenization", &[PayInVain, Pay]),
    ("Paybill", "ReadProcessorSecret", &[PayInVain, Pay]),
    ("Forget", "ReadQuarantineStatus", &[Forget]),
    ("Forget", "ReadCleanStatus", &[Forget]),
    ("Forget", "ForgetInQuarantine", &[]),
    ("Forget", "ForgetInTheVault", &[Forget]),
    ("Forget", "MarkAsForgotten", &[Forget]),
    ("Notify", "ReadTheStream", &[]),
    ("Notify", "PutEvents", &[]),
    ("Notify", "SendRefusedEvents", &[]),
    ("Witness", "ReadTheStream", &[]),
    ("Witness", "ReadTheEndOfAChain", &[]),
    ("Witness", "AddALink", &[]),
    ("CardKeyMaker", "ListCardKeys", &[MakeCardKey]),
    ("CardKeyMaker", "WriteACardKey", &[MakeCardKey]),
    ("CardKeyMaker", "DeleteThePrivateHalf", &[]),
    ("CardKeys", "ListPublicHalves", &[SendAnotherCard]),
];

/// Without these a sweep fails, whatever there is to do; without the second, where there is a row.
const SWEEPS: [&str; 3] = ["ListQuarantine", "SeeWhetherAnOrderIsAcross", "DrainAndSendDeadLetters"];

/// So the drill leaves no statement out.
#[tokio::test]
async fn each_statement_of_each_role_is_in_the_drill() {
    let life = Life::new().await;
    let mut declared = BTreeSet::new();
    for of in ROLES {
        let document = document(&life, of);
        let sids = document["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["Sid"].as_str().unwrap().to_owned());
        declared.extend(sids.map(|sid| (of, sid)));
    }
    // Lambda itself writes the logs with a function's role, and that is not played.
    declared.retain(|(_, sid)| sid != "WriteLogs");
    assert_eq!(
        NEEDED.map(|(of, sid, _)| (of, sid.to_owned())).into_iter().collect::<BTreeSet<_>>(),
        declared
    );
}

#[tokio::test]
async fn ingest_without_a_statement_holds_up_what_needs_it_until_it_is_back() {
    at_every_stage("Ingest").await;
}

#[tokio::test]
async fn the_worker_without_a_statement_holds_up_what_needs_it_until_it_is_back() {
    at_every_stage("TokenizeWorker").await;
}

#[tokio::test]
async fn replay_without_a_statement_holds_up_no_order_that_needs_no_sweep() {
    at_every_stage("Replay").await;
}

#[tokio::test]
async fn paybill_without_a_statement_holds_up_what_needs_it_until_it_is_back() {
    at_every_stage("Paybill").await;
}

#[tokio::test]
async fn forget_without_a_statement_holds_up_what_needs_it_until_it_is_back() {
    at_every_stage("Forget").await;
}

/// Nor is an event lost: what was not told is told once the statement is back.
#[tokio::test]
async fn notify_without_a_statement_holds_up_no_order() {
    at_every_stage("Notify").await;
}

/// Nor does an item of the audit go unwitnessed: it is witnessed once the statement is back.
#[tokio::test]
async fn the_witness_without_a_statement_holds_up_no_order() {
    at_every_stage("Witness").await;
}

#[tokio::test]
async fn the_maker_of_card_keys_without_a_statement_holds_up_no_order_with_a_card_in_plaintext() {
    at_every_stage("CardKeyMaker").await;
}

#[tokio::test]
async fn card_keys_without_a_statement_holds_up_who_needs_a_key_until_it_is_back() {
    at_every_stage("CardKeys").await;
}

/// One life for each statement: at each stage it is away, and back when the stage was tried.
async fn at_every_stage(role: &str) {
    for (of, sid, stops) in NEEDED.into_iter().filter(|(of, ..)| *of == role) {
        let permission = Permission { of, sid };
        let mut life = Life::new().await;
        for stage in LIFE {
            take_away(&life, permission);
            if stops.contains(&stage) {
                life.is_held_up_at(stage).await;
                put_back(&life, permission);
                life.recovers_at(stage).await;
            } else {
                life.live(&[stage]).await;
                life.world.advance(order::SWEEP_PERIOD);
                let is_needed = of == "Replay" && SWEEPS.contains(&sid);
                let has_row = [Place, SendAnotherCard].contains(&stage);
                let fails = is_needed && (sid != "SeeWhetherAnOrderIsAcross" || has_row);
                assert_eq!(life.world.sweep().await.is_none(), fails, "{permission:?} {stage:?}");
                put_back(&life, permission);
                life.sweep().await;
            }
        }
        life.is_whole();
        life.is_told().await;
        life.is_witnessed().await;
    }
}

/// What Lambda has given up needs more of worker and replay than an undisturbed order does.
#[tokio::test]
async fn what_lambda_gave_up_while_a_statement_was_away_comes_across_without_hands() {
    let worker = Permission { of: "TokenizeWorker", sid: "SendDeadLetters" };
    let replays = NEEDED.iter().filter(|(of, ..)| *of == "Replay").map(|(of, sid, _)| Permission { of, sid });
    for permission in replays.chain([worker]) {
        for stage in [Cross, CrossAgain] {
            let mut life = Life::new().await;
            let (stage, before) = up_to(stage).split_last().unwrap();
            life.live(before).await;
            take_away(&life, permission);
            kms_is_down(&life);
            for _ in 0..2 {
                life.work().await;
                life.world.advance(order::SWEEP_PERIOD);
                let _ = life.world.sweep().await;
            }
            life.is_kept();
            life.world.faults().clear();
            put_back(&life, permission);
            life.recovers_at(*stage).await;
            life.live(after(*stage)).await;
            life.is_whole();
        }
    }
}

/// An order whose sealed card was altered is parked, with word, once it can be; and repaired, it goes across.
#[tokio::test]
async fn what_cannot_be_parked_while_a_statement_is_away_is_parked_afterwards() {
    for sid in ["ParkWaitOrEnd", "SendDeadLetters", "CheckWhetherForgotten"] {
        let permission = Permission { of: "TokenizeWorker", sid };
        let mut life = placed_and_altered().await;
        take_away(&life, permission);
        life.work().await;
        life.sweep().await;
        life.is_kept();
        put_back(&life, permission);
        is_parked(&mut life).await;
        life.world.alter_card(ORDER).await;
        life.world.replay(json!({ "order": ORDER })).await.unwrap();
        life.live(after(Place)).await;
        life.is_whole();
    }
}

#[tokio::test]
async fn a_parked_card_is_forgotten_once_the_role_may() {
    let permission = Permission { of: "Forget", sid: "ForgetInQuarantine" };
    let mut life = placed_and_altered().await;
    is_parked(&mut life).await;
    take_away(&life, permission);
    assert_eq!(life.ask(Forget).await, (503, "UNAVAILABLE".into()));
    assert!(life.world.at_rest().quarantine[ORDER].get("SealedCard").is_some());
    put_back(&life, permission);
    assert_eq!(life.ask(Forget).await.0, 200);
    let row = &life.world.at_rest().quarantine[ORDER];
    assert_eq!((text(row, "Status"), text(row, "FailureReason")), ("EXPIRED", "FORGOTTEN"), "{row}");
    assert!(row.get("SealedCard").is_none(), "{row}");
}

/// Ingest's put of the order arrives once more, when its card is forgotten.
#[tokio::test]
async fn a_card_that_comes_late_is_taken_out_once_the_worker_may() {
    let permission = Permission { of: "TokenizeWorker", sid: "CrossOut" };
    let mut life = Life::new().await;
    life.live(up_to(Place)).await;
    let late = life.world.quarantined(ORDER).await.unwrap();
    life.live(after(Place)).await;
    take_away(&life, permission);
    life.world.put_quarantined(late).await;
    life.work().await;
    life.is_kept();
    put_back(&life, permission);
    for _ in 0..2 {
        life.sweep().await;
        life.world.settle().await;
    }
    let rest = life.world.at_rest();
    assert!(rest.quarantine.values().all(|row| row.get("SealedCard").is_none()), "{:?}", rest.quarantine);
    assert!(rest.vault.is_empty());
}

/// An order that is sent again is compared with what waits.
#[tokio::test]
async fn an_order_that_is_sent_again_is_told_to_come_back_until_its_status_can_be_read() {
    let permission = Permission { of: "Ingest", sid: "ReadQuarantineStatus" };
    let mut life = Life::new().await;
    life.live(up_to(Place)).await;
    take_away(&life, permission);
    // The second is a look at its status.
    for again in [Place, Cross] {
        assert_eq!(life.ask(again).await, (503, "UNAVAILABLE".into()), "{again:?}");
    }
    put_back(&life, permission);
    assert_eq!(life.ask(Cross).await, (200, "PENDING".into()));
    life.live(&LIFE).await;
    life.is_whole();
}

/// Lambda has given the order up, and then somebody altered its sealed card.
async fn placed_and_altered() -> Life {
    let mut life = Life::new().await;
    life.live(up_to(Place)).await;
    kms_is_down(&life);
    life.work().await;
    life.world.faults().clear();
    life.world.alter_card(ORDER).await;
    life
}

async fn is_parked(life: &mut Life) {
    for _ in 0..2 {
        life.sweep().await;
        life.world.settle().await;
    }
    let rest = life.world.at_rest();
    let row = &rest.quarantine[ORDER];
    assert_eq!((text(row, "Status"), text(row, "FailureReason")), ("FAILED", "ENVELOPE_REFUSED"), "{row}");
    let is_word = |message: &Value| message["Kind"] == "PARKED" && message["CustomerOrder"] == ORDER;
    assert!(rest.messages.iter().any(is_word), "{:?}", rest.messages);
}

fn kms_is_down(life: &Life) {
    life.world.faults().add(FaultRule {
        role: Some(WORKER.into()),
        service: Some(Service::Kms),
        operation: None,
        kind: FaultKind::InternalError,
        when: When::Always,
    });
}

fn document(life: &Life, of: &str) -> Value {
    life.world.stack.declared.properties(&format!("{of}Policy")).unwrap()["PolicyDocument"].clone()
}

fn take_away(life: &Life, Permission { of, sid }: Permission) {
    let mut document = document(life, of);
    let statements = document["Statement"].as_array_mut().unwrap();
    let count = statements.len();
    statements.retain(|statement| statement["Sid"] != sid);
    assert_eq!(statements.len(), count - 1, "{of} {sid}");
    put(life, of, &document);
}

fn put_back(life: &Life, Permission { of, .. }: Permission) {
    put(life, of, &document(life, of));
}

fn put(life: &Life, of: &str, document: &Value) {
    life.world.stack.aws().put_role_policy(&format!("{of}Role"), &format!("{of}Policy"), document).unwrap();
}
