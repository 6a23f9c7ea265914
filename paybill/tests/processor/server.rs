//! A server of the test's own: takes one request a connection, records it, and answers as it is told.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A server that takes one request a connection, records it, and answers as it is told; `None`: never.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn answering(
        answer: impl Fn(usize) -> Option<String> + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap().to_string(), seen: Arc::default() };
        let seen = server.seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer) = (seen.clone(), answer.clone());
                tokio::spawn(async move { serve(stream, &seen, answer).await });
            }
        });
        server
    }

    pub(crate) async fn with_status(status: u16, body: &str) -> Self {
        let answer = response(status, body);
        Self::answering(move |_| Some(answer.clone())).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/charges", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, seen: &Mutex<Vec<String>>, answer: impl Fn(usize) -> Option<String>) {
    let Ok(request) = read_request(&mut stream).await else { return };
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(request);
        seen.len()
    };
    match answer(number) {
        Some(answer) => drop(stream.write_all(answer.as_bytes()).await),
        None => std::future::pending().await,
    }
}

pub(crate) async fn read_request(stream: &mut TcpStream) -> io::Result<String> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_lowercase()
                .split("content-length: ")
                .nth(1)
                .map_or(0, |rest| rest.lines().next().unwrap_or_default().trim().parse().unwrap());
            if body.len() >= length {
                return Ok(text);
            }
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

pub(crate) fn response(status: u16, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} Any\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}
