//! Invokes functions in this process: one succeeds, one fails, one exceeds its time.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::{Duration, SystemTime};

use card_airlock_lambda::{Function, FunctionError};

const TIMEOUT: Duration = Duration::from_millis(100);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let length = Function::new(|event: Vec<u8>, _| async move { Ok(event.len().to_string().into_bytes()) });
    let failing = Function::new(|_, _| async { Err(FunctionError::Unhandled) });
    let late = Function::new(|_, _| async { std::future::pending().await });
    for (name, function) in [("length", length), ("failing", failing), ("late", late)] {
        let invocation = function.invoke(br#"{"a":1}"#.to_vec(), SystemTime::now() + TIMEOUT);
        // A caller enforces the deadline, as Lambda does.
        let result = tokio::time::timeout(TIMEOUT, invocation).await.unwrap_or(Err(FunctionError::TimedOut));
        match result {
            Ok(answer) => println!("{name}: {}", String::from_utf8_lossy(&answer)),
            Err(error) => println!("{name}: {error}"),
        }
    }
}
