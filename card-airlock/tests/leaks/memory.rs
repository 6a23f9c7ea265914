//! With `EncryptedCardOnly`, the memory of ingest and of the gateway never holds a card: each runs as a process here, and
//! its memory is searched while it works and afterwards.
#![cfg(target_os = "linux")]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, SystemTime},
};

use card_airlock::{
    front, sign_in,
    stack::{Stack, StackOptions},
};
use card_airlock_gateway::{self as gateway, RestApi, Route};
use card_airlock_lambda::{FunctionConfiguration, ProcessOptions, Processes};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempDir;
use test_support::{Client, Fault, Relay, eventually, order};
use tokio::{net::TcpListener, sync::Notify};
use vault::{Card, CardExpiry, CardIssue, CardPublicKey, Pan};

use crate::leaks::{Cards, Searched};

/// The name of the environment variable with [`Told`].
const TOLD: &str = "CARD_AIRLOCK_TEST_GATEWAY";

/// What the gateway's process is told.
#[derive(Serialize, Deserialize)]
struct Told {
    aws_url: String,
    /// The folder with the key that signs tokens.
    sign_in: PathBuf,
    stage: String,
    role: String,
    environment: BTreeMap<String, String>,
    /// Where it writes its address.
    ready: PathBuf,
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_the_memory_of_ingest_and_of_the_gateway_holds_no_card_that_its_sender_encrypted() {
    let folder = TempDir::new().unwrap();
    let parameters = [("EncryptedCardOnly".to_owned(), "true".to_owned())].into();
    let issuer = sign_in::kept_in(folder.path()).unwrap();
    let stack =
        Stack::start(StackOptions { parameters, ..StackOptions::on_free_ports(issuer) }).await.unwrap();
    let mut cards = Cards::random();
    let (first, other, canary) = (cards.mint(), cards.mint(), cards.mint());
    let relay = Relay::to(&stack.aws_url()).await;
    let gateway = Gateway::start(&stack, &relay, folder.path(), &canary).await;
    let client = Client::new(&gateway.url, stack.token("ann", &[]).unwrap());
    let key = card_key(&client.at(&stack.api_url())).await;

    // While ingest waits for its put, and the gateway for ingest.
    let let_through = Arc::new(Notify::new());
    relay.strike("PutItem", Fault::Held(let_through.clone()), 1);
    let mut body = order("1");
    body.as_object_mut().unwrap().remove("CreditCard");
    body["EncryptedCard"] = encrypt(&key, &client, &first).into();
    let (answer, ()) = futures::future::join(client.submit(&body), async {
        eventually("the put is held", async || (relay.struck() == 1).then_some(())).await;
        gateway.holds_none_of(std::slice::from_ref(&first), &canary);
        let_through.notify_one();
    })
    .await;
    answer.is(202);
    let tokenized = client.at(&stack.api_url()).settled("1").await;
    assert_eq!(tokenized.text("CreditCard"), mask(&first), "the card was in it");
    let another = json!({ "EncryptedCard": encrypt(&key, &client, &other) });
    client.replace_card("1", &another).await.is(202);
    gateway.holds_none_of(&[first, other], &canary);
    gateway.stop();
    stack.shutdown().await;
}

/// The first key, once the schedule has made it.
async fn card_key(client: &Client) -> CardPublicKey {
    eventually("there is a key", async || {
        let answer = client.get("/card-keys").await;
        CardPublicKey::from_jwk(&answer.json["keys"][0].to_string())
    })
    .await
}

fn encrypt(key: &CardPublicKey, client: &Client, number: &str) -> String {
    let expiry = Some(CardExpiry::parse("12/39").unwrap());
    let card = Card { pan: Pan::parse(number).unwrap(), expiry };
    let owner = client.sub();
    key.encrypt(&card, &CardIssue { order: "1", owner: &owner, issued_at: SystemTime::now() }).unwrap()
}

fn mask(number: &str) -> String {
    format!("****-****-****-{}", &number[number.len() - 4..])
}

/// A gateway in a process of its own, before ingest in another one.
struct Gateway {
    process: Child,
    url: String,
}

impl Gateway {
    /// The canary is the name of the billing group, which both processes keep.
    async fn start(stack: &Stack, relay: &Relay, folder: &Path, canary: &str) -> Self {
        let ingest = stack.declared.function("IngestFunction").unwrap();
        let mut environment = ingest.environment.clone();
        environment.insert("BILLING_GROUP".to_owned(), canary.to_owned());
        let told = Told {
            aws_url: relay.url().to_owned(),
            sign_in: folder.to_owned(),
            stage: stack.declared.api.stage.clone(),
            role: ingest.role.clone(),
            environment,
            ready: folder.join("ready"),
        };
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "memory::the_gateway_in_a_process_of_its_own", "--nocapture"])
            .env(TOLD, serde_json::to_string(&told).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let url = eventually("the gateway listens", async || {
            fs::read_to_string(&told.ready).ok().filter(|url| url.ends_with('\n'))
        })
        .await;
        Self { process, url: url.trim_end().to_owned() }
    }

    /// Searches the memory of both processes. That the canary is found shows that the search would find a card.
    fn holds_none_of(&self, cards: &[String], canary: &str) {
        let gateway = self.process.id();
        let ingest = children(gateway);
        assert_eq!(ingest.len(), 1, "ingest runs in one process");
        for (name, process) in [("the gateway", gateway), ("ingest", ingest[0])] {
            let memory = writable_memory(process);
            let found = |cards: &[String]| {
                let mut searched = Searched::for_cards(cards);
                searched.bytes(name, &memory);
                searched.found()
            };
            assert_eq!(found(cards), [""; 0]);
            assert_ne!(found(&[canary.to_owned()]), [""; 0], "the search finds nothing in {name}");
        }
    }

    /// It ends when its input does.
    fn stop(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn children(parent: u32) -> Vec<u32> {
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        after_name.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    processes.filter(is_child).collect()
}

/// All that a process can have written: heap, stacks and data. Pages that are all zero are left out.
fn writable_memory(process: u32) -> Vec<u8> {
    const PAGE: usize = 4096;
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut found = Vec::new();
    let mut page = [0; PAGE];
    for mapping in fs::read_to_string(format!("/proc/{process}/maps")).unwrap().lines() {
        let (range, rest) = mapping.split_once(' ').unwrap();
        if !rest.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).unwrap());
        for address in (start..end).step_by(PAGE) {
            // A mapping may end while it is read.
            if memory.read_exact_at(&mut page, address).is_ok() && page.iter().any(|byte| *byte != 0) {
                found.extend_from_slice(&page);
            }
        }
        // What ends one mapping and what begins the next one are not one text.
        found.extend_from_slice(b"||");
    }
    found
}

/// What the test above runs in another process, which its environment tells what to do. In any other run it does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_in_a_process_of_its_own() {
    let Ok(told) = std::env::var(TOLD) else { return };
    let told: Told = serde_json::from_str(&told).unwrap();
    let processes = Processes::new(ProcessOptions::beside_this_program().unwrap(), told.aws_url);
    let ingest = FunctionConfiguration {
        id: "IngestFunction".to_owned(),
        name: "ingest".to_owned(),
        arn: "arn:aws:lambda:us-east-1:123456789012:function:ingest".to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: told.role,
        environment: told.environment,
        timeout: Duration::from_secs(29),
        memory_mib: 128,
        program: "ingest".to_owned(),
    };
    let function = processes.function(&ingest).unwrap();
    let routes =
        [(Method::POST, "/order"), (Method::PUT, "/order/{CustomerOrder}/card")].map(|(method, path)| {
            Route {
                method,
                path: path.to_owned(),
                function: function.clone(),
                timeout: ingest.timeout,
                requires_sign_in: true,
            }
        });
    let api = RestApi {
        id: "api".to_owned(),
        stage: told.stage.clone(),
        account_id: "123456789012".to_owned(),
        routes: routes.into(),
        cors: None,
        error_answer: front::error_answer,
        issuer: Arc::new(sign_in::kept_in(&told.sign_in).unwrap()),
        clock: clock::Clock::system(),
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/{}\n", listener.local_addr().unwrap(), told.stage);
    fs::write(&told.ready, url).unwrap();
    let input = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let input_ends = async { drop(input.await) };
    drop(gateway::serve(api, listener, input_ends).await);
    processes.shutdown().await;
}
