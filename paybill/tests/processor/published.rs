//! The example answers that Adyen publishes with its specification (`tests/published/`): each has the right outcome.

use order::Outcome;
use paybill::ProcessorError;
use serde_json::Value;

use super::bad_answers::{answered, of_adyen};

const EXAMPLES: &str = include_str!("../../../tests/published/adyen_checkout_v72_trimmed_examples.json");

#[tokio::test]
async fn each_of_adyens_published_answers_has_its_outcome() {
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap();
    let expected = [
        ("post-payments-card-direct-200", 200, Ok(Some("993617895204576J"))),
        ("generic-400", 400, Err(ProcessorError::Refused)),
        ("generic-401", 401, Err(ProcessorError::Refused)),
        ("generic-403", 403, Err(ProcessorError::Refused)),
        ("generic-422", 422, Err(ProcessorError::Refused)),
        ("generic-500", 500, Err(ProcessorError::NoAnswer)),
    ];
    // One of them is a request.
    assert_eq!(examples.as_object().unwrap().len(), expected.len() + 1);
    for (name, status, outcome) in expected {
        let body = examples[name]["value"].to_string();
        let settled = answered(&[&of_adyen(status, "", body.as_bytes())]).await;
        match outcome {
            Ok(reference) => {
                let settlement = settled.unwrap();
                assert_eq!(settlement.outcome, Outcome::Submitted, "{name}");
                assert_eq!(settlement.reference.as_ref().map(|text| text.as_str()), reference, "{name}");
            }
            Err(error) => assert_eq!(settled, Err(error), "{name}"),
        }
    }
}
