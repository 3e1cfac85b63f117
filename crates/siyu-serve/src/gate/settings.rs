//! Who may come in, as the service file says it.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Who may come in.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What a token must be.
    pub token: TokenSettings,
    /// The subjects that may come in; all with a valid token when absent.
    #[serde(default)]
    pub subjects: Option<Vec<String>>,
    /// The networks that may come in, such as `10.0.0.0/8`; all when absent.
    #[serde(default, deserialize_with = "some_networks")]
    pub networks: Option<Vec<IpNet>>,
    /// Reverse proxies, or networks of them. Only what they write into `X-Forwarded-For` is believed.
    #[serde(default, deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Requests a second and address; of IPv6, its network of 64 bits.
    #[serde(default = "ten")]
    pub requests_per_second: NonZeroU32,
    /// Requests that may come at once after a pause.
    #[serde(default = "ten")]
    pub burst: NonZeroU32,
    /// Tokens of prompts and answers a minute and subject; no bound when absent.
    #[serde(default)]
    pub tokens_per_minute: Option<NonZeroU32>,
    /// Whether the chat page is served at `/`, which asks for the token itself and so is given without one.
    #[serde(default = "yes")]
    pub page: bool,
}

/// What a token must be: a JSON Web Token (RFC 7519), signed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct TokenSettings {
    /// How it is signed. What the token itself says must be the same.
    pub algorithm: Algorithm,
    /// File of keys (JSON Web Key Set, RFC 7517), read again when it changes.
    pub keys: PathBuf,
    /// Who must have issued it (`iss`).
    pub issuer: String,
    /// Whom it must be for (`aud`).
    pub audience: String,
    /// By how many seconds clocks may differ.
    #[serde(default = "leeway")]
    pub leeway_seconds: u64,
}

/// How tokens are signed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with SHA-256; keys of 2,048 bits or more.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// HMAC with SHA-256, a secret of 32 bytes or more that issuer and service share.
    HS256,
}

const fn ten() -> NonZeroU32 {
    NonZeroU32::new(10).expect("ten is not zero")
}

const fn yes() -> bool {
    true
}

const fn leeway() -> u64 {
    30
}

/// Networks, of which one may be a single address.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let network = |text: String| {
        let address = || text.parse::<IpAddr>().map(IpNet::from).ok();
        let wrong = || D::Error::custom(format!("`{text}` is no address and no network such as 10.0.0.0/8"));
        text.parse().ok().or_else(address).ok_or_else(wrong)
    };
    Vec::<String>::deserialize(deserializer)?.into_iter().map(network).collect()
}

fn some_networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<IpNet>>, D::Error> {
    networks(deserializer).map(Some)
}
