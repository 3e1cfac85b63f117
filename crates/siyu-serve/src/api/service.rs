//! What the routes share.

use crate::{contract::Hooks, model::Model, settings::Limits};
use std::sync::{
    Arc, Mutex, PoisonError, RwLock, Weak,
    atomic::{AtomicBool, Ordering},
};

/// The model that answers and what stands around it.
pub struct Service {
    model: RwLock<Arc<Model>>,
    pub(crate) hooks: Hooks,
    pub(super) limits: Limits,
    draining: AtomicBool,
    /// Models that were replaced and may still answer.
    retired: Mutex<Vec<Weak<Model>>>,
}

impl Service {
    /// A service of a model.
    pub fn new(model: Model, hooks: Hooks, limits: Limits) -> Self {
        Self {
            model: RwLock::new(Arc::new(model)),
            hooks,
            limits,
            draining: AtomicBool::new(false),
            retired: Mutex::default(),
        }
    }

    /// The model that answers new requests.
    pub fn model(&self) -> Arc<Model> {
        self.model.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets another model answer new requests. Running ones end with the model they began with, which goes then.
    pub fn swap(&self, model: Model) {
        let mut current = self.model.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *current, Arc::new(model));
        drop(current);
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
        self.model().engine.close();
        let retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        for model in retired.iter().filter_map(Weak::upgrade) {
            model.engine.close();
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}
