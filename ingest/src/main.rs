//! Wiring of the ingest function.

use std::{convert::Infallible, sync::Arc};

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use ingest::{Ingest, Settings};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use order::platform;
use vault::Clock;

#[tokio::main]
async fn main() -> Result<(), Error> {
    platform::init_logs();
    let settings = Settings::read(&|name| std::env::var(name).ok())?;
    let ingest = Arc::new(Ingest::new(&platform::sdk_config().await, settings, Clock::system()));
    lambda_runtime::run(service_fn(|event: LambdaEvent<ApiGatewayProxyRequest>| {
        let ingest = ingest.clone();
        async move { Ok::<_, Infallible>(ingest.handle(event.payload).await) }
    }))
    .await
}
