//! Wiring of the replay function: the sweep by its schedule, the replay by an operator.

use clock::Clock;
use lambda_runtime::Error;
use platform::aws_client;
use replay::{Replay, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let lookup = &|name: &str| std::env::var(name).ok();
    let settings = Settings::read(lookup)?;
    let replay = &Replay::new(&aws_client::sdk_config(lookup)?, settings, Clock::system());
    platform::run(async |request, deadline| Ok(replay.handle(request, deadline).await?)).await
}
