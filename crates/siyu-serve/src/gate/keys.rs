//! The keys that tokens are signed with.

use std::collections::HashMap;
use std::path::PathBuf;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use serde_json::Value;

use super::{Algorithm, Error};

/// The keys of one algorithm, by their ids.
pub(super) struct Keys {
    named: HashMap<String, DecodingKey>,
    unnamed: Vec<DecodingKey>,
    /// Tells this set of keys from others.
    pub(super) fingerprint: blake3::Hash,
}

/// Shorter moduli of RSA are broken (NIST SP 800-131A), in bytes.
const SHORTEST_MODULUS: usize = 256;
/// A secret is no shorter than the hash (RFC 7518, section 3.2).
const SHORTEST_SECRET: usize = 32;

impl Keys {
    /// Reads a key set; keys for other algorithms, and those for encryption, are passed over.
    pub(super) fn new(algorithm: Algorithm, files: &[(PathBuf, Vec<u8>)]) -> Result<Self, Error> {
        let Some((path, bytes)) = files.first() else {
            return Ok(Self { named: HashMap::new(), unnamed: Vec::new(), fingerprint: blake3::hash(b"") });
        };
        let problem = |problem: String| Error::Keys { path: path.clone(), problem };
        let set: Value =
            serde_json::from_slice(bytes).map_err(|error| problem(format!("line {} is no JSON", error.line())))?;
        let listed = set.get("keys").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| problem("it has no list `keys`; write a JSON Web Key Set".to_owned()))?;
        let mut keys = Self { named: HashMap::new(), unnamed: Vec::new(), fingerprint: blake3::hash(bytes) };
        for (number, value) in (1..).zip(listed) {
            let kind = value.get("kty").and_then(Value::as_str).unwrap_or_default();
            if kind != "oct" && value.get("d").is_some() {
                return Err(problem(format!(
                    "key {number} is a private key; keep it with the issuer, and put only its public part here"
                )));
            }
            let Ok(key) = serde_json::from_value::<Jwk>(value.clone()) else { continue };
            if !fits(&key, algorithm) {
                continue;
            }
            let decoding = DecodingKey::from_jwk(&key).ok().filter(|_| is_strong(&key));
            let Some(decoding) = decoding else {
                return Err(problem(format!(
                    "key {number} is broken or too short: RSA needs 2048 bits, HS256 a secret of 32 bytes"
                )));
            };
            match key.common.key_id {
                Some(id) if keys.named.contains_key(&id) => {
                    return Err(problem(format!("two keys have the `kid` of key {number}; give each its own")));
                }
                Some(id) => drop(keys.named.insert(id, decoding)),
                None => keys.unnamed.push(decoding),
            }
        }
        if keys.named.is_empty() && keys.unnamed.is_empty() {
            return Err(problem(format!("it has no key for {}", name(algorithm))));
        }
        if keys.unnamed.len() > 1 || keys.unnamed.len() == 1 && !keys.named.is_empty() {
            return Err(problem("with several keys each needs a `kid`".to_owned()));
        }
        Ok(keys)
    }

    /// The key that a token names; one that names none is only for a set of a single key.
    pub(super) fn find(&self, id: Option<&str>) -> Option<&DecodingKey> {
        match id {
            Some(id) => self.named.get(id),
            None if self.named.len() + self.unnamed.len() == 1 => self.named.values().chain(&self.unnamed).next(),
            None => None,
        }
    }
}

const fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::ES256 => "ES256",
        Algorithm::EdDsa => "EdDSA",
        Algorithm::HS256 => "HS256",
    }
}

/// Whether a key is one of this algorithm, and for signatures.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let family = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256) | (AlgorithmParameters::OctetKey(_), Algorithm::HS256) => true,
        (AlgorithmParameters::EllipticCurve(curve), Algorithm::ES256) => curve.curve == EllipticCurve::P256,
        (AlgorithmParameters::OctetKeyPair(curve), Algorithm::EdDsa) => curve.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    let common = &key.common;
    let named = common.key_algorithm.is_none_or(|named| named.to_string() == name(algorithm));
    let signs = common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let verifies = common.key_operations.as_ref().is_none_or(|list| list.contains(&KeyOperations::Verify));
    family && named && signs && verifies
}

fn is_strong(key: &Jwk) -> bool {
    // Four characters of base64 are three bytes; a leading zero byte is not written.
    let bytes = |text: &str| text.trim_end_matches('=').len() * 3 / 4;
    match &key.algorithm {
        AlgorithmParameters::RSA(rsa) => bytes(&rsa.n) >= SHORTEST_MODULUS,
        AlgorithmParameters::OctetKey(secret) => bytes(&secret.value) >= SHORTEST_SECRET,
        AlgorithmParameters::EllipticCurve(_) | AlgorithmParameters::OctetKeyPair(_) => true,
    }
}
