//! The program as a shell sees it: output, files, signals, exit codes.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test by panicking"
)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// A home of the test's own: its key file is nobody else's.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_card-airlock"));
        command.args(arguments).env("XDG_STATE_HOME", self.0.path()).env_remove("CARD_AIRLOCK_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn up(&self, arguments: &[&str]) -> Up {
        let ready = self.path("ready.json");
        let options = ["--port", "0", "--aws-port", "0", "--ready-file", ready.to_str().unwrap()];
        let child = self.command(&[arguments, &options].concat()).spawn().unwrap();
        let mut up = Up { child, ready: Value::Null };
        up.ready = wait_for(&ready, &mut up.child);
        up
    }
}

/// A running `up`; killed when a test fails before stopping it.
struct Up {
    child: Child,
    ready: Value,
}

impl Up {
    fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    fn stop_with(mut self, signal: &str) -> (Option<i32>, String) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let mut shown = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
        (self.child.wait().unwrap().code(), shown)
    }

    /// The status of `GET {api}/order/none` with this token.
    fn status_with(&self, token: &str) -> u16 {
        self.answer_to("GET", token)[9..12].parse().unwrap()
    }

    fn answer_to(&self, method: &str, token: &str) -> String {
        let (host, stage) = self.text("api").strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{method} /{stage}/order/none HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for(ready: &Path, child: &mut Child) -> Value {
    let begun = Instant::now();
    loop {
        if let Ok(text) = std::fs::read(ready) {
            return serde_json::from_slice(&text).expect("a ready file is whole whenever it is there");
        }
        assert!(child.try_wait().unwrap().is_none(), "up has ended");
        assert!(begun.elapsed() < Duration::from_secs(60), "up is not ready");
        thread::sleep(Duration::from_millis(5));
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn up_says_where_it_serves_and_stops_cleanly_on_either_signal() {
    for (arguments, signal) in [(&["up"][..], "-TERM"), (&[][..], "-INT")] {
        let home = Home::new();
        let up = home.up(arguments);
        let (api, aws, token) =
            (up.text("api").to_owned(), up.text("aws").to_owned(), up.text("token").to_owned());
        assert!(api.starts_with("http://127.0.0.1:") && api.ends_with("/dev"), "{api}");
        assert!(aws.starts_with("http://127.0.0.1:"), "{aws}");
        let (code, shown) = up.stop_with(signal);
        assert_eq!(code, Some(0), "{shown}");
        for wanted in
            [&*api, &aws, &token, "in memory", "curl", "aws dynamodb get-item --endpoint-url", "Stopped."]
        {
            assert!(shown.contains(wanted), "{wanted}\n{shown}");
        }
        assert!(!shown.contains('\u{1b}'), "no colour outside a terminal");
        assert!(!home.path("ready.json").exists());
    }
}

#[test]
fn up_says_how_to_see_events_where_they_are_posted_and_which_faults_are_in_force() {
    let home = Home::new();
    let url = "http://user:secret@127.0.0.1:1/hook/secret?key=secret";
    let faults =
        ["--fault", "TokenizeWorkerRole/kms/*=error@x18", "--fault", "events/PutEvents=entries-refused"];
    let up = home.up(&[&["up", "--events-to", url], &faults[..]].concat());
    let port = up.text("aws").rsplit(':').next().unwrap().to_owned();
    let (code, shown) = up.stop_with("-TERM");
    assert_eq!(code, Some(0), "{shown}");
    for wanted in [
        &*format!("\ncard-airlock events --follow --aws-port {port}\n"),
        "\nEach is posted to http://127.0.0.1:1, too (--events-to)",
        "\nFaults in force",
        "\n  TokenizeWorkerRole/kms/*=error@x18\n  events/PutEvents=entries-refused\n",
    ] {
        assert!(shown.contains(wanted), "{wanted}\n{shown}");
    }
    assert!(!shown.contains("hook") && !shown.contains("user:"), "{shown}");
    let (_, plain) = home.up(&["up"]).stop_with("-TERM");
    assert!(plain.contains("events --follow") && !plain.contains("Faults in force"), "{plain}");
    assert!(!plain.contains("--events-to"), "{plain}");
}

#[test]
fn up_stops_when_its_stack_is_deleted_and_says_what_aws_keeps() {
    let home = Home::new();
    let mut up = home.up(&["--log", "off"]);
    let host = up.text("aws").strip_prefix("http://").unwrap().to_owned();
    let form = "Action=DeleteStack&Version=2010-05-15&StackName=card-airlock";
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {host}\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=operator/20261128/us-east-1/cloudformation/aws4_request, SignedHeaders=host, Signature=0\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let mut shown = String::new();
    up.child.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    assert_eq!(up.child.wait().unwrap().code(), Some(0), "{shown}");
    let (_, told) = shown.split_once("The stack is deleted (DeleteStack).").unwrap();
    for kept in ["  CreditCardTokenizerTable\n", "  VaultKey\n", "  UserPool\n", "Stopped.\n"] {
        assert!(told.contains(kept), "{kept}\n{shown}");
    }
    assert!(!told.contains("IngestFunction"), "{shown}");
    assert!(!home.path("ready.json").exists());
}

#[test]
fn up_serves_the_console_and_ends_its_event_stream_when_it_stops() {
    let home = Home::new();
    let up = home.up(&[]);
    let host = up.text("api").strip_prefix("http://").unwrap().split_once('/').unwrap().0.to_owned();
    let ask = |path: &str, connection: &str| {
        let mut stream = TcpStream::connect(&host).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\n\r\n").unwrap();
        stream
    };
    let mut page = String::new();
    ask("/", "close").read_to_string(&mut page).unwrap();
    assert!(page.contains("<title>Card Airlock</title>"), "{page}");
    let mut events = ask("/console/events", "keep-alive");
    let mut begun = [0; 12];
    events.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200");
    let (code, shown) = up.stop_with("-TERM");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains(&format!("See  http://{host}  ")), "{shown}");
    let mut heard = String::new();
    events.read_to_string(&mut heard).unwrap();
    assert!(heard.contains("event: state") && heard.ends_with("0\r\n\r\n"), "it is not cut off: {heard}");
}

#[cfg(target_os = "linux")]
#[test]
fn functions_that_run_as_processes_end_with_the_program_even_when_it_is_killed() {
    for signal in ["-TERM", "-KILL"] {
        let home = Home::new();
        let up = home.up(&["--processes"]);
        assert_eq!(up.status_with(up.text("token")), 404, "answered by a function");
        // The function that was asked, and the maker of card keys, which every start invokes.
        let begun = Instant::now();
        let functions = loop {
            let functions = children_of(up.child.id());
            if functions.len() == 2 {
                break functions;
            }
            assert!(functions.len() < 2 && begun.elapsed() < Duration::from_secs(60), "{functions:?}");
            thread::sleep(Duration::from_millis(5));
        };
        up.stop_with(signal);
        let begun = Instant::now();
        while functions.iter().any(|function| function.join("exe").exists()) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{signal}: a function outlives the program");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The folders of a process's children below `/proc`. A child is listed with the thread that started it.
#[cfg(target_os = "linux")]
fn children_of(id: u32) -> Vec<PathBuf> {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).unwrap();
    // A thread may end while it is looked at.
    let children =
        threads.filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("children")).ok());
    let children: Vec<_> = children.collect();
    let ids = children.iter().flat_map(|list| list.split_whitespace());
    ids.map(|id| Path::new("/proc").join(id)).collect()
}

#[test]
fn a_token_of_another_process_is_accepted_and_none_is_not() {
    let home = Home::new();
    let up = home.up(&[]);
    let output = home.run(&["token", "--user", "ann", "--group", "billing"]);
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.lines().count(), 1, "the token and nothing else");
    assert_ne!(up.status_with(printed.trim()), 401);
    assert_ne!(up.status_with(&format!("Bearer {}", printed.trim())), 401);
    assert_ne!(up.status_with(up.text("token")), 401);
    assert_eq!(up.status_with("none"), 401);
    let strangers = Home::new().run(&["token", "--user", "ann"]);
    assert_eq!(up.status_with(String::from_utf8(strangers.stdout).unwrap().trim()), 401);
}

#[test]
fn pages_of_an_origin_may_call_when_up_is_told_so() {
    for (arguments, let_in) in [(&["--cors-origin", "http://localhost:8080"][..], true), (&[], false)] {
        let home = Home::new();
        let up = home.up(arguments);
        let header = "access-control-allow-origin: http://localhost:8080\r\n";
        for (method, token) in [("OPTIONS", "none"), ("GET", up.text("token"))] {
            assert_eq!(up.answer_to(method, token).contains(header), let_in, "{method} {arguments:?}");
        }
    }
}

#[test]
fn a_parameter_of_the_template_is_what_the_stack_is_started_with() {
    let home = Home::new();
    let up = home.up(&["--parameter", "StageName=trial", "--parameter", "CorsOrigin=http://localhost:8080"]);
    assert!(up.text("api").ends_with("/trial"), "{}", up.text("api"));
    let answer = up.answer_to("OPTIONS", "none");
    assert!(answer.contains("access-control-allow-origin: http://localhost:8080\r\n"), "{answer}");
}

#[test]
fn what_cannot_come_about_is_refused_before_anything_starts() {
    for (arguments, code, told) in [
        (["--parameter", "AmountRequired=perhaps"], 1, "AmountRequired: must be one of auto, true, false"),
        (["--parameter", "Nothing=1"], 1, "Nothing: there is no such parameter"),
        (["--parameter", "AmountRequired"], 2, "it must be NAME=VALUE"),
        (["--cors-origin", "http://localhost:8080/"], 1, "CorsOrigin: no browser sends this origin"),
        (
            ["--fault", "kms/Decrypted=error"],
            2,
            "OPERATION must be *, or one of CancelKeyDeletion, CreateAlias",
        ),
        (
            ["--fault", "kmz/Decrypt=error"],
            2,
            "SERVICE must be *, or one of dynamodb, dynamodbstreams, kms, sqs",
        ),
        (["--fault", "dynamodb/Scan=entries-refused"], 2, "refused one by one: events/PutEvents"),
        (
            ["--fault", "WorkerRole/kms/Decrypt=error"],
            1,
            "ROLE is one of CardKeyMakerRole, CardKeysRole, ForgetRole",
        ),
        (["--fault", "tokenizeWorkerRole/*/*=error"], 1, "WitnessRole, OperatorAudit, OperatorRead"),
        (["--fault", "ImportRole/*/*=error"], 1, "with this parameter only"),
    ] {
        let output = Home::new().run(&arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(stderr(&output).contains(told), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_taken_port_is_one_clear_line_and_exit_code_1() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (option, other) in [("--port", "--aws-port"), ("--aws-port", "--port")] {
        let ready = home.path("ready.json");
        let output = home.run(&[option, &port, other, "0", "--ready-file", ready.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        let expected = format!(
            "error: port {port} is in use: choose another with {option} PORT (0 chooses a free port)\n"
        );
        assert_eq!(stderr(&output), expected);
        assert!(output.stdout.is_empty() && !ready.exists());
    }
}

#[test]
fn a_ready_file_that_cannot_be_written_ends_it() {
    let output =
        Home::new().run(&["--port", "0", "--aws-port", "0", "--ready-file", "/no/such/folder/ready.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("error: cannot write the ready file /no/such/folder/ready.json"));
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    assert_eq!(Home::new().run(&["token"]).status.code(), Some(2));
    assert_eq!(Home::new().run(&["--port", "many"]).status.code(), Some(2));
}

#[test]
fn a_key_that_others_may_read_is_a_clear_error() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    assert!(home.run(&["token", "--user", "ann"]).status.success());
    let key = home.path("card-airlock").join("sign-in-key.pem");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = home.run(&["token", "--user", "ann"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("other users can read"), "{}", stderr(&output));
}

#[test]
fn a_profile_is_checked_with_its_requests_and_its_outcomes() {
    let home = Home::new();
    for name in ["airlock", "stripe", "adyen", "checkout"] {
        let output = home.run(&["profile", "check", name]);
        let shown = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(shown.contains(&format!("The profile {name} is correct.")), "{shown}");
        assert!(shown.contains("****-****-****-4242") && !shown.contains("4242424242424242"), "{shown}");
        assert!(shown.contains("SUBMITTED") && shown.contains("any other answer, or none"), "{shown}");
        // What a setting changes in the request is shown too.
        let agreed = shown.contains("if a merchant pays, with StoredCardAgreement=true:");
        assert_eq!(agreed, name != "airlock", "{shown}");
        assert_eq!(shown.contains("off_session=true"), name == "stripe", "{shown}");
    }
    let file = home.path("mine.toml");
    let right = include_str!("../../../paybill/profiles/airlock.toml");
    std::fs::write(&file, right).unwrap();
    assert!(home.run(&["profile", "check", file.to_str().unwrap()]).status.success());
    // The line, and what is wrong there.
    std::fs::write(&file, right.replace("outcome = \"submitted\"", "outcome = \"paid\"")).unwrap();
    let output = home.run(&["profile", "check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let line = right.lines().position(|line| line == "outcome = \"submitted\"").unwrap() + 1;
    assert!(stderr(&output).contains(&format!("line {line}: unknown variant `paid`")), "{}", stderr(&output));
    let output = home.run(&["profile", "check", "braintree"]);
    assert_eq!((output.status.code(), stderr(&output).contains("there is no profile")), (Some(1), true));
    assert_eq!(home.run(&["profile", "check", "stripe", "--card", "4111"]).status.code(), Some(2));
    let output = home.run(&["profile", "check", "stripe", "--json"]);
    let profile: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&profile["profile"], &profile["needsSecret"], &profile["hasLookup"]),
        (&"stripe".into(), &true.into(), &true.into())
    );
    let requests = profile["requests"].as_array().unwrap();
    let lines: Vec<&str> = requests.iter().map(|request| request["line"].as_str().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "POST {ProcessorUrl}/v1/payment_methods",
            "POST {ProcessorUrl}/v1/payment_intents",
            "POST {ProcessorUrl}/v1/payment_intents/PAYMENT_INTENT/confirm",
            "GET {ProcessorUrl}/v1/payment_intents/PAYMENT_INTENT",
        ]
    );
    assert!(requests.iter().all(|request| !request["rules"].as_array().unwrap().is_empty()), "{profile}");
    assert!(!profile.to_string().contains("4242424242424242"), "{profile}");
}

/// A processor that gives each connection this answer.
fn processor(answer: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answer = format!("HTTP/1.1 {answer}");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut read = Vec::new();
            let mut piece = [0; 4096];
            while !read.ends_with(b"}") {
                let length = stream.read(&mut piece).unwrap();
                read.extend_from_slice(&piece[..length]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn a_profile_is_tried_and_the_rule_that_matched_is_told() {
    let home = Home::new();
    for (answer, code, told) in [
        ("200 OK\r\nContent-Length: 0\r\n\r\n", 0, "200, by rule 1: 2xx means SUBMITTED"),
        (
            "402 No\r\nContent-Length: 23\r\n\r\n{\"DeclineCode\":\"broke\"}",
            0,
            "402, by rule 2: 402 or 422, /DeclineCode is a text means DECLINED (SOFT), code /DeclineCode",
        ),
        ("401 Who\r\nContent-Length: 0\r\n\r\n", 1, "401, by rule 3"),
        ("500 Oh\r\nContent-Length: 0\r\n\r\n", 1, "500: no rule matches, so the outcome is unknown"),
        ("", 1, "no answer: connection broken"),
    ] {
        let output = home.run(&["profile", "try", "airlock", "--url", &processor(answer)]);
        let shown = String::from_utf8(output.stdout.clone()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{answer}: {shown} {}", stderr(&output));
        assert!(shown.contains(told), "{shown}");
        assert!(!shown.contains("4242424242424242"));
    }
    let output = home.run(&["profile", "try", "stripe", "--url", "http://127.0.0.1:1/"]);
    let told = "the profile stripe needs a secret: set the environment variable PROCESSOR_SECRET, or give --secret-file";
    assert!(stderr(&output).contains(told), "{}", stderr(&output));
    for (url, told) in [
        ("http://127.0.0.1:1/", "the profile adyen needs the merchant's account: give --account"),
        ("http://127.0.0.1:1/?a=b", "--url has a query or a fragment"),
    ] {
        let account: &[&str] = if url.contains('?') { &["--account", "Shop"] } else { &[] };
        let arguments = [&["profile", "try", "adyen", "--url", url][..], account].concat();
        let output = home.command(&arguments).env("PROCESSOR_SECRET", "key").output().unwrap();
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
        assert!(!stderr(&output).contains("PROCESSOR_SECRET_ARN"), "{}", stderr(&output));
    }
    let output = home.run(&["profile", "try", "airlock", "--url", "http://pay.example/"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn the_line_that_up_prints_charges_a_test_card_at_its_processor() {
    let home = Home::new();
    for name in ["airlock", "stripe", "adyen", "checkout"] {
        let mut up = home.up(&["up", "--processor", name]);
        let mut shown = BufReader::new(up.child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = shown.find(|line| line.starts_with("PROCESSOR_SECRET=")).unwrap();
        let (secret, command) = line.split_once(" card-airlock ").unwrap();
        let arguments: Vec<&str> = command.split(' ').collect();
        let secret = secret.strip_prefix("PROCESSOR_SECRET=").unwrap();
        let output = home.command(&arguments).env("PROCESSOR_SECRET", secret).output().unwrap();
        let shown = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(
            output.status.success() && shown.contains("SUBMITTED"),
            "{line}: {shown} {}",
            stderr(&output)
        );
        let output = home.command(&arguments).env("PROCESSOR_SECRET", "another").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
    }
}

#[test]
fn up_names_what_a_parameter_declares_and_this_machine_does_not_enforce() {
    let (_, shown) = Home::new().up(&["up", "--parameter", "WebAclRatePerFiveMinutes=10"]).stop_with("-TERM");
    let told = "The template declares WebAcl (AWS::WAFv2::WebACL), but this machine does not enforce it";
    assert!(shown.contains(told), "{shown}");
    let (_, shown) = Home::new().up(&["up"]).stop_with("-TERM");
    assert!(!shown.contains("does not enforce"), "{shown}");
}

#[test]
fn up_shows_an_order_that_its_processor_would_take() {
    for (arguments, is_priced) in [(&["up"][..], false), (&["up", "--processor", "stripe"], true)] {
        let (code, shown) = Home::new().up(arguments).stop_with("-TERM");
        assert_eq!(code, Some(0), "{shown}");
        let priced = r#""CardExpiry": "12/30", "Amount": 1999, "Currency": "USD"}'"#;
        assert_eq!(shown.contains(priced), is_priced, "{shown}");
        assert_eq!(shown.contains("0000-0000-0000-0000"), !is_priced, "{shown}");
    }
}

#[test]
fn the_demo_charges_in_the_format_of_each_processor() {
    let home = Home::new();
    for name in ["airlock", "stripe", "adyen", "checkout"] {
        let output = home.run(&["demo", "--processor", name]);
        let shown = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(output.status.success(), "{shown} {}", stderr(&output));
        assert!(shown.contains("All 6 steps passed."), "{shown}");
        for card in ["4000000000009995", "4242424242424242"] {
            assert!(!shown.contains(card), "{shown}");
        }
    }
    assert_eq!(home.run(&["demo", "--processor", "paypal"]).status.code(), Some(2));
    assert_eq!(home.run(&["demo", "--processor", "stripe", "--chaos"]).status.code(), Some(2));
}

#[test]
fn the_demos_fit_80_columns() {
    let home = Home::new();
    for arguments in
        [&["demo"][..], &["demo", "--encrypted"], &["demo", "--chaos"], &["demo", "--processor", "stripe"]]
    {
        let output = home.run(arguments);
        let shown = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(output.status.success(), "{shown} {}", stderr(&output));
        let wide: Vec<&str> = shown.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{arguments:?}: {wide:#?}");
    }
}

/// The commands of the AWS CLI among lines that were shown, each with its continuation lines, as somebody copies them.
fn aws_commands(shown: &str) -> String {
    let mut lines = shown.lines();
    let mut commands = String::new();
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("export AWS_") {
            commands += &format!("{line}\n");
        }
        if line.trim_start().starts_with("aws ") {
            commands += &format!("{line}\n");
            let rest = lines.by_ref().take_while(|line| {
                line.starts_with("     ") && line.contains("--") || line.starts_with("       \"")
            });
            rest.for_each(|line| commands += &format!("{line}\n"));
        }
    }
    commands
}

#[test]
fn the_aws_commands_of_a_demo_that_is_kept_can_be_pasted_into_a_shell() {
    let home = Home::new();
    // In place of the AWS CLI: each argument on a line of its own, so that quoting shows.
    let aws = home.path("aws");
    std::fs::write(&aws, "#!/bin/sh\nprintf '%s\\n' \"$AWS_ACCESS_KEY_ID $AWS_DEFAULT_REGION\" \"$@\" end\n")
        .unwrap();
    Command::new("chmod").args(["+x", aws.to_str().unwrap()]).status().unwrap();
    let mut demo = home.command(&["demo", "--keep"]).spawn().unwrap();
    let mut shown = String::new();
    let mut lines = BufReader::new(demo.stdout.take().unwrap());
    while !shown.contains("The stack runs until Ctrl-C.") {
        assert_ne!(lines.read_line(&mut shown).unwrap(), 0, "{shown}");
    }
    let path = format!("{}:{}", home.0.path().display(), std::env::var("PATH").unwrap());
    let run = Command::new("sh").arg("-c").arg(aws_commands(&shown)).env("PATH", path).output().unwrap();
    let called = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success() && run.stderr.is_empty(), "{called}");
    let calls: Vec<Vec<&str>> =
        called.split("end\n").filter(|call| !call.is_empty()).map(|call| call.lines().collect()).collect();
    assert_eq!(calls.len(), 3, "{called}");
    for call in &calls {
        assert_eq!(call[..2], ["operator us-east-1", "dynamodb"]);
        assert_eq!(call[3], "--endpoint-url");
        let host = call[4].strip_prefix("http://").unwrap();
        assert!(TcpStream::connect(host).is_ok(), "the stack still runs");
    }
    assert_eq!(
        calls[0][5..],
        ["--table-name", "CustomerOrderTable", "--key", r#"{"CustomerOrder": {"S": "123456789"}}"#]
    );
    let key: Value = serde_json::from_str(&calls[1][8..].concat()).unwrap();
    assert!(
        key["Hash_Key"]["S"].as_str().unwrap().len() == 36 && key["Account_Id"]["S"] == "123456789012",
        "{key}"
    );
    assert_eq!(calls[2][2], "scan");
    let interrupted = Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap();
    assert!(interrupted.success() && demo.wait().unwrap().success());
}

/// A row as somebody might write it by hand: whatever takes it up can only park it.
fn put_poison(aws_url: &str) {
    let row = r#"{"TableName":"OrderQuarantineTable","Item":{"CustomerOrder":{"S":"poison"},"Status":{"S":"PENDING"}}}"#;
    let host = aws_url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=operator/20260101/us-east-1/dynamodb/aws4_request\r\n\
         Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{row}",
        row.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn replay_tells_by_its_exit_code_whether_anything_is_left() {
    let home = Home::new();
    let up = home.up(&["up"]);
    let port = up.text("aws").rsplit(':').next().unwrap().to_owned();
    let replay = |options: &[&str]| {
        let output = home.run(&[&["replay", "--yes", "--aws-port", &port], options].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = replay(&[]);
    assert!(code == Some(0) && said.contains("Nothing is left to replay"), "{said}");

    put_poison(up.text("aws"));
    let begun = Instant::now();
    let said = loop {
        let (code, said) = replay(&["--dry-run"]);
        if code == Some(3) && said.contains("1  orders re-armed") && said.contains("1  dead letters settled")
        {
            break said;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the poison is parked: {said}");
    };
    assert!(said.starts_with("Dry run"), "{said}");
    let (code, said) = replay(&["--reason", "ORDER_EXISTS"]);
    assert!(code == Some(3) && said.contains("1  orders that stay as they are"), "{said}");
    let (code, said) = replay(&["--max", "0"]);
    assert!(code == Some(3) && said.contains("1  dead letters that stay"), "{said}");
    let (code, said) = replay(&["--order", "poison", "--dry-run", "--json"]);
    let summary: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &summary["rearmed"], &summary["dryRun"]), (Some(3), &1.into(), &true.into()), "{said}");
    // Nobody is at a terminal: it is said what would be done, and nothing is.
    let unconfirmed = home.run(&["replay", "--aws-port", &port]);
    assert_eq!(unconfirmed.status.code(), Some(4));
    let told = stderr(&unconfirmed);
    assert!(told.starts_with("This is what a replay does\n") && !told.contains("Dry run"), "{told}");
    for word in ["1  orders re-armed", "1 failed with MALFORMED", "parked again", "A script gives --yes"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert_eq!(String::from_utf8(unconfirmed.stdout).unwrap(), "");
    let (code, said) = replay(&["--dry-run", "--json"]);
    let summary: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (code, &summary["rearmedReasons"]["MALFORMED"]),
        (Some(3), &1.into()),
        "nothing was changed: {said}"
    );
    let output = home.run(&["replay", "--aws-port", &port, "--order", "another"]);
    assert_eq!(output.status.code(), Some(1), "there is no such order");
    assert!(stderr(&output).contains("there is nothing to replay"), "{}", stderr(&output));
    assert_eq!(home.run(&["replay", "--reason", "NONE"]).status.code(), Some(2));
    up.stop_with("-TERM");

    // A port of our own that hangs up on everybody: the freed one could be another test's by now.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port().to_string();
    thread::spawn(move || nobody.incoming().for_each(drop));
    let gone = home.run(&["replay", "--aws-port", &port]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(stderr(&gone).contains("--aws-port"), "{}", stderr(&gone));
}
