//! Tokens for a service that has no issuer of its own: signed with a secret (HS256) from the file of keys.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{Algorithm, Error, TokenSettings};
use crate::random::random;

/// What a token is to say.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Whom it is for.
    pub subject: String,
    /// From when on it holds, in seconds since 1970-01-01 UTC.
    pub from: u64,
    /// For how many seconds.
    pub seconds: u64,
}

/// A key set with one more secret, which is the one that tokens are signed with from now on; `keys` is the text of the
/// set that is there, if there is one.
///
/// # Errors
/// Where the set is none.
pub fn with_new_key(keys: Option<&str>, path: &Path) -> Result<String, Error> {
    let issue = |problem: &str| Error::Issue { problem: problem.to_owned() };
    let mut set = match keys {
        None => json!({ "keys": [] }),
        Some(text) => serde_json::from_str(text).map_err(|_| no_set(path))?,
    };
    let list = set.get_mut("keys").and_then(Value::as_array_mut).ok_or_else(|| no_set(path))?;
    let no_random = |_| issue("the system has no random bytes");
    let secret = URL_SAFE_NO_PAD.encode(random::<32>().map_err(no_random)?);
    let id = URL_SAFE_NO_PAD.encode(random::<6>().map_err(no_random)?);
    list.push(json!({ "kty": "oct", "use": "sig", "alg": "HS256", "kid": id, "k": secret }));
    serde_json::to_string_pretty(&set).map_err(|_| no_set(path))
}

/// A token, signed with the last secret of a key set.
///
/// # Errors
/// Where the gate asks for another algorithm, or the set has no secret, and for a token that no gate would let in.
pub fn issue(keys: &str, settings: &TokenSettings, grant: &Grant) -> Result<String, Error> {
    let problem = |problem: &str| Error::Issue { problem: problem.to_owned() };
    if settings.algorithm != Algorithm::HS256 {
        return Err(problem("`gate.token.algorithm` is not HS256, so that only its issuer can make one"));
    }
    if grant.subject.is_empty() || grant.seconds == 0 {
        return Err(problem("it needs a subject and a time that it holds for"));
    }
    let set: Value = serde_json::from_str(keys).map_err(|_| no_set(&settings.keys))?;
    let list = set.get("keys").and_then(Value::as_array).ok_or_else(|| no_set(&settings.keys))?;
    let text = |key: &Value, name: &str| key.get(name).and_then(Value::as_str).map(str::to_owned);
    let key = list.iter().rev().find(|key| text(key, "kty").as_deref() == Some("oct"));
    let secret = key.and_then(|key| text(key, "k"));
    let secret = secret.ok_or_else(|| problem("the file of keys has no secret; add one with `siyu token key`"))?;
    let secret = URL_SAFE_NO_PAD.decode(secret).map_err(|_| no_set(&settings.keys))?;
    let header = Header { kid: key.and_then(|key| text(key, "kid")), ..Header::new(jsonwebtoken::Algorithm::HS256) };
    let claims = json!({
        "sub": grant.subject, "iss": settings.issuer, "aud": settings.audience,
        "iat": grant.from, "nbf": grant.from, "exp": grant.from.saturating_add(grant.seconds),
    });
    encode(&header, &claims, &EncodingKey::from_secret(&secret)).map_err(|_| problem("the secret cannot sign"))
}

fn no_set(path: &Path) -> Error {
    Error::Keys { path: path.to_owned(), problem: "it is no JSON Web Key Set".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_no_gate_would_let_in_is_not_issued() {
        let keys = with_new_key(None, Path::new("keys.json")).unwrap();
        let settings = TokenSettings {
            algorithm: Algorithm::HS256,
            keys: "keys.json".into(),
            issuer: "me".to_owned(),
            audience: "siyu".to_owned(),
            leeway_seconds: 0,
        };
        let issued = |subject: &str, seconds| {
            issue(&keys, &settings, &Grant { subject: subject.to_owned(), from: 1, seconds }).is_ok()
        };
        assert_eq!([issued("alice", 60), issued("", 60), issued("alice", 0)], [true, false, false]);
    }
}
