//! The opening of a model, which may take minutes and can be given up.

use crate::{Error, Result};
use ort::session::builder::LoadCanceler;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The opening of a model.
#[derive(Clone, Default)]
pub(crate) struct Load(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    given_up: bool,
    /// Breaks off what the runtime is doing for it.
    canceler: Option<LoadCanceler>,
}

/// Gives the load up when it is dropped: nobody waits for the model any more.
pub(crate) struct Wanted(Load);

impl Load {
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted(self.clone())
    }

    /// Called between its steps.
    ///
    /// # Errors
    /// [`Error::GivenUp`].
    pub(crate) fn go_on(&self) -> Result<()> {
        if self.state().given_up { Err(Error::GivenUp) } else { Ok(()) }
    }

    /// What the runtime does next can be broken off by this.
    pub(crate) fn runs(&self, canceler: LoadCanceler) -> Result<()> {
        self.state().canceler = Some(canceler);
        self.go_on()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.given_up = true;
        if let Some(canceler) = state.canceler.take() {
            // Where the runtime cannot break off, it ends in its own time.
            let _ = canceler.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, Settings, contract::Hooks};
    use ort::session::Session;
    use std::path::Path;

    /// The exported sample model.
    fn exported(folder: &Path) -> Settings {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/stories260k");
        let out = folder.join("model");
        siyu_export::export(&source, &out, siyu_export::ExportSettings::default()).unwrap();
        Settings::from_text(&format!("model: {}\nopen: true\n", out.display()), Path::new("serve.yaml")).unwrap()
    }

    #[test]
    fn a_model_that_nobody_wants_any_more_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (settings, load) = (exported(folder.path()), Load::default());
        let open = || Model::open_for(&load, &settings, Hooks::default().observer, Arc::new(|_| ()));
        let wanted = load.wanted();
        open().unwrap();
        drop(wanted);
        assert!(matches!(open(), Err(Error::GivenUp)));
    }

    #[test]
    fn the_runtime_breaks_off_what_it_was_doing() {
        let folder = tempfile::tempdir().unwrap();
        let (settings, load) = (exported(folder.path()), Load::default());
        let wanted = load.wanted();
        let mut builder = Session::builder(siyu_export::load_runtime().unwrap()).unwrap();
        load.runs(builder.canceler()).unwrap();
        drop(wanted);
        let error = builder.commit_from_file(settings.model.join("model.onnx")).map(drop).unwrap_err();
        assert!(error.to_string().to_lowercase().contains("cancel"), "{error}");
    }
}
