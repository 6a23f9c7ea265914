//! Invoking a function. <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::time::Duration;

use axum::body::Bytes;
use card_airlock_lambda::{FunctionError, FunctionResult, MAX_EVENT_BYTES};
use clock::Clock;
use http::StatusCode;
use serde::de::IgnoredAny;
use serde_json::json;

use super::{LATEST, Outcome, error::LambdaError};
use crate::{answer::Answer, deployed::DeployedFunction, request::Request};

/// The largest event of a caller who does not wait for the answer (quota "Invocation payload").
const MAX_ASYNCHRONOUS_BYTES: usize = 1024 * 1024;
/// An asynchronous invocation that failed is retried after these.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const RETRIES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];
/// An invocation that was throttled is tried again, which does not count as a retry.
const AFTER_THROTTLING: Duration = Duration::from_secs(1);

/// The kind of invocation: whether the caller waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

pub(super) async fn invoke(
    name: &str,
    function: &DeployedFunction,
    request: &Request,
    clock: &Clock,
) -> Outcome {
    let kind = match request.text("InvocationType") {
        None | Some("RequestResponse") => InvocationType::RequestResponse,
        Some("Event") => InvocationType::Event,
        Some("DryRun") => InvocationType::DryRun,
        Some(_) => return Err(LambdaError::Invalid("InvocationType")),
    };
    match request.text("LogType") {
        None | Some("None") => {}
        Some("Tail") => return Err(LambdaError::Unsupported("LogType Tail".to_owned())),
        Some(_) => return Err(LambdaError::Invalid("LogType")),
    }
    let event = event(request.body.clone(), kind)?;
    let (function, clock) = (function.clone(), clock.clone());
    match kind {
        InvocationType::DryRun => Ok(Answer::new(StatusCode::NO_CONTENT, Bytes::new())),
        InvocationType::Event => {
            let name = name.to_owned();
            tokio::spawn(async move { run_with_retries(&name, &function, event, &clock).await });
            Ok(Answer::new(StatusCode::ACCEPTED, Bytes::new()))
        }
        InvocationType::RequestResponse => {
            let timeout = function.timeout;
            let run = tokio::spawn(async move { run(&function, event, &clock).await });
            // A function that panicked failed.
            answer(run.await.unwrap_or(Err(FunctionError::Unhandled)), timeout)
        }
    }
}

/// No payload is an empty object.
fn event(payload: Bytes, kind: InvocationType) -> Result<Vec<u8>, LambdaError> {
    let most = if kind == InvocationType::Event { MAX_ASYNCHRONOUS_BYTES } else { MAX_EVENT_BYTES };
    if payload.len() > most {
        return Err(LambdaError::TooLarge(most));
    }
    if payload.is_empty() {
        return Ok(b"{}".to_vec());
    }
    serde_json::from_slice::<IgnoredAny>(&payload).map_err(|_| LambdaError::NotJson)?;
    Ok(payload.into())
}

async fn run(function: &DeployedFunction, event: Vec<u8>, clock: &Clock) -> FunctionResult {
    let deadline = clock.now() + function.timeout;
    let running = function.function.invoke(event, deadline);
    tokio::time::timeout(function.timeout, running).await.unwrap_or(Err(FunctionError::TimedOut))
}

async fn run_with_retries(name: &str, function: &DeployedFunction, event: Vec<u8>, clock: &Clock) {
    let mut retries = RETRIES.into_iter();
    loop {
        let wait = match run(function, event.clone(), clock).await {
            Ok(_) => return,
            Err(FunctionError::Throttled) => Some(AFTER_THROTTLING),
            Err(FunctionError::Unhandled | FunctionError::TimedOut) => retries.next(),
        };
        let Some(wait) = wait else {
            return tracing::error!(
                function = name,
                "an asynchronous invocation failed, and its retries too"
            );
        };
        tokio::time::sleep(wait).await;
    }
}

/// A function's error is reported with a status 200. The function's own text is not known here.
fn answer(done: FunctionResult, timeout: Duration) -> Outcome {
    let version = ("x-amz-executed-version", LATEST.to_owned());
    let failed = |kind: &str, message: String| {
        let body = json!({ "errorType": kind, "errorMessage": message });
        let headers = vec![("x-amz-function-error", "Unhandled".to_owned()), version.clone()];
        Answer { headers, ..Answer::ok(&body) }
    };
    match done {
        Ok(body) => Ok(Answer { headers: vec![version], ..Answer::new(StatusCode::OK, body.into()) }),
        Err(FunctionError::Throttled) => Err(LambdaError::Throttled),
        Err(FunctionError::Unhandled) => Ok(failed("Runtime.Unknown", "The function failed".to_owned())),
        Err(FunctionError::TimedOut) => {
            let message = format!("Task timed out after {:.2} seconds", timeout.as_secs_f64());
            Ok(failed("Sandbox.Timedout", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        sync::{Arc, Mutex},
    };

    use card_airlock_lambda::Function;
    use tokio::time::Instant;

    use super::*;

    /// When a function that answers like this is invoked, in seconds after the first time.
    async fn invoked_at(answers: &[FunctionResult]) -> Vec<u64> {
        let began = Instant::now();
        let (answers, times): (Mutex<VecDeque<_>>, _) =
            (Mutex::new(answers.iter().cloned().collect()), Arc::new(Mutex::new(Vec::new())));
        let seen = times.clone();
        let function = Function::new(move |event: Vec<u8>, _| {
            assert_eq!(event, b"{}");
            seen.lock().unwrap().push(began.elapsed().as_secs());
            let answer = answers.lock().unwrap().pop_front().unwrap();
            async move { answer }
        });
        let timeout = Duration::from_secs(3);
        let deployed = DeployedFunction { properties: json!({}), timeout, function };
        run_with_retries("f", &deployed, b"{}".to_vec(), &Clock::system()).await;
        times.lock().unwrap().clone()
    }

    #[tokio::test(start_paused = true)]
    async fn an_asynchronous_invocation_that_fails_is_retried_twice() {
        let failed = || Err(FunctionError::Unhandled);
        assert_eq!(invoked_at(&[Ok(vec![])]).await, [0]);
        assert_eq!(invoked_at(&[failed(), Ok(vec![])]).await, [0, 60]);
        assert_eq!(invoked_at(&[failed(), Err(FunctionError::TimedOut), failed()]).await, [0, 60, 180]);
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_takes_no_retry() {
        let throttled = || Err(FunctionError::Throttled);
        let failed = || Err(FunctionError::Unhandled);
        let answers = [throttled(), failed(), throttled(), throttled(), failed(), failed()];
        assert_eq!(invoked_at(&answers).await, [0, 1, 61, 62, 63, 183]);
    }

    #[test]
    fn an_event_is_json_of_a_bounded_size_and_none_is_an_empty_object() {
        let of = |text: &str, kind| event(Bytes::from(text.to_owned()), kind);
        assert_eq!(of("", InvocationType::Event), Ok(b"{}".to_vec()));
        assert_eq!(of("[1]", InvocationType::RequestResponse), Ok(b"[1]".to_vec()));
        assert_eq!(of("{", InvocationType::DryRun), Err(LambdaError::NotJson));
        let long = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        for (kind, most) in [
            (InvocationType::RequestResponse, MAX_EVENT_BYTES),
            (InvocationType::Event, MAX_ASYNCHRONOUS_BYTES),
        ] {
            assert!(of(&long(most), kind).is_ok());
            assert_eq!(of(&long(most + 1), kind), Err(LambdaError::TooLarge(most)));
        }
    }
}
