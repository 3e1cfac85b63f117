//! What the routes share.

use super::ApiError;
use crate::{contract::Hooks, model::Model, settings::Limits};
use axum::http::StatusCode;
use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The model that answers and what stands around it.
pub struct Service {
    /// None while the first one is loaded.
    model: RwLock<Option<Arc<Model>>>,
    pub(crate) hooks: Hooks,
    pub(super) limits: Limits,
    draining: AtomicBool,
    /// Models that were replaced and may still answer.
    retired: Mutex<Vec<Weak<Model>>>,
}

impl Service {
    /// A service that has no model yet and says so; [`Self::swap`] gives it one.
    pub fn new(hooks: Hooks, limits: Limits) -> Self {
        Self { model: RwLock::default(), hooks, limits, draining: AtomicBool::new(false), retired: Mutex::default() }
    }

    /// The model that answers new requests.
    pub fn model(&self) -> Option<Arc<Model>> {
        self.model.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same, for requests.
    pub(super) fn loaded(&self) -> Result<Arc<Model>, ApiError> {
        self.model().ok_or_else(|| {
            let message = "the model is still being loaded; try again soon";
            let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message).code("model_loading");
            error.retry_after(Duration::from_secs(5))
        })
    }

    /// Lets another model answer new requests. Running ones end with the model they began with, which goes then.
    pub fn swap(&self, model: Model) {
        let mut current = self.model.write().unwrap_or_else(PoisonError::into_inner);
        let old = current.replace(Arc::new(model));
        drop(current);
        let Some(old) = old else { return };
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.retain(|model| model.strong_count() > 0);
        retired.push(Arc::downgrade(&old));
    }

    /// The service is going down: it says that it is not ready, and still answers.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Ends every answer that is still being made; its caller is told.
    pub fn close(&self) {
        if let Some(model) = self.model() {
            model.engine.close();
        }
        let retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        for model in retired.iter().filter_map(Weak::upgrade) {
            model.engine.close();
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}
