//! The whole service: a model, its routes, what stands around them, and a socket.

use crate::{
    Error, Result, Settings,
    api::{self, Service},
    contract::Hooks,
    engine::Report,
    guards::Guards,
    load::Load,
    model::Model,
    server::Server,
};
use axum::Router;
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task,
};

/// What the operator should know.
#[derive(Debug)]
pub enum Notice<'a> {
    /// Requests are answered.
    Listening {
        /// Where.
        address: SocketAddr,
        /// Whether they are encrypted.
        encrypted: bool,
        /// The model that answers.
        model: &'a str,
    },
    /// Another model answers from now on.
    Swapped {
        /// Its name.
        model: &'a str,
    },
    /// The model was not replaced.
    NotSwapped(&'a Error),
    /// The model could not be run for some requests.
    Trouble(&'a Error),
    /// No more connections are taken, and running answers end.
    Draining,
}

/// Told of notices, from any thread.
pub type Tell = Arc<dyn Fn(Notice<'_>) + Send + Sync>;

/// Serves until the process is told to end (SIGTERM, SIGINT); told so again, it breaks off running answers. While the
/// model is loaded, requests are told so. On SIGHUP, reads the settings again with `reread` and lets the model that they
/// name then answer new requests.
///
/// # Errors
/// What keeps the service from beginning: the model, the runtime, the address.
pub async fn serve(settings: Settings, reread: impl Fn() -> Result<Settings>, tell: Tell) -> Result<()> {
    let server = Server::bind(&settings).await?;
    let guards = Guards::new(&settings)?;
    let (address, encrypted) = (server.address()?, settings.tls.is_some());
    let (hooks, report) = (guards.hooks(), report(&tell));
    let service = Arc::new(Service::new(hooks.clone(), settings.limits.clone()));
    let router = assemble(service.clone(), &guards);
    let watching = tokio::spawn(guards.watch());
    let (mut signals, mut begun) = (Signals::caught(), Ok(()));
    let waiting = async {
        // A model may take minutes to load; nobody waits for it who wants the service to end.
        let opened = tokio::select! {
            () = signals.end() => None,
            opened = open(settings, &hooks, report.clone()) => Some(opened),
        };
        match opened {
            Some(Ok(model)) => {
                let name = model.name.clone();
                service.swap(model);
                tell(Notice::Listening { address, encrypted, model: &name });
                answer(&service, &hooks, &report, &reread, &mut signals, &tell).await;
            }
            Some(Err(error)) => {
                begun = Err(error);
                return;
            }
            None => (),
        }
        tell(Notice::Draining);
        let service = Arc::downgrade(&service);
        tokio::spawn(async move {
            signals.end().await;
            if let Some(service) = service.upgrade() {
                service.close();
            }
        });
    };
    server.run(router, service.clone(), waiting).await;
    watching.abort();
    begun
}

/// Until the process is told to end; on SIGHUP, another model answers.
async fn answer(
    service: &Service,
    hooks: &Hooks,
    report: &Report,
    reread: &impl Fn() -> Result<Settings>,
    signals: &mut Signals,
    tell: &Tell,
) {
    loop {
        tokio::select! {
            () = next(&mut signals.end) => return,
            () = next(&mut signals.interrupt) => return,
            () = next(&mut signals.hang_up) => (),
        }
        let opening = async {
            match reread() {
                Ok(settings) => open(settings, hooks, report.clone()).await,
                Err(error) => Err(error),
            }
        };
        let opened = tokio::select! {
            () = signals.end() => return,
            opened = opening => opened,
        };
        match opened {
            Ok(model) => {
                let name = model.name.clone();
                service.swap(model);
                tell(Notice::Swapped { model: &name });
            }
            Err(error) => tell(Notice::NotSwapped(&error)),
        }
    }
}

/// The routes with what stands before them.
pub fn assemble(service: Arc<Service>, guards: &Guards) -> Router {
    api::open_routes().merge(guards.wrap(api::routes(service)))
}

fn report(tell: &Tell) -> Report {
    let tell = tell.clone();
    Arc::new(move |error| tell(Notice::Trouble(error)))
}

/// Opens the model where it does not keep others from being answered; dropped, it is opened no further.
async fn open(settings: Settings, hooks: &Hooks, report: Report) -> Result<Model> {
    let (observer, load) = (hooks.observer.clone(), Load::default());
    let _wanted = load.wanted();
    let opened = task::spawn_blocking(move || Model::open_for(&load, &settings, observer, report)).await;
    opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// What the system tells the process.
struct Signals {
    hang_up: Option<Signal>,
    end: Option<Signal>,
    interrupt: Option<Signal>,
}

impl Signals {
    fn caught() -> Self {
        let caught = |kind| signal(kind).ok();
        Self {
            hang_up: caught(SignalKind::hangup()),
            end: caught(SignalKind::terminate()),
            interrupt: caught(SignalKind::interrupt()),
        }
    }

    /// The process is told to end.
    async fn end(&mut self) {
        tokio::select! {
            () = next(&mut self.end) => (),
            () = next(&mut self.interrupt) => (),
        }
    }
}

/// The next signal; never, where the system does not let it be caught.
async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
