//! Lets the binary and the tests of this crate find libtorch where they were linked with it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") else { return };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    // Kept though no symbol asks for it: where a full libtorch comes first on the library path, it brings CUDA along.
    println!("cargo:rustc-link-arg=-Wl,--no-as-needed,-ltorch,--as-needed");
}
