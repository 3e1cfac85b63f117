//! onnxruntime, which runs exported models, from its wheel of the Python package index.
//!
//! The library is loaded when a model is opened, from the file that `ORT_DYLIB_PATH` names; no build needs it.

use crate::wheels::{Library, Wheel};
use crate::workspace;
use anyhow::{Result, bail};
use std::env;
use std::path::{Path, PathBuf};

/// Names the library for everything that opens a model.
pub(crate) const VARIABLE: &str = "ORT_DYLIB_PATH";

/// The library in its folder.
const LIBRARY: &str = "lib/libonnxruntime.so";

const ONNXRUNTIME: Library = Library {
    name: "onnxruntime",
    version: "1.32.0",
    size: "28 MB",
    wheels: &[Wheel {
        requirement: "onnxruntime==1.32.0",
        file: "onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        sha256: "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
        takes: &[
            ("onnxruntime/capi/libonnxruntime.so.1.32.0", "lib/libonnxruntime.so"),
            ("onnxruntime/capi/libonnxruntime_providers_shared.so", "lib/libonnxruntime_providers_shared.so"),
            ("onnxruntime/LICENSE", "LICENSE"),
            ("onnxruntime/ThirdPartyNotices.txt", "ThirdPartyNotices.txt"),
        ],
    }],
    finish: |_| Ok(()),
};

/// Reads `--wheels DIR` and prepares onnxruntime.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    match arguments {
        [] => prepare(None).map(drop),
        [flag, folder] if flag == "--wheels" => prepare(Some(Path::new(folder))).map(drop),
        _ => bail!("usage: cargo xtask onnxruntime [--wheels DIR]"),
    }
}

/// Puts onnxruntime where `ORT_DYLIB_PATH` names its library (`.siyu/onnxruntime/lib/libonnxruntime.so` unless the user
/// set it), if it is not there, and returns the library's path.
///
/// With `wheels`, the network is left alone.
pub(crate) fn prepare(wheels: Option<&Path>) -> Result<PathBuf> {
    let own = env::var_os(VARIABLE).filter(|own| !own.is_empty()).map(PathBuf::from);
    let library = own.unwrap_or_else(|| workspace::root().join(".siyu/onnxruntime").join(LIBRARY));
    let folder = library.ancestors().nth(2).filter(|folder| library == folder.join(LIBRARY));
    if library.is_file() {
        match folder {
            Some(folder) => ONNXRUNTIME.accept(folder, VARIABLE)?,
            None => println!("onnxruntime: {} (`{VARIABLE}` is set)", library.display()),
        }
        return Ok(library);
    }
    let Some(folder) = folder else {
        bail!(
            "`{VARIABLE}` is `{}`, which is no file; mend it, or end it in `{LIBRARY}` to have onnxruntime put there",
            library.display()
        );
    };
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!(
            "onnxruntime is fetched for Linux on x86-64 only; install onnxruntime {} and set `{VARIABLE}` to its library",
            ONNXRUNTIME.version
        );
    }
    ONNXRUNTIME.install(wheels, folder)?;
    Ok(library)
}
