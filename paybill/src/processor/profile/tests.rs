use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

/// A profile that is right, two steps and a lookup, to be made wrong in one place.
const RIGHT: &str = r#"name = "mine"
auth = { scheme = "header", header = "X-Key" }
requires = { amount = true }
[idempotency]
header = "Key"
longest_key = 40
kept_hours = 24
resend_after_unknown = "same_key"
[exponents]
ISK = 2
[[steps]]
name = "store"
path = "/cards"
key_suffix = "-s"
take = { card = "/id" }
remember = "card"
body = { number = "{card.number}", due = "{amount:minor}" }
rules = [{ status = [200], outcome = "next" }]
[[steps]]
name = "charge"
method = "PUT"
path = "/charges/{object}"
encoding = "form"
key_suffix = "-c"
headers = { Version = "1" }
[[steps.rules]]
status = ["2xx", 402]
when = { "/ok" = true, "/kind" = ["a", 1], "/code" = { starts_with = "1" }, "/x" = { exists = false } }
outcome = "submitted"
reference = "/ref"
[[steps.rules]]
status = ["400-499"]
outcome = "declined"
code = ["/code", "declined"]
kind = "hard"
[lookup]
path = "/charges?id={payment_id}"
rules = [{ status = [200], outcome = "submitted" }]
"#;

fn wrong(text: &str) -> (usize, String) {
    let error = Profile::parse(text).expect_err(text);
    (error.line, error.problem)
}

#[test]
fn a_profile_is_read_as_it_is_written() {
    let profile = Profile::parse(RIGHT).unwrap();
    assert_eq!((profile.name.as_str(), profile.kept_hours, profile.resend), ("mine", 24, Resend::SameKey));
    assert_eq!(profile.auth, AuthScheme::Header("X-Key".into()));
    assert!(profile.needs_secret && profile.needs_amount && !profile.needs_expiry && !profile.needs_account);
    let [store, charge] = &profile.steps[..] else { panic!("{profile:?}") };
    assert_eq!(
        (store.method, store.encoding, store.remember.as_deref()),
        (Method::Post, Encoding::Json, Some("card"))
    );
    assert_eq!(
        (charge.method, charge.encoding, charge.key_suffix.as_str()),
        (Method::Put, Encoding::Form, "-c")
    );
    assert!(charge.rules[0].is_for(299) && charge.rules[0].is_for(402) && !charge.rules[0].is_for(300));
    assert!(charge.rules[1].is_for(400) && charge.rules[1].is_for(499) && !charge.rules[1].is_for(500));
    assert!(profile.has_lookup());
    // The most that is right.
    let key_in_body = "encoding = \"form\"\nbody = { key = \"{idempotency_key}\" }";
    for (from, to) in [("\"-s\"", "\"-abc\""), ("ISK = 2", "ISK = 4"), ("\"PUT\"", "\"GET\"")] {
        assert!(Profile::parse(&RIGHT.replace(from, to)).is_ok(), "{to}");
    }
    // The key may be in the body of the charge instead.
    let without_header = RIGHT.replace("header = \"Key\"\n", "");
    assert!(Profile::parse(&without_header.replace("encoding = \"form\"", key_in_body)).is_ok());
}

#[test]
fn a_wrong_profile_is_refused_with_its_line_and_what_is_wrong_there() {
    for (right, wrong_text, line, said) in [
        ("name = \"mine\"", "name = \"Mine\"", 1, "small letters"),
        ("name = \"mine\"", "name = \"sandbox\"", 1, "charges nobody"),
        ("name = \"mine\"", "name = mine", 1, ""),
        ("\"header\", header = \"X-Key\"", "\"header\"", 2, "needs the header's name"),
        ("\"header\", header = \"X-Key\"", "\"bearer\", header = \"X-Key\"", 2, "only the scheme header"),
        ("\"X-Key\"", "\"Content-Length\"", 2, "cannot set the header"),
        ("\"X-Key\"", "\"X Key\"", 2, "not the name of a header"),
        ("scheme = \"header\"", "scheme = \"hmac\"", 2, "unknown variant `hmac`"),
        (
            "requires = { amount = true }",
            "requires = { amount = true, cvc = true }",
            3,
            "unknown field `cvc`",
        ),
        ("requires = { amount = true }", "", 11, "needs an amount"),
        ("longest_key = 40", "longest_key = 37", 14, "longer than longest_key"),
        ("key_suffix = \"-s\"", "key_suffix = \"-four\"", 14, "longer than longest_key"),
        ("kept_hours = 24", "kept_hours = 256", 7, "256"),
        ("header = \"Key\"\n", "", 4, "not protected"),
        ("ISK = 2", "ISK = 5", 9, "5 decimals"),
        ("ISK = 2", "ISX = 2", 9, "ISX"),
        ("name = \"store\"", "name = \"Store\"", 12, "a step's name"),
        ("name = \"charge\"", "name = \"store\"", 20, "two steps"),
        ("path = \"/cards\"", "path = \"cards\"", 13, "a path is empty, or begins"),
        ("path = \"/cards\"", "path = \"/{card.number}\"", 13, "cannot be used in a path"),
        ("path = \"/cards\"", "path = \"/{object}\"", 11, "no step before remembers"),
        (
            "due = \"{amount:minor}\"",
            "due = \"{amount:minor}\", o = \"{object}\"",
            11,
            "no step before remembers",
        ),
        (
            "due = \"{amount:minor}\"",
            "due = \"{amount:minor}\", o = \"{taken.it}\"",
            11,
            "no step before takes",
        ),
        ("path = \"/charges/{object}\"", "path = \"/charges/{taken.card}\"", 19, "use {object}"),
        ("key_suffix = \"-c\"", "key_suffix = \"-s\"", 24, "same idempotency key"),
        ("key_suffix = \"-c\"", "key_suffix = \"/c\"", 24, "letters, digits"),
        ("take = { card = \"/id\" }", "take = { card = \"id\" }", 15, "is not a JSON pointer"),
        ("take = { card = \"/id\" }", "take = { Card = \"/id\" }", 11, "small letters"),
        ("remember = \"card\"", "remember = \"id\"", 16, "only a value that this step takes"),
        ("\"{card.number}\"", "\"{card.cvc}\"", 17, "{card.cvc} is not a placeholder"),
        ("\"{card.number}\"", "\"no {card.number}\"", 17, "the whole value"),
        ("\"{card.number}\"", "1.5", 17, "a decimal number is written as text"),
        ("\"{card.number}\"", "\"{card.year:YY}\"", 11, "needs an expiry date"),
        ("outcome = \"next\"", "outcome = \"submitted\"", 18, "only the last step charges"),
        ("outcome = \"next\"", "outcome = \"refused\"", 11, "no rule with the outcome \"next\""),
        ("outcome = \"next\"", "outcome = \"next\", reference = \"/a\"", 18, "have a reference"),
        ("status = [200], outcome = \"next\"", "status = [], outcome = \"next\"", 18, "never matches"),
        ("method = \"PUT\"", "method = \"GET\"\nbody = { a = 1 }", 19, "a GET has no body"),
        ("encoding = \"form\"", "encoding = \"form\"\nbody = { a = [{ b = 1 }] }", 19, "in a form"),
        ("encoding = \"form\"", "encoding = \"form\"\ntake = { x = \"/x\" }", 19, "the last step charges"),
        ("encoding = \"form\"", "encoding = \"xml\"", 23, "unknown variant `xml`"),
        ("headers = { Version = \"1\" }", "headers = { Host = \"a\" }", 25, "cannot set the header"),
        (
            "headers = { Version = \"1\" }",
            "headers = { Version = \"a\\nb\" }",
            25,
            "cannot be sent in a header",
        ),
        ("\"2xx\", 402", "\"2xx\", 600", 27, "from 100 to 599"),
        ("\"2xx\", 402", "\"2xx\", 99", 27, "from 100 to 599"),
        ("\"2xx\", 402", "\"500-600\"", 27, "from 100 to 599"),
        ("\"2xx\", 402", "\"99-200\"", 27, "from 100 to 599"),
        ("\"2xx\", 402", "\"300-200\"", 27, "from 100 to 599"),
        ("\"2xx\", 402", "true", 27, "a status such as 402"),
        ("\"2xx\", 402", "\"twoxx\"", 27, "is not a status"),
        ("\"/kind\" = [\"a\", 1]", "\"/kind\" = []", 28, "never matches"),
        ("\"/kind\" = [\"a\", 1]", "\"/kind\" = [[\"a\", 1]]", 28, "a list of constants holds"),
        ("\"/kind\" = [\"a\", 1]", "\"/kind\" = [{ exists = true }]", 28, "a list of constants holds"),
        ("\"/kind\" = [\"a\", 1]", "\"/kind\" = 1.5", 28, "a constant, a list of constants"),
        ("{ starts_with = \"1\" }", "{ starts_with = \"\" }", 28, "one of exists"),
        ("{ starts_with = \"1\" }", "{ starts_with = \"1\", exists = true }", 28, "one of exists"),
        ("{ starts_with = \"1\" }", "{ matches = \"1\" }", 28, "unknown field `matches`"),
        ("outcome = \"submitted\"\nreference", "outcome = \"next\"\n#", 26, "next is an outcome"),
        ("outcome = \"submitted\"\nreference", "outcome = \"paid\"\nreference", 29, "unknown variant `paid`"),
        (
            "outcome = \"submitted\"\nreference",
            "outcome = \"submitted\"\nkind = \"hard\"\nreference",
            26,
            "only a decline",
        ),
        ("code = [\"/code\", \"declined\"]\n", "", 31, "needs its code"),
        ("code = [\"/code\", \"declined\"]", "code = \"two words\"", 34, "neither a JSON pointer nor"),
        ("code = [\"/code\", \"declined\"]", "code = []", 34, "gives no code"),
        ("id={payment_id}", "id=1", 36, "asks for one payment"),
        ("id={payment_id}", "id={taken.card}", 36, "alone"),
        ("[200], outcome = \"submitted\" }]\n", "[200], outcome = \"refused\" }]\n", 38, "a lookup finds"),
        ("[lookup]", "[look]", 36, "unknown field `look`"),
    ] {
        assert!(RIGHT.contains(right), "{right}");
        let (at, problem) = wrong(&RIGHT.replacen(right, wrong_text, 1));
        assert!(problem.contains(said), "{wrong_text}: line {at}: {problem}");
        assert_eq!(at, line, "{wrong_text}: {problem}");
    }
    assert_eq!(wrong(&RIGHT.replace("[[steps]]", "[[stages]]")).0, 11, "no such member");
    let last = RIGHT.find("[[steps]]\nname = \"charge\"").unwrap();
    assert!(wrong(RIGHT.get(..last).unwrap()).1.contains("next is an outcome of the steps before the last"));
}

#[test]
fn a_profile_is_named_or_lies_in_a_file() {
    let folder = std::env::temp_dir().join(format!("profiles-{}", uuid::Uuid::new_v4()));
    fs::create_dir(&folder).unwrap();
    let file = folder.join("mine.toml");
    let path = file.to_str().unwrap();
    assert_eq!(Profile::load(path), Err(ProfileError::Unreadable(path.into())));
    fs::write(&file, RIGHT).unwrap();
    assert_eq!(Profile::load(path).unwrap().name, "mine");
    fs::write(&file, RIGHT.replace("\"PUT\"", "\"DELETE\"")).unwrap();
    let error = Profile::load(path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("the profile {path} is wrong in line 21: ")), "{error}");
    let longest = 65_536 - RIGHT.len() - 1;
    fs::write(&file, format!("{RIGHT}#{}", "x".repeat(longest))).unwrap();
    assert_eq!(Profile::load(path).unwrap().name, "mine");
    fs::write(&file, format!("{RIGHT}#{}", "x".repeat(longest + 1))).unwrap();
    assert_eq!(Profile::load(path), Err(ProfileError::TooLong(path.into())));
    fs::write(&file, b"\xff").unwrap();
    assert_eq!(Profile::load(path), Err(ProfileError::Unreadable(path.into())));
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(Profile::load("stripes"), Err(ProfileError::NoSuchName("stripes".into())));
}

#[test]
fn what_shapes_a_charge_changes_the_digest_and_a_rule_does_not() {
    let digest = |text: &str| Profile::parse(text).unwrap().digest().to_owned();
    let right = digest(RIGHT);
    assert!(right.len() == 64 && right.bytes().all(|byte| (b'a'..=b'p').contains(&byte)), "{right}");
    let mut seen = BTreeSet::from([right.clone()]);
    for (from, to) in [
        ("/cards", "/card"),
        ("\"PUT\"", "\"POST\""),
        ("\"form\"", "\"json\""),
        ("\"-c\"", "\"-d\""),
        ("Version = \"1\"", "Version = \"2\""),
        ("due =", "sum ="),
        ("\"/id\"", "\"/i\""),
        ("ISK = 2", "ISK = 0"),
        ("header = \"Key\"", "header = \"Other\""),
    ] {
        assert!(seen.insert(digest(&RIGHT.replacen(from, to, 1))), "{from}");
    }
    for (from, to) in [
        ("kind = \"hard\"", "kind = \"soft\""),
        ("\"2xx\", 402", "\"2xx\""),
        ("?id=", "?i="),
        ("mine", "yours"),
    ] {
        assert_eq!(digest(&RIGHT.replacen(from, to, 1)), right, "{from}");
    }
}

/// Another digest makes every payment UNKNOWN that is interrupted while the new version is deployed. Change these lines
/// only with that in mind.
#[test]
fn the_shipped_profiles_keep_their_digests() {
    let digests: Vec<_> = Profile::shipped()
        .map(|name| (name, Profile::load(name).unwrap().digest().get(..12).unwrap().to_owned()))
        .collect();
    assert_eq!(
        digests.iter().map(|(name, digest)| (*name, digest.as_str())).collect::<Vec<_>>(),
        [
            ("airlock", "aholgppehheo"),
            ("stripe", "bnkcdpkhahmg"),
            ("adyen", "kohffbihfehl"),
            ("checkout", "imcapejgkpkm")
        ]
    );
}

#[test]
fn the_schema_in_the_documents_is_this_formats_and_fits_every_shipped_profile() {
    let schema = serde_json::to_value(schemars::schema_for!(file::ProfileFile)).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/processors/profile.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(path, format!("{schema:#}\n")).unwrap();
    }
    let documented: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(documented, schema, "run this test with UPDATE_SCHEMA=1");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let texts = SHIPPED.iter().map(|(_, text)| *text).chain([RIGHT]);
    for text in texts {
        let profile: Value = toml::from_str(text).unwrap();
        assert!(
            validator.is_valid(&profile),
            "{:?}",
            validator.iter_errors(&profile).map(|e| e.to_string()).collect::<Vec<_>>()
        );
    }
    for (from, to) in [
        ("\"mine\"", "\"Mine\""),
        ("kept_hours = 24\n", ""),
        ("\"PUT\"", "\"DELETE\""),
        ("[lookup]", "[look]"),
    ] {
        let profile: Value = toml::from_str(&RIGHT.replacen(from, to, 1)).unwrap();
        assert!(!validator.is_valid(&profile), "{from}");
    }
}

#[test]
fn every_member_of_the_format_is_described() {
    fn check(value: &Value, place: &str) {
        if let Some(members) = value.get("properties").and_then(Value::as_object) {
            for (name, member) in members {
                assert!(member.get("description").is_some(), "{place}.{name}");
            }
        }
        if let Some(members) = value.as_object() {
            members.iter().for_each(|(name, member)| check(member, name));
        }
    }
    check(&serde_json::to_value(schemars::schema_for!(file::ProfileFile)).unwrap(), "profile");
}

#[test]
fn the_rules_are_shown_in_words_the_lookups_last() {
    let right = RIGHT
        .replace(
            "{ exists = false }",
            "{ exists = false }, \"/y\" = { exists = true }, \"/z\" = { type = \"string\" }",
        )
        .replace("status = [\"400-499\"]", "status = [\"410-499\", \"400-498\", \"400-499\"]");
    let shown = Profile::parse(&right).unwrap().shown_rules();
    let told: Vec<_> = shown
        .iter()
        .flat_map(|shown| {
            shown.rules.iter().map(|rule| format!("{}: {}: {}", shown.request, rule.answer, rule.outcome))
        })
        .collect();
    assert_eq!(
        told,
        [
            "store: 200: next step",
            "charge: 2xx or 402, /code begins with 1, /kind is a or 1, /ok is true, /x is not there, /y is there, \
             /z is a text: SUBMITTED, reference /ref",
            "charge: 410-499 or 400-498 or 4xx: DECLINED (HARD), code /code or else declined",
            "lookup: 200: SUBMITTED",
        ]
    );
}

#[test]
fn a_rule_reads_the_body_where_its_condition_or_its_outcome_does() {
    let reads = |rule: &str| {
        let text = RIGHT.replace("status = [\"400-499\"]\noutcome = \"declined\"\ncode = [\"/code\", \"declined\"]\nkind = \"hard\"", rule);
        assert_ne!(text, RIGHT);
        Profile::parse(&text).unwrap().steps[1].rules[1].reads_body()
    };
    for (rule, does) in [
        ("status = [400]\noutcome = \"refused\"", false),
        ("status = [400]\noutcome = \"in_progress\"", false),
        ("status = [400]\noutcome = \"unknown\"", false),
        ("status = [400]\nwhen = { \"/a\" = 1 }\noutcome = \"refused\"", true),
        ("status = [400]\noutcome = \"submitted\"", false),
        ("status = [400]\noutcome = \"submitted\"\nreference = \"/a\"", true),
        ("status = [400]\noutcome = \"declined\"\ncode = [\"x\"]\nkind = \"soft\"", false),
        ("status = [400]\noutcome = \"declined\"\ncode = [\"x\", \"/c\"]\nkind = \"soft\"", true),
        ("status = [400]\noutcome = \"declined\"\ncode = [\"x\"]\nkind = \"soft\"\nreference = \"/a\"", true),
    ] {
        assert_eq!(reads(rule), does, "{rule}");
    }
    assert!(
        Profile::parse(RIGHT).unwrap().steps[0].rules[0].reads_body(),
        "the next step needs what it takes"
    );
}

#[test]
fn a_profile_says_what_it_has() {
    let right = Profile::parse(RIGHT).unwrap();
    assert!(right.has_lookup() && right.has_paths());
    let without_lookup = RIGHT.get(..RIGHT.find("[lookup]").unwrap()).unwrap();
    let profile = Profile::parse(without_lookup).unwrap();
    assert!(!profile.has_lookup() && profile.has_paths());
    let bare = without_lookup
        .replace("path = \"/cards\"", "path = \"\"")
        .replace("path = \"/charges/{object}\"", "path = \"\"");
    assert!(!Profile::parse(&bare).unwrap().has_paths());

    let amount = |minor: u64, currency: &str| {
        order::Amount::of_parts(minor.try_into().ok(), currency.parse().ok()).unwrap().unwrap()
    };
    // ISK has no decimals, and this processor counts hundredths; of a dinar it has three.
    assert_eq!(right.can_charge(amount(5, "ISK")), Ok(()));
    let whole = Profile::parse(&RIGHT.replace("ISK = 2", "USD = 0")).unwrap();
    assert_eq!(whole.can_charge(amount(500, "USD")), Ok(()));
    assert!(whole.can_charge(amount(550, "USD")).is_err());
}
