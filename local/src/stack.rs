//! PLACEHOLDER, to be replaced by the real wiring: the API front before functions that always answer 503, and a
//! reserved AWS port that nothing serves.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::Method;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    api::{self, Api, Route},
    function::Function,
    issuer::{Issuer, IssuerError},
    listen::{self, ListenError},
};

/// The account that the local stack plays.
pub const ACCOUNT_ID: &str = "123456789012";

/// What a stack is started with.
#[derive(Debug)]
pub struct StackOptions {
    /// The API's port; 0 takes a free one.
    pub api_port: u16,
    /// The AWS endpoint's port; 0 takes a free one.
    pub aws_port: u16,
    /// Who signs the ID tokens.
    pub issuer: Issuer,
}

/// Why a stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// A port could not be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system does not tell an address.
    #[error("a listener has no address")]
    Address(#[source] std::io::Error),
}

/// A running stack.
#[derive(Debug)]
pub struct Stack {
    api: SocketAddr,
    aws: SocketAddr,
    issuer: Arc<Issuer>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
    _reserved: TcpListener,
}

impl Stack {
    /// Starts everything.
    ///
    /// # Errors
    /// When a port cannot be had.
    pub async fn start(options: StackOptions) -> Result<Self, StackError> {
        let api_listener = listen::on_loopback(options.api_port, "--port").await?;
        let aws_listener = listen::on_loopback(options.aws_port, "--aws-port").await?;
        let (api, aws) = (
            api_listener.local_addr().map_err(StackError::Address)?,
            aws_listener.local_addr().map_err(StackError::Address)?,
        );
        let issuer = Arc::new(options.issuer);
        let (stop, stopped) = oneshot::channel::<()>();
        let front = Api {
            stage: "dev".to_owned(),
            account_id: ACCOUNT_ID.to_owned(),
            routes: routes(),
            issuer: Arc::clone(&issuer),
        };
        let server = tokio::spawn(api::serve(front, api_listener, async move {
            let _ = stopped.await;
        }));
        Ok(Self { api, aws, issuer, stop, server, _reserved: aws_listener })
    }

    /// The API's URL, with the stage.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}/dev", self.api)
    }

    /// The AWS endpoint's URL.
    #[must_use]
    pub fn aws_url(&self) -> String {
        format!("http://{}", self.aws)
    }

    /// An ID token that this stack accepts.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, user: &str, groups: &[String]) -> Result<String, IssuerError> {
        self.issuer.token(user, groups)
    }

    /// Stops everything and waits for it.
    pub async fn shutdown(self) {
        let _ = self.stop.send(());
        let _ = self.server.await;
    }
}

fn routes() -> Vec<Route> {
    let unavailable =
        br#"{"statusCode":503,"body":"{\"message\":\"placeholder\",\"code\":\"PLACEHOLDER\"}"}"#;
    let function = Function::new(move |_, _| async move { Ok(unavailable.to_vec()) });
    [(Method::POST, "/order"), (Method::GET, "/order/{CustomerOrder}"), (Method::POST, "/paybill")]
        .map(|(method, path)| Route {
            method,
            path: path.to_owned(),
            function: function.clone(),
            timeout: Duration::from_secs(29),
            requires_sign_in: true,
        })
        .into()
}
