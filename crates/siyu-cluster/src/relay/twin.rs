//! An executor's side: copies of the scratch folders of runs, kept while they are of use.

mod attempts;

use super::{SCRATCH, Stages, here, names_below, read, short_hash};
use crate::error::{Error, Result};
use crate::s3::{Place, all, get};
use object_store::{ObjectMeta, ObjectStoreExt, path::Path as Key};
use siyu_ingest::remote::copies::{FACTS, Needs, relocate};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The twins of an executor.
pub(crate) struct Twins {
    root: PathBuf,
    open: Mutex<BTreeMap<String, Arc<Twin>>>,
}

impl Twins {
    /// Twins in a folder of this process alone.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, open: Mutex::default() }
    }

    /// The twin of a run's scratch folder; those of other runs go, unless they are at work.
    pub(crate) fn of(&self, stages: &Stages) -> Result<Arc<Twin>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(twin) = open.get(&stages.url) {
            return Ok(Arc::clone(twin));
        }
        open.retain(|_, twin| Arc::strong_count(twin) > 1);
        let twin = Arc::new(Twin::new(self.root.join(short_hash(&stages.url)), stages)?);
        open.insert(stages.url.clone(), Arc::clone(&twin));
        Ok(twin)
    }
}

/// A copy of those files of a run's scratch folder that tasks here read; gone when it is dropped.
pub(crate) struct Twin {
    folder: PathBuf,
    place: Place,
    mirror: Option<PathBuf>,
    /// The order whose files were last copied whole; held while files are copied.
    copied: tokio::sync::Mutex<Option<PathBuf>>,
}

impl Drop for Twin {
    fn drop(&mut self) {
        // What is left is removed with the executor's own folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Twin {
    fn new(folder: PathBuf, stages: &Stages) -> Result<Self> {
        for inner in [SCRATCH, INPUTS] {
            let path = folder.join(inner);
            fs::create_dir_all(&path).map_err(here(&path))?;
        }
        let (place, mirror) = (Place::of(&stages.url)?, stages.mirror.clone());
        Ok(Self { folder, place, mirror, copied: tokio::sync::Mutex::default() })
    }

    /// The file of an order in the twin, whose attempts have a folder beside it.
    pub(crate) fn order(&self, order: &Path) -> Result<PathBuf> {
        let path = self.folder.join(SCRATCH).join(order);
        let attempts = path.with_file_name("attempts");
        fs::create_dir_all(&attempts).map_err(here(&attempts))?;
        Ok(path)
    }

    /// Copies what a task reads.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where the order is over; else with what the store said.
    pub(crate) async fn fetch(&self, order: &Path, task: usize) -> Result<()> {
        let (scratch, path) = (self.folder.join(SCRATCH), self.order(order)?);
        let mut copied = self.copied.lock().await;
        if copied.as_deref() != Some(order) {
            let Some(bytes) = read(&self.place, &order.to_string_lossy()).await? else {
                return Err(Error::Interrupted);
            };
            fs::write(&path, bytes).map_err(here(&path))?;
        }
        let inputs = self.folder.join(INPUTS);
        let facts = scratch.join(FACTS);
        if !facts.exists() {
            let name = format!("{SCRATCH}/{FACTS}");
            let Some(bytes) = read(&self.place, &name).await? else { return Err(Error::Interrupted) };
            fs::write(&facts, bytes).map_err(here(&facts))?;
            relocate(&scratch, self.mirror.as_deref(), &inputs)?;
        }
        let needs = Needs::of(&path, task)?;
        if copied.as_deref() != Some(order) {
            self.fetch_scratch(&scratch, &needs).await?;
            *copied = Some(order.to_owned());
        }
        drop(copied);
        let inputs = inputs_of(&needs, &inputs).map(|(key, path, bytes)| fetch_input(key, path, bytes));
        all(inputs).await
    }

    /// Copies what tasks of an order read, and removes exchanges of earlier ones.
    async fn fetch_scratch(&self, scratch: &Path, needs: &Needs) -> Result<()> {
        for name in names(scratch)?.iter().filter(|name| !needs.include(Path::new(name)) && *name != ORDERS) {
            let path = scratch.join(name);
            fs::remove_dir_all(&path).map_err(here(&path))?;
        }
        let objects = names_below(&self.place, SCRATCH).await?;
        let wanted = objects.iter().filter_map(|(name, object)| {
            let inside = name.strip_prefix(SCRATCH)?.get(1..)?;
            let path = scratch.join(inside);
            let is_there = || fs::metadata(&path).is_ok_and(|file| file.len() == object.size);
            (inside != FACTS && needs.include(Path::new(inside)) && !is_there()).then_some((object, path))
        });
        let wanted: Vec<(&ObjectMeta, PathBuf)> = wanted.collect();
        let copies = wanted.iter().map(|(object, path)| get(&self.place, object, path));
        all(copies).await
    }
}

const INPUTS: &str = "input";
const ORDERS: &str = "orders";

/// Those inputs of a task that are copies: what they are copies of, their paths, and their bytes.
fn inputs_of<'a>(needs: &'a Needs, inputs: &Path) -> impl Iterator<Item = (String, &'a Path, u64)> {
    let copies = move |(path, bytes): &'a (PathBuf, u64)| {
        let inside = path.strip_prefix(inputs).ok()?;
        Some((inside.to_string_lossy().into_owned(), path.as_path(), *bytes))
    };
    needs.inputs.iter().filter_map(copies).collect::<Vec<_>>().into_iter()
}

/// Copies an input, which must have as many bytes as when the run began.
async fn fetch_input(name: String, path: &Path, bytes: u64) -> Result<()> {
    let (bucket, key) = name.split_once('/').unwrap_or((&name, ""));
    let place = Place::of(&format!("s3://{bucket}"))?;
    let failed = place.failed(&format!("cannot read `{key}`"));
    let object = place.store.head(&Key::from(key)).await.map_err(|error| failed(&error))?;
    if object.size != bytes {
        let problem = format!("`{key}` has {} bytes and had {bytes} when the run began", object.size);
        return Err(Error::Store { url: place.url, problem });
    }
    get(&place, &object, path).await
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let name = |entry: std::io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    fs::read_dir(folder).and_then(|entries| entries.map(name).collect()).map_err(here(folder))
}
