//! Who asks.

use std::net::{IpAddr, SocketAddr};

/// The other end of the connection a request came on; the server puts it into every request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// The caller of a request, as the gate made sure of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The subject of the token; `None` where the gate lets callers in without one.
    pub subject: Option<String>,
    /// Where the request comes from: the connection's peer, or whom a trusted proxy names.
    pub address: IpAddr,
}
