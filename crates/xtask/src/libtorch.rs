//! libtorch for the torch crates, from the wheels of the Python package index.
//!
//! The wheel for Linux is the CUDA build, of which a CPU needs less than half: `libtorch_cpu.so` asks only for two of
//! NVIDIA's small libraries. `libtorch.so`, which asks for the CUDA half, is replaced by one that does not; a binary
//! linked with it uses CUDA all the same where a full libtorch comes first on the library path.

use crate::wheels::{Library, Wheel};
use crate::workspace;
use anyhow::{Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release that the bindings are made for.
const LIBTORCH: Library = Library {
    name: "libtorch",
    version: "2.11.0",
    size: "544 MB",
    wheels: &[
        Wheel {
            requirement: "torch==2.11.0",
            file: "torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl",
            sha256: "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
            takes: &[
                ("torch/include/", "include/"),
                ("torch/lib/libtorch_cpu.so", "lib/libtorch_cpu.so"),
                ("torch/lib/libc10.so", "lib/libc10.so"),
                ("torch/lib/libgomp.so.1", "lib/libgomp.so.1"),
            ],
        },
        Wheel {
            requirement: "nvidia-cuda-runtime==13.0.96",
            file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
            takes: &[("nvidia/cu13/lib/libcudart.so.13", "lib/libcudart.so.13")],
        },
        Wheel {
            requirement: "nvidia-cuda-cupti==13.0.85",
            file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
            sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
            takes: &[("nvidia/cu13/lib/libcupti.so.13", "lib/libcupti.so.13")],
        },
    ],
    finish: stub,
};

/// Reads `--wheels DIR` and prepares libtorch.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    match arguments {
        [] => prepare(None),
        [flag, folder] if flag == "--wheels" => prepare(Some(Path::new(folder))),
        _ => bail!("usage: cargo xtask libtorch [--wheels DIR]"),
    }
}

/// Puts libtorch into the folder that `LIBTORCH` names (`.siyu/libtorch` unless the user set it), if it is not there.
///
/// Does nothing where `LIBTORCH_USE_PYTORCH` points the build to an installed torch. With `wheels`, the network is
/// left alone.
pub(crate) fn prepare(wheels: Option<&Path>) -> Result<()> {
    if env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        println!("libtorch: the build takes that of the installed PyTorch (`LIBTORCH_USE_PYTORCH` is set)");
        return Ok(());
    }
    let folder = env::var_os("LIBTORCH").map_or_else(|| workspace::root().join(".siyu/libtorch"), PathBuf::from);
    if folder.join("lib").is_dir() {
        return LIBTORCH.accept(&folder, "LIBTORCH");
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let version = LIBTORCH.version;
        bail!(
            "libtorch is fetched for Linux on x86-64 only; install PyTorch {version} and set \
             `LIBTORCH_USE_PYTORCH=1`, or unpack libtorch {version} and set `LIBTORCH` to its folder"
        );
    }
    LIBTORCH.install(wheels, &folder)
}

/// Makes a `libtorch.so` that needs only `libtorch_cpu.so`.
fn stub(folder: &Path) -> Result<()> {
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut link = Command::new(compiler);
    link.current_dir(folder.join("lib"))
        .args(["-shared", "-o", "libtorch.so", "-Wl,-soname,libtorch.so", "-Wl,-rpath,$ORIGIN"])
        .args(["-L.", "-Wl,--no-as-needed", "-ltorch_cpu", "-x", "c", "/dev/null"]);
    workspace::succeed(&mut link, "link `libtorch.so`; install a C++ compiler (Debian: `apt-get install g++`)")
}
