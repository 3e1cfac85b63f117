//! The library of onnxruntime, loaded when it is first needed.

use crate::error::{Error, Result};
use ort::environment::Environment;
use std::env;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Names the library of onnxruntime.
const VARIABLE: &str = "ORT_DYLIB_PATH";

/// The environment that all models of this process share; loads the library that `ORT_DYLIB_PATH` names, else the
/// `libonnxruntime` beside this program, else that of the system.
///
/// # Errors
/// [`Error::Library`] says what was tried.
pub fn load_runtime() -> Result<&'static Environment> {
    static LOADED: OnceLock<Environment> = OnceLock::new();
    static LOADING: Mutex<()> = Mutex::new(());
    let _turn = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = LOADED.get() {
        return Ok(environment);
    }
    let path = library();
    let refused = |problem: String| Error::Library { path: path.clone(), problem };
    let builder = ort::init_from(&path).map_err(|error| refused(error.to_string()))?;
    // Nothing is reported to anyone.
    let environment = builder.with_name("siyu").with_telemetry(false).build();
    Ok(LOADED.get_or_init({
        let environment = environment.map_err(|error| refused(error.to_string()))?;
        || environment
    }))
}

fn library() -> PathBuf {
    if let Some(named) = env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        return named.into();
    }
    let name = format!("{}onnxruntime{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let beside = env::current_exe().ok().and_then(|program| Some(program.parent()?.join(&name)));
    beside.filter(|beside| beside.is_file()).unwrap_or_else(|| name.into())
}
