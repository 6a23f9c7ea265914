//! KMS: keys with versions of their material, states, policies and aliases.
//!
//! <https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html>. Anything unsupported is refused by name: an
//! operation before this module, a parameter by [`input`], a kind of key by [`spec`].

mod alias;
mod blob;
mod cipher;
mod context;
mod data_key;
mod error;
mod input;
mod key;
mod key_pair;
mod lifecycle;
mod mac;
mod material;
mod page;
mod policy;
mod rotation;
mod spec;
mod state;
#[cfg(test)]
mod tests;
mod turn;

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use card_airlock_iam::Iam;
use clock::Clock;
use parking_lot::Mutex;
use serde_json::Value;
use uuid::Uuid;

use self::{blob::Header, error::KmsError, input::Input, key::Key, state::State, turn::Turn};
use crate::{
    account::Account,
    answer::Answer,
    keep::{KeepError, Mirror, Store},
    request::Request,
};

/// The local KMS. A key's policy is shown by it and enforced by `iam`: each change of the one changes the other.
pub(crate) struct Kms {
    state: Mutex<State>,
    clock: Clock,
    account: Account,
    iam: Arc<Iam>,
    kept_keys: Mirror,
    kept_aliases: Mirror,
}

type Perform = fn(&mut Turn<'_>, &Input<'_>) -> Result<Value, KmsError>;

/// An operation: its name, the parameters that it knows, and what it does.
type Operation = (&'static str, &'static [&'static str], Perform);

/// What is here. README.md lists it, too.
const OPERATIONS: [Operation; 28] = [
    ("CancelKeyDeletion", &["KeyId"], lifecycle::cancel_key_deletion),
    ("CreateAlias", &["AliasName", "TargetKeyId"], alias::create_alias),
    ("CreateKey", lifecycle::OF_CREATE_KEY, lifecycle::create_key),
    ("Decrypt", cipher::OF_DECRYPT, cipher::decrypt),
    ("DeleteAlias", &["AliasName"], alias::delete_alias),
    ("DescribeKey", &["KeyId", "GrantTokens"], lifecycle::describe_key),
    ("DisableKey", &["KeyId"], lifecycle::disable_key),
    ("DisableKeyRotation", &["KeyId"], rotation::disable_key_rotation),
    ("EnableKey", &["KeyId"], lifecycle::enable_key),
    ("EnableKeyRotation", &["KeyId", "RotationPeriodInDays"], rotation::enable_key_rotation),
    ("Encrypt", cipher::OF_ENCRYPT, cipher::encrypt),
    ("GenerateDataKey", data_key::MEMBERS, data_key::generate_data_key),
    ("GenerateDataKeyPair", key_pair::MEMBERS, key_pair::generate_data_key_pair),
    (
        "GenerateDataKeyPairWithoutPlaintext",
        key_pair::MEMBERS,
        key_pair::generate_data_key_pair_without_plaintext,
    ),
    ("GenerateDataKeyWithoutPlaintext", data_key::MEMBERS, data_key::generate_data_key_without_plaintext),
    ("GenerateMac", mac::OF_GENERATE, mac::generate_mac),
    ("GetKeyPolicy", &["KeyId", "PolicyName"], policy::get_key_policy),
    ("GetKeyRotationStatus", &["KeyId"], rotation::get_key_rotation_status),
    ("ListAliases", &["KeyId", "Limit", "Marker"], alias::list_aliases),
    ("ListKeyPolicies", &["KeyId", "Limit", "Marker"], policy::list_key_policies),
    ("ListKeyRotations", &["KeyId", "IncludeKeyMaterial", "Limit", "Marker"], rotation::list_key_rotations),
    ("ListKeys", &["Limit", "Marker"], lifecycle::list_keys),
    ("PutKeyPolicy", policy::OF_PUT, policy::put_key_policy),
    ("ReEncrypt", cipher::OF_RE_ENCRYPT, cipher::re_encrypt),
    ("RotateKeyOnDemand", &["KeyId"], rotation::rotate_key_on_demand),
    ("ScheduleKeyDeletion", &["KeyId", "PendingWindowInDays"], lifecycle::schedule_key_deletion),
    ("UpdateAlias", &["AliasName", "TargetKeyId"], alias::update_alias),
    ("VerifyMac", mac::OF_VERIFY, mac::verify_mac),
];

/// The names of all operations that are here.
pub(crate) fn operations() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|(name, _, _)| *name)
}

impl Kms {
    /// With the keys that are kept.
    pub(crate) fn new(
        account: Account,
        clock: Clock,
        iam: Arc<Iam>,
        store: &Store,
    ) -> Result<Self, KeepError> {
        let (kept_keys, keys) = Mirror::open::<Key>(store.part("kms.keys"))?;
        let (kept_aliases, aliases) = Mirror::open(store.part("kms.aliases"))?;
        let keys = keys.into_values().map(|key| (key.id, key)).collect();
        let state = State { keys, aliases };
        Ok(Self { state: Mutex::new(state), clock, account, iam, kept_keys, kept_aliases })
    }

    /// Puts the policies in force that are shown. A kept one names roles that are not there before the stack is.
    pub(crate) fn enforce_shown(&self) {
        self.settled("", |turn| turn.state.keys.values().for_each(|key| policy::enforce_shown(turn, key)));
    }

    pub(crate) fn perform(&self, request: &Request) -> Answer {
        match self.outcome(request) {
            Ok(body) => Answer::ok(&body),
            Err(error) => error.answer(),
        }
    }

    /// The ARN that a call is authorized for, of the key with this id, ARN or alias. An unknown name is treated as
    /// the id of a key: a caller that may not use it is denied, and one that may learns that it does not exist.
    pub(crate) fn arn_of_named(&self, named: &str) -> String {
        let found = self.settled("", |turn| turn.state.resolve(named, turn.account).ok());
        let id = named.rsplit_once(":key/").map_or(named, |(_, id)| id);
        found.map_or_else(|| self.account.arn("kms", &format!("key/{id}")), |id| self.key_arn(id))
    }

    /// The same of the key that wrapped a ciphertext (in base64).
    pub(crate) fn arn_of_wrapping(&self, ciphertext: &str) -> String {
        let blob = BASE64_STANDARD.decode(ciphertext).unwrap_or_default();
        let key = Header::read(&blob).map(|(header, _)| header.key.to_string()).unwrap_or_default();
        self.account.arn("kms", &format!("key/{key}"))
    }

    /// Shows a policy that was put in force by other means than `PutKeyPolicy`.
    pub(crate) fn show_policy(&self, key_arn: &str, document: &Value) {
        self.settled("", |turn| {
            let id = turn.state.resolve(key_arn, turn.account).ok();
            if let Some(key) = id.and_then(|id| turn.state.keys.get_mut(&id)) {
                key.policy = format!("{document:#}");
            }
        });
    }

    /// Makes a key that was there before this KMS was, and gives its ARN. `None`: there is no randomness for it.
    pub(crate) fn known_key(&self, id: Uuid, description: &str) -> Option<String> {
        self.settled("", |turn| lifecycle::add_known(turn, id, description)).ok()?;
        Some(self.key_arn(id))
    }

    fn outcome(&self, request: &Request) -> Result<Value, KmsError> {
        let found = OPERATIONS.iter().find(|(name, _, _)| *name == request.operation);
        let (_, members, perform) = found.ok_or_else(|| KmsError::unsupported("this operation"))?;
        let input = Input::read(&request.json, members)?;
        self.settled(&request.role, |turn| {
            if input.list("GrantTokens")?.is_some_and(|tokens| !tokens.is_empty()) {
                return Err(KmsError::InvalidGrantToken);
            }
            let done = perform(turn, &input)?;
            if input.truth("DryRun")? { Err(KmsError::DryRun) } else { Ok(done) }
        })
    }

    /// One call at a time, after everything that became due by the clock.
    fn settled<T>(&self, caller: &str, act: impl FnOnce(&mut Turn<'_>) -> T) -> T {
        let mut state = self.state.lock();
        let now = self.clock.now();
        for gone in state.settle(now) {
            self.iam.forget_key(&self.key_arn(gone));
        }
        let done = act(&mut Turn { state: &mut state, now, account: &self.account, iam: &self.iam, caller });
        self.kept_keys.show(|| state.keys.iter().collect());
        self.kept_aliases.show(|| state.aliases.iter().collect());
        done
    }

    fn key_arn(&self, id: Uuid) -> String {
        self.account.key_arn(id)
    }
}
