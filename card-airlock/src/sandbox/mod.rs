//! A payment processor on this machine: a real HTTP server that speaks the format of docs/processor.md, wants its
//! bearer token, charges nobody, and keeps a ledger of what it would have charged.

mod cards;
mod ledger;
mod server;

use std::{
    collections::BTreeMap,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use aws_lc_rs::{hmac, rand::SystemRandom};
use card_airlock_services::{AwsEndpoint, Refused};
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpSocket};
use uuid::Uuid;

pub use cards::{CARDS, Does, TestCard, named};
pub use ledger::Charge;
use ledger::Ledger;
use server::Running;

/// How a request goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It is charged, and the connection breaks.
    AnswerLost,
    /// It is charged, and no answer ever comes.
    Silent,
    /// It is charged, and the answer comes after 20 s: by default the client waits for 15.
    Late,
    /// 500, and nothing is charged.
    Error,
    /// 401, and nothing is charged.
    Refused,
}

impl Failure {
    fn charges(self) -> bool {
        match self {
            Self::AnswerLost | Self::Silent | Self::Late => true,
            Self::Error | Self::Refused => false,
        }
    }
}

/// The running processor. Cloning shares it; dropping the last clone stops it.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    /// Bound, and nobody listens: keeps the port for this sandbox while it is out of reach.
    _kept: TcpSocket,
    office: Arc<Office>,
    running: Mutex<Option<Running>>,
}

/// What the server works with.
struct Office {
    ledger: Mutex<Ledger>,
    next: Mutex<Option<Failure>>,
    bearer: Mutex<String>,
}

impl Sandbox {
    /// Serves on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no socket or no random key is to be had.
    pub async fn start() -> io::Result<Self> {
        let kept = bound(0)?;
        let address = kept.local_addr()?;
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(io::Error::other)?;
        let office = Arc::new(Office {
            ledger: Mutex::new(Ledger::new(key)),
            next: Mutex::default(),
            bearer: Mutex::new(Uuid::new_v4().simple().to_string()),
        });
        let running = Running::start(listening(address.port())?, Arc::clone(&office));
        Ok(Self(Arc::new(Inner { address, _kept: kept, office, running: Mutex::new(Some(running)) })))
    }

    /// Where payments are posted.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/charges", self.0.address)
    }

    /// Where the ledger can be read, as JSON.
    #[must_use]
    pub fn ledger_url(&self) -> String {
        format!("http://{}/ledger", self.0.address)
    }

    /// The template's parameters that lead here, where a payment may be without an amount, as the AWS sample's is
    /// (its step 6.11). The bearer token is put into Secrets Manager of `aws`.
    ///
    /// # Errors
    /// When the secret cannot be made, as when it is there already.
    pub async fn parameters(&self, aws: &AwsEndpoint) -> Result<BTreeMap<String, String>, Refused> {
        let token = lock(&self.0.office.bearer).clone();
        let arn = aws.make_secret("card-airlock/processor", &token).await?;
        let required = ("AmountRequired".to_owned(), "false".to_owned());
        Ok([("ProcessorUrl".to_owned(), self.url()), ("ProcessorSecretArn".to_owned(), arn), required].into())
    }

    /// Every payment that was charged or declined, oldest first.
    #[must_use]
    pub fn ledger(&self) -> Vec<Charge> {
        lock(&self.0.office.ledger).charges()
    }

    /// What goes wrong with the next request, whatever its card; `None`: nothing, as before.
    pub fn fail_next(&self, failure: Option<Failure>) {
        *lock(&self.0.office.next) = failure;
    }

    /// From now on another bearer token is wanted.
    pub fn want_bearer(&self, token: &str) {
        token.clone_into(&mut lock(&self.0.office.bearer));
    }

    /// Whether connections are taken. While they are not, they are refused, as by a machine that is off.
    ///
    /// # Errors
    /// When the port cannot be listened on again.
    pub async fn set_reachable(&self, reachable: bool) -> io::Result<()> {
        let running = lock(&self.0.running).take();
        match (reachable, running) {
            (false, Some(running)) => running.stop().await,
            (false, None) => {}
            (true, Some(running)) => *lock(&self.0.running) = Some(running),
            (true, None) => {
                let listener = listening(self.0.address.port())?;
                *lock(&self.0.running) = Some(Running::start(listener, Arc::clone(&self.0.office)));
            }
        }
        Ok(())
    }

    /// Stops serving, and waits for it.
    pub async fn shutdown(&self) {
        let running = lock(&self.0.running).take();
        if let Some(running) = running {
            running.stop().await;
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sandbox").field(&self.0.address).finish()
    }
}

fn listening(port: u16) -> io::Result<TcpListener> {
    bound(port)?.listen(128)
}

/// Sockets of one port share it with each other and with nobody else.
fn bound(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}

fn lock<T>(mutex: &Mutex<T>) -> parking_lot::MutexGuard<'_, T> {
    mutex.lock()
}

#[cfg(test)]
mod tests;
