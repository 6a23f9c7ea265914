//! Places the orders, as a client of the API would.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use futures::{StreamExt, stream};

use super::read::{Seed, SeedOrder};
use crate::api_client::{Answer, ApiClient};

/// The parameter with the group that may say what an order costs and whose it is.
pub(crate) const BILLING_GROUP: &str = "BillingGroupName";

/// How many orders are sent at the same time.
const AT_ONCE: usize = 16;
/// How long an order is sent again that a fault keeps out.
const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What became of the orders.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    /// Those that were accepted, at this start or an earlier one.
    pub(crate) accepted: usize,
    /// The line and the answer of each other one.
    pub(crate) refused: Vec<(u64, String)>,
}

impl Seed {
    /// Places every order. One that the API refuses keeps out no other.
    pub(crate) async fn place(self, api: &ApiClient<'_>) -> Placed {
        let answers = stream::iter(self.orders).map(|order| place_one(api, order)).buffered(AT_ONCE);
        let mut placed = Placed::default();
        let mut answers = std::pin::pin!(answers);
        while let Some((line, refusal)) = answers.next().await {
            match refusal {
                None => placed.accepted += 1,
                Some(refusal) => placed.refused.push((line, refusal)),
            }
        }
        placed
    }
}

/// The line, and the answer if the order was not accepted.
async fn place_one(api: &ApiClient<'_>, order: SeedOrder) -> (u64, Option<String>) {
    let SeedOrder { line, body } = order;
    // It is wiped when the last holder of it, the HTTP client, lets go.
    let (body, begun) = (Bytes::from_owner(body), Instant::now());
    loop {
        let (refusal, wait) = match api.submit(body.clone()).await {
            Ok(answer) if matches!(answer.status, 200 | 202) => return (line, None),
            Ok(answer) if answer.status == 429 || answer.status >= 500 => {
                (told(&answer), answer.wait(LONGEST_WAIT))
            }
            Ok(answer) => return (line, Some(told(&answer))),
            Err(_) => ("NO_ANSWER".to_owned(), LONGEST_WAIT),
        };
        if begun.elapsed() > PATIENCE {
            return (line, Some(refusal));
        }
        tokio::time::sleep(wait).await;
    }
}

fn told(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.text("code"))
}
