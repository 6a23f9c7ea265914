//! Wildcards of policies: `*` for any text, `?` for one character.

/// Whether all of `text` fits.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return fits(pattern, text) };
    let Some(rest) = head(before, text) else { return false };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.filter_map(|at| rest.get(at..)).any(|rest| matches(after, rest))
}

/// The same for ARNs: a wildcard stays within its one of the six parts.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
pub(crate) fn matches_arn(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (wanted, parts): (Vec<_>, Vec<_>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    wanted.len() == parts.len() && wanted.iter().zip(parts).all(|(wanted, part)| matches(wanted, part))
}

/// Without a star.
fn fits(pattern: &str, text: &str) -> bool {
    head(pattern, text).is_some_and(str::is_empty)
}

/// What follows the beginning of `text` that fits a pattern without a star.
fn head<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    let mut rest = text.chars();
    for wanted in pattern.chars() {
        let found = rest.next()?;
        if wanted != '?' && wanted != found {
            return None;
        }
    }
    Some(rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_any_text_or_one_character() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("kms:Decrypt", "kms:Decrypt", true),
            ("kms:Decrypt", "kms:DecryptX", false),
            ("kms:Get*", "kms:GetKeyPolicy", true),
            ("kms:Get*", "kms:Get", true),
            ("*Key*", "kms:GenerateDataKeyPair", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?*", "ä", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_wildcard_of_an_arn_stays_in_its_part() {
        let stream = "arn:aws:dynamodb:us-east-1:1:table/T/stream/2026-01-01T00:00:00.000";
        assert!(matches_arn("arn:aws:dynamodb:us-east-1:1:table/T/stream/*", stream));
        assert!(matches_arn("*", stream));
        assert!(!matches_arn("arn:aws:dynamodb:us-east-1:1:table/T", stream));
        assert!(!matches_arn("arn:aws:dynamodb:*:table/T/stream/*", stream));
        assert!(!matches_arn("arn:aws:*", stream));
    }
}
