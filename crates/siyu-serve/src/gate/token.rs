//! Tokens: JSON Web Tokens (RFC 7519), signed (RFC 7515), judged after RFC 8725.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;

use super::keys::Keys;
use super::{Algorithm, Cause, TokenSettings};

/// Longer tokens are none of an honest issuer.
const LONGEST: usize = 8_192;
/// Tokens whose signature is remembered.
const MOST_REMEMBERED: usize = 4_096;

/// The token of a request: exactly one header, in the scheme `Bearer` (RFC 6750, section 2.1).
pub(super) fn of(headers: &HeaderMap) -> Result<&str, Cause> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Cause::NoToken) };
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(Cause::NoToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Cause::NoToken);
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if token.len() > LONGEST || !token.bytes().all(plain) {
        return Err(Cause::BadToken);
    }
    Ok(token)
}

/// What a token claims.
#[derive(Clone, Debug, Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    iss: String,
    aud: Audience,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Verifies tokens, and remembers signatures that were good: those of RSA cost more than all else.
pub(super) struct Verifier {
    settings: TokenSettings,
    validation: Validation,
    remembered: Mutex<HashMap<blake3::Hash, Arc<Claims>>>,
}

impl Verifier {
    pub(super) fn new(settings: TokenSettings) -> Self {
        let algorithm = match settings.algorithm {
            Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Algorithm::HS256 => jsonwebtoken::Algorithm::HS256,
        };
        let mut validation = Validation::new(algorithm);
        // The crate would read the clock itself; all claims are judged below, each time the token comes.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        Self { settings, validation, remembered: Mutex::default() }
    }

    /// The subject of a token that is valid at `unix`.
    pub(super) fn verify(&self, token: &str, keys: &Keys, unix: u64) -> Result<String, Cause> {
        // With other keys the same token has to be verified again.
        let mut hasher = blake3::Hasher::new();
        hasher.update(keys.fingerprint.as_bytes()).update(token.as_bytes());
        let name = hasher.finalize();
        let known = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        let claims = if let Some(claims) = known {
            claims
        } else {
            let claims = Arc::new(self.claims(token, keys)?);
            self.judge(&claims, unix)?;
            let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            if remembered.len() >= MOST_REMEMBERED {
                remembered.clear();
            }
            remembered.insert(name, Arc::clone(&claims));
            claims
        };
        self.judge(&claims, unix)?;
        Ok(claims.sub.clone())
    }

    /// The claims of a token whose signature is good.
    fn claims(&self, token: &str, keys: &Keys) -> Result<Claims, Cause> {
        let header = decode_header(token).map_err(|_| Cause::BadToken)?;
        // What a header says is critical must be understood (RFC 7515, section 4.1.11), and none of it is.
        if header.alg != self.validation.algorithms[0] || header.crit.is_some() {
            return Err(Cause::BadToken);
        }
        let key = keys.find(header.kid.as_deref()).ok_or(Cause::BadToken)?;
        let token = decode::<Claims>(token, key, &self.validation).map_err(|_| Cause::BadToken)?;
        Ok(token.claims)
    }

    fn judge(&self, claims: &Claims, unix: u64) -> Result<(), Cause> {
        let (now, leeway) = (unix as f64, self.settings.leeway_seconds as f64);
        let ours = match &claims.aud {
            Audience::One(one) => *one == self.settings.audience,
            Audience::Many(many) => many.contains(&self.settings.audience),
        };
        if claims.exp + leeway <= now {
            return Err(Cause::Expired);
        }
        if claims.nbf.is_some_and(|begin| begin - leeway > now) {
            return Err(Cause::NotYet);
        }
        if !ours || claims.iss != self.settings.issuer || claims.sub.is_empty() {
            return Err(Cause::NotOurs);
        }
        Ok(())
    }
}
