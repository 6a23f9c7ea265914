//! Long lists, a page at a time.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{error::KmsError, input::Input};

/// An answer with the items of the page that is asked for, under `name`. The items come in the order of their keys;
/// a marker is the key of a page's last item.
pub(crate) fn page(
    name: &str,
    mut items: Vec<(String, Value)>,
    most: u32,
    input: &Input<'_>,
) -> Result<Value, KmsError> {
    let limit = input.number("Limit", 1..=most)?.unwrap_or_else(|| most.min(100));
    let limit = usize::try_from(limit).map_err(|_| KmsError::Internal)?;
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    if let Some(marker) = input.text("Marker")? {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(marker).map_err(|_| KmsError::InvalidMarker)?;
        let after = String::from_utf8(bytes).map_err(|_| KmsError::InvalidMarker)?;
        items.retain(|(key, _)| *key > after);
    }
    let rest = items.split_off(limit.min(items.len()));
    let mut answer = Map::new();
    answer.insert("Truncated".to_owned(), (!rest.is_empty()).into());
    if let (false, Some((last, _))) = (rest.is_empty(), items.last()) {
        answer.insert("NextMarker".to_owned(), BASE64_URL_SAFE_NO_PAD.encode(last).into());
    }
    answer.insert(name.to_owned(), items.into_iter().map(|(_, item)| item).collect());
    Ok(Value::Object(answer))
}
