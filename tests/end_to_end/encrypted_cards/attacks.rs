//! Attacks on the form of a JWE: each ends at the door, and its sender learns no more of one than of another.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

use super::{NUMBER, OTHER, jwe, put, world};
use crate::support::{QUARANTINE, encrypted_order, order};

/// Each with its name.
fn attacks(card: &str) -> Vec<(&'static str, String)> {
    let set = |path: &str, value: Value| {
        jwe::changed(card, |header| match path.split_once('/') {
            Some((object, member)) => header[object][member] = value,
            None => header[path] = value,
        })
    };
    let header = jwe::header(card).to_string();
    let twice = |member: &str| {
        let again = format!("\"{member}\":{},\"{member}\":", jwe::header(card)[member]);
        jwe::with_header(card, &header.replacen(&format!("\"{member}\":"), &again, 1))
    };
    let point = |length: usize| json!(BASE64.encode(vec![1; length]));
    let [own_header, _, nonce, ciphertext, tag] = jwe::parts(card);
    vec![
        ("no algorithm", set("alg", json!("none"))),
        ("the shared key is the content key", set("alg", json!("dir"))),
        ("RSA", set("alg", json!("RSA1_5"))),
        ("RSA with OAEP", set("alg", json!("RSA-OAEP-256"))),
        ("a wrapped content key", set("alg", json!("ECDH-ES+A256KW"))),
        ("a shorter key", set("enc", json!("A128GCM"))),
        ("no authentication", set("enc", json!("A256CBC"))),
        ("compression", set("zip", json!("DEF"))),
        ("parties of the derivation", set("apu", json!("QWxpY2U"))),
        ("an extension", set("crit", json!(["exp"]))),
        ("keys from elsewhere", set("jku", json!("https://example.com/keys"))),
        ("nested, by its type", set("cty", json!("JWT"))),
        ("another curve", set("epk/crv", json!("P-384"))),
        (
            "another curve, with its own point",
            jwe::changed(card, |header| {
                header["epk"] = json!({ "kty": "EC", "crv": "P-384", "x": point(48), "y": point(48) });
            }),
        ),
        ("a curve of another kind", set("epk/kty", json!("OKP"))),
        ("a point that is not on the curve", set("epk/x", point(32))),
        (
            "the point at infinity",
            jwe::changed(card, |header| {
                let zeros = json!(BASE64.encode([0; 32]));
                (header["epk"]["x"], header["epk"]["y"]) = (zeros.clone(), zeros);
            }),
        ),
        ("a private ephemeral key", set("epk/d", point(32))),
        ("no ephemeral key", set("epk", Value::Null)),
        ("an id that is no key's", set("kid", json!("../../keys/1"))),
        ("a huge header", set("kid", json!("x".repeat(3000)))),
        ("a header of many levels", jwe::with_header(card, &"[".repeat(1000))),
        ("the algorithm twice", twice("alg")),
        ("the ephemeral key twice", twice("epk")),
        ("the key's id twice", twice("kid")),
        ("nested, as a header", format!("{}..{nonce}.{ciphertext}.{tag}", BASE64.encode(card))),
        ("an encrypted key", format!("{own_header}.{tag}.{nonce}.{ciphertext}.{tag}")),
        ("no tag", format!("{own_header}..{nonce}.{ciphertext}.")),
        ("a short tag", format!("{own_header}..{nonce}.{ciphertext}.{}", &tag[..16])),
        ("a long nonce", format!("{own_header}..{tag}.{ciphertext}.{tag}")),
        ("a signed token", format!("{own_header}.{ciphertext}.{tag}")),
        ("a card in plaintext", NUMBER.to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_every_attack_on_the_form_is_refused_at_the_door_with_one_answer() {
    let (world, client, encryptor) = world().await;
    world.tokenized(&client, &order("across")).await;
    let calls = |operation: &str| -> u64 {
        let tallies = world.aws.tallies();
        tallies.iter().filter(|(kind, _)| kind.operation == operation).map(|(_, tally)| tally.calls).sum()
    };
    let keys_before = calls("GenerateDataKey");
    let mut answers = Vec::new();
    for (name, attack) in attacks(&encryptor.card("1", NUMBER, None)) {
        for mut answer in
            [client.submit(&encrypted_order("1", &attack)).await, put(&client, "across", &attack).await]
        {
            assert_eq!(answer.status, 422, "{name}: {answer:?}");
            answer.json["requestId"].take();
            answers.push((name, answer.json));
        }
    }
    let (_, first) = answers[0].clone();
    assert_eq!(first["code"], "ENCRYPTED_CARD_INVALID");
    for (name, answer) in answers {
        assert_eq!(answer, first, "{name}");
    }
    assert!(world.rows(QUARANTINE).await.is_empty(), "nothing was written");
    assert_eq!(calls("GenerateDataKey"), keys_before, "nothing was sealed");
    client.submit(&encrypted_order("1", &encryptor.card("1", NUMBER, None))).await.is(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_comes_in_both_ways_is_not_accepted() {
    let (world, client, encryptor) = world().await;
    world.tokenized(&client, &order("across")).await;
    for (field, value) in [("CreditCard", OTHER), ("CardExpiry", "12/30")] {
        let mut both = encrypted_order("1", &encryptor.card("1", NUMBER, None));
        both[field] = value.into();
        assert_eq!(client.submit(&both).await.is(400).code(), "CARD_SENT_TWICE", "{field}");
        let mut both = json!({ "EncryptedCard": encryptor.card("across", NUMBER, None) });
        both[field] = value.into();
        assert_eq!(client.replace_card("across", &both).await.is(400).code(), "CARD_SENT_TWICE", "{field}");
    }
    assert!(world.rows(QUARANTINE).await.is_empty(), "nothing was written");
}
