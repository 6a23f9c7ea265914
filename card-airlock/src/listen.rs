//! Listening on loopback, with an error that says what to do.

use std::{io, net::Ipv4Addr};

use tokio::net::TcpListener;

/// Why a port could not be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program has the port.
    #[error("port {port} is in use: choose another with {option} PORT (0 chooses a free port)")]
    Taken {
        port: u16,
        /// The option that sets it.
        option: &'static str,
    },
    /// The system refused for another reason.
    #[error("cannot listen on port {port} ({option}): {source}")]
    Refused {
        port: u16,
        /// The option that sets it.
        option: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Listens on 127.0.0.1 at `port`, or at a free one for 0. `option` is the command line's name for the port.
///
/// # Errors
/// When the port is taken or may not be used.
pub async fn on_loopback(port: u16, option: &'static str) -> Result<TcpListener, ListenError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::Taken { port, option },
        _ => ListenError::Refused { port, option, source },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named_with_its_option() {
        let taken = on_loopback(0, "--port").await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = on_loopback(port, "--port").await.unwrap_err().to_string();
        assert_eq!(
            error,
            format!("port {port} is in use: choose another with --port PORT (0 chooses a free port)")
        );
    }
}
