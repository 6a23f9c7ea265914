//! Which rows are imported, and what is told of the others.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    CARD, FIFTEEN_MINUTES, LEGACY, OTHER_CARD, OWNER, SOMEBODY, Told, all, deliver, make_table, n, one,
    owner, pass, put_rows, refusal, row, row_with, s, source_row, with_owners, world, world_under,
};
use crate::{
    leaks::{Cards, Searched},
    support::{Fault, Item, Log, ORDERS, QUARANTINE, Relay, VAULT, World, order_of, text},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_order_goes_through_quarantine_and_is_paid_and_importing_twice_changes_nothing() {
    let world = world().await;
    put_rows(
        &world,
        [
            row("A-1", CARD),
            row_with(
                "A-2",
                &[("Until", Some(s("12/99"))), ("Cents", Some(n("1999"))), ("Money", Some(s("EUR")))],
            ),
            row_with("A-3", &[("Card", Some(n(OTHER_CARD)))]),
        ],
    )
    .await;
    let ids = ["A-1", "A-2", "A-3"];
    let before = world.rows(LEGACY).await.len();
    assert_eq!(pass(&world, "check").await, all(&ids, "good", ""));
    assert_eq!(world.counts().await, [0, 0, 0]);
    assert!(!source_row(&world, "A-1").await.contains_key("CardAirlockMark"), "a dry run marks nothing");

    assert_eq!(pass(&world, "import").await, all(&ids, "imported", ""));
    assert_eq!((world.counts().await, world.rows(LEGACY).await.len()), ([3, 0, 0], before));
    let quarantined = world.row(QUARANTINE, "A-2").await.unwrap();
    assert_eq!((text(&quarantined, "Status"), text(&quarantined, "Owner")), ("PENDING", OWNER));
    // In quarantine, and across: both are there already.
    for _ in 0..2 {
        let rows = [QUARANTINE, VAULT, ORDERS, LEGACY];
        let mut before = Vec::new();
        for table in rows {
            before.push(world.rows(table).await);
        }
        assert_eq!(pass(&world, "check").await, all(&ids, "there", ""));
        assert_eq!(pass(&world, "import").await, all(&ids, "there", ""));
        for (table, before) in rows.into_iter().zip(before) {
            assert_eq!(world.rows(table).await, before, "{table}");
        }
        deliver(&world).await;
        assert_eq!(world.counts().await, [0, 3, 3]);
    }
    let client = owner(&world);
    let paid = client.pay("A-1").await;
    assert_eq!(paid.is(200).text("CreditCard Charged"), "****-****-****-1111");
    assert_eq!(client.pay("A-3").await.is(200).text("CreditCard Charged"), "****-****-****-4444");
    let clean = world.row(ORDERS, "A-2").await.unwrap();
    assert_eq!((text(&clean, "OrderAmount"), text(&clean, "OrderCurrency")), ("1999", "EUR"));
    assert_eq!(clean["CardHasExpiry"], AttributeValue::Bool(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_breaks_a_rule_is_told_with_its_reason_and_left_as_it_is() {
    let world = world().await;
    let b = AttributeValue::B(Blob::new([1]));
    let wrong: [(&str, &str, Option<AttributeValue>, &str); 26] = [
        ("r01", "Card", None, "NUMBER_MISSING"),
        ("r02", "Card", Some(b.clone()), "NUMBER_NOT_TEXT"),
        ("r03", "Card", Some(s("none")), "NUMBER_CHARACTERS"),
        ("r04", "Card", Some(s("41111111111")), "NUMBER_LENGTH"),
        ("r05", "Card", Some(s("4111111111111112")), "NUMBER_CHECK_DIGIT"),
        ("r06", "Card", Some(s("11111111-2222-4333-8444-aaaaaaaaaaaa")), "NUMBER_IS_ANOTHER_TOKEN"),
        ("r07", "Until", Some(s("13/30")), "EXPIRY_INVALID"),
        ("r08", "Until", Some(b.clone()), "EXPIRY_INVALID"),
        ("r09", "Until", Some(s("01/20")), "CARD_EXPIRED"),
        ("r10", "CustomerName", None, "NAME_MISSING"),
        ("r11", "CustomerName", Some(s(" ")), "NAME_MISSING"),
        ("r12", "CustomerName", Some(s(&"x".repeat(201))), "NAME_TOO_LONG"),
        ("r13", "CustomerName", Some(s("a\u{0}")), "NAME_INVALID"),
        ("r14", "CustomerName", Some(s("4111 1111 1111 1111")), "NAME_CARD_SHAPED"),
        // A card inside of longer digits is no card to the detector; a row knows its own.
        ("r15", "CustomerName", Some(s("no 99884111111111111111")), "NAME_CARD_SHAPED"),
        ("r16", "Address", None, "ADDRESS_MISSING"),
        ("r17", "Address", Some(s(&"x".repeat(501))), "ADDRESS_TOO_LONG"),
        ("r18", "Address", Some(s("a\u{202e}")), "ADDRESS_INVALID"),
        ("r19", "Address", Some(s("c/o 5555-5555-5555-4444")), "ADDRESS_CARD_SHAPED"),
        ("r20", "Address", Some(s("99884111111111111111")), "ADDRESS_CARD_SHAPED"),
        ("r21", "Cents", Some(n("5")), "AMOUNT_INCOMPLETE"),
        ("r22", "Money", Some(s("EUR")), "AMOUNT_INCOMPLETE"),
        ("r23", "Buyer", Some(s("ann")), "OWNER_INVALID"),
        ("-r24", "Card", Some(s(CARD)), "ORDER_ID_INVALID"),
        ("4111111111111111", "Card", Some(s(OTHER_CARD)), "ORDER_ID_CARD_SHAPED"),
        ("99885555555555554444", "Card", Some(s(OTHER_CARD)), "ORDER_ID_CARD_SHAPED"),
    ];
    put_rows(&world, wrong.iter().map(|(id, name, value, _)| row_with(id, &[(*name, value.clone())]))).await;
    let amounts = [("Cents", Some(s("1.5"))), ("Money", Some(s("EUR")))];
    put_rows(&world, [row_with("r25", &amounts), row_with("r26", &[("Buyer", None)])]).await;
    let before = world.rows(LEGACY).await;
    let mut expected: Vec<_> = wrong
        .iter()
        .flat_map(|(id, _, _, reason)| one(id, "bad", reason))
        .chain(one("r25", "bad", "AMOUNT_INVALID"))
        .chain(one("r26", "withoutOwner", "OWNER_MISSING"))
        .collect();
    for Told(key, ..) in &mut expected {
        // A key that is a card number, or has the row's own in it, is not told.
        if key.as_ref().is_some_and(|key| key.len() >= 16) {
            *key = None;
        }
    }
    expected.sort();
    for action in ["check", "import"] {
        assert_eq!(pass(&world, action).await, expected, "{action}");
    }
    assert_eq!((world.rows(LEGACY).await, world.counts().await), (before, [0, 0, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_requires_expiry_dates_imports_no_card_without() {
    let world = World::stepped_under([
        ("ImportTable", LEGACY),
        ("ImportKeyAttribute", "Id"),
        ("ImportNumberAttribute", "Card"),
        ("ImportOrderAttribute", "Id"),
        ("ImportOwner", OWNER),
        ("CardExpiryRequired", "true"),
        ("ImportExpiryAttribute", "Until"),
    ])
    .await;
    make_table(&world, LEGACY, "Id").await;
    put_rows(&world, [row("1", CARD), row_with("2", &[("Until", Some(s("12/99")))])]).await;
    let told = [one("1", "bad", "EXPIRY_MISSING"), one("2", "imported", "")].concat();
    assert_eq!(pass(&world, "import").await, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_comes_from_the_row_or_from_a_table_or_is_the_one_named_for_all() {
    let by = async |owners: &[(&str, &str)], ids: &[(&str, Item)]| {
        let mut all = vec![
            ("ImportTable", LEGACY),
            ("ImportKeyAttribute", "Id"),
            ("ImportNumberAttribute", "Card"),
            ("ImportOrderAttribute", "Id"),
        ];
        all.extend(owners);
        // The parameters are as many as the array says.
        all.resize(7, ("StageName", "dev2"));
        let world = World::stepped_under(<[_; 7]>::try_from(all).unwrap()).await;
        make_table(&world, LEGACY, "Id").await;
        make_table(&world, "Buyers", "Id").await;
        for (id, sub) in [("ann@example.com", SOMEBODY), ("by-order", SOMEBODY), ("wrong", "ann")] {
            let item = [("Id", s(id)), ("Owner", s(sub))].map(|(name, value)| (name.to_owned(), value));
            world.put("Buyers", item.into()).await;
        }
        let item = [("Id", s("odd")), ("Owner", n("1"))].map(|(name, value)| (name.to_owned(), value));
        world.put("Buyers", item.into()).await;
        put_rows(&world, ids.iter().map(|(_, row)| row.clone())).await;
        let told = pass(&world, "import").await;
        let mut found = Vec::new();
        for (id, _) in ids {
            let owner = world.row(QUARANTINE, id).await.map(|row| text(&row, "Owner").to_owned());
            let reason = told.iter().find(|Told(key, ..)| key.as_deref() == Some(id)).unwrap().2.clone();
            found.push(owner.or(reason).unwrap());
        }
        found
    };
    let buyer = |id: &'static str, buyer: Option<&str>| (id, row_with(id, &[("Buyer", buyer.map(s))]));
    let rows = [buyer("a", Some(OWNER)), buyer("b", None)];
    let attribute = ("ImportOwnerAttribute", "Buyer");
    let table = ("ImportOwnerTable", "Buyers");
    let all = ("ImportOwner", SOMEBODY);
    assert_eq!(by(&[attribute], &rows).await, [OWNER, "OWNER_MISSING"]);
    assert_eq!(by(&[attribute, all], &rows).await, [OWNER, SOMEBODY]);
    assert_eq!(by(&[all], &rows).await, [SOMEBODY, SOMEBODY], "the row's own is not asked for");
    let by_order =
        [buyer("by-order", Some(OWNER)), buyer("nobody", None), buyer("wrong", None), buyer("odd", None)];
    assert_eq!(by(&[table], &by_order).await, [SOMEBODY, "OWNER_MISSING", "OWNER_INVALID", "OWNER_INVALID"]);
    assert_eq!(by(&[table, all], &by_order[..2]).await, [SOMEBODY, SOMEBODY]);
    let by_mail = [
        buyer("m", Some("ann@example.com")),
        buyer("n", Some("bob")),
        buyer("o", None),
        buyer("p", Some("")),
    ];
    let (unknown, missing) = ("OWNER_UNKNOWN", "OWNER_MISSING");
    assert_eq!(by(&[attribute, table], &by_mail).await, [SOMEBODY, unknown, missing, missing]);
    let all = ("ImportOwner", OWNER);
    assert_eq!(by(&[attribute, table, all], &by_mail).await, [SOMEBODY, unknown, OWNER, OWNER]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_tells_which_parameter_gave_the_owner() {
    let world = World::stepped_under([
        ("ImportTable", LEGACY),
        ("ImportKeyAttribute", "Id"),
        ("ImportNumberAttribute", "Card"),
        ("ImportOrderAttribute", "Id"),
        ("ImportOwnerAttribute", "Buyer"),
        ("ImportOwnerTable", "Buyers"),
        ("ImportOwner", OWNER),
    ])
    .await;
    make_table(&world, LEGACY, "Id").await;
    make_table(&world, "Buyers", "Id").await;
    let ann = [("Id", s("ann@example.com")), ("Owner", s(SOMEBODY))];
    world.put("Buyers", ann.map(|(name, value)| (name.to_owned(), value)).into()).await;
    let buyers = [("1", Some(s("ann@example.com"))), ("2", None), ("3", Some(s("bob@example.com")))];
    put_rows(&world, buyers.map(|(id, buyer)| row_with(id, &[("Buyer", buyer)]))).await;
    let function = world.function("ImportFunction", world.aws.url());
    for (action, outcome) in [("check", "good"), ("import", "imported"), ("import", "there")] {
        let answer = world.invoke(&function, &json!({ "action": action }), FIFTEEN_MINUTES).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let mut told: Vec<_> = answer["results"].as_array().unwrap().clone();
        told.sort_by_key(|row| row["key"][0].as_str().unwrap().to_owned());
        let expected = [
            json!({ "key": ["1"], "order": "1", "outcome": outcome, "ownerBy": "ImportOwnerTable" }),
            json!({ "key": ["2"], "order": "2", "outcome": outcome, "ownerBy": "ImportOwner" }),
            json!({ "key": ["3"], "order": "3", "outcome": "withoutOwner", "reason": "OWNER_UNKNOWN" }),
        ];
        assert_eq!(told, expected, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_a_customer_placed_stays_and_the_row_of_its_id_is_told() {
    let world = world().await;
    let (client, other) = (owner(&world), world.client("bob"));
    let same =
        json!({"CustomerOrder": "same", "CustomerName": "Ann", "CreditCard": CARD, "Address": "Las Vegas"});
    client.submit(&same).await.is(202);
    client.submit(&order_of("other-card", OTHER_CARD)).await.is(202);
    other.submit(&order_of("other-owner", CARD)).await.is(202);
    put_rows(&world, ["same", "other-card", "other-owner"].map(|id| row(id, CARD))).await;
    let expected = [
        one("other-card", "bad", "ORDER_CONFLICT"),
        one("other-owner", "bad", "ORDER_CONFLICT"),
        one("same", "there", ""),
    ]
    .concat();
    for _ in ["pending", "across"] {
        let before = [world.rows(QUARANTINE).await, world.rows(ORDERS).await];
        assert_eq!(pass(&world, "check").await, expected);
        assert_eq!(pass(&world, "import").await, expected);
        assert_eq!([world.rows(QUARANTINE).await, world.rows(ORDERS).await], before);
        deliver(&world).await;
    }
    assert_eq!(world.counts().await, [0, 3, 3]);
    // None of them was imported from here, so none is scrubbed.
    let left = all(&["same"], "left", "NOT_MARKED");
    assert_eq!(
        pass(&world, "scrub")
            .await
            .into_iter()
            .filter(|told| told.0.as_deref() == Some("same"))
            .collect::<Vec<_>>(),
        left
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_without_crossing_is_not_begun_again_by_a_row() {
    let world = world().await;
    let client = owner(&world);
    put_rows(&world, ["failed", "expired", "forgotten", "gone"].map(|id| row(id, CARD))).await;
    assert_eq!(
        pass(&world, "import").await,
        all(&["failed", "expired", "forgotten", "gone"], "imported", "")
    );
    for (id, status) in [("failed", "FAILED"), ("expired", "EXPIRED"), ("forgotten", "FAILED")] {
        let mut row = world.row(QUARANTINE, id).await.unwrap();
        row.insert("Status".to_owned(), s(status));
        world.put(QUARANTINE, row).await;
    }
    client.forget("forgotten").await.is(200);
    let mut expected = [
        one("expired", "left", "ORDER_EXPIRED"),
        one("failed", "left", "ORDER_FAILED"),
        one("forgotten", "left", "CARD_FORGOTTEN"),
        one("gone", "there", ""),
    ]
    .concat();
    for action in ["check", "import"] {
        assert_eq!(pass(&world, action).await, expected, "{action}");
    }
    // DynamoDB's TTL has removed all of them.
    for id in ["failed", "expired", "forgotten", "gone"] {
        world.remove(QUARANTINE, id).await;
    }
    expected = all(&["expired", "failed", "forgotten", "gone"], "left", "ORDER_GONE");
    for action in ["check", "import"] {
        assert_eq!(pass(&world, action).await, expected, "{action}");
    }
    assert_eq!(world.counts().await, [0, 0, 0]);
    // A person decides, by taking the mark away.
    put_rows(&world, [row("gone", CARD)]).await;
    assert!(pass(&world, "import").await.contains(&one("gone", "imported", "")[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_no_card_of_the_source_is_in_an_answer_a_cursor_a_log_or_a_table_of_the_stack() {
    let log = Log::of_all_tests();
    let world = world().await;
    let mut cards = Cards::random();
    let mut minted: Vec<String> = (0..8).map(|_| cards.mint()).collect();
    let (last, keys) = minted.split_last().unwrap();
    // Keys that are cards, have one in them, or have the row's own in longer digits.
    let rows = [
        row(&keys[0], &keys[1]),
        row(&format!("k-{}", keys[2]), &keys[3]),
        row(&format!("9988{}", keys[4]), &keys[4]),
        row_with("named", &[("CustomerName", Some(s(&keys[5])))]),
        row("good", &keys[6]),
        row(&format!("{last}1"), &format!("{last}1")),
    ];
    put_rows(&world, rows).await;
    minted.push(CARD.to_owned());
    let mut searched = Searched::for_cards(&minted);
    let function = world.function("ImportFunction", world.aws.url());
    for action in ["check", "import", "import", "checkScrub", "scrub"] {
        let mut cursor = Value::Null;
        loop {
            let mut request = json!({ "action": action, "limit": 1 });
            if !cursor.is_null() {
                request["cursor"] = cursor;
            }
            let answer = world.invoke(&function, &request, FIFTEEN_MINUTES).await.unwrap();
            searched.bytes(action, &answer);
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            cursor = answer["cursor"].clone();
            let Some(sealed) = cursor.as_str() else { break };
            searched.bytes("a cursor", &BASE64_URL_SAFE_NO_PAD.decode(sealed).unwrap());
        }
        deliver(&world).await;
    }
    assert_eq!(world.counts().await, [0, 1, 1]);
    let mut snapshot = world.aws.snapshot().unwrap();
    let good = source_row(&world, "good").await;
    assert!(!good.contains_key("CardAirlockMark") && text(&good, "Card").len() == 36, "{good:?}");
    // The source itself is what has the cards.
    snapshot["tables"].as_object_mut().unwrap().remove(LEGACY).unwrap();
    searched.bytes("at rest", snapshot.to_string().as_bytes());
    searched.bytes("the log at TRACE", log.lines().as_bytes());
    assert!(log.lines().contains("went over the source"));
    assert_eq!(searched.found(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_was_altered_or_is_of_another_table_or_stack_is_refused() {
    let world = world().await;
    put_rows(&world, ["1", "2", "3"].map(|id| row(id, CARD))).await;
    let function = world.function("ImportFunction", world.aws.url());
    let ask = async |cursor: &str| {
        let request = json!({ "action": "check", "limit": 1, "cursor": cursor });
        refusal(&world, &function, &request).await
    };
    let refused = Some("CURSOR".to_owned());
    let first = json!({ "action": "check", "limit": 1 });
    let first = world.invoke(&function, &first, FIFTEEN_MINUTES).await.unwrap();
    let first: Value = serde_json::from_slice(&first).unwrap();
    let cursor = first["cursor"].as_str().unwrap();
    assert_eq!(ask(cursor).await, None);
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap();
    for at in [0, bytes.len() / 2, bytes.len() - 1] {
        bytes[at] ^= 1;
        assert_eq!(ask(&BASE64_URL_SAFE_NO_PAD.encode(&bytes)).await, refused, "{at}");
        bytes[at] ^= 1;
    }
    for wrong in ["", "x", CARD, &cursor[4..]] {
        assert_eq!(ask(wrong).await, refused, "{wrong}");
    }
    // Of another action, or under another parameter.
    for action in ["import", "scrub", "checkScrub", "orphans"] {
        let request = json!({ "action": action, "limit": 1, "cursor": cursor });
        assert_eq!(refusal(&world, &function, &request).await, refused, "{action}");
    }
    let request = json!({ "action": "check", "limit": 1, "cursor": cursor });
    let renamed =
        world.function_with("ImportFunction", world.aws.url(), [("IMPORT_NAME_ATTRIBUTE", "Address")]);
    assert_eq!(refusal(&world, &renamed, &request).await, refused);
    assert_eq!(world.counts().await, [0, 0, 0]);
    // The same key, another table: what is sealed there says nothing here.
    make_table(&world, "Elsewhere", "Id").await;
    world.put("Elsewhere", row("1", CARD)).await;
    let elsewhere = world.function_with("ImportFunction", world.aws.url(), [("IMPORT_TABLE", "Elsewhere")]);
    assert_eq!(refusal(&world, &elsewhere, &request).await, refused);
    let another = world_under([]).await;
    let function = another.function("ImportFunction", another.aws.url());
    assert_eq!(refusal(&another, &function, &request).await, refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_names_another_key_stops_the_import_before_anything_is_imported() {
    let world = world_under([("ImportKeyAttribute", "Number")]).await;
    put_rows(&world, [row("1", CARD)]).await;
    let function = world.function("ImportFunction", world.aws.url());
    for action in ["import", "check", "scrub", "checkScrub"] {
        let refused = refusal(&world, &function, &json!({ "action": action })).await;
        assert_eq!(refused.as_deref(), Some("SOURCE_KEY"), "{action}");
    }
    assert_eq!(world.counts().await, [0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_too_large_for_a_mark_and_an_owner_that_no_table_finds_are_told_and_stop_nothing() {
    let world = with_owners().await;
    let mut large = row("large", CARD);
    let size: usize = large.iter().map(|(name, value)| name.len() + value.as_s().unwrap().len()).sum();
    // DynamoDB takes 400 KB; a mark has 63 bytes.
    large.insert("Notes".to_owned(), s(&"x".repeat(400 * 1024 - size - 5 - 20)));
    let long = row_with("long", &[("Buyer", Some(s(&"x".repeat(2_049))))]);
    // The longest key that a table may have.
    let longest = s(&"x".repeat(2_048));
    let found = [("Id", longest.clone()), ("Owner", s(OWNER))];
    world.put("Buyers", found.map(|(name, value)| (name.to_owned(), value)).into()).await;
    let longest = row_with("longest", &[("Buyer", Some(longest))]);
    put_rows(&world, [large, long, longest, row("good", CARD)]).await;
    let told = [
        one("good", "imported", ""),
        one("large", "left", "REFUSED_BY_TABLE"),
        one("long", "withoutOwner", "OWNER_UNKNOWN"),
        one("longest", "imported", ""),
    ]
    .concat();
    assert_eq!(pass(&world, "import").await, told);
    assert_eq!(world.counts().await, [2, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_order_is_refused_is_not_marked_and_is_imported_under_another_id_whenever_that_is() {
    let world = world().await;
    world.client("bob").submit(&order_of("taken", CARD)).await.is(202);
    let mut refused = row("1", CARD);
    refused.insert("Id".to_owned(), s("taken"));
    put_rows(&world, [refused.clone()]).await;
    assert_eq!(pass(&world, "import").await, one("taken", "bad", "ORDER_CONFLICT"));
    assert_eq!(source_row(&world, "taken").await, refused, "it has no mark");
    // The other order ends, and is gone.
    world.remove(QUARANTINE, "taken").await;
    world.advance(std::time::Duration::from_hours(4 * 24));
    assert_eq!(pass(&world, "import").await, one("taken", "imported", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_gets_another_order_id_is_another_order() {
    let world = world_under([("ImportOrderAttribute", "OrderNo")]).await;
    let with = |order: &str, mark: Option<AttributeValue>| {
        row_with("1", &[("OrderNo", Some(s(order))), ("CardAirlockMark", mark)])
    };
    put_rows(&world, [with("A", None)]).await;
    assert_eq!(pass(&world, "import").await, one("1", "imported", ""));
    let mark = source_row(&world, "1").await["CardAirlockMark"].clone();
    put_rows(&world, [with("B", Some(mark.clone()))]).await;
    assert_eq!(pass(&world, "check").await, one("1", "good", ""));
    assert_eq!(pass(&world, "scrub").await, one("1", "left", "NUMBER_EDITED"));
    assert_eq!(pass(&world, "import").await, one("1", "imported", ""));
    let acceptance = async |order: &str| {
        let row = world.row(QUARANTINE, order).await.unwrap();
        text(&row, "AcceptanceId").to_owned()
    };
    assert_ne!(acceptance("A").await, acceptance("B").await);
    assert_ne!(source_row(&world, "1").await["CardAirlockMark"], mark);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_is_believed_only_of_its_own_number() {
    let world = world().await;
    put_rows(&world, [row("1", CARD), row("2", CARD)]).await;
    pass(&world, "import").await;
    let mark = source_row(&world, "1").await["CardAirlockMark"].clone();
    // A row that was never imported, with a mark that is another's: a dry run tells what the import does.
    let marked = |id: &str, card: &str| {
        row_with(id, &[("Card", Some(s(card))), ("CardAirlockMark", Some(mark.clone()))])
    };
    put_rows(&world, [marked("3", CARD)]).await;
    let told = pass(&world, "check").await;
    assert_eq!(told, [all(&["1", "2"], "there", ""), one("3", "good", "")].concat());
    // A number that was edited after the import is another card, in quarantine and across.
    put_rows(&world, [marked("1", OTHER_CARD)]).await;
    for _ in ["in quarantine", "across"] {
        for action in ["check", "import"] {
            let told = pass(&world, action).await;
            assert!(told.contains(&one("1", "bad", "ORDER_CONFLICT")[0]), "{told:?}");
        }
        deliver(&world).await;
    }
    // Own is own, whatever else the row says now.
    let mut renamed = source_row(&world, "2").await;
    renamed.insert("CustomerName".to_owned(), s("Ann B."));
    put_rows(&world, [renamed]).await;
    for action in ["check", "import"] {
        let told = pass(&world, action).await;
        assert!(told.contains(&one("2", "there", "")[0]), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_keeps_to_its_rate_also_where_a_chunk_ends() {
    let world = world().await;
    let ids: Vec<String> = (0..20).map(|id| format!("order-{id}")).collect();
    put_rows(&world, ids.iter().map(|id| row(id, CARD))).await;
    let function = world.function("ImportFunction", world.aws.url());
    for limit in [5, 1_000] {
        for action in ["check", "import", "scrub"] {
            let (begun, mut cursor, mut rows) = (world.now(), Value::Null, 0);
            loop {
                let mut request = json!({ "action": action, "limit": limit, "rate": 5 });
                if !cursor.is_null() {
                    request["cursor"] = cursor;
                }
                let answer = world.invoke(&function, &request, FIFTEEN_MINUTES).await.unwrap();
                let answer: Value = serde_json::from_slice(&answer).unwrap();
                rows += answer["rows"].as_u64().unwrap();
                cursor = answer["cursor"].clone();
                if cursor.is_null() {
                    break;
                }
            }
            // The last page may be done at once.
            let passed = world.now().duration_since(begun).unwrap();
            assert!(rows == 20 && passed.as_secs() >= 3, "{action} {limit}: {passed:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_come_in_the_order_in_which_the_rows_were_read_however_long_one_takes() {
    let world = world().await;
    put_rows(&world, ["1", "2", "3", "4"].map(|id| row(id, CARD))).await;
    let rows = world.rows(LEGACY).await;
    let read: Vec<_> = rows.iter().map(|row| json!([text(row, "Id")])).collect();
    let relay = Relay::to(world.aws.url()).await;
    // The SDK waits before it asks for this one again.
    relay.strike("GetItem", Fault::Lost, 1);
    let function = world.function("ImportFunction", relay.url());
    let answer = world.invoke(&function, &json!({ "action": "check" }), FIFTEEN_MINUTES).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let results = answer["results"].as_array().unwrap();
    let told: Vec<_> = results.iter().map(|result| result["key"].clone()).collect();
    assert_eq!((told, relay.struck()), (read, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_never_too_long_for_lambda() {
    let world = world_under([("ImportOrderAttribute", "OrderNo")]).await;
    // What is hardest for JSON, in the longest keys.
    let ids: Vec<String> = (0..500).map(|id| format!("{id}{}", "\u{1}".repeat(2_000))).collect();
    put_rows(&world, ids.iter().map(|id| row(id, CARD))).await;
    let function = world.function("ImportFunction", world.aws.url());
    let (mut cursor, mut rows, mut chunks) = (Value::Null, 0, 0);
    loop {
        let mut request = json!({ "action": "check" });
        if !cursor.is_null() {
            request["cursor"] = cursor;
        }
        let answer = world.invoke(&function, &request, FIFTEEN_MINUTES).await.unwrap();
        assert!(answer.len() < 6 * 1024 * 1024, "{}", answer.len());
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        (rows, chunks) = (rows + answer["rows"].as_u64().unwrap(), chunks + 1);
        cursor = answer["cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!((rows, chunks), (500, 2));
}
