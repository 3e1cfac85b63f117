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
    /// Connections are taken.
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

/// Serves until the process is told to end (SIGTERM, SIGINT); told so again, it breaks off running answers. On SIGHUP,
/// reads the settings again with `reread` and lets the model that they name then answer new requests.
///
/// # Errors
/// What keeps the service from beginning: the model, the runtime, the address.
pub async fn serve(settings: Settings, reread: impl Fn() -> Result<Settings>, tell: Tell) -> Result<()> {
    let server = Server::bind(&settings).await?;
    let guards = Guards::new(&settings)?;
    let (hooks, report) = (guards.hooks(), report(&tell));
    let model = open(settings.clone(), &hooks, report.clone()).await?;
    let address = server.address()?;
    tell(Notice::Listening { address, encrypted: settings.tls.is_some(), model: &model.name });
    let service = Arc::new(Service::new(model, hooks.clone(), settings.limits));
    let router = assemble(service.clone(), &guards);
    let watching = tokio::spawn(guards.watch());
    let waiting = {
        let (service, tell) = (service.clone(), tell.clone());
        async move {
            let (mut hang_up, mut end) = (caught(SignalKind::hangup()), caught(SignalKind::terminate()));
            let mut interrupt = caught(SignalKind::interrupt());
            loop {
                tokio::select! {
                    () = next(&mut end) => break,
                    () = next(&mut interrupt) => break,
                    () = next(&mut hang_up) => (),
                }
                let opening = async {
                    match reread() {
                        Ok(settings) => open(settings, &hooks, report.clone()).await,
                        Err(error) => Err(error),
                    }
                };
                // A model may take minutes to load; nobody waits for it who wants the service to end.
                let opened = tokio::select! {
                    () = next(&mut end) => break,
                    () = next(&mut interrupt) => break,
                    opened = opening => opened,
                };
                match opened {
                    Ok(model) => {
                        tell(Notice::Swapped { model: &model.name });
                        service.swap(model);
                    }
                    Err(error) => tell(Notice::NotSwapped(&error)),
                }
            }
            tell(Notice::Draining);
            let service = Arc::downgrade(&service);
            tokio::spawn(async move {
                tokio::select! {
                    () = next(&mut end) => (),
                    () = next(&mut interrupt) => (),
                }
                if let Some(service) = service.upgrade() {
                    service.close();
                }
            });
        }
    };
    server.run(router, service, waiting).await;
    watching.abort();
    Ok(())
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

fn caught(kind: SignalKind) -> Option<Signal> {
    signal(kind).ok()
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
