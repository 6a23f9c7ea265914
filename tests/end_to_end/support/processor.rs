//! A payment processor whose first reply is lost.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::BoxFuture;
use order::Outcome;
use paybill::{PaymentRequest, Processor, ProcessorError, Sandbox};

/// Charges like the sandbox; the first time, its answer does not arrive.
#[derive(Debug, Default)]
pub(crate) struct NoAnswerOnce {
    pub(crate) sandbox: Sandbox,
    answers: AtomicBool,
}

impl Processor for NoAnswerOnce {
    fn submit<'a>(&'a self, request: PaymentRequest<'a>) -> BoxFuture<'a, Result<Outcome, ProcessorError>> {
        let answer = self.sandbox.submit(request);
        if self.answers.swap(true, Ordering::SeqCst) {
            return answer;
        }
        Box::pin(std::future::ready(Err(ProcessorError::NoAnswer)))
    }
}
