//! Making bundles.

use super::manifest::{BUNDLE_FILE, BundleFile, BundleManifest, Role, check_tag};
use super::{Bundle, check_set};
use crate::error::{Error, Result};
use crate::folder::{COMPANIONS, Unfinished, copy};
use crate::merge::MERGE_RECORD;
use siyu_checkpoint::{ADAPTER_CONFIG, ADAPTER_WEIGHTS, Checkpoint, Config, ORIGIN, Origin, file_hash, write_json};
use std::fs;
use std::path::{Path, PathBuf};

/// Tells git that large files are kept by git-lfs. One who keeps them with DVC, or not in git, has no use for it.
const GIT_ATTRIBUTES: &str = "\
*.safetensors filter=lfs diff=lfs merge=lfs -text
*.onnx filter=lfs diff=lfs merge=lfs -text
*.onnx.data filter=lfs diff=lfs merge=lfs -text
*.json text eol=lf
";

/// What goes into a bundle.
#[derive(Clone, Debug, Default)]
pub struct BundleParts {
    /// A model folder, of weights or exported.
    pub model: PathBuf,
    /// An adapter for it, in the format of PEFT.
    pub adapter: Option<PathBuf>,
    /// A folder whose tokenizer and template take the place of the model's.
    pub tokenizer: Option<PathBuf>,
    /// Files that say how the model is served.
    pub settings: Vec<PathBuf>,
    /// The record of the run that the adapter comes from, and the manifest of the dataset that it was trained on.
    pub lineage: Vec<PathBuf>,
    /// A name by which people know the bundle.
    pub tag: Option<String>,
}

/// Copies the parts into a folder with one manifest. The folder appears whole or not at all.
///
/// # Errors
/// [`Error::Mixed`] and [`Error::OtherBase`] for parts that were not made for each other; [`Error::Exists`], and with
/// `replace` [`Error::Foreign`] for a folder that is no bundle.
pub fn create_bundle(out: &Path, parts: &BundleParts, replace: bool) -> Result<Bundle> {
    if let Some(tag) = &parts.tag {
        check_tag(tag)?;
    }
    let unfinished = if replace {
        let sources = [Some(&parts.model), parts.adapter.as_ref(), parts.tokenizer.as_ref()];
        let sources = sources.into_iter().flatten().chain(&parts.settings).chain(&parts.lineage);
        let sources: Vec<&Path> = sources.map(PathBuf::as_path).collect();
        Unfinished::begin_over(out, BUNDLE_FILE, &sources)?
    } else {
        Unfinished::begin(out)?
    };
    let files = collect(parts)?;
    let mut records = Vec::with_capacity(files.len());
    for (from, path, role) in files {
        let to = unfinished.folder().join(&path);
        fs::create_dir_all(to.parent().unwrap_or(unfinished.folder())).map_err(Error::write(&to))?;
        // The copy's own bytes are hashed: what is in the bundle is what the manifest says.
        let bytes = copy(&from, &to)?;
        records.push(BundleFile { blake3: file_hash(&to)?, path, role, bytes });
    }
    let (model, adapter) = (unfinished.folder().join("model"), unfinished.folder().join("adapter"));
    let adapter = parts.adapter.is_some().then_some(adapter);
    check_set(&model, adapter.as_deref())?;
    let origin = adapter.map(Origin::open).transpose()?.flatten();
    let manifest = BundleManifest::new(records, origin, parts.tag.iter().cloned().collect());
    fs::write(unfinished.folder().join(".gitattributes"), GIT_ATTRIBUTES).map_err(Error::write(out))?;
    write_json(&unfinished.folder().join(BUNDLE_FILE), &manifest)?;
    unfinished.finish()?;
    Bundle::open(out)
}

/// Where each file comes from, where it goes, and what it is for.
fn collect(parts: &BundleParts) -> Result<Vec<(PathBuf, String, Role)>> {
    let mut files = Vec::new();
    for name in names(&parts.model)? {
        let Some(role) = role(&name) else { continue };
        if parts.tokenizer.is_none() || role != Role::Tokenizer {
            files.push((parts.model.join(&name), format!("model/{name}"), role));
        }
    }
    if !files.iter().any(|(_, path, _)| is_weights(path)) {
        let problem = format!("`{}` holds neither safetensors nor an exported graph", parts.model.display());
        return Err(Error::Setting { problem });
    }
    // What cannot be opened is of no use to anyone, whatever its hash.
    if !parts.model.join("config.json").is_file() {
        let is_adapter = parts.model.join(ADAPTER_CONFIG).is_file();
        let hint = if is_adapter { "an adapter, which `--adapter` names, beside its base" } else { "no model" };
        return Err(Error::Setting {
            problem: format!("`{}` has no `config.json`: it is {hint}", parts.model.display()),
        });
    }
    Config::from_folder(&parts.model)?;
    let is_graph = |path: &str| Path::new(path).extension().is_some_and(|end| end == "onnx");
    if !files.iter().any(|(_, path, _)| is_graph(path)) {
        Checkpoint::open(&parts.model)?;
    }
    if let Some(folder) = &parts.tokenizer {
        for name in names(folder)?.into_iter().filter(|name| role(name) == Some(Role::Tokenizer)) {
            files.push((folder.join(&name), format!("model/{name}"), Role::Tokenizer));
        }
    }
    if !files.iter().any(|(_, path, _)| path == "model/tokenizer.json") {
        let folder = parts.tokenizer.as_ref().unwrap_or(&parts.model);
        let problem = format!("`{}` holds no `tokenizer.json`; name a folder that does as tokenizer", folder.display());
        return Err(Error::Setting { problem });
    }
    if let Some(folder) = &parts.adapter {
        for name in [ADAPTER_CONFIG, ADAPTER_WEIGHTS, ORIGIN] {
            if name != ORIGIN || folder.join(name).is_file() {
                files.push((folder.join(name), format!("adapter/{name}"), Role::Adapter));
            }
        }
    }
    for (given, folder, role) in
        [(&parts.settings, "settings", Role::Settings), (&parts.lineage, "lineage", Role::Lineage)]
    {
        for from in given {
            let name = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((from.clone(), format!("{folder}/{name}"), role));
        }
    }
    let mut paths: Vec<&str> = files.iter().map(|(_, path, _)| path.as_str()).collect();
    paths.sort_unstable();
    match paths.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::Setting { problem: format!("two files would be `{}` in the bundle", pair[0]) }),
        None => Ok(files),
    }
}

/// Names of the files of a folder, in alphabetical order.
fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::read(folder))? {
        let entry = entry.map_err(Error::read(folder))?;
        if entry.path().is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// What a file of a model folder is for; `None` for what a bundle leaves out.
fn role(name: &str) -> Option<Role> {
    let notice = name.starts_with("LICENSE") || name.starts_with("NOTICE");
    if name == "generation_config.json" || name == "genai_config.json" {
        Some(Role::Settings)
    } else if name == "config.json" || name == MERGE_RECORD || is_weights(name) || notice {
        Some(Role::Base)
    } else if COMPANIONS.contains(&name) {
        Some(Role::Tokenizer)
    } else {
        None
    }
}

fn is_weights(name: &str) -> bool {
    [".safetensors", ".safetensors.index.json", ".onnx", ".onnx.data"].iter().any(|end| name.ends_with(end))
}
