//! Connections: taking them, their limits, and their end.

mod patient;
mod shares;
mod tls;

use crate::{Error, Result, Settings, api::Service, contract::Peer, gate::Proxies, settings::Limits};
use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use patient::Patient;
use shares::Shares;
use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// Time for the last words to broken-off streams.
const FAREWELL: Duration = Duration::from_secs(5);

/// Pause after the system had no connection to give, as when it is out of file descriptors.
const RECOVERY: Duration = Duration::from_millis(100);

/// A socket that takes connections.
pub struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    shares: Arc<Shares>,
}

impl Server {
    /// Takes the address.
    ///
    /// # Errors
    /// [`Error::Open`] and [`Error::Listen`] for the address, [`Error::Tls`] for certificate and key.
    pub async fn bind(settings: &Settings) -> Result<Self> {
        // The file was judged when it was read, but the command line may name another address than it does.
        if settings.gate.is_none() && !settings.listen.ip().is_loopback() {
            return Err(Error::Open { address: settings.listen });
        }
        let tls = settings.tls.as_ref().map(tls::acceptor).transpose()?;
        let address = settings.listen;
        let listener = TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?;
        let limits = settings.limits.clone();
        let proxies = settings.gate.as_ref().map(|gate| gate.trusted_proxies.clone());
        let shares = Shares::new(limits.connections_per_address, Proxies::new(proxies.unwrap_or_default()));
        Ok(Self { listener, tls, limits, shares })
    }

    /// Where it listens; the port is a real one where the settings left it to the system.
    ///
    /// # Errors
    /// [`Error::Listen`] if the socket is gone.
    pub fn address(&self) -> Result<SocketAddr> {
        let unknown = |source| Error::Listen { address: SocketAddr::from(([0, 0, 0, 0], 0)), source };
        self.listener.local_addr().map_err(unknown)
    }

    /// Answers until `stop`; then lets running answers end for as long as the limits say, and tells the rest.
    pub async fn run(self, router: Router, service: Arc<Service>, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let mut stop = pin!(stop);
        loop {
            let place = tokio::select! {
                place = places.clone().acquire_owned() => place,
                () = &mut stop => break,
            };
            let (stream, peer) = tokio::select! {
                taken = self.listener.accept() => if let Ok(taken) = taken {
                    taken
                } else {
                    tokio::time::sleep(RECOVERY).await;
                    continue;
                },
                () = &mut stop => break,
            };
            let Some(share) = self.shares.take(peer.ip()) else {
                service.hooks.observer.connection_refused();
                continue;
            };
            let (router, tls, limits, watcher) =
                (router.clone(), self.tls.clone(), self.limits.clone(), graceful.watcher());
            tokio::spawn(async move {
                converse(stream, peer, router, tls, &limits, watcher).await;
                drop((place, share));
            });
        }
        service.drain();
        drop(self.listener);
        let mut ended = pin!(graceful.shutdown());
        if timeout(Duration::from_secs(self.limits.drain_seconds), &mut ended).await.is_err() {
            service.close();
            let _ = timeout(FAREWELL, ended).await;
        }
    }
}

/// One connection from its first byte to its last. Its errors are its client's.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    tls: Option<TlsAcceptor>,
    limits: &Limits,
    watcher: Watcher,
) {
    // Tokens are small and must not wait for one another.
    let _ = stream.set_nodelay(true);
    match tls {
        None => speak(stream, peer, router, limits, watcher).await,
        Some(tls) => {
            let handshake = timeout(Duration::from_secs(limits.header_seconds), tls.accept(stream));
            if let Ok(Ok(stream)) = handshake.await {
                speak(stream, peer, router, limits, watcher).await;
            }
        }
    }
}

async fn speak<T>(stream: T, peer: SocketAddr, router: Router, limits: &Limits, watcher: Watcher)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = Patient::new(stream, Duration::from_secs(limits.write_seconds));
    let answer = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.header_seconds))
        .max_buf_size(limits.header_bytes)
        .serve_connection(TokioIo::new(stream), answer);
    let _ = watcher.watch(connection).await;
}
