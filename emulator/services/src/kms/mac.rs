//! HMACs.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{error::KmsError, input::Input, key::Key, spec::HmacHash, turn::Turn};

pub(crate) const OF_GENERATE: &[&str] = &["DryRun", "GrantTokens", "KeyId", "MacAlgorithm", "Message"];
pub(crate) const OF_VERIFY: &[&str] = &["DryRun", "GrantTokens", "KeyId", "Mac", "MacAlgorithm", "Message"];
const MOST_BYTES: usize = 4096;
const MOST_MAC_BYTES: usize = 6144;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html>
pub(crate) fn generate_mac(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let message = input.blob("Message", MOST_BYTES)?;
    let (key, hash) = turn.mac_key(input)?;
    let mac = key.current()?.1.mac(hash, &message);
    Ok(json!({
        "KeyId": key.arn(turn.account),
        "Mac": BASE64_STANDARD.encode(mac),
        "MacAlgorithm": hash.mac_algorithm(),
    }))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html>
pub(crate) fn verify_mac(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let message = input.blob("Message", MOST_BYTES)?;
    let mac = input.blob("Mac", MOST_MAC_BYTES)?;
    let (key, hash) = turn.mac_key(input)?;
    if !key.current()?.1.verifies(hash, &message, &mac) {
        return Err(KmsError::InvalidMac);
    }
    Ok(json!({
        "KeyId": key.arn(turn.account),
        "MacAlgorithm": hash.mac_algorithm(),
        "MacValid": true,
    }))
}

impl Turn<'_> {
    /// An enabled key that makes MACs with the algorithm that is asked for.
    fn mac_key(&self, input: &Input<'_>) -> Result<(&Key, HmacHash), KmsError> {
        let algorithm = input.required("MacAlgorithm")?;
        if !HmacHash::ALL.iter().any(|hash| hash.mac_algorithm() == algorithm) {
            return Err(KmsError::validation("MacAlgorithm must be the name of one"));
        }
        let key = self.key(input, "KeyId")?;
        key.must_be_enabled(self.account)?;
        let hash = key.must_mac(algorithm, self.account)?;
        Ok((key, hash))
    }
}
