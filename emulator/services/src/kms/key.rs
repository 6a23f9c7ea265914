//! A KMS key: its material, its state, its policy.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    error::KmsError,
    material::{Material, Rotated, RotationType},
    spec::{ENCRYPT_DECRYPT, HmacHash, KeySpec, SYMMETRIC_DEFAULT},
};
use crate::account::Account;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyState {
    Enabled,
    Disabled,
    /// It is deleted at this time.
    PendingDeletion(SystemTime),
}

/// Automatic rotation that is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Schedule {
    pub(crate) period_in_days: u32,
    pub(crate) next: SystemTime,
}

impl Schedule {
    pub(crate) fn starting(period_in_days: u32, from: SystemTime) -> Self {
        Self { period_in_days, next: from + DAY * period_in_days }
    }
}

/// A key. What it was sealed with is found in `materials` by its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) id: Uuid,
    pub(crate) spec: KeySpec,
    description: String,
    created: SystemTime,
    pub(crate) state: KeyState,
    pub(crate) materials: Vec<Material>,
    pub(crate) schedule: Option<Schedule>,
    /// The text of its policy, as it was put.
    pub(crate) policy: String,
}

impl Key {
    pub(crate) fn generate(
        id: Uuid,
        spec: KeySpec,
        description: &str,
        policy: &str,
        now: SystemTime,
    ) -> Result<Self, KmsError> {
        Ok(Self {
            id,
            spec,
            description: description.to_owned(),
            created: now,
            state: KeyState::Enabled,
            materials: vec![Material::generate(spec.material_bytes(), None)?],
            schedule: None,
            policy: policy.to_owned(),
        })
    }

    pub(crate) fn arn(&self, account: &Account) -> String {
        account.key_arn(self.id)
    }

    /// The newest material, by its number.
    pub(crate) fn current(&self) -> Result<(u32, &Material), KmsError> {
        let newest = self.materials.len().checked_sub(1).and_then(|place| u32::try_from(place).ok());
        newest.zip(self.materials.last()).ok_or(KmsError::Internal)
    }

    /// Puts new material in place of the present one, which stays for what it sealed.
    pub(crate) fn rotate(&mut self, why: RotationType, at: SystemTime) -> Result<(), KmsError> {
        self.materials.push(Material::generate(self.spec.material_bytes(), Some(Rotated { at, why }))?);
        Ok(())
    }

    /// Does the automatic rotations that are due. A key that is not enabled is not rotated.
    pub(crate) fn settle(&mut self, now: SystemTime) -> Result<(), KmsError> {
        while let (KeyState::Enabled, Some(Schedule { period_in_days, next })) = (self.state, self.schedule)
            && next <= now
        {
            self.rotate(RotationType::Automatic, next)?;
            self.schedule = Some(Schedule::starting(period_in_days, next));
        }
        Ok(())
    }

    /// Enables it. A rotation that became due meanwhile is done at once, and the next one is a period later.
    pub(crate) fn enable(&mut self, now: SystemTime) -> Result<(), KmsError> {
        self.state = KeyState::Enabled;
        if let Some(Schedule { period_in_days, next }) = self.schedule
            && next <= now
        {
            self.rotate(RotationType::Automatic, now)?;
            self.schedule = Some(Schedule::starting(period_in_days, now));
        }
        Ok(())
    }

    /// Refuses what needs an enabled key.
    pub(crate) fn must_be_enabled(&self, account: &Account) -> Result<(), KmsError> {
        match self.state {
            KeyState::Enabled => Ok(()),
            KeyState::Disabled => Err(KmsError::Disabled(self.arn(account))),
            KeyState::PendingDeletion(_) => Err(KmsError::PendingDeletion(self.arn(account))),
        }
    }

    /// Refuses what a key cannot have that will be deleted.
    pub(crate) fn must_stay(&self, account: &Account) -> Result<(), KmsError> {
        match self.state {
            KeyState::PendingDeletion(_) => Err(KmsError::PendingDeletion(self.arn(account))),
            KeyState::Enabled | KeyState::Disabled => Ok(()),
        }
    }

    /// Refuses a key that does not encrypt, or not with the algorithm that is asked for.
    pub(crate) fn must_encrypt(&self, algorithm: Option<&str>, account: &Account) -> Result<(), KmsError> {
        let right =
            self.spec.usage() == ENCRYPT_DECRYPT && algorithm.is_none_or(|name| name == SYMMETRIC_DEFAULT);
        if right { Ok(()) } else { Err(KmsError::InvalidKeyUsage(self.arn(account))) }
    }

    /// The hash of a key that makes MACs with this algorithm.
    pub(crate) fn must_mac(&self, algorithm: &str, account: &Account) -> Result<HmacHash, KmsError> {
        match self.spec {
            KeySpec::Hmac(hash) if hash.mac_algorithm() == algorithm => Ok(hash),
            KeySpec::Hmac(_) | KeySpec::Symmetric => Err(KmsError::InvalidKeyUsage(self.arn(account))),
        }
    }

    /// AWS's `KeyMetadata`.
    pub(crate) fn metadata(&self, account: &Account) -> Value {
        let mut metadata = json!({
            "AWSAccountId": account.id,
            "Arn": self.arn(account),
            "CreationDate": seconds(self.created),
            "CustomerMasterKeySpec": self.spec.name(),
            "Description": self.description,
            "Enabled": self.state == KeyState::Enabled,
            "KeyId": self.id,
            "KeyManager": "CUSTOMER",
            "KeySpec": self.spec.name(),
            "KeyState": self.state.name(),
            "KeyUsage": self.spec.usage(),
            "MultiRegion": false,
            "Origin": "AWS_KMS",
        });
        if let Some(more) = metadata.as_object_mut() {
            match self.spec {
                KeySpec::Symmetric => {
                    more.insert("EncryptionAlgorithms".into(), json!([SYMMETRIC_DEFAULT]));
                    let current = self.materials.last().map(|material| material.id.as_str());
                    more.insert("CurrentKeyMaterialId".into(), current.into());
                }
                KeySpec::Hmac(hash) => {
                    more.insert("MacAlgorithms".into(), json!([hash.mac_algorithm()]));
                }
            }
            if let KeyState::PendingDeletion(at) = self.state {
                more.insert("DeletionDate".into(), seconds(at).into());
            }
        }
        metadata
    }
}

impl KeyState {
    fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion(_) => "PendingDeletion",
        }
    }
}

/// As AWS's JSON writes a time: seconds since 1970.
pub(crate) fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
