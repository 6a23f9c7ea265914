//! A payment processor on this machine: a real HTTP server that speaks the format of docs/processor.md and those of
//! Stripe, Adyen and Checkout.com, requires its secret, charges nobody, and keeps a ledger of what it would have charged.

mod books;
mod cards;
mod charge;
mod dialect;
mod failure;
mod formats;
mod identity;
mod ids;
mod kept_charge;
mod ledger;
mod saved;
mod server;
mod stripe_books;

use std::{
    collections::BTreeMap,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use card_airlock_services::{AwsEndpoint, Refused, Store};
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpSocket};

use books::Books;
pub use cards::{CARDS, Does, TestCard, named};
pub use charge::Charge;
pub use dialect::Dialect;
pub use failure::Failure;
use identity::Identity;
use ledger::Ledger;
use saved::SavedAnswers;
use server::Running;
use stripe_books::StripeBooks;

/// The running processor. Cloning shares it; dropping the last clone stops it.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    /// Bound without a listener: keeps the port for this sandbox while it cannot be reached.
    _kept: TcpSocket,
    books: Arc<Books>,
    running: Mutex<Option<Running>>,
}

impl Sandbox {
    /// Serves on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no socket or no random key is available.
    pub async fn start() -> io::Result<Self> {
        Self::keeping(&Store::default()).await
    }

    /// The same, with the port, the secret, the ledger and the saved answers that a store keeps.
    ///
    /// # Errors
    /// As [`start`](Self::start), and when what is kept cannot be read.
    pub async fn keeping(store: &Store) -> io::Result<Self> {
        let Identity { socket, bearer, hash_key, kept } = Identity::of(store)?;
        let address = socket.local_addr()?;
        let ledger = Ledger::open(Arc::clone(&hash_key), &kept).map_err(io::Error::other)?;
        let stripe = StripeBooks::open(&kept, &ledger.charges()).map_err(io::Error::other)?;
        let books = Arc::new(Books {
            ledger: Mutex::new(ledger),
            next: Mutex::default(),
            next_before: Mutex::default(),
            saved: Mutex::new(SavedAnswers::open(hash_key, &kept).map_err(io::Error::other)?),
            stripe: Mutex::new(stripe),
            lookups: Mutex::default(),
            is_mute: Mutex::default(),
            bearer: Mutex::new(bearer),
            kept,
            turn: Mutex::default(),
        });
        let running = Running::start(listening(address.port())?, Arc::clone(&books));
        Ok(Self(Arc::new(Inner { address, _kept: socket, books, running: Mutex::new(Some(running)) })))
    }

    /// Where payments are posted in the format of docs/processor.md.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of(Dialect::Airlock)
    }

    /// The address in place of the processor's own.
    #[must_use]
    pub fn url_of(&self, dialect: Dialect) -> String {
        format!("http://{}{}", self.0.address, dialect.base())
    }

    /// The secret that it wants: random, another one for each run without a folder, and good for nothing but a server of this machine that charges
    /// nobody.
    #[must_use]
    pub fn secret(&self) -> String {
        self.0.books.bearer.lock().clone()
    }

    /// Where the ledger can be read, as JSON.
    #[must_use]
    pub fn ledger_url(&self) -> String {
        format!("http://{}/ledger", self.0.address)
    }

    /// The template's parameters that lead here, to the processor of that format, where a payment may be without an
    /// amount, as the AWS sample's is (its step 6.11). Its secret is put into Secrets Manager of `aws`.
    ///
    /// # Errors
    /// When the secret cannot be made, as when it is there already.
    pub async fn parameters(
        &self,
        aws: &AwsEndpoint,
        dialect: Dialect,
    ) -> Result<BTreeMap<String, String>, Refused> {
        let arn = aws.make_secret("card-airlock/processor", &self.secret()).await?;
        let [url, profile, account] = self.address(dialect);
        let parameters = [
            ("ProcessorUrl", url),
            ("ProcessorProfile", profile),
            ("ProcessorAccount", account),
            ("ProcessorSecretArn", arn),
            ("AmountRequired", "false".to_owned()),
        ];
        Ok(parameters.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// The settings of the function that pays which lead here, to the processor of that format.
    pub(crate) fn settings(&self, dialect: Dialect) -> [(String, String); 3] {
        let names = ["PROCESSOR_URL", "PROCESSOR_PROFILE", "PROCESSOR_ACCOUNT"].map(str::to_owned);
        let [url, profile, account] = self.address(dialect);
        let [of_url, of_profile, of_account] = names;
        [(of_url, url), (of_profile, profile), (of_account, account)]
    }

    /// The address, the profile and the account of a format.
    fn address(&self, dialect: Dialect) -> [String; 3] {
        [self.url_of(dialect), dialect.profile().to_owned(), dialect.account().to_owned()]
    }

    /// Every payment that was charged or declined, oldest first.
    #[must_use]
    pub fn ledger(&self) -> Vec<Charge> {
        self.0.books.ledger.lock().charges()
    }

    /// What goes wrong with the next request before the one that charges, where the format has such.
    pub fn fail_next_before(&self, failure: Option<Failure>) {
        *self.0.books.next_before.lock() = failure;
    }

    /// Whether it says the outcome of a payment. While it does not, the answer is 503.
    pub fn answer_lookups(&self, answers: bool) {
        *self.0.books.is_mute.lock() = !answers;
    }

    /// How often it was asked for the outcome of a payment.
    #[must_use]
    pub fn lookups(&self) -> u32 {
        *self.0.books.lookups.lock()
    }

    /// What goes wrong with the next request that charges, whatever its card; `None`: nothing, as before.
    pub fn fail_next(&self, failure: Option<Failure>) {
        *self.0.books.next.lock() = failure;
    }

    /// What [`fail_next`](Self::fail_next) has set and no request has met.
    #[must_use]
    pub fn fails_next(&self) -> Option<Failure> {
        *self.0.books.next.lock()
    }

    /// From now on another bearer token is required.
    pub fn want_bearer(&self, token: &str) {
        token.clone_into(&mut self.0.books.bearer.lock());
    }

    /// Whether connections are taken. While they are not, they are refused, as if the machine were switched off.
    ///
    /// # Errors
    /// When the port cannot be listened on again.
    pub async fn set_reachable(&self, reachable: bool) -> io::Result<()> {
        let running = self.0.running.lock().take();
        match (reachable, running) {
            (false, Some(running)) => running.stop().await,
            (false, None) => {}
            (true, Some(running)) => *self.0.running.lock() = Some(running),
            (true, None) => {
                let listener = listening(self.0.address.port())?;
                *self.0.running.lock() = Some(Running::start(listener, Arc::clone(&self.0.books)));
            }
        }
        Ok(())
    }

    /// Stops serving, and waits for it.
    pub async fn shutdown(&self) {
        let running = self.0.running.lock().take();
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

/// Only the sockets of this process share the port.
fn bound(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests;
