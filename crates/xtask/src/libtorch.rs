//! libtorch for the torch crates, from the wheels of the Python package index.
//!
//! The wheel for Linux is the CUDA build, of which a CPU needs less than half: `libtorch_cpu.so` asks only for two of
//! NVIDIA's small libraries. `libtorch.so`, which asks for the CUDA half, is replaced by one that does not; a binary
//! linked with it uses CUDA all the same where a full libtorch comes first on the library path.

use crate::{python, workspace};
use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// The release that the bindings are made for.
const VERSION: &str = "2.11.0";

/// A wheel and the files taken out of it.
struct Wheel {
    requirement: &'static str,
    file: &'static str,
    sha256: &'static str,
    /// Prefix in the wheel, prefix in the folder.
    takes: &'static [(&'static str, &'static str)],
}

const WHEELS: [Wheel; 3] = [
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
];

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
        return accept(&folder);
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!(
            "libtorch is fetched for Linux on x86-64 only; install PyTorch {VERSION} and set \
             `LIBTORCH_USE_PYTORCH=1`, or unpack libtorch {VERSION} and set `LIBTORCH` to its folder"
        );
    }
    let partial = folder.with_extension("partial");
    let made = make(wheels, &partial).and_then(|()| {
        fs::rename(&partial, &folder).with_context(|| format!("cannot move libtorch to `{}`", folder.display()))
    });
    if made.is_err() {
        // Half a gigabyte of no use; that it cannot be removed is not what went wrong.
        let _ = fs::remove_dir_all(&partial);
    }
    made?;
    println!("libtorch: {VERSION} in {}", folder.display());
    Ok(())
}

/// Fills `folder` from wheels that are given or downloaded.
fn make(wheels: Option<&Path>, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    let fetched = folder.join("wheels");
    if wheels.is_none() {
        download(&fetched)?;
    }
    unpack(wheels.unwrap_or(&fetched), folder)?;
    stub(&folder.join("lib"))?;
    if fetched.exists() {
        fs::remove_dir_all(&fetched).with_context(|| format!("cannot remove `{}`", fetched.display()))?;
    }
    let version = folder.join("build-version");
    fs::write(&version, VERSION).with_context(|| format!("cannot write `{}`", version.display()))
}

/// Refuses a folder of another release; a folder that does not say is the user's own affair.
fn accept(folder: &Path) -> Result<()> {
    if let Ok(found) = fs::read_to_string(folder.join("build-version")) {
        let found = found.trim();
        if found.split('+').next() != Some(VERSION) {
            bail!(
                "`{}` holds libtorch {found}, but {VERSION} is needed; remove it or set `LIBTORCH` to another folder",
                folder.display()
            );
        }
    }
    println!("libtorch: found in {}", folder.display());
    Ok(())
}

fn download(into: &Path) -> Result<()> {
    println!("libtorch: downloading 544 MB from the package index of pip");
    let mut pip = Command::new(python::with_pip()?);
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    pip.args(["--only-binary=:all:", "--implementation=cp", "--python-version=3.11", "--abi=cp311", "--abi=none"]);
    for platform in ["manylinux_2_28_x86_64", "manylinux_2_25_x86_64", "manylinux2014_x86_64"] {
        pip.arg("--platform").arg(platform);
    }
    pip.arg("--dest").arg(into).args(WHEELS.iter().map(|wheel| wheel.requirement));
    workspace::succeed(
        &mut pip,
        "download libtorch; with no network, `cargo xtask libtorch --wheels DIR` takes a folder of wheels",
    )
}

fn unpack(wheels: &Path, into: &Path) -> Result<()> {
    let mut plan = String::new();
    for wheel in &WHEELS {
        for (source, destination) in wheel.takes {
            plan.push_str(&[wheel.sha256, wheel.file, source, destination].join("\t"));
            plan.push('\n');
        }
    }
    let mut child = Command::new("python3")
        .args(["-c", include_str!("unpack.py")])
        .args([into, wheels])
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot start `python3`; install Python 3.10 or later")?;
    let mut input = child.stdin.take().expect("the pipe was asked for");
    input.write_all(plan.as_bytes()).context("cannot tell `python3` what to unpack")?;
    drop(input);
    if !child.wait().context("cannot wait for `python3`")?.success() {
        bail!("could not unpack libtorch into `{}`", into.display());
    }
    Ok(())
}

/// Makes a `libtorch.so` that needs only `libtorch_cpu.so`.
fn stub(lib: &Path) -> Result<()> {
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut link = Command::new(compiler);
    link.current_dir(lib)
        .args(["-shared", "-o", "libtorch.so", "-Wl,-soname,libtorch.so", "-Wl,-rpath,$ORIGIN"])
        .args(["-L.", "-Wl,--no-as-needed", "-ltorch_cpu", "-x", "c", "/dev/null"]);
    workspace::succeed(&mut link, "link `libtorch.so`; install a C++ compiler (Debian: `apt-get install g++`)")
}
