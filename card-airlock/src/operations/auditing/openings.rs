//! The cards that KMS opened, by CloudTrail's files: each needs an audit item from just before.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html>,
//! <https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html>

use std::{
    collections::HashMap,
    fmt,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use flate2::bufread::MultiGzDecoder;
use order::{Timestamp, witness::AuditRow};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use uuid::Uuid;
use vault::Token;

use super::super::names::StackNames;

/// How long after its audit item a card is opened at the latest: paybill answers within half a minute.
const LATEST: Duration = Duration::from_secs(120);
/// CloudTrail leaves out the fraction of a second.
const EARLIEST: Duration = Duration::from_secs(2);

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CloudTrailError {
    #[error("cannot read {0}: {1}")]
    Io(PathBuf, #[source] std::io::Error),
    #[error("{0} is no file of CloudTrail: a JSON object with `Records` is expected, as it is or with gzip")]
    Shape(PathBuf),
}

/// A card was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its token; none: it was none.
    pub token: Option<Token>,
    /// When.
    pub at: Timestamp,
    /// CloudTrail's id of the event.
    pub event: Option<Uuid>,
}

/// All that the files have, by token.
#[derive(Debug, Default)]
pub struct Openings(HashMap<Option<Token>, Vec<Opening>>);

impl Openings {
    /// Reads what was opened with the vault's keys of a stack.
    ///
    /// # Errors
    /// [`CloudTrailError`], of the first file that cannot be read.
    pub fn read(files: &[PathBuf], names: &StackNames) -> Result<Self, CloudTrailError> {
        let keys = [
            names.physical("VaultKey").unwrap_or_default(),
            names.parameters.get("PreviousVaultKeyArn").map(String::as_str).unwrap_or_default(),
        ];
        let keys: Vec<&str> = keys.into_iter().filter(|key| !key.is_empty()).collect();
        let mut openings = Self::default();
        for file in files {
            for opening in read_file(file)?.into_iter().filter_map(|decrypted| decrypted.opening(&keys)) {
                openings.0.entry(opening.token).or_default().push(opening);
            }
        }
        Ok(openings)
    }

    pub(super) fn count(&self) -> u64 {
        self.0.values().map(|openings| openings.len() as u64).sum()
    }

    /// Takes out what an item accounts for.
    pub(super) fn see(&mut self, row: &AuditRow) {
        let time = row.at.split('#').next().and_then(|time| time.parse::<Timestamp>().ok());
        let Some((time, openings)) = time.zip(row.token.and_then(|token| self.0.get_mut(&Some(token))))
        else {
            return;
        };
        openings.retain(|opening| !(time <= opening.at.after(EARLIEST) && opening.at <= time.after(LATEST)));
    }

    /// What is left, in the order of time.
    pub(super) fn without_item(self) -> impl Iterator<Item = Opening> {
        let mut left: Vec<_> = self.0.into_values().flatten().collect();
        left.sort_unstable_by_key(|opening| (opening.at, opening.event));
        left.into_iter()
    }
}

fn read_file(path: &Path) -> Result<Vec<Decrypted>, CloudTrailError> {
    let io = |error| CloudTrailError::Io(path.to_owned(), error);
    let mut file = BufReader::new(File::open(path).map_err(io)?);
    let is_zipped = file.fill_buf().map_err(io)?.starts_with(&[0x1f, 0x8b]);
    let reader: Box<dyn Read> = if is_zipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    // serde's own error quotes the file.
    let trail: Trail = serde_json::from_reader(BufReader::new(reader))
        .map_err(|_| CloudTrailError::Shape(path.to_owned()))?;
    Ok(trail.decrypted)
}

/// A file as CloudTrail delivers it.
#[derive(Deserialize)]
struct Trail {
    #[serde(rename = "Records", deserialize_with = "decrypted")]
    decrypted: Vec<Decrypted>,
}

/// A call of any service.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_source: Option<String>,
    event_name: Option<String>,
    error_code: Option<String>,
    event_time: Option<String>,
    #[serde(rename = "eventID")]
    event_id: Option<String>,
    request_parameters: Option<serde_json::Value>,
    resources: Option<Vec<Resource>>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "ARN")]
    arn: Option<String>,
}

/// A call of KMS that opened something under a context of the vault.
#[derive(Debug)]
struct Decrypted {
    keys: Vec<String>,
    opening: Opening,
}

/// Keeps only what was opened: a file may have very many other records.
fn decrypted<'de, D: Deserializer<'de>>(records: D) -> Result<Vec<Decrypted>, D::Error> {
    struct Records;

    impl<'de> Visitor<'de> for Records {
        type Value = Vec<Decrypted>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("records of CloudTrail")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<Self::Value, A::Error> {
            let mut kept = Vec::new();
            while let Some(record) = records.next_element::<Record>()? {
                kept.extend(record.decrypted());
            }
            Ok(kept)
        }
    }

    records.deserialize_seq(Records)
}

impl Record {
    fn decrypted(self) -> Option<Decrypted> {
        let is_opened = self.event_source.as_deref() == Some("kms.amazonaws.com")
            && self.event_name.as_deref() == Some("Decrypt")
            && self.error_code.is_none();
        let asked = self.request_parameters.filter(|_| is_opened)?;
        let context = asked.get("encryptionContext")?;
        let text = |name: &str| context.get(name).and_then(serde_json::Value::as_str);
        if text("purpose") != Some("vault") {
            return None;
        }
        let named = asked.get("keyId").and_then(serde_json::Value::as_str).map(str::to_owned);
        let resources = self.resources.unwrap_or_default().into_iter().filter_map(|resource| resource.arn);
        Some(Decrypted {
            keys: resources.chain(named).collect(),
            opening: Opening {
                token: text("token").and_then(|token| token.parse().ok()),
                at: self.event_time?.parse().ok()?,
                event: self.event_id.and_then(|id| id.parse().ok()),
            },
        })
    }
}

impl Decrypted {
    /// An opening with one of these keys, by id or ARN. Of another stack's vault, none.
    fn opening(self, keys: &[&str]) -> Option<Opening> {
        let id = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
        let is_ours = self.keys.iter().any(|named| keys.iter().any(|key| id(key) == id(named)));
        (is_ours || self.keys.is_empty()).then_some(self.opening)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use serde_json::{Value, json};

    use super::*;

    const KEY: &str = "11111111-2222-4333-8444-555555555555";
    const TOKEN: &str = "550e8400-e29b-41d4-a716-446655440000";
    const EVENT: &str = "550e8400-e29b-41d4-a716-446655440001";

    fn record(more: &[(&str, Value)]) -> Value {
        let arn = format!("arn:aws:kms:us-east-1:123456789012:key/{KEY}");
        let mut record = json!({
            "eventVersion": "1.11", "userIdentity": {"type": "AssumedRole"}, "eventTime": "2026-11-21T18:59:34Z",
            "eventSource": "kms.amazonaws.com", "eventName": "Decrypt", "awsRegion": "us-east-1",
            "requestParameters": {
                "encryptionContext": {"purpose": "vault", "token": TOKEN}, "keyId": arn,
                "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
            },
            "responseElements": null, "eventID": EVENT, "readOnly": true,
            "resources": [{"accountId": "123456789012", "type": "AWS::KMS::Key", "ARN": arn}],
        });
        for (name, value) in more {
            record[*name] = value.clone();
        }
        record
    }

    fn read(text: &[u8]) -> Result<Openings, CloudTrailError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        let decrypted = read_file(file.path())?;
        let openings = decrypted.into_iter().filter_map(|one| one.opening(&[KEY]));
        let mut all = Openings::default();
        openings.for_each(|opening| all.0.entry(opening.token).or_default().push(opening));
        Ok(all)
    }

    fn of(records: &[Value]) -> Openings {
        read(json!({ "Records": records }).to_string().as_bytes()).unwrap()
    }

    fn row(at: &str, token: &str) -> AuditRow {
        let digest = order::witness::Hash::NONE;
        AuditRow { principal: "ann".into(), at: at.into(), digest, token: token.parse().ok() }
    }

    #[test]
    fn an_opening_has_its_token_its_time_and_its_event() {
        let openings: Vec<_> = of(&[record(&[])]).without_item().collect();
        let at = "2026-11-21T18:59:34.000Z".parse().unwrap();
        let expected = Opening { token: TOKEN.parse().ok(), at, event: EVENT.parse().ok() };
        assert_eq!(openings, [expected]);
        let wrong = json!({ "encryptionContext": {"purpose": "vault", "token": "4111111111111111"} });
        let openings: Vec<_> = of(&[record(&[("requestParameters", wrong)])]).without_item().collect();
        assert_eq!((openings.len(), openings[0].token), (1, None));
    }

    #[test]
    fn what_opened_no_card_of_this_vault_is_left_out() {
        let other = json!([{ "ARN": "arn:aws:kms:us-east-1:123456789012:key/other" }]);
        let of_quarantine = json!({ "encryptionContext": {"purpose": "quarantine", "key-batch": TOKEN} });
        let named_other =
            json!({ "encryptionContext": {"purpose": "vault", "token": TOKEN}, "keyId": "alias/other" });
        for more in [
            &[("eventName", json!("GenerateDataKey"))][..],
            &[("eventSource", json!("s3.amazonaws.com"))],
            &[("errorCode", json!("AccessDenied"))],
            &[("requestParameters", of_quarantine)],
            &[("requestParameters", Value::Null)],
            &[("resources", other), ("requestParameters", named_other)],
        ] {
            assert_eq!(of(&[record(more)]).count(), 0, "{more:?}");
        }
        // What names no key may be this one's.
        let nameless = json!({ "encryptionContext": {"purpose": "vault", "token": TOKEN} });
        assert_eq!(of(&[record(&[("resources", Value::Null), ("requestParameters", nameless)])]).count(), 1);
    }

    #[test]
    fn an_item_accounts_for_the_openings_of_its_card_just_after_it() {
        for (at, token, left) in [
            ("2026-11-21T18:59:34.000Z#1", TOKEN, 0),
            ("2026-11-21T18:59:36.000Z#1", TOKEN, 0),
            ("2026-11-21T18:59:36.001Z#1", TOKEN, 1),
            ("2026-11-21T18:57:34.000Z#1", TOKEN, 0),
            ("2026-11-21T18:57:33.999Z#1", TOKEN, 1),
            ("2026-11-21T18:59:34.000Z#1", EVENT, 1),
            ("2026-11-21T18:59:34.000Z#1", "", 1),
            ("minute#2026-11-21T18:59Z", TOKEN, 1),
        ] {
            // The SDK asks again when it gets no answer.
            let mut openings = of(&[record(&[]), record(&[])]);
            openings.see(&row(at, token));
            assert_eq!(openings.without_item().count(), left * 2, "{at} {token}");
        }
    }

    #[test]
    fn a_file_is_read_as_it_is_or_with_gzip_and_anything_else_is_refused_without_a_word_of_it() {
        let text = json!({ "Records": [record(&[])] }).to_string();
        let mut zipped = GzEncoder::new(Vec::new(), Compression::default());
        zipped.write_all(text.as_bytes()).unwrap();
        let zipped = zipped.finish().unwrap();
        assert_eq!(read(&zipped).unwrap().count(), 1);
        for wrong in
            [&b""[..], b"{}", br#"{"Records": "4111111111111111"}"#, &zipped[..zipped.len() / 2], b"[]"]
        {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains("is no file of CloudTrail") && !error.contains("4111"), "{error}");
        }
        let none = read_file(Path::new("/nowhere/at/all")).unwrap_err().to_string();
        assert!(none.starts_with("cannot read /nowhere/at/all"), "{none}");
    }
}
