//! Members in CBOR, as CloudWatch is asked and answers. <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>

use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

/// The tag of a time in seconds since 1970.
const TIME: u64 = 1;
/// The only member of CloudWatch's answers here that is a time.
const TIME_MEMBER: &str = "Timestamp";

/// What was asked. A time is its seconds. None: it is no object, or holds what JSON does not have.
pub(crate) fn read(body: &[u8]) -> Option<Map<String, Value>> {
    match json(ciborium::from_reader(body).ok()?)? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// An answer.
pub(crate) fn write(members: &Value) -> Vec<u8> {
    let mut body = Vec::new();
    // A buffer takes everything.
    let _ = ciborium::into_writer(&cbor(members), &mut body);
    body
}

fn json(value: Cbor) -> Option<Value> {
    Some(match value {
        Cbor::Tag(TIME, seconds) => json(*seconds)?,
        Cbor::Map(members) => {
            let members =
                members.into_iter().map(|(name, value)| Some((name.into_text().ok()?, json(value)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
        Cbor::Array(items) => Value::Array(items.into_iter().map(json).collect::<Option<_>>()?),
        Cbor::Text(text) => Value::String(text),
        Cbor::Bool(truth) => Value::Bool(truth),
        Cbor::Integer(number) => Value::Number(i64::try_from(number).ok()?.into()),
        Cbor::Float(number) => Value::Number(Number::from_f64(number)?),
        Cbor::Null => Value::Null,
        _ => return None,
    })
}

fn cbor(value: &Value) -> Cbor {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let is_time = name == TIME_MEMBER && value.is_number();
                let value = if is_time { Cbor::Tag(TIME, Box::new(cbor(value))) } else { cbor(value) };
                (Cbor::Text(name.clone()), value)
            });
            Cbor::Map(members.collect())
        }
        Value::Array(items) => Cbor::Array(items.iter().map(cbor).collect()),
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Bool(truth) => Cbor::Bool(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cbor::Integer(whole.into()),
            None => Cbor::Float(number.as_f64().unwrap_or_default()),
        },
        Value::Null => Cbor::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_read_as_they_were_written() {
        let members = json!({ "A": [1, -2, 1.5, "x", true, null, {}], "Timestamp": "no time" });
        assert_eq!(read(&write(&members)).map(Value::Object), Some(members));
    }

    #[test]
    fn a_time_is_tagged_and_is_its_seconds() {
        let members = json!({ "Timestamp": 1_700_000_000 });
        let written: Cbor = ciborium::from_reader(write(&members).as_slice()).unwrap();
        let tagged = Cbor::Tag(TIME, Box::new(Cbor::Integer(1_700_000_000.into())));
        assert_eq!(written.into_map().unwrap(), [(Cbor::Text("Timestamp".to_owned()), tagged)]);
        assert_eq!(read(&write(&members)).map(Value::Object), Some(members));
    }

    #[test]
    fn what_is_no_object_or_has_no_place_in_json_is_not_read() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&write(&json!([]))), None);
        let mut bytes = Vec::new();
        let member = (Cbor::Text("A".to_owned()), Cbor::Bytes(vec![1]));
        ciborium::into_writer(&Cbor::Map(vec![member]), &mut bytes).unwrap();
        assert_eq!(read(&bytes), None);
    }
}
