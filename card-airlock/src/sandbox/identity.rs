//! What a sandbox is known by: its port, its secret, and the key of its hashes. With a folder they stay the same, because a
//! payment that was begun is only continued at the address where it was begun.

use std::{
    io,
    net::{Ipv4Addr, TcpStream},
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::{hmac, rand};
use card_airlock_services::{Part, Store};
use tokio::net::TcpSocket;
use uuid::Uuid;

use super::bound;

const PORT: &str = "port";
const BEARER: &str = "bearer";
const HASH_KEY: &str = "hash-key";
const HASH_KEY_BYTES: usize = 32;
/// A loopback connection is refused at once.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Identity {
    pub(super) socket: TcpSocket,
    pub(super) bearer: String,
    pub(super) hash_key: Arc<hmac::Key>,
    pub(super) kept: Part,
}

impl Identity {
    pub(super) fn of(store: &Store) -> io::Result<Self> {
        let kept = store.part("sandbox");
        let secret = match kept.one::<Vec<u8>>(HASH_KEY).map_err(io::Error::other)? {
            Some(secret) => secret,
            None => {
                let mut secret = vec![0; HASH_KEY_BYTES];
                rand::fill(&mut secret).map_err(io::Error::other)?;
                kept.put(HASH_KEY, &secret);
                secret
            }
        };
        let bearer = kept.one(BEARER).map_err(io::Error::other)?.unwrap_or_else(|| {
            let bearer = Uuid::new_v4().simple().to_string();
            kept.put(BEARER, &bearer);
            bearer
        });
        Ok(Self {
            socket: socket(&kept)?,
            bearer,
            hash_key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &secret)),
            kept,
        })
    }
}

/// At the port of before, if nobody else has it.
fn socket(kept: &Part) -> io::Result<TcpSocket> {
    let before = kept.one::<u16>(PORT).map_err(io::Error::other)?;
    if let Some(port) = before.filter(|port| !is_served(*port))
        && let Ok(socket) = bound(port)
    {
        return Ok(socket);
    }
    let socket = bound(0)?;
    let port = socket.local_addr()?.port();
    if before.is_some() {
        tracing::warn!(
            port,
            "another program has the payment sandbox's port: a payment that was interrupted stays UNKNOWN"
        );
    }
    kept.put(PORT, &port);
    Ok(socket)
}

/// Whether somebody answers at a port: two sandboxes could share one, and neither would see it.
fn is_served(port: u16) -> bool {
    TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), PATIENCE).is_ok()
}
