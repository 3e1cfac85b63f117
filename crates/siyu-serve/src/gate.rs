//! Who may come in: addresses, tokens, and how often.
//!
//! Everything is refused that is not allowed: every route but `/healthz` asks for a token, and `/` where the page that
//! asks for one is served. Judging a request reads its head and nothing else, and needs no clock of its own.

mod address;
mod bucket;
mod budget;
mod error;
mod issue;
mod keys;
pub(crate) mod layer;
mod refusal;
mod settings;
#[cfg(test)]
mod tests;
mod token;

use std::net::IpAddr;

use axum::http::{HeaderMap, Method};

use crate::clock::Now;
use crate::watched::Watched;

pub use address::Proxies;
pub use bucket::Buckets;
pub(crate) use bucket::network;
pub use budget::Budgets;
pub use error::Error;
pub use issue::{Grant, issue, with_new_key};
pub use refusal::{Cause, Refusal};
pub use settings::{Algorithm, Settings, TokenSettings};

use keys::Keys;
use token::Verifier;

/// Judges the heads of requests.
pub struct Gate {
    settings: Settings,
    proxies: Proxies,
    buckets: Buckets,
    /// Of those who may not come in whatever they send: they wait for one another, and for nobody else.
    outsiders: Buckets,
    keys: Watched<Keys, Error>,
    verifier: Verifier,
}

/// Who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The subject of the token; none on the routes that need no token.
    pub subject: Option<String>,
    /// Where the request comes from.
    pub address: IpAddr,
}

impl Gate {
    /// A gate; reads the file of keys.
    ///
    /// # Errors
    /// [`Error`] names the file and what is wrong with it.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let token = settings.token.clone();
        let keys = Watched::new(vec![token.keys.clone()], move |files| Keys::new(token.algorithm, files))?;
        Ok(Self {
            proxies: Proxies::new(settings.trusted_proxies.clone()),
            buckets: Buckets::new(settings.requests_per_second, settings.burst),
            outsiders: Buckets::new(settings.requests_per_second, settings.burst),
            verifier: Verifier::new(settings.token.clone()),
            keys,
            settings: settings.clone(),
        })
    }

    /// Reads the keys again if their file changed; whether it did.
    ///
    /// # Errors
    /// Where they cannot be read: those that were there stay.
    pub fn refresh(&self) -> Result<bool, Error> {
        self.keys.refresh()
    }

    /// Judges the head of a request that came over a connection from `peer`.
    ///
    /// # Errors
    /// The [`Refusal`] that is the answer.
    pub fn admit(
        &self,
        peer: IpAddr,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        now: Now,
    ) -> Result<Admitted, Refusal> {
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let peer = peer.to_canonical();
        if reads && path == "/healthz" {
            return Ok(Admitted { subject: None, address: peer });
        }
        let outside = |cause, address| {
            let waits = self.outsiders.take(address, now.steady);
            Refusal::new(waits.err().map_or(cause, Cause::TooOften), address)
        };
        let address = self.proxies.origin(peer, headers).map_err(|cause| outside(cause, peer))?;
        let refused = |cause| Refusal::new(cause, address);
        if let Some(networks) = &self.settings.networks
            && !networks.iter().any(|network| network.contains(&address))
        {
            return Err(outside(Cause::Network, address));
        }
        self.buckets.take(address, now.steady).map_err(|wait| refused(Cause::TooOften(wait)))?;
        if reads && path == "/" && self.settings.page {
            return Ok(Admitted { subject: None, address });
        }
        let token = token::of(headers).map_err(refused)?;
        let subject = self.verifier.verify(token, &self.keys.get(), now.unix).map_err(refused)?;
        if let Some(subjects) = &self.settings.subjects
            && !subjects.contains(&subject)
        {
            return Err(Refusal { subject: Some(subject), ..refused(Cause::Subject) });
        }
        Ok(Admitted { subject: Some(subject), address })
    }
}
