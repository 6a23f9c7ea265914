//! Wiring of the paybill function.

use std::sync::Arc;

use lambda_runtime::Error;
use order::platform;
use paybill::{Paybill, ProcessorKind, Sandbox, Settings};
use vault::Clock;

#[tokio::main]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let settings = Settings::read(&|name| std::env::var(name).ok())?;
    let processor = Arc::new(match settings.processor {
        ProcessorKind::Sandbox => Sandbox::default(),
    });
    let paybill = &Paybill::new(&platform::sdk_config().await, settings, processor, Clock::system());
    platform::run(async |request, deadline| Ok(paybill.handle(request, deadline).await)).await
}
