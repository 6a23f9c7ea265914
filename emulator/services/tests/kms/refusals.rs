//! What is not here is refused by name.

use super::*;

#[tokio::test]
async fn an_operation_or_a_parameter_that_is_not_here_is_refused_by_its_name() {
    let world = World::start().await;
    let key = world.key().await;
    let refused = world.kms.generate_random().number_of_bytes(1).send().await.unwrap_err();
    let error = refused.as_service_error().unwrap();
    assert_eq!(error.code(), Some("UnknownOperationException"));
    assert!(error.message().unwrap().contains("GenerateRandom"), "{error:?}");
    let recipient = aws_sdk_kms::types::RecipientInfo::builder().build();
    let refused = world.kms.decrypt().key_id(&key).ciphertext_blob(Blob::new("b")).recipient(recipient);
    let refused = refused.send().await.unwrap_err();
    let error = refused.as_service_error().unwrap();
    assert_eq!(error.code(), Some("UnsupportedOperationException"));
    assert!(error.message().unwrap().contains("Recipient"), "{error:?}");
}
