//! Boots a function's built program against a Runtime API that hands out given events and no more. The real thing is in
//! `emulator/lambda`; this one shows each request of the program to the test.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value};

/// Far more than any of this takes.
const PATIENCE: Duration = Duration::from_secs(60);

const NEXT: &str = "GET /2018-06-01/runtime/invocation/next ";

/// What a program did.
pub struct Run {
    /// For each event, what was posted (`response` or `error`), and the posted JSON.
    pub answers: Vec<(String, Value)>,
    /// Everything it wrote, standard output and standard error.
    pub written: String,
    /// How it ended once the Runtime API was gone.
    pub ended: ExitStatus,
}

impl Run {
    /// The lines that the program's own code wrote in an invocation, metrics among them, each with its ids.
    pub fn lines(&self) -> Vec<(Value, Map<String, Value>)> {
        let lines = self.written.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let with_ids = lines.map(|line| {
            let spans = line.get("spans").and_then(Value::as_array).into_iter().flatten();
            let of_spans = spans.filter_map(Value::as_object).flatten();
            let ids: Map<_, _> = match line.as_object() {
                Some(metric) if metric.contains_key("_aws") => metric.clone(),
                _ => of_spans.map(|(name, id)| (name.clone(), id.clone())).collect(),
            };
            (line, ids)
        });
        // The runtime's own message about its end belongs to no invocation.
        let is_of_the_end = |line: &Value| {
            line.get("target").is_some_and(|target| target == "lambda_runtime::layers::api_client")
        };
        with_ids.filter(|(line, _)| !is_of_the_end(line)).collect()
    }
}

/// Runs the program with these variables, and none of this process's, through these events.
pub fn run(program: &str, variables: &[(&str, &str)], events: &[Value]) -> Run {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let running = Running(Some(command(program, &address.to_string(), variables).spawn().unwrap()));
    let (asked, requests) = channel();
    thread::spawn(move || serve(&listener, &asked));
    let answers = events.iter().enumerate().map(|(id, event)| exchange(&requests, id, event)).collect();
    let asking = expect(&requests, NEXT);
    asking.from.shutdown(Shutdown::Both).unwrap();
    let Output { status, stdout, stderr } = running.output();
    let written = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    Run { answers, written, ended: status }
}

/// Runs the program without one of its variables: how it ends, and what it writes.
pub fn run_without(program: &str, variables: &[(&str, &str)], missing: &str) -> (ExitStatus, String) {
    let left: Vec<_> = variables.iter().copied().filter(|(name, _)| *name != missing).collect();
    assert_eq!(left.len() + 1, variables.len(), "{missing}");
    let Output { status, stdout, stderr } =
        Running(Some(command(program, "127.0.0.1:1", &left).spawn().unwrap())).output();
    (status, String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

/// What Lambda sets, and an AWS endpoint without a listener. No HOME, no profile, no metadata service.
fn command(program: &str, runtime_api: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // What `scripts/mutants` breaks is broken in the programs too.
    command.envs(std::env::vars().filter(|(name, _)| name.starts_with("MUTANT")));
    command.envs([
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", "function"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "role"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_MAX_ATTEMPTS", "1"),
        ("LOG_LEVEL", "TRACE"),
    ]);
    command.envs(variables.iter().copied());
    command
}

/// A request of the program's, whose answer is still owed.
struct Asked {
    line: String,
    body: Vec<u8>,
    from: TcpStream,
}

/// Accepts requests on any number of connections, as long as somebody receives them.
fn serve(listener: &TcpListener, asked: &Sender<Asked>) {
    for connection in listener.incoming().map_while(Result::ok) {
        let asked = asked.clone();
        thread::spawn(move || {
            let mut connection = BufReader::new(connection);
            while let Ok(request) = read(&mut connection) {
                if asked.send(request).is_err() {
                    break;
                }
            }
        });
    }
}

/// The next request, which must begin like this.
fn expect(requests: &Receiver<Asked>, line: &str) -> Asked {
    let asked = requests.recv_timeout(PATIENCE).expect("the program asks for nothing");
    assert!(asked.line.starts_with(line), "{} and not {line}", asked.line);
    asked
}

/// One event there, one answer back.
fn exchange(requests: &Receiver<Asked>, id: usize, event: &Value) -> (String, Value) {
    let body = event.to_string();
    let deadline = (SystemTime::now() + PATIENCE).duration_since(UNIX_EPOCH).unwrap().as_millis();
    let head = format!(
        "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: {id}\r\nlambda-runtime-deadline-ms: {deadline}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    expect(requests, NEXT).from.write_all((head + &body).as_bytes()).unwrap();
    let prefix = format!("POST /2018-06-01/runtime/invocation/{id}/");
    let mut posted = expect(requests, &prefix);
    posted.from.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").unwrap();
    let what = posted.line[prefix.len()..].split(' ').next().unwrap().to_owned();
    (what, serde_json::from_slice(&posted.body).unwrap())
}

fn read(connection: &mut BufReader<TcpStream>) -> io::Result<Asked> {
    let mut line = || -> io::Result<String> {
        let mut line = String::new();
        match connection.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    };
    let first = line()?;
    let mut length = 0;
    loop {
        let header = line()?.to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    Ok(Asked { line: first, body, from: connection.get_ref().try_clone()? })
}

/// A program that does not outlive its test.
struct Running(Option<Child>);

impl Running {
    fn output(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
