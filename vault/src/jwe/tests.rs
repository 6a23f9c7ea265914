#![expect(clippy::disallowed_methods, reason = "EXPOSE: made-up cards of the tests")]

use std::time::{Duration, SystemTime};

use aes_gcm::{Aes256Gcm, aead::KeyInit};
use aws_lc_rs::{
    agreement,
    encoding::{AsDer, PublicKeyX509Der},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{card_keys::CardPublicKey, expiry::CardExpiry, pan::Pan};

const ORDER: &str = "A-1";
const OWNER: &str = "3f1c9c1e-7d1c-4ac4-9f0e-0f5e6f7a8b9c";
const ACCEPTED: &str = "2026-11-29T12:00:00.000Z";

fn time(text: &str) -> SystemTime {
    humantime::parse_rfc3339(text).unwrap()
}

fn place() -> QuarantineIdentity<'static> {
    QuarantineIdentity {
        order: ORDER,
        owner: OWNER,
        acceptance: Uuid::from_u128(7),
        accepted_at: time(ACCEPTED),
    }
}

/// A card key with its private half.
fn pair() -> (CardPublicKey, PrivateKey) {
    let private = agreement::PrivateKey::generate(&agreement::ECDH_P256).unwrap();
    let spki: PublicKeyX509Der<'_> = private.compute_public_key().unwrap().as_der().unwrap();
    let id = "0a0b0c0d-0e0f-5a0b-8c0d-0e0f0a0b0c0d".parse().unwrap();
    let pkcs8: aws_lc_rs::encoding::Pkcs8V1Der<'_> = private.as_der().unwrap();
    let private = PrivateKey::take_pkcs8(pkcs8.as_ref().to_vec()).unwrap();
    (CardPublicKey::of_spki(id, spki.as_ref()).unwrap(), private)
}

fn content() -> Value {
    json!({
        "CreditCard": "4111111111111111", "CardExpiry": "12/30", "CustomerOrder": ORDER, "Owner": OWNER,
        "IssuedAt": ACCEPTED,
    })
}

fn card() -> Card {
    Card { pan: Pan::parse("4111111111111111").unwrap(), expiry: Some(CardExpiry::parse("12/30").unwrap()) }
}

fn issue() -> CardIssue<'static> {
    CardIssue { order: ORDER, owner: OWNER, issued_at: time(ACCEPTED) }
}

/// A JWE of that content under a header that the change was made to.
fn under(key: &CardPublicKey, change: impl FnOnce(&mut Value)) -> String {
    let ephemeral = PrivateKey::generate().unwrap();
    let [x, y] = ephemeral.public().unwrap().coordinates();
    let mut header = json!({
        "alg": "ECDH-ES", "enc": "A256GCM", "kid": key.id().to_string(),
        "epk": {"kty": "EC", "crv": "P-256", "x": x, "y": y},
    });
    change(&mut header);
    with_header(key, &header.to_string(), &ephemeral)
}

fn with_header(key: &CardPublicKey, header: &str, ephemeral: &PrivateKey) -> String {
    let text = content().to_string();
    let mut buffer = Vec::with_capacity(text.len() + TAG_LENGTH);
    buffer.extend_from_slice(text.as_bytes());
    key.encrypt_under(header, ephemeral, Plaintext::new(buffer)).unwrap()
}

/// How a text of a client ends: the reason at the door, or the one inside.
fn refused(text: &str, key: &PrivateKey) -> &'static str {
    match EncryptedCard::parse(text) {
        Err(error) => error.code(),
        Ok(card) => card.open(key, place(), false).map_or_else(CardRefusal::code, |_| "OPENED"),
    }
}

#[test]
fn a_card_that_was_encrypted_for_its_place_is_opened() {
    let (public, private) = pair();
    let jwe = EncryptedCard::parse(&public.encrypt(&card(), &issue()).unwrap()).unwrap();
    assert_eq!(jwe.card_key(), public.id());
    let opened = jwe.open(&private, place(), true).unwrap();
    assert_eq!(opened.pan.expose(), "4111111111111111");
    assert_eq!(opened.expiry.unwrap().expose(), "12/30");
    let without = Card { expiry: None, ..card() };
    let jwe = EncryptedCard::parse(&public.encrypt(&without, &issue()).unwrap()).unwrap();
    assert!(jwe.open(&private, place(), false).unwrap().expiry.is_none());
    assert_eq!(jwe.open(&private, place(), true).unwrap_err(), CardRefusal::ExpiryMissing);
    let said = format!("{jwe:?} {:?} {private:?} {public:?}", jwe.digest());
    assert!(!said.contains("4111") && said.contains("kid 0a0b0c0d"), "{said}");
}

/// `docs/encrypted-cards.json`: computed with another implementation (Python's `cryptography`). Never change these.
#[test]
fn the_published_cards_open_and_are_computed_again() {
    let published: Value = serde_json::from_str(include_str!("../../../docs/encrypted-cards.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let decoded = |value: &Value| BASE64_URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap();
    let key = |value: &Value| {
        let scalar = agreement::PrivateKey::from_private_key(&agreement::ECDH_P256, &decoded(value)).unwrap();
        let pkcs8: aws_lc_rs::encoding::Pkcs8V1Der<'_> = scalar.as_der().unwrap();
        PrivateKey::take_pkcs8(pkcs8.as_ref().to_vec()).unwrap()
    };
    let (private, ephemeral) = (key(&published["cardKeyPrivate"]), key(&published["ephemeralPrivate"]));
    let public = CardPublicKey::from_jwk(&published["cardKey"].to_string()).unwrap();
    assert_eq!(private.public(), Some(public.point()));
    assert_eq!((text(&published["acceptedAt"]), text(&published["owner"])), (ACCEPTED.into(), OWNER.into()));
    let vectors = published["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 3);
    for (vector, expiry) in vectors.iter().zip([Some("12/30"), None, Some("12/30")]) {
        let compact = text(&vector["jwe"]);
        let jwe = EncryptedCard::parse(&compact).unwrap();
        let opened = jwe.open(&private, place(), false).unwrap();
        assert_eq!(opened.expiry.as_ref().map(CardExpiry::expose), expiry);
        let header: Value = serde_json::from_slice(&decoded(&json!(compact.split('.').next()))).unwrap();
        assert_eq!(header, vector["header"]);
        // From the sender's side: the same key, and by it the same ciphertext.
        let content_key = ephemeral.content_key(&public.point()).unwrap();
        let bare = Aes256Gcm::new_from_slice(&decoded(&vector["contentKey"])).unwrap();
        for cipher in [content_key.cipher(), bare] {
            let mut buffer = text(&vector["plaintext"]).into_bytes();
            let (aad, _) = compact.split_at(jwe.header_length);
            cipher.encrypt_in_place(&Nonce::from(jwe.nonce), aad.as_bytes(), &mut buffer).unwrap();
            assert_eq!(buffer, jwe.ciphertext);
        }
        assert_eq!(decoded(&vector["iv"]), jwe.nonce);
    }
}

/// RFC 7516, appendix A.1: its content encryption is ours. Its key encryption is not, so the whole is refused.
#[test]
fn the_content_encryption_of_rfc_7516_is_computed() {
    const KEY: [u8; 32] = [
        177, 161, 244, 128, 84, 143, 225, 115, 63, 180, 3, 255, 107, 154, 212, 246, 138, 7, 110, 91, 112, 46,
        34, 105, 47, 130, 203, 46, 122, 234, 64, 252,
    ];
    const NONCE: [u8; NONCE_LENGTH] = [227, 197, 117, 252, 2, 219, 233, 68, 180, 225, 77, 219];
    const AAD: &[u8] = b"eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ";
    const SEALED: [u8; 79] = [
        229, 236, 166, 241, 53, 191, 115, 196, 174, 43, 73, 109, 39, 122, 233, 96, 140, 206, 120, 52, 51,
        237, 48, 11, 190, 219, 186, 80, 111, 104, 50, 142, 47, 167, 59, 61, 181, 127, 196, 21, 40, 82, 242,
        32, 123, 143, 168, 226, 73, 216, 176, 144, 138, 247, 106, 60, 16, 205, 160, 109, 64, 63, 192, 92, 80,
        104, 49, 133, 25, 161, 215, 173, 101, 219, 211, 136, 91, 210, 145,
    ];
    let key = crate::data_key::DataKey::take(KEY.to_vec()).unwrap();
    let mut text = SEALED.to_vec();
    key.cipher().decrypt_in_place(&Nonce::from(NONCE), AAD, &mut text).unwrap();
    assert_eq!(text, b"The true sign of intelligence is not knowledge but imagination.");
}

#[test]
fn a_header_says_what_the_list_has_and_nothing_else() {
    let (public, private) = pair();
    let headers: [(&str, Value, &str); 36] = [
        ("alg", json!("none"), "ALGORITHM"),
        ("alg", json!("dir"), "ALGORITHM"),
        ("alg", json!("RSA-OAEP"), "ALGORITHM"),
        ("alg", json!("RSA1_5"), "ALGORITHM"),
        ("alg", json!("ECDH-ES+A256KW"), "ALGORITHM"),
        ("alg", json!("A256KW"), "ALGORITHM"),
        ("alg", json!("ecdh-es"), "ALGORITHM"),
        ("alg", json!(["ECDH-ES"]), "ALGORITHM"),
        ("alg", Value::Null, "ALGORITHM"),
        ("enc", json!("A128GCM"), "ALGORITHM"),
        ("enc", json!("A256CBC-HS512"), "ALGORITHM"),
        ("enc", json!("none"), "ALGORITHM"),
        ("enc", json!(7), "ALGORITHM"),
        ("zip", json!("DEF"), "HEADER"),
        ("zip", Value::Null, "HEADER"),
        ("crit", json!(["exp"]), "HEADER"),
        ("apu", json!(""), "HEADER"),
        ("apu", json!("QWxpY2U"), "HEADER"),
        ("apv", json!("Qm9i"), "HEADER"),
        ("jku", json!("https://example.com/keys"), "HEADER"),
        ("jwk", json!({}), "HEADER"),
        ("x5c", json!([]), "HEADER"),
        ("Alg", json!("none"), "HEADER"),
        ("typ", json!("JWT"), "HEADER"),
        ("typ", Value::Null, "HEADER"),
        ("cty", json!("JWT"), "HEADER"),
        ("cty", json!("JWE"), "HEADER"),
        ("cty", json!(1), "HEADER"),
        ("kid", json!("1"), "CARD_KEY"),
        ("kid", json!("0A0B0C0D-0E0F-5A0B-8C0D-0E0F0A0B0C0D"), "CARD_KEY"),
        ("kid", Value::Null, "CARD_KEY"),
        ("epk", json!({}), "EPHEMERAL_KEY"),
        ("epk", json!("P-256"), "EPHEMERAL_KEY"),
        ("epk", Value::Null, "EPHEMERAL_KEY"),
        ("typ", json!("JOSE"), "OPENED"),
        ("cty", json!("json"), "OPENED"),
    ];
    for (member, value, reason) in headers {
        let jwe = under(&public, |header| header[member] = value.clone());
        assert_eq!(refused(&jwe, &private), reason, "{member} {value}");
    }
    for (member, reason) in
        [("alg", "ALGORITHM"), ("enc", "ALGORITHM"), ("kid", "CARD_KEY"), ("epk", "EPHEMERAL_KEY")]
    {
        let jwe = under(&public, |header| drop(header.as_object_mut().unwrap().remove(member)));
        assert_eq!(refused(&jwe, &private), reason, "{member}");
    }
}

#[test]
fn an_ephemeral_key_is_a_point_of_p_256_and_nothing_else() {
    let (public, private) = pair();
    let zeros = BASE64_URL_SAFE_NO_PAD.encode([0; 32]);
    let p_384 = BASE64_URL_SAFE_NO_PAD.encode([1; 48]);
    for (member, value) in [
        ("kty", json!("OKP")),
        ("kty", json!("RSA")),
        ("crv", json!("P-384")),
        ("crv", json!("P-521")),
        ("crv", json!("secp256k1")),
        ("crv", json!("X25519")),
        ("crv", Value::Null),
        ("x", json!(zeros)),
        ("y", json!(zeros)),
        ("x", json!(p_384)),
        ("x", json!("")),
        ("y", json!(4)),
        ("d", json!(zeros)),
        ("kid", json!("x")),
        ("use", json!("enc")),
    ] {
        let jwe = under(&public, |header| header["epk"][member] = value.clone());
        assert_eq!(refused(&jwe, &private), "EPHEMERAL_KEY", "{member} {value}");
    }
    for member in ["kty", "crv", "x", "y"] {
        let jwe = under(&public, |header| drop(header["epk"].as_object_mut().unwrap().remove(member)));
        assert_eq!(refused(&jwe, &private), "EPHEMERAL_KEY", "{member}");
    }
    // Another point of the curve than the one that the content key was agreed with.
    let other = PrivateKey::generate().unwrap().public().unwrap().coordinates();
    let jwe = under(&public, |header| {
        header["epk"]["x"] = json!(other[0]);
        header["epk"]["y"] = json!(other[1]);
    });
    assert_eq!(refused(&jwe, &private), "NOT_OPENED");
}

#[test]
fn a_member_that_is_there_twice_is_refused_wherever_it_is() {
    let (public, private) = pair();
    let ephemeral = PrivateKey::generate().unwrap();
    let [x, y] = ephemeral.public().unwrap().coordinates();
    let epk = format!(r#""epk":{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
    let rest = format!(r#""enc":"A256GCM","kid":"{}""#, public.id());
    for (header, reason) in [
        (format!(r#"{{"alg":"ECDH-ES",{rest},{epk}}}"#), "OPENED"),
        (format!(r#" {{ "\u0061lg" : "ECDH-ES",{rest},{epk} }} "#), "OPENED"),
        (format!(r#"{{"alg":"ECDH-ES","alg":"ECDH-ES",{rest},{epk}}}"#), "HEADER"),
        (format!(r#"{{"alg":"none","alg":"ECDH-ES",{rest},{epk}}}"#), "HEADER"),
        (format!(r#"{{"alg":"ECDH-ES","\u0061lg":"none",{rest},{epk}}}"#), "HEADER"),
        (format!(r#"{{"alg":"ECDH-ES",{rest},{epk},{epk}}}"#), "HEADER"),
        (
            format!(r#"{{"alg":"ECDH-ES",{rest},{}}}"#, epk.replace(r#""kty""#, r#""crv":"P-256","kty""#)),
            "EPHEMERAL_KEY",
        ),
        (format!(r#"[{{"alg":"ECDH-ES",{rest},{epk}}}]"#), "HEADER"),
        (format!(r#"{{"alg":"ECDH-ES",{rest},{epk}}}{{}}"#), "HEADER"),
        (format!("{}{rest}", "[".repeat(600)), "HEADER"),
        (String::new(), "HEADER"),
        ("null".to_owned(), "HEADER"),
    ] {
        let jwe = with_header(&public, &header, &ephemeral);
        assert_eq!(refused(&jwe, &private), reason, "{header}");
    }
}

#[test]
fn only_five_parts_in_canonical_base64url_are_a_jwe() {
    let (public, private) = pair();
    let jwe = public.encrypt(&card(), &issue()).unwrap();
    let parts: Vec<&str> = jwe.split('.').collect();
    let [header, _, nonce, ciphertext, tag] = parts[..] else { panic!("{jwe}") };
    let nested = BASE64_URL_SAFE_NO_PAD.encode(&jwe);
    for text in [
        String::new(),
        "....".to_owned(),
        "4111111111111111".to_owned(),
        format!("{header}..{nonce}.{ciphertext}"),
        format!("{jwe}."),
        format!("{jwe}.{tag}"),
        format!(" {jwe}"),
        format!("{jwe}\n"),
        format!("{jwe}="),
        format!("{header}.{nonce}.{nonce}.{ciphertext}.{tag}"),
        format!("{header}..{nonce}.{ciphertext}."),
        format!("{header}...{ciphertext}.{tag}"),
        format!("{header}..{tag}.{ciphertext}.{tag}"),
        format!("{header}..{nonce}.{ciphertext}.{nonce}"),
        format!("{header}..{nonce}.{ciphertext}+.{tag}"),
        format!("{header}..{nonce}.{ciphertext}é.{tag}"),
        format!("{nested}..{nonce}.{ciphertext}.{tag}"),
        // The JSON forms of a JWE (RFC 7516, 7.2).
        json!({"protected": header, "iv": nonce, "ciphertext": ciphertext, "tag": tag}).to_string(),
    ] {
        assert!(EncryptedCard::parse(&text).is_err(), "{text}");
    }
    // Without a ciphertext, it is a JWE that does not open.
    assert_eq!(refused(&format!("{header}..{nonce}..{tag}"), &private), "NOT_OPENED");
    // The last digit of the tag has four bits that mean nothing: any other digit than the canonical one is refused.
    let canonical = "AQgw";
    let digits = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']);
    let accepted: String = digits
        .filter(|digit| EncryptedCard::parse(&format!("{}{digit}", &jwe[..jwe.len() - 1])).is_ok())
        .collect();
    assert_eq!(accepted, canonical);
}

#[test]
fn a_jwe_has_2_kib_at_most() {
    let (public, private) = pair();
    let of = |padding: usize| {
        let mut content = content();
        content["CustomerOrder"] = json!("x".repeat(padding));
        public.encrypt_text(&content.to_string()).unwrap()
    };
    let shortest = of(0).len();
    let mut lengths = (0..).map(|more| of((EncryptedCard::LONGEST - shortest) / 4 * 3 - 6 + more));
    let first_longer = lengths.find(|jwe| jwe.len() > EncryptedCard::LONGEST).unwrap();
    assert_eq!(refused(&first_longer, &private), "TOO_LONG");
    let most = of((EncryptedCard::LONGEST - shortest) / 4 * 3 - 3);
    assert!((2040..=2048).contains(&most.len()), "{}", most.len());
    assert_eq!(refused(&most, &private), "OTHER_ORDER");
    assert_eq!(refused(&"x".repeat(2048), &private), "FORM");
    assert_eq!(refused(&"x".repeat(2049), &private), "TOO_LONG");
    let huge = format!("{}..", BASE64_URL_SAFE_NO_PAD.encode("{".repeat(10_000_000)));
    assert_eq!(refused(&huge, &private), "TOO_LONG");
}

#[test]
fn a_content_is_the_cards_members_for_this_order_owner_and_time() {
    let (public, private) = pair();
    let contents: [(&str, Value, &str); 27] = [
        ("CreditCard", json!("4111-1111-1111-1111"), "OPENED"),
        ("CreditCard", json!("4111111111111112"), "CARD_INVALID"),
        ("CreditCard", json!(""), "CARD_INVALID"),
        ("CreditCard", json!(4_111_111_111_111_111_u64), "CONTENT_MALFORMED"),
        ("CreditCard", Value::Null, "CONTENT_MALFORMED"),
        ("CardExpiry", Value::Null, "OPENED"),
        ("CardExpiry", json!("11/26"), "OPENED"),
        ("CardExpiry", json!("10/26"), "CARD_EXPIRED"),
        ("CardExpiry", json!("13/30"), "EXPIRY_INVALID"),
        ("CardExpiry", json!(""), "EXPIRY_INVALID"),
        ("CardExpiry", json!(1230), "CONTENT_MALFORMED"),
        ("CustomerOrder", json!("A-2"), "OTHER_ORDER"),
        ("CustomerOrder", json!("a-1"), "OTHER_ORDER"),
        ("CustomerOrder", json!(1), "CONTENT_MALFORMED"),
        ("Owner", json!("3f1c9c1e-7d1c-4ac4-9f0e-0f5e6f7a8b9d"), "OTHER_OWNER"),
        ("Owner", json!(""), "OTHER_OWNER"),
        ("Owner", Value::Null, "CONTENT_MALFORMED"),
        ("IssuedAt", json!("2026-11-29T11:45:00.000Z"), "OPENED"),
        ("IssuedAt", json!("2026-11-29T12:15:00Z"), "OPENED"),
        ("IssuedAt", json!("2026-11-29T11:44:59.999Z"), "ISSUED_AT"),
        ("IssuedAt", json!("2026-11-29T12:15:00.001Z"), "ISSUED_AT"),
        ("IssuedAt", json!("2026-11-28T12:00:00.000Z"), "ISSUED_AT"),
        ("IssuedAt", json!("9999-11-29T12:00:00.000Z"), "ISSUED_AT"),
        ("IssuedAt", json!("2026-11-29"), "CONTENT_MALFORMED"),
        ("IssuedAt", json!(1_795_953_600), "CONTENT_MALFORMED"),
        ("CVV", json!("123"), "CONTENT_MALFORMED"),
        ("creditCard", json!("4111111111111111"), "CONTENT_MALFORMED"),
    ];
    for (member, value, reason) in contents {
        let mut content = content();
        content[member] = value.clone();
        let jwe = public.encrypt_text(&content.to_string()).unwrap();
        assert_eq!(refused(&jwe, &private), reason, "{member} {value}");
    }
    for member in ["CreditCard", "CustomerOrder", "Owner", "IssuedAt"] {
        let mut content = content();
        content.as_object_mut().unwrap().remove(member);
        let jwe = public.encrypt_text(&content.to_string()).unwrap();
        assert_eq!(refused(&jwe, &private), "CONTENT_MALFORMED", "{member}");
    }
    let twice = content().to_string().replacen('{', r#"{"CreditCard":"4242424242424242","#, 1);
    let nested = public.encrypt(&card(), &issue()).unwrap();
    for text in [&*twice, &*nested, "", "[]", "4111111111111111", "\"4111111111111111\""] {
        let jwe = public.encrypt_text(text).unwrap();
        assert_eq!(refused(&jwe, &private), "CONTENT_MALFORMED", "{text}");
    }
}

#[test]
fn all_reasons_say_the_same_to_a_client_and_none_quotes_what_was_sent() {
    let errors = [
        EncryptedCardError::TooLong,
        EncryptedCardError::Form,
        EncryptedCardError::Header,
        EncryptedCardError::Algorithm,
        EncryptedCardError::CardKey,
        EncryptedCardError::EphemeralKey,
    ];
    assert!(errors.iter().all(|error| error.to_string() == "not an encrypted card"));
    let refusals =
        [CardRefusal::KeyGone, CardRefusal::NotOpened, CardRefusal::IssuedAt, CardRefusal::CardInvalid];
    assert!(refusals.iter().all(|refusal| refusal.to_string() == "the encrypted card is refused"));
}

#[test]
fn the_same_jwe_has_one_digest_and_another_has_another() {
    let (public, _) = pair();
    let [one, other] =
        [(); 2].map(|()| EncryptedCard::parse(&public.encrypt(&card(), &issue()).unwrap()).unwrap());
    assert_ne!(one.digest(), other.digest());
    let digest = one.clone().digest();
    assert_eq!(JweDigest::stored(digest.as_bytes()), Some(digest));
    assert_eq!(JweDigest::stored(&digest.as_bytes()[1..]), None);
    let empty = JweDigest::of("");
    assert_eq!(
        format!("{empty:?}"),
        "JweDigest(e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855)"
    );
}

proptest! {
    #[test]
    fn promise_5_any_flipped_bit_of_any_part_is_refused(at in any::<prop::sample::Index>(), bit in 0..7_u32) {
        let (public, private) = pair();
        let jwe = public.encrypt(&card(), &issue()).unwrap();
        let mut flipped = jwe.clone().into_bytes();
        let at = at.index(flipped.len());
        flipped[at] ^= 1 << bit;
        let flipped = String::from_utf8(flipped).unwrap();
        prop_assert_ne!(refused(&flipped, &private), "OPENED", "{} of {}", at, jwe);
    }

    #[test]
    fn promise_5_any_flipped_bit_of_the_decoded_parts_is_refused(part in 0..5_usize, at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let (public, private) = pair();
        let jwe = public.encrypt(&card(), &issue()).unwrap();
        let mut parts: Vec<Vec<u8>> =
            jwe.split('.').map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        prop_assume!(!parts[part].is_empty());
        let at = at.index(parts[part].len());
        parts[part][at] ^= 1 << bit;
        let flipped: Vec<String> = parts.iter().map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).collect();
        prop_assert_ne!(refused(&flipped.join("."), &private), "OPENED");
    }

    #[test]
    fn no_text_makes_parsing_or_opening_panic(text in ".{0,300}", header in ".{0,200}|\\{.{0,100}\\}", content in ".{0,100}|\\{.{0,100}\\}") {
        let (public, private) = pair();
        prop_assert_ne!(refused(&text, &private), "OPENED");
        let parts = [&header, "", &text, &content, &text].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        prop_assert_ne!(refused(&parts.join("."), &private), "OPENED");
        prop_assert_ne!(refused(&public.encrypt_text(&content).unwrap(), &private), "OPENED");
    }

    #[test]
    fn promise_5_a_card_of_any_other_order_owner_or_time_is_refused(
        order in "[A-Za-z0-9._-]{1,40}", owner in "[a-z0-9-]{1,40}", seconds in -100_000_000..100_000_000_i64,
    ) {
        let (public, private) = pair();
        let shifted = match u64::try_from(seconds) {
            Ok(later) => time(ACCEPTED) + Duration::from_secs(later),
            Err(_) => time(ACCEPTED) - Duration::from_secs(seconds.unsigned_abs()),
        };
        for (made, is_right) in [
            (CardIssue { order: &order, ..issue() }, order == ORDER),
            (CardIssue { owner: &owner, ..issue() }, owner == OWNER),
            (CardIssue { issued_at: shifted, ..issue() }, seconds.abs() <= 900),
        ] {
            let jwe = public.encrypt(&card(), &made).unwrap();
            prop_assert_eq!(refused(&jwe, &private) == "OPENED", is_right, "{:?}", made);
        }
    }
}
