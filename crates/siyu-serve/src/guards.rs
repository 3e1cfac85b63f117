//! Everything that stands around the model's routes, put together from the settings.

mod hooks;
mod routes;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware;

use crate::audit::Log;
use crate::clock::Clock;
use crate::contract::Hooks;
use crate::filter::Guard;
use crate::gate::layer::{Door, pass};
use crate::gate::{Budgets, Gate};
use crate::metrics::Metrics;
use crate::sessions::{Memory, Store};
use crate::settings::Limits;
use crate::{Result, Settings};

/// The gate, the filter, what is kept and what is recorded.
#[derive(Clone)]
pub struct Guards {
    clock: Clock,
    gate: Option<Arc<Gate>>,
    budgets: Option<Arc<Budgets>>,
    filter: Arc<Guard>,
    kept: Option<Kept>,
    log: Option<Arc<Log>>,
    metrics: Arc<Metrics>,
    page: bool,
    limits: Limits,
}

/// Conversations, and what users asked the service to keep in mind.
#[derive(Clone)]
struct Kept {
    store: Arc<Store>,
    memory: Option<Arc<Memory>>,
}

/// How often files are looked at for changes.
const WATCH: Duration = Duration::from_secs(1);

impl Guards {
    /// Reads the files that the settings name, and opens the record.
    ///
    /// # Errors
    /// Each names the file that cannot be used, and why.
    pub fn new(settings: &Settings) -> Result<Self> {
        let clock = Clock::new();
        let gate = settings.gate.as_ref().map(Gate::new).transpose()?;
        let per_minute = settings.gate.as_ref().and_then(|gate| gate.tokens_per_minute);
        let kept = settings.sessions.as_ref().map(|sessions| -> Result<Kept> {
            let memory = sessions.memory.as_ref().map(Memory::new).transpose()?.map(Arc::new);
            Ok(Kept { store: Arc::new(Store::new(sessions)?), memory })
        });
        let log = settings.audit.as_ref().map(|audit| Log::open(audit, clock.now().unix)).transpose()?;
        Ok(Self {
            clock,
            gate: gate.map(Arc::new),
            budgets: per_minute.map(|tokens| Arc::new(Budgets::new(tokens))),
            filter: Arc::new(Guard::new(&settings.filter)?),
            kept: kept.transpose()?,
            log: log.map(Arc::new),
            metrics: Arc::default(),
            page: settings.gate.as_ref().is_none_or(|gate| gate.page),
            limits: settings.limits.clone(),
        })
    }

    /// What the model's routes ask and tell.
    pub fn hooks(&self) -> Hooks {
        let base = Hooks::default();
        Hooks {
            filter: Arc::new(hooks::Filtering { guard: Arc::clone(&self.filter), metrics: Arc::clone(&self.metrics) }),
            observer: Arc::clone(&self.metrics) as _,
            ledger: match &self.budgets {
                Some(budgets) => {
                    let (budgets, metrics) = (Arc::clone(budgets), Arc::clone(&self.metrics));
                    Arc::new(hooks::Books { budgets, metrics, clock: self.clock })
                }
                None => base.ledger,
            },
            sessions: self.kept.as_ref().map(|kept| {
                let kept = hooks::Remembering { kept: kept.clone(), clock: self.clock };
                Arc::new(kept) as _
            }),
            audit: match &self.log {
                Some(log) => Arc::new(hooks::Recording { log: Arc::clone(log), clock: self.clock }),
                None => base.audit,
            },
        }
    }

    /// Adds the guards' own routes to a router, and puts the gate in front of all of it.
    pub fn wrap(&self, router: Router) -> Router {
        let door = Door {
            gate: self.gate.clone(),
            metrics: Arc::clone(&self.metrics),
            log: self.log.clone(),
            clock: self.clock,
        };
        // A route that does not exist asks for a token as well: what there is, is nobody's business.
        router.merge(routes::routes(self)).layer(middleware::from_fn_with_state(Arc::new(door), pass))
    }

    /// Reads keys, lists and models again when their files change, until the future is dropped.
    pub async fn watch(self) {
        let mut ticks = tokio::time::interval(WATCH);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let guards = self.clone();
            let _ = tokio::task::spawn_blocking(move || guards.refresh()).await;
        }
    }

    /// Reads what changed now. A file that cannot be read is told of, and what was read before goes on.
    pub fn refresh(&self) {
        let keys = self.gate.as_ref().map_or(Ok(false), |gate| gate.refresh()).map_err(|error| error.to_string());
        let lists = self.filter.refresh().map_err(|error| error.to_string());
        for result in [keys, lists] {
            match result {
                Ok(false) => {}
                Ok(true) => {
                    self.metrics.reloaded(true);
                    tracing::info!("changed keys or lists were read again");
                }
                Err(problem) => {
                    self.metrics.reloaded(false);
                    tracing::error!(problem, "a changed file cannot be used; what was read before goes on");
                }
            }
        }
    }
}
