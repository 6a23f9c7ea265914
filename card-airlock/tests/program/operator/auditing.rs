//! `audit verify`: each way to tamper with the audit or with what bears witness to it, with an administrator's rights.

use std::{
    collections::BTreeSet,
    io::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use card_airlock::{
    functions,
    operations::{AuditSources, Openings, Told, verify_audit},
};
use order::{
    Timestamp,
    witness::{Chain, Hash, Head, Link, LoggedHead},
};
use serde_json::{Value, json};
use test_support::{
    eventually, order,
    tables::{AUDIT, WITNESS},
};

use super::{Done, Item, World, ago, is_presentable, item, n, now, s};

const LOGS: &str = "card-airlock-WitnessLogs";
const HIDDEN_NUMBER: &str = "4111111111111111";

/// Three cards that one user had taken out, each in a link of its own.
struct Witnessed {
    world: World,
    chain: Chain,
    user: String,
}

/// All rows of the two tables.
struct Saved {
    audit: Vec<Item>,
    witness: Vec<Item>,
}

impl Witnessed {
    async fn start() -> Self {
        let world = World::start().await;
        let client = world.user(&["billing"]);
        let user = client.sub();
        let witnessed = Self { world, chain: Chain::of(&user), user };
        for (number, id) in ["A-1", "A-2", "A-3"].into_iter().enumerate() {
            client.submit(&order(id)).await.is(202);
            client.settled(id).await;
            client.pay(id).await.is(200);
            eventually("it is witnessed", async || (witnessed.links().await.len() > number).then_some(()))
                .await;
        }
        witnessed
    }

    /// The same, and from now on nobody bears witness.
    async fn unwatched() -> Self {
        let witnessed = Self::start().await;
        witnessed.world.stop_mapping_of("card-airlock-WitnessFunction").await;
        witnessed
    }

    async fn rows(&self, table: &str) -> Vec<Item> {
        let scan = self.world.dynamodb().scan().table_name(table).consistent_read(true);
        scan.send().await.unwrap().items.unwrap()
    }

    async fn links(&self) -> Vec<Item> {
        let mut links = self.rows(WITNESS).await;
        links.sort_by_key(|row| row["Number"].as_n().unwrap().parse::<u64>().unwrap());
        links
    }

    /// The audit items, the oldest first.
    async fn items(&self) -> Vec<Item> {
        let mut items = self.rows(AUDIT).await;
        items.retain(|row| !row["At"].as_s().unwrap().starts_with("minute#"));
        items.sort_by_key(|row| row["At"].as_s().unwrap().clone());
        items
    }

    async fn put(&self, table: &str, row: Item) {
        self.world.put(table, row).await;
    }

    async fn delete(&self, table: &str, row: &Item) {
        let names = if table == AUDIT { ["Principal", "At"] } else { ["Chain", "Number"] };
        let key = names.map(|name| (name.to_owned(), row[name].clone())).into();
        let delete = self.world.dynamodb().delete_item().table_name(table).set_key(Some(key));
        delete.send().await.unwrap();
    }

    async fn save(&self) -> Saved {
        Saved { audit: self.rows(AUDIT).await, witness: self.rows(WITNESS).await }
    }

    async fn restore(&self, saved: &Saved) {
        for (table, rows) in [(AUDIT, &saved.audit), (WITNESS, &saved.witness)] {
            for row in self.rows(table).await {
                self.delete(table, &row).await;
            }
            for row in rows {
                self.put(table, row.clone()).await;
            }
        }
    }

    /// A link after the last one, or in another place: with these attributes otherwise.
    async fn append(
        &self,
        chain: Chain,
        after: Head,
        principal: &str,
        more: &[(&str, AttributeValue)],
    ) -> Link {
        let entry = item(&[
            ("What", s("ADDED")),
            ("Principal", s(principal)),
            ("At", s("2020-01-02T03:04:05.006Z#550e8400-e29b-41d4-a716-446655440000")),
            ("Digest", AttributeValue::B(Blob::new([7; 32]))),
        ]);
        let mut row = item(&[
            ("Chain", s(chain.name())),
            ("Number", n(after.number + 1)),
            ("Version", n(1)),
            ("PreviousHash", AttributeValue::B(Blob::new(after.hash.as_bytes()))),
            ("WitnessedAt", s(&ago(3_600).to_string())),
            ("Entries", AttributeValue::L(vec![AttributeValue::M(entry)])),
        ]);
        row.extend(item(more));
        self.put(WITNESS, row.clone()).await;
        Link::of_row(&row).unwrap()
    }

    async fn end(&self) -> Head {
        Link::of_row(self.links().await.last().unwrap()).unwrap().head()
    }

    async fn log(&self, lines: &[String]) {
        let logs =
            aws_sdk_cloudwatchlogs::Client::new(&functions::sdk_config(&self.world.aws_url, "operator"));
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap();
        let put = logs.put_log_events().log_group_name(LOGS).log_stream_name("WitnessFunction");
        let event = |line: &String| InputLogEvent::builder().timestamp(at).message(line).build().unwrap();
        put.set_log_events(Some(lines.iter().map(event).collect())).send().await.unwrap();
    }

    async fn verify(&self, more: &[&str]) -> Done {
        self.world.run(&[&["audit", "verify"], more].concat()).await
    }

    /// The words of the findings, and what it came to; the same with two keys in memory at once.
    async fn findings(&self) -> (Vec<Value>, Value) {
        let done = self.verify(&["--json"]).await;
        let mut lines = done.lines();
        let verified = lines.pop().unwrap()["verified"].clone();
        assert_eq!(verified["findings"], lines.len());
        let done = done.is(if lines.is_empty() { 0 } else { 3 });
        assert!(!done.out.contains(HIDDEN_NUMBER), "{}", done.out);
        let (mut found, mut of_few) = (Vec::new(), Vec::new());
        let sources = AuditSources::of(&self.world.access().await).unwrap();
        let mut tell = |told: Told| {
            if let Told::Found(finding) = told {
                of_few.push(finding.document().to_string());
            }
            Ok(())
        };
        let report = verify_audit(&sources, Openings::default(), 2, &mut tell).await.unwrap();
        assert_eq!(serde_json::to_value(report).unwrap(), verified);
        found.extend(lines.iter().map(Value::to_string));
        found.sort();
        of_few.sort();
        assert_eq!(of_few, found);
        (lines, verified)
    }

    async fn words(&self) -> Vec<String> {
        let (findings, _) = self.findings().await;
        findings.iter().map(|finding| finding["finding"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_nobody_touched_fits_and_each_tampering_with_items_and_links_is_found() {
    let it = Witnessed::unwatched().await;
    let (findings, verified) = it.findings().await;
    assert_eq!(findings.len(), 0, "{findings:?}");
    let expected = json!({
        "items": 3, "links": 3, "olderThanTheWitness": 0, "waiting": 0, "opened": 0, "findings": 0,
    });
    assert_eq!(verified, expected);
    is_presentable(&it.verify(&[]).await.is(0));

    let (saved, items, links, end) = (it.save().await, it.items().await, it.links().await, it.end().await);
    let chain = format!("chain {}", it.chain.name());
    let altered = |number: usize| {
        let mut link = links[number - 1].clone();
        let AttributeValue::L(entries) = &mut link["Entries"].clone() else { panic!("{link:?}") };
        let AttributeValue::M(entry) = &mut entries[0] else { panic!("{link:?}") };
        entry.insert("Digest".to_owned(), AttributeValue::B(Blob::new([7; 32])));
        link.insert("Entries".to_owned(), AttributeValue::L(entries.clone()));
        link
    };
    let late = now().after(Duration::from_secs(7_200)).to_string();
    for (tampering, expected) in [
        ("an item is altered", &[("ALTERED", "")][..]),
        ("an item gets another attribute", &[("ALTERED", "")]),
        ("an item is removed", &[("REMOVED", "")]),
        ("an item is moved", &[("NEVER_WITNESSED", ""), ("REMOVED", "")]),
        ("an item is added", &[("NEVER_WITNESSED", "")]),
        ("an item without a time is added", &[("NEVER_WITNESSED", "")]),
        ("a link is altered", &[("ALTERED", ""), ("DOES_NOT_FOLLOW", "link 3"), ("FORGED_LINK", "link 2")]),
        ("a chain is made anew", &[("ALTERED", ""), ("FORGED_LINK", "link 2"), ("FORGED_LINK", "link 3")]),
        ("the last link is altered", &[("ALTERED", ""), ("FORGED_LINK", "link 3")]),
        ("a link is removed", &[("GAP", "link 2")]),
        ("the first links are removed", &[("GAP", "link 1 to 2")]),
        ("the end is cut off", &[("CUT_OFF", "link 3 to 3")]),
        ("a chain is removed", &[("CUT_OFF", "link 1 to 3")]),
        ("a link is appended", &[("NOT_LOGGED", "link 4"), ("REMOVED", "")]),
        (
            "a link that does not follow is appended",
            &[("DOES_NOT_FOLLOW", "link 4"), ("NOT_LOGGED", "link 4"), ("REMOVED", "")],
        ),
        (
            "a link far behind the end is appended",
            &[("GAP", "link 4 to 8"), ("NOT_LOGGED", "link 9"), ("REMOVED", "")],
        ),
        ("a row that is no link is appended", &[("FORGED_LINK", "link 4")]),
        ("a row is put before the first link", &[("FORGED_LINK", "(not shown)")]),
        ("a link with the number 0", &[("FORGED_LINK", "link 0")]),
        ("a number that is a card's", &[("FORGED_LINK", "(not shown)")]),
        ("a link in a chain without links", &[("NOT_LOGGED", "link 1"), ("REMOVED", "")]),
    ] {
        match tampering {
            "an item is altered" => {
                let mut row = items[1].clone();
                row.insert("Purpose".to_owned(), s("REVEAL"));
                it.put(AUDIT, row).await;
            }
            "an item gets another attribute" => {
                let mut row = items[1].clone();
                row.insert("ExpiresAt".to_owned(), n(1));
                it.put(AUDIT, row).await;
            }
            "an item is removed" => it.delete(AUDIT, &items[0]).await,
            "an item is moved" => {
                let mut row = items[0].clone();
                it.delete(AUDIT, &row).await;
                row.insert("At".to_owned(), s(&format!("{late}#550e8400-e29b-41d4-a716-446655440000")));
                it.put(AUDIT, row).await;
            }
            "an item is added" => {
                let at = format!("{late}#{HIDDEN_NUMBER}");
                it.put(AUDIT, item(&[("Principal", s(HIDDEN_NUMBER)), ("At", s(&at))])).await;
            }
            "an item without a time is added" => {
                it.put(AUDIT, item(&[("Principal", s(&it.user)), ("At", s(HIDDEN_NUMBER))])).await;
            }
            "a link is altered" => it.put(WITNESS, altered(2)).await,
            "the last link is altered" => it.put(WITNESS, altered(3)).await,
            "a chain is made anew" => {
                it.put(WITNESS, altered(2)).await;
                let before = Link::of_row(&altered(2)).unwrap().head();
                let mut next = links[2].clone();
                next.insert("PreviousHash".to_owned(), AttributeValue::B(Blob::new(before.hash.as_bytes())));
                it.put(WITNESS, next).await;
            }
            "a link is removed" => it.delete(WITNESS, &links[1]).await,
            "the first links are removed" => {
                it.delete(WITNESS, &links[0]).await;
                it.delete(WITNESS, &links[1]).await;
            }
            "the end is cut off" => it.delete(WITNESS, &links[2]).await,
            "a chain is removed" => {
                for link in &links {
                    it.delete(WITNESS, link).await;
                }
            }
            "a link is appended" => drop(it.append(it.chain, end, &it.user, &[]).await),
            "a link that does not follow is appended" => {
                let other = [("PreviousHash", AttributeValue::B(Blob::new([9; 32])))];
                it.append(it.chain, end, &it.user, &other).await;
            }
            "a link far behind the end is appended" => {
                it.append(it.chain, end, &it.user, &[("Number", n(9))]).await;
            }
            "a row that is no link is appended" => {
                it.put(WITNESS, item(&[("Chain", s(it.chain.name())), ("Number", n(4))])).await;
            }
            "a row is put before the first link" => {
                let number = AttributeValue::N("0.5".to_owned());
                it.put(WITNESS, item(&[("Chain", s(it.chain.name())), ("Number", number)])).await;
            }
            "a link with the number 0" => {
                let mut link = links[0].clone();
                link.insert("Number".to_owned(), n(0));
                it.put(WITNESS, link).await;
            }
            "a number that is a card's" => {
                let number = AttributeValue::N(HIDDEN_NUMBER.to_owned());
                it.put(WITNESS, item(&[("Chain", s(it.chain.name())), ("Number", number)])).await;
            }
            "a link in a chain without links" => {
                let user = user_of_another_chain(it.chain);
                it.append(Chain::of(&user), Head::NONE, &user, &[]).await;
            }
            other => panic!("{other}"),
        }
        let (findings, _) = it.findings().await;
        let mut found: Vec<_> = findings.iter().map(|it| it["finding"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(
            found,
            expected.iter().map(|(word, _)| *word).collect::<Vec<_>>(),
            "{tampering}: {findings:?}"
        );
        for (word, links) in expected.iter().filter(|(_, links)| !links.is_empty()) {
            let is_it = |finding: &&Value| {
                finding["finding"] == *word
                    && finding["links"].as_str().unwrap().ends_with(&format!(", {links}"))
                    || finding["links"].as_str().is_some_and(|it| it.ends_with(links))
            };
            assert!(findings.iter().any(|finding| is_it(&finding)), "{tampering}: {findings:?}");
        }
        is_presentable(&it.verify(&[]).await.is(3));
        it.restore(&saved).await;
    }
    assert_eq!(it.words().await, [""; 0], "all is as it was: {chain}");
}

fn user_of_another_chain(chain: Chain) -> String {
    (0..).map(|number| format!("user-{number}")).find(|user| Chain::of(user) != chain).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_the_log_is_found() {
    let it = Witnessed::unwatched().await;
    let line = |chain, number, byte: u8| {
        let hash = Hash::of_bytes(&[byte; 32]).unwrap();
        LoggedHead { chain, head: Head { number, hash } }.line()
    };
    it.log(&["{\"message\":\"another line\"}".to_owned(), line(it.chain, 2, 7)]).await;
    assert_eq!(it.words().await, ["TWO_HASHES"]);
    it.log(&[r#"{"witnessHead":{"chain":"04","number":"4111111111111111","hash":"x"}}"#.to_owned()]).await;
    assert_eq!(it.words().await, ["UNREADABLE_HEAD", "TWO_HASHES"]);
    it.log(&[line(it.chain, 4, 7)]).await;
    assert_eq!(it.words().await, ["UNREADABLE_HEAD", "CUT_OFF", "TWO_HASHES"]);
    is_presentable(&it.verify(&[]).await.is(3));
    // With the rights of the witness: a link that is logged, and whose item belongs into another chain.
    let user = user_of_another_chain(it.chain);
    let link = it.append(it.chain, it.end().await, &user, &[("WitnessedAt", s(&now().to_string()))]).await;
    it.log(&[LoggedHead { chain: it.chain, head: link.head() }.line()]).await;
    let words: BTreeSet<_> = it.words().await.into_iter().collect();
    let expected = ["MISPLACED_ENTRY", "REMOVED", "TWO_HASHES", "UNREADABLE_HEAD"];
    assert_eq!(words, expected.map(str::to_owned).into());
    let no_group = it.world.answering("logGroups", json!([])).await;
    let done = no_group.run(&["audit", "verify", "--json"]).await.is(3);
    assert_eq!(done.lines()[0]["finding"], "NO_LOG");
    is_presentable(&no_group.run(&["audit", "verify"]).await.is(3));
}

/// Nobody can hide behind a row that is put back.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_witness_saw_happen_stays_a_finding() {
    let it = Witnessed::start().await;
    let items = it.items().await;
    let mut counters = it.rows(AUDIT).await;
    counters.retain(|row| row["At"].as_s().unwrap().starts_with("minute#"));
    let mut altered = items[0].clone();
    altered.insert("Purpose".to_owned(), s("REVEAL"));
    let mut reset = counters[0].clone();
    reset.insert("Uses".to_owned(), n(0));
    for row in [&altered, &items[0], &reset] {
        it.put(AUDIT, row.clone()).await;
    }
    it.delete(AUDIT, &items[1]).await;
    it.put(AUDIT, items[1].clone()).await;
    // Nor is a row taken for TTL's because it is one of those that TTL takes.
    it.delete(AUDIT, &counters[0]).await;
    let entries = async || {
        let entries = |row: &Item| row["Entries"].as_l().unwrap().len();
        it.links().await.iter().map(entries).sum::<usize>()
    };
    eventually("all is witnessed", async || (entries().await == 3 + 6).then_some(())).await;
    assert_eq!(it.words().await, ["ALTERED", "REMOVED", "COUNTER_ALTERED"]);
    let shown = it.verify(&[]).await.is(3);
    assert!(shown.out.contains("3 audit items and"), "{}", shown.out);
    assert!(shown.out.contains(items[0]["At"].as_s().unwrap()), "{}", shown.out);
    is_presentable(&shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn items_from_before_the_witness_and_from_just_now_are_counted_and_no_findings() {
    let it = Witnessed::unwatched().await;
    let saved = it.save().await;
    let with = async |at: Timestamp| {
        let at = format!("{at}#550e8400-e29b-41d4-a716-446655440000");
        it.put(AUDIT, item(&[("Principal", s("ann")), ("At", s(&at))])).await;
        let (findings, verified) = it.findings().await;
        it.restore(&saved).await;
        let count = |name: &str| verified[name].as_u64().unwrap();
        (count("olderThanTheWitness"), count("waiting"), findings.len())
    };
    assert_eq!(with(ago(24 * 3_600)).await, (1, 0, 0));
    assert_eq!(with(ago(3_600)).await, (1, 0, 0));
    assert_eq!(with(ago(14 * 60)).await, (0, 1, 0));
    assert_eq!(with(now().after(Duration::from_secs(14 * 60))).await, (0, 1, 0));
    assert_eq!(with(now().after(Duration::from_secs(16 * 60))).await, (0, 0, 1));
    let shown = it.verify(&[]).await.is(0);
    assert!(shown.out.contains("0 findings"), "{}", shown.out);

    // The log group is older than the item by more than a deployment takes.
    let group = |hours: u64, days: u64| {
        let created = (now().epoch_seconds() - hours * 3_600) * 1_000;
        json!([{ "logGroupName": LOGS, "creationTime": created, "retentionInDays": days }])
    };
    let at = format!("{}#550e8400-e29b-41d4-a716-446655440000", ago(5 * 3_600));
    it.put(AUDIT, item(&[("Principal", s("ann")), ("At", s(&at))])).await;
    for (hours, code) in [(5, 0), (7, 3)] {
        let world = it.world.answering("logGroups", group(hours, 365)).await;
        world.run(&["audit", "verify", "--json"]).await.is(code);
    }
    it.restore(&saved).await;
    // Nor can the log show a chain's end for longer than it keeps its lines.
    let user = user_of_another_chain(it.chain);
    let two_days_ago =
        [("WitnessedAt", s(&ago(48 * 3_600).to_string())), ("Entries", AttributeValue::L(vec![]))];
    it.append(Chain::of(&user), Head::NONE, &user, &two_days_ago).await;
    for (days, code) in [(1, 0), (3, 3)] {
        let world = it.world.answering("logGroups", group(100, days)).await;
        world.run(&["audit", "verify", "--json"]).await.is(code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_was_opened_without_an_item_is_found_in_cloudtrails_file() {
    let it = Witnessed::unwatched().await;
    let key = &it.world.stack.declared.outputs["VaultKeyArn"].value;
    let record = |token: &str, at: Timestamp, event: &str| {
        json!({
            "eventTime": format!("{}Z", &at.to_string()[..19]), "eventSource": "kms.amazonaws.com",
            "eventName": "Decrypt", "eventID": event, "resources": [{ "ARN": key }],
            "requestParameters": { "encryptionContext": { "purpose": "vault", "token": token } },
        })
    };
    let opened = it.items().await.into_iter().map(|item| {
        let at: Timestamp = item["At"].as_s().unwrap().split('#').next().unwrap().parse().unwrap();
        record(item["CreditCardToken"].as_s().unwrap(), at, "550e8400-e29b-41d4-a716-446655440001")
    });
    let mut records: Vec<Value> = opened.collect();
    assert_eq!(records.len(), 3);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, records: &[Value]| {
        let path = folder.path().join(name);
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(json!({ "Records": records }).to_string().as_bytes()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let sound = write("sound.json", &records);
    let done = it.verify(&["--cloudtrail", &sound, "--json"]).await.is(0);
    assert_eq!(done.lines()[0]["verified"]["opened"], 3);
    let shown = it.verify(&["--cloudtrail", &sound]).await.is(0);
    assert!(shown.out.contains("3 cards were opened, by CloudTrail"), "{}", shown.out);
    // Nobody asked for it; and one that was asked for was opened again, much later.
    let token = "550e8400-e29b-41d4-a716-44665544000a";
    let event = "550e8400-e29b-41d4-a716-446655440002";
    records.truncate(0);
    records.push(record(token, now(), event));
    let own = it.items().await[0]["CreditCardToken"].as_s().unwrap().clone();
    records.push(record(&own, now().after(Duration::from_secs(600)), event));
    let more = write("more.json", &records);
    let done = it.verify(&["--cloudtrail", &sound, "--cloudtrail", &more, "--json"]).await.is(3);
    let lines = done.lines();
    let found: Vec<_> = lines.iter().filter_map(|line| line["token"].as_str()).collect();
    assert_eq!(found, [token, own.as_str()], "in the order of time");
    assert_eq!((&lines[0]["finding"], &lines[0]["event"]), (&json!("OPENED_WITHOUT_ITEM"), &json!(event)));
    let shown = it.verify(&["--cloudtrail", &more]).await.is(3);
    is_presentable(&shown);
    assert!(shown.out.contains(token) && shown.out.contains(event), "{}", shown.out);
    let wrong = write("wrong.json", &[json!(HIDDEN_NUMBER)]);
    let done = it.verify(&["--cloudtrail", &wrong]).await.is(1);
    assert!(
        done.told.contains("is no file of CloudTrail") && !done.told.contains(HIDDEN_NUMBER),
        "{}",
        done.told
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_ends_it_and_is_told() {
    let it = Witnessed::unwatched().await;
    let faults = it.world.stack.aws().faults();
    for (call, word) in [
        ("OperatorAudit/dynamodb/Scan", "DynamoDB is not available"),
        ("OperatorAudit/dynamodb/Query", "DynamoDB is not available"),
        ("OperatorAudit/logs/FilterLogEvents", "FilterLogEvents of CloudWatch Logs failed"),
        ("OperatorAudit/logs/DescribeLogGroups", "DescribeLogGroups of CloudWatch Logs failed"),
    ] {
        faults.add(format!("{call}=error").parse().unwrap());
        let done = it.verify(&[]).await.is(1);
        assert!(done.told.contains(word), "{call}: {}", done.told);
        faults.clear();
    }
}
