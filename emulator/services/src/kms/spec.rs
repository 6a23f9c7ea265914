//! Kinds of keys: those that are here, and those that only AWS has.

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use super::error::KmsError;

pub(crate) const ENCRYPT_DECRYPT: &str = "ENCRYPT_DECRYPT";
pub(crate) const GENERATE_VERIFY_MAC: &str = "GENERATE_VERIFY_MAC";
pub(crate) const SYMMETRIC_DEFAULT: &str = "SYMMETRIC_DEFAULT";

/// What AWS has, too, and is refused by name.
const OF_AWS_ONLY: [&str; 13] = [
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "ECC_NIST_EDWARDS25519",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
    "SM2",
    "ECC_NIST_EDWARDS448",
];

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeySpec {
    /// AES-256-GCM.
    Symmetric,
    /// HMAC with this hash.
    Hmac(HmacHash),
}

/// A hash of HMAC, by its bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HmacHash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl KeySpec {
    pub(crate) fn read(name: &str) -> Result<Self, KmsError> {
        if name == SYMMETRIC_DEFAULT {
            return Ok(Self::Symmetric);
        }
        if let Some(hash) = HmacHash::ALL.into_iter().find(|hash| hash.key_spec() == name) {
            return Ok(Self::Hmac(hash));
        }
        match OF_AWS_ONLY.iter().find(|spec| **spec == name) {
            Some(spec) => Err(KmsError::unsupported(format!("a key of the spec {spec}"))),
            None => Err(KmsError::validation("KeySpec must be the name of one")),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Symmetric => SYMMETRIC_DEFAULT,
            Self::Hmac(hash) => hash.key_spec(),
        }
    }

    pub(crate) fn usage(self) -> &'static str {
        match self {
            Self::Symmetric => ENCRYPT_DECRYPT,
            Self::Hmac(_) => GENERATE_VERIFY_MAC,
        }
    }

    /// How long its material is.
    pub(crate) fn material_bytes(self) -> usize {
        match self {
            Self::Symmetric => 32,
            Self::Hmac(hash) => hash.algorithm().tag_len(),
        }
    }
}

impl HmacHash {
    pub(crate) const ALL: [Self; 4] = [Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    fn key_spec(self) -> &'static str {
        match self {
            Self::Sha224 => "HMAC_224",
            Self::Sha256 => "HMAC_256",
            Self::Sha384 => "HMAC_384",
            Self::Sha512 => "HMAC_512",
        }
    }

    pub(crate) fn mac_algorithm(self) -> &'static str {
        match self {
            Self::Sha224 => "HMAC_SHA_224",
            Self::Sha256 => "HMAC_SHA_256",
            Self::Sha384 => "HMAC_SHA_384",
            Self::Sha512 => "HMAC_SHA_512",
        }
    }

    pub(crate) fn algorithm(self) -> hmac::Algorithm {
        match self {
            Self::Sha224 => hmac::HMAC_SHA224,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }
}
