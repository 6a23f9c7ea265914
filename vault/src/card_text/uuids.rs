//! Canonical UUIDs (RFC 9562, section 4) are not cards, whatever their digits are: without this rule, one in 270 would be refused.

/// `8-4-4-4-12` hexadecimal digits.
const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
const LENGTH: usize = 36;

/// The text's parts before, between and after the canonical UUIDs in it.
pub(super) fn parts(text: &str) -> Parts<'_> {
    Parts(Some(text))
}

/// See [`parts`].
pub(super) struct Parts<'a>(Option<&'a str>);

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.take()?;
        let mut before = None;
        for (place, c) in text.char_indices() {
            // A UUID has no letter or digit directly before or after it.
            if !before.is_some_and(char::is_alphanumeric)
                && let Some((part, rest)) = text.split_at_checked(place)
                && let Some((uuid, behind)) = rest.split_at_checked(LENGTH)
                && !behind.starts_with(char::is_alphanumeric)
                && is_canonical(uuid.as_bytes())
            {
                self.0 = Some(behind);
                return Some(part);
            }
            before = Some(c);
        }
        Some(text)
    }
}

fn is_canonical(text: &[u8]) -> bool {
    let mut groups = text.split(|byte| *byte == b'-');
    GROUPS.iter().all(|length| {
        groups.next().is_some_and(|group| group.len() == *length && group.iter().all(u8::is_ascii_hexdigit))
    }) && groups.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "550e8400-e29b-41d4-a716-446655440000";

    #[test]
    fn a_text_is_parted_at_the_canonical_uuids_in_it() {
        let upper = UUID.to_uppercase();
        for (text, expected) in [
            (String::new(), vec![""]),
            ("no uuid".into(), vec!["no uuid"]),
            (UUID.into(), vec!["", ""]),
            (upper, vec!["", ""]),
            (format!("order-{UUID}.{UUID} x"), vec!["order-", ".", " x"]),
            (format!("é{UUID}"), vec!["é550e8400-e29b-41d4-a716-446655440000"]),
            (format!("urn:uuid:{UUID}"), vec!["urn:uuid:", ""]),
        ] {
            assert_eq!(parts(&text).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_quite_a_uuid_stays() {
        for text in [
            format!("4{UUID}"),
            format!("{UUID}0"),
            UUID.replace('-', ""),
            UUID.replace('e', "g"),
            UUID.replace('-', " "),
            UUID[1..].into(),
            UUID[..35].into(),
            "550e840-0e29b-41d4-a716-446655440000".into(),
        ] {
            assert_eq!(parts(&text).collect::<Vec<_>>(), [text.as_str()]);
        }
    }
}
