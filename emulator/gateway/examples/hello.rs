//! One route behind the authorizer, asked without a token and with one.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use axum::http::Method;
use card_airlock_gateway::{Issuer, RestApi, Route, UserPool, aws_error_answer, serve};
use card_airlock_lambda::Function;
use clock::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let pool = UserPool { id: "us-east-1_Pool".to_owned(), client_id: "client".to_owned() };
    let issuer = Arc::new(Issuer::ephemeral(pool)?);
    let token = issuer.token("ann", &[])?;
    let hello = Function::new(|_, _| async { Ok(br#"{"statusCode":200,"body":"hello"}"#.to_vec()) });
    let route = Route {
        method: Method::GET,
        path: "/hello/{Name}".to_owned(),
        function: hello,
        timeout: Duration::from_secs(3),
        requires_sign_in: true,
    };
    let api = RestApi {
        id: "example".to_owned(),
        stage: "dev".to_owned(),
        account_id: "123456789012".to_owned(),
        routes: vec![route],
        cors: None,
        error_answer: aws_error_answer,
        issuer,
        clock: Clock::system(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(api, listener, std::future::pending()));
    println!("{}\n", get(address, "").await?);
    println!("{}", get(address, &format!("Authorization: Bearer {token}\r\n")).await?);
    Ok(())
}

async fn get(address: SocketAddr, headers: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /dev/hello/ann HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
