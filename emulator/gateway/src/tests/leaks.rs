//! Nothing that a client sent is in a log or comes back.

use tracing_subscriber::fmt::MakeWriter;

use super::*;

/// All that any crate logs on this thread, at TRACE.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_a_client_sent_is_logged_or_echoed() {
    let secret = "4929123456781234";
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    // With one subscriber alone, tracing asks only the thread that meets a line first, and remembers for all threads that
    // nobody listens there.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);
    let front = Front::before(Function::new(|_, _| async { Err(FunctionError::Unhandled) })).await;
    let in_header = format!("X-Secret: {secret}");
    let in_token = format!("Authorization: {secret}");
    let mut answers = vec![
        front.ask(&format!("POST /dev/notes?secret={secret}"), secret.as_bytes()).await,
        front.ask(&format!("GET /dev/notes/{secret}"), b"").await,
        front.ask(&format!("GET /{secret}/notes"), b"").await,
        front.ask(&format!("M{secret} /dev/notes"), b"").await,
        front.ask_with("POST /dev/notes", &[&in_header, &in_token], b"{}").await,
        front.ask_with("POST /dev/notes", &[&format!("Host: {secret}")], b"{}").await,
    ];
    answers
        .push(front.ask("POST /dev/notes", &[secret.as_bytes(), &vec![b' '; MAX_BODY_BYTES]].concat()).await);
    for answer in &answers {
        assert!(!answer.0.contains(secret), "{}", answer.0);
    }
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("/notes/{Id}"), "the log was caught");
    assert!(!logged.contains(secret), "{logged}");
}
