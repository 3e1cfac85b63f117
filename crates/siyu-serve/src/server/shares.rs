//! How many of the connections one address may hold.

use crate::gate::{Proxies, network};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// Connections by address, so that nobody holds all of them.
pub(super) struct Shares {
    most: usize,
    /// Who has as many as there are: behind a proxy are many clients.
    exempt: Proxies,
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection's part of its address's share, given back when this is dropped.
pub(super) struct Share {
    /// None for those who have as many as there are.
    of: Option<(Arc<Shares>, IpAddr)>,
}

impl Shares {
    pub(super) fn new(most: usize, exempt: Proxies) -> Arc<Self> {
        Arc::new(Self { most, exempt, held: Mutex::default() })
    }

    /// A place for a connection from `address`; none if it has as many as it may.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Share> {
        if self.exempt.trusts(address.to_canonical()) {
            return Some(Share { of: None });
        }
        let key = network(address);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(key).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Share { of: Some((self.clone(), key)) })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some((shares, key)) = &self.of else { return };
        let mut held = shares.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                held.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_a_trusted_proxy_as_many_as_there_are() {
        let shares = Shares::new(2, Proxies::new(vec!["10.0.0.7/32".parse().unwrap()]));
        let take = |address: &str| shares.take(address.parse().unwrap());
        let held = [take("127.0.0.1"), take("::ffff:127.0.0.1")];
        assert!(held.iter().all(Option::is_some) && take("127.0.0.1").is_none());
        let six = [take("2001:db8::1"), take("2001:db8::ffff:2")];
        assert!(six.iter().all(Option::is_some) && take("2001:db8::3").is_none());
        assert!(take("2001:db8:0:1::1").is_some(), "another network");
        let proxied: Vec<_> = (0..10).map(|_| take("10.0.0.7")).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop(held);
        assert!(take("127.0.0.1").is_some());
        drop((six, proxied));
        assert!(shares.held.lock().unwrap().is_empty(), "nobody is remembered who is gone");
    }
}
