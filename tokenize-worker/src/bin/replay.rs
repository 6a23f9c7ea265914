//! Wiring of the replay function: the sweep by its schedule, the replay by an operator.

use lambda_runtime::Error;
use order::platform;
use tokenize_worker::replay::{Replay, ReplaySettings};
use vault::Clock;

#[tokio::main]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let settings = ReplaySettings::read(&|name| std::env::var(name).ok())?;
    let replay = &Replay::new(&platform::sdk_config().await, settings, Clock::system());
    platform::run(async |request, deadline| Ok(replay.handle(request, deadline).await?)).await
}
