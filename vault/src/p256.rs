//! Key agreement on P-256, and the content key of a JWE that comes out of it (`ECDH-ES`). All of it is aws-lc-rs's, which
//! the functions have for TLS.

use std::fmt;

use aws_lc_rs::{
    agreement::{self, ECDH_P256, ParsedPublicKey, UnparsedPublicKey},
    kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::data_key::{DataKey, KEY_LENGTH};

const COORDINATE_LENGTH: usize = 32;
const POINT_LENGTH: usize = 1 + 2 * COORDINATE_LENGTH;
/// The first byte of a point that is written with both coordinates (SEC 1, 2.3.3).
const UNCOMPRESSED: u8 = 4;
/// What is before the point in a SubjectPublicKeyInfo of this curve (RFC 5480).
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// The content encryption that a derived key is for, as the derivation names it (RFC 7518, 4.6.2).
const A256GCM: &[u8] = b"A256GCM";

/// A point on the curve, uncompressed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point([u8; POINT_LENGTH]);

impl Point {
    /// The point with these coordinates in canonical base64url, each of 32 bytes (RFC 7518, 6.2.1). `None`: another form,
    /// or it is not on the curve.
    pub(crate) fn of_coordinates(x: &str, y: &str) -> Option<Self> {
        let mut bytes = [0; POINT_LENGTH];
        let (first, rest) = bytes.split_first_mut()?;
        *first = UNCOMPRESSED;
        let (into_x, into_y) = rest.split_at_mut_checked(COORDINATE_LENGTH)?;
        for (text, coordinate) in [(x, into_x), (y, into_y)] {
            let decoded = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
            (decoded.len() == coordinate.len()).then(|| coordinate.copy_from_slice(&decoded))?;
        }
        Self::on_the_curve(bytes)
    }

    /// The point of a SubjectPublicKeyInfo in DER, as KMS answers it.
    pub(crate) fn of_spki(der: &[u8]) -> Option<Self> {
        Self::on_the_curve(der.strip_prefix(&SPKI_PREFIX)?.try_into().ok()?)
    }

    fn on_the_curve(bytes: [u8; POINT_LENGTH]) -> Option<Self> {
        // The parser of aws-lc-rs reads other forms, too.
        let is_uncompressed = bytes.first() == Some(&UNCOMPRESSED);
        let parsed = ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, bytes));
        (is_uncompressed && parsed.is_ok()).then_some(Self(bytes))
    }

    /// Both coordinates in base64url.
    pub(crate) fn coordinates(&self) -> [String; 2] {
        let (_, coordinates) = self.0.split_at(1);
        let (x, y) = coordinates.split_at(COORDINATE_LENGTH);
        [x, y].map(|coordinate| BASE64_URL_SAFE_NO_PAD.encode(coordinate))
    }
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Point")
    }
}

/// A private key. aws-lc wipes its memory when it is freed.
pub(crate) struct PrivateKey(agreement::PrivateKey);

impl PrivateKey {
    /// A new key. `None`: the machine gave no random bytes.
    pub(crate) fn generate() -> Option<Self> {
        agreement::PrivateKey::generate(&ECDH_P256).ok().map(Self)
    }

    /// Reads PKCS #8 in DER, as KMS decrypts it, and wipes the buffer.
    pub(crate) fn take_pkcs8(der: Vec<u8>) -> Option<Self> {
        let der = Zeroizing::new(der);
        agreement::PrivateKey::from_private_key_der(&ECDH_P256, &der).ok().map(Self)
    }

    /// Its public half.
    pub(crate) fn public(&self) -> Option<Point> {
        let public = self.0.compute_public_key().ok()?;
        Some(Point(public.as_ref().try_into().ok()?))
    }

    /// The key of a JWE's content, which only the holders of the two private keys can compute (RFC 7518, 4.6.2, without
    /// PartyUInfo and PartyVInfo).
    pub(crate) fn content_key(&self, peer: &Point) -> Option<DataKey> {
        agreement::agree(&self.0, UnparsedPublicKey::new(&ECDH_P256, peer.0), (), |secret| {
            derived(secret).ok_or(())
        })
        .ok()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

static_assertions::assert_not_impl_any!(PrivateKey: Clone, Copy, PartialEq, fmt::Display, AsRef<[u8]>);

fn derived(secret: &[u8]) -> Option<DataKey> {
    // Whoever knows neither private key must not be able to choose a point that makes the secret known.
    if secret.iter().all(|byte| *byte == 0) {
        return None;
    }
    let mut key = vec![0; KEY_LENGTH];
    concat_kdf(secret, A256GCM, [b"", b""], &mut key)?;
    DataKey::take(key)
}

/// The Concat KDF of RFC 7518, 4.6.2: NIST SP 800-56C's one-step derivation with SHA-256. Fills the key.
fn concat_kdf(secret: &[u8], algorithm: &[u8], parties: [&[u8]; 2], key: &mut [u8]) -> Option<()> {
    let [party_u, party_v] = parties;
    let mut info = Vec::new();
    for piece in [algorithm, party_u, party_v] {
        info.extend_from_slice(&u32::try_from(piece.len()).ok()?.to_be_bytes());
        info.extend_from_slice(piece);
    }
    info.extend_from_slice(&u32::try_from(key.len() * 8).ok()?.to_be_bytes());
    sskdf_digest(get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256)?, secret, &info, key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: [&str; 3] = [
        "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
        "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
        "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo",
    ];
    const BOB: [&str; 3] = [
        "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
    ];

    fn private(scalar: &[u8]) -> PrivateKey {
        PrivateKey(agreement::PrivateKey::from_private_key(&ECDH_P256, scalar).unwrap())
    }

    fn pair([x, y, d]: [&str; 3]) -> (Point, PrivateKey) {
        let point = Point::of_coordinates(x, y).unwrap();
        (point, private(&BASE64_URL_SAFE_NO_PAD.decode(d).unwrap()))
    }

    /// RFC 7518, appendix C: the key agreement, and the derivation with its parties.
    #[test]
    fn the_example_of_rfc_7518_is_computed_from_both_sides() {
        const Z: [u8; 32] = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163,
            218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let ((alice, alices), (bob, bobs)) = (pair(ALICE), pair(BOB));
        assert_eq!((alices.public(), bobs.public()), (Some(alice), Some(bob)));
        for (own, peer) in [(&alices, bob), (&bobs, alice)] {
            let peer = UnparsedPublicKey::new(&ECDH_P256, peer.0);
            agreement::agree(&own.0, peer, (), |secret| {
                assert_eq!(secret, Z);
                Ok(())
            })
            .unwrap();
        }
        let mut key = [0; 16];
        concat_kdf(&Z, b"A128GCM", [b"Alice", b"Bob"], &mut key).unwrap();
        assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(key), "VqqN6vgjbSBcIijNcacQGg");
    }

    #[test]
    fn a_shared_secret_of_zeros_gives_no_key() {
        // The point with x = 0; whoever multiplies it by 1 gets a secret of zeros.
        let zero = BASE64_URL_SAFE_NO_PAD.encode([0; 32]);
        let root_of_b =
            hex::decode("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4").unwrap();
        let point = Point::of_coordinates(&zero, &BASE64_URL_SAFE_NO_PAD.encode(root_of_b)).unwrap();
        let mut one = [0; 32];
        one[31] = 1;
        assert!(private(&one).content_key(&point).is_none());
        one[31] = 2;
        assert!(private(&one).content_key(&point).is_some());
    }

    #[test]
    fn only_a_whole_point_on_the_curve_is_one() {
        let [x, y, _] = BOB;
        let [other_x, _, _] = ALICE;
        let point = Point::of_coordinates(x, y).unwrap();
        assert_eq!(point.coordinates(), [x, y]);
        let zeros = BASE64_URL_SAFE_NO_PAD.encode([0; 32]);
        let ones = BASE64_URL_SAFE_NO_PAD.encode([255; 32]);
        for (x, y) in [
            (other_x, y),
            (y, x),
            (x, ""),
            ("", y),
            (&zeros, &zeros),
            (&ones, &ones),
            (&format!("{x}="), y),
            // The last digit has four bits that mean nothing: another digit is not the canonical one.
            (&format!("{}R", &x[..42]), y),
            (&x[..42], y),
            (&format!("A{x}"), y),
            (&x.replace('_', "/"), y),
        ] {
            assert!(Point::of_coordinates(x, y).is_none(), "{x} {y}");
        }
    }

    #[test]
    fn a_public_key_in_der_is_of_this_curve_or_none() {
        let (point, _) = pair(BOB);
        let der = [SPKI_PREFIX.as_slice(), &point.0].concat();
        assert_eq!(Point::of_spki(&der), Some(point));
        for at in 0..der.len() {
            let mut altered = der.clone();
            altered[at] ^= 1;
            assert_ne!(Point::of_spki(&altered), Some(point), "{at}");
            assert_eq!(Point::of_spki(&der[..at]), None, "{at}");
        }
        assert_eq!(Point::of_spki(&[der.as_slice(), &[0]].concat()), None);
        let mut hybrid = der;
        hybrid[SPKI_PREFIX.len()] = 6 | (point.0[64] & 1);
        assert_eq!(Point::of_spki(&hybrid), None, "a point in hybrid form");
    }

    #[test]
    fn a_private_key_is_read_as_kms_writes_it_and_of_this_curve_only() {
        use aws_lc_rs::{
            agreement::ECDH_P384,
            encoding::{AsDer, Pkcs8V1Der},
        };
        let of =
            |curve| -> Pkcs8V1Der<'_> { agreement::PrivateKey::generate(curve).unwrap().as_der().unwrap() };
        assert!(PrivateKey::take_pkcs8(of(&ECDH_P384).as_ref().to_vec()).is_none());
        let der = of(&ECDH_P256).as_ref().to_vec();
        assert!(PrivateKey::take_pkcs8(der.clone()).is_some());
        for length in 0..der.len() {
            assert!(PrivateKey::take_pkcs8(der[..length].to_vec()).is_none(), "{length}");
        }
    }

    /// As KMS writes it, up to the scalar. The public half, which may follow, is left out.
    #[cfg(target_os = "linux")]
    const PKCS8_PREFIX: [u8; 35] = [
        0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
        0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04,
        0x20,
    ];

    #[cfg(target_os = "linux")]
    #[test]
    fn a_private_half_is_nowhere_in_memory_once_it_was_used_and_dropped() {
        use crate::own_memory::{Hidden, Seen};

        let peer = pair(BOB).0;
        let half = Hidden::random();
        assert_eq!(half.seen(), Seen { forward: 0, backward: 0 });
        let der = half.after(&PKCS8_PREFIX);
        assert_eq!(half.seen(), Seen { forward: 1, backward: 0 }, "the search finds it in the reply of KMS");
        let key = PrivateKey::take_pkcs8(der).unwrap();
        let held = half.seen();
        assert!(held.forward == 0 && held.backward > 0, "{held:?}: aws-lc has it, and the buffer is wiped");
        assert!(key.content_key(&peer).is_some());
        drop(key);
        assert_eq!(half.seen(), Seen { forward: 0, backward: 0 });

        // What is no key of this curve is wiped, too.
        let der = half.after(&PKCS8_PREFIX[1..]);
        assert!(PrivateKey::take_pkcs8(der).is_none());
        assert_eq!(half.seen(), Seen { forward: 0, backward: 0 });
    }
}
