//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

use super::Cause;

/// Reverse proxies whose word is taken.
#[derive(Clone, Debug)]
pub struct Proxies {
    trusted: Vec<IpNet>,
}

/// Longer chains of proxies are no honest ones.
const MOST_HOPS: usize = 32;

impl Proxies {
    /// Proxies of these networks.
    pub fn new(trusted: Vec<IpNet>) -> Self {
        Self { trusted }
    }

    /// Where a request comes from: the peer, or whom trusted proxies name.
    ///
    /// `X-Forwarded-For` is read from the right, as each proxy adds the address it was asked from, and only as far as
    /// those who wrote it are trusted; what stands further left may be anyone's invention. `Forwarded` is not read.
    ///
    /// # Errors
    /// [`Cause::Forwarded`] where a trusted proxy wrote what is no address.
    pub fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> Result<IpAddr, Cause> {
        let mut origin = peer.to_canonical();
        if !self.trusts(origin) {
            return Ok(origin);
        }
        let mut hops = 0;
        for header in headers.get_all("x-forwarded-for").iter().rev() {
            let header = header.to_str().map_err(|_| Cause::Forwarded)?;
            for entry in header.rsplit(',') {
                hops += 1;
                origin = address(entry.trim()).filter(|_| hops <= MOST_HOPS).ok_or(Cause::Forwarded)?;
                if !self.trusts(origin) {
                    return Ok(origin);
                }
            }
        }
        Ok(origin)
    }

    /// Whether its word is taken.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }
}

/// An address, with a port or without.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse::<IpAddr>().ok();
    address.or_else(|| entry.parse::<SocketAddr>().ok().map(|socket| socket.ip())).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(peer: &str, forwarded: &[&str]) -> Result<String, Cause> {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        proxies.origin(peer.parse().unwrap(), &headers).map(|address| address.to_string())
    }

    #[test]
    fn a_stranger_is_whom_the_connection_says() {
        assert_eq!(origin("203.0.113.9", &["127.0.0.1"]).unwrap(), "203.0.113.9");
        assert_eq!(origin("::ffff:203.0.113.9", &["10.0.0.1"]).unwrap(), "203.0.113.9");
    }

    #[test]
    fn a_proxy_names_who_asked_it_and_no_one_further() {
        assert_eq!(origin("10.0.0.2", &["203.0.113.9"]).unwrap(), "203.0.113.9");
        assert_eq!(origin("10.0.0.2", &["198.51.100.1, 203.0.113.9, 10.0.0.1"]).unwrap(), "203.0.113.9");
        assert_eq!(origin("10.0.0.2", &["198.51.100.1", "203.0.113.9"]).unwrap(), "203.0.113.9");
        assert_eq!(origin("fd00::1", &["[2001:db8::7]:443"]).unwrap(), "2001:db8::7");
        assert_eq!(origin("10.0.0.2", &[]).unwrap(), "10.0.0.2");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for forged in ["unknown", "1.2.3", "203.0.113.9 10.0.0.1", "", "203.0.113.9,,"] {
            assert!(matches!(origin("10.0.0.2", &[forged]), Err(Cause::Forwarded)), "{forged}");
        }
        let long = vec!["10.0.0.1"; 40].join(", ");
        assert!(matches!(origin("10.0.0.2", &[&long]), Err(Cause::Forwarded)));
    }
}
