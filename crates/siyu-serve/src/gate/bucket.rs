//! How often an address may ask.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A token bucket for each address, kept as the time at which it would be full again.
///
/// # Source
/// The generic cell rate algorithm (ITU-T I.371, annex A), which is a token bucket with one number of state.
#[derive(Debug)]
pub struct Buckets {
    /// Between two requests.
    interval: Duration,
    /// How much time requests may be ahead.
    ahead: Duration,
    shards: Vec<Mutex<HashMap<IpAddr, Duration>>>,
}

const SHARDS: usize = 16;
/// Addresses that are remembered at once in a shard. Full buckets need no memory, so that many are in use within seconds
/// only under attack; then addresses that are not among them wait.
const MOST_ADDRESSES: usize = 16_384;

impl Buckets {
    /// Buckets that hold `burst` requests and are filled by `per_second`.
    pub fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let interval = Duration::from_secs(1) / per_second.get();
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { interval, ahead: interval * (burst.get() - 1), shards }
    }

    /// Takes one request from the bucket of an address; `now` must not go back.
    ///
    /// # Errors
    /// How long to wait until there is one.
    pub fn take(&self, address: IpAddr, now: Duration) -> Result<(), Duration> {
        let key = network(address);
        let mut shard = self.shards[shard(key)].lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= MOST_ADDRESSES && !shard.contains_key(&key) {
            shard.retain(|_, full| *full > now);
            if shard.len() >= MOST_ADDRESSES {
                return Err(self.interval);
            }
        }
        let full = shard.entry(key).or_insert(now);
        let from = (*full).max(now);
        let early = from.saturating_sub(now).saturating_sub(self.ahead);
        if !early.is_zero() {
            return Err(early);
        }
        *full = from + self.interval;
        Ok(())
    }
}

/// What counts as one address: whoever has one address of IPv6 has 2^64 of them.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

fn shard(address: IpAddr) -> usize {
    let folded = match address {
        IpAddr::V4(address) => u64::from(u32::from(address)),
        IpAddr::V6(address) => u64::try_from(u128::from(address) >> 64).unwrap_or(0),
    };
    // The upper bits of a product depend on all bits of the factor (Knuth 1998, section 6.4).
    usize::try_from(folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets() -> Buckets {
        let ten = NonZeroU32::new(10).unwrap();
        Buckets::new(ten, ten)
    }

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn ten_come_at_once_and_then_one_each_tenth_of_a_second() {
        let (buckets, one) = (buckets(), "203.0.113.9".parse().unwrap());
        assert!((0..10).all(|_| buckets.take(one, at(1000)).is_ok()));
        assert_eq!(buckets.take(one, at(1000)), Err(at(100)));
        assert_eq!(buckets.take(one, at(1060)), Err(at(40)));
        assert!(buckets.take(one, at(1100)).is_ok());
        assert!(buckets.take(one, at(1100)).is_err());
        assert!((0..10).all(|_| buckets.take(one, at(9000)).is_ok()));
        assert!(buckets.take(one, at(9000)).is_err());
    }

    #[test]
    fn the_rate_holds_over_a_minute_whatever_the_rhythm() {
        for step in [7, 33, 100, 950] {
            let (buckets, one) = (buckets(), "203.0.113.9".parse().unwrap());
            let taken =
                (0..60_000).step_by(step).map(|now| (0..20).filter(|_| buckets.take(one, at(now)).is_ok()).count());
            let taken: usize = taken.sum();
            assert!((570..=610).contains(&taken), "{taken} every {step} ms");
        }
    }

    #[test]
    fn addresses_do_not_share_but_one_network_of_ipv6_does() {
        let buckets = buckets();
        for host in 0..10 {
            buckets.take(format!("2001:db8:1:2::{host}").parse().unwrap(), at(0)).unwrap();
        }
        assert!(buckets.take("2001:db8:1:2:ffff::1".parse().unwrap(), at(0)).is_err());
        assert!(buckets.take("2001:db8:1:3::1".parse().unwrap(), at(0)).is_ok());
        assert!(buckets.take("203.0.113.9".parse().unwrap(), at(0)).is_ok());
    }

    #[test]
    fn a_flood_of_addresses_takes_bounded_memory_and_passes() {
        let buckets = buckets();
        for address in 0..300_000_u32 {
            let _ = buckets.take(IpAddr::V4((address + (1 << 28)).into()), at(0));
        }
        let remembered: usize = buckets.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(remembered <= SHARDS * MOST_ADDRESSES);
        assert!(buckets.take("203.0.113.9".parse().unwrap(), at(101)).is_ok());
    }
}
