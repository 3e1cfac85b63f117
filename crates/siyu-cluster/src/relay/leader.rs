//! The leader's side: what is new in its scratch folder goes to the store, and attempts come from there.

use super::{SCRATCH, Stages, here, names_below, remove_below, short_hash};
use crate::error::Result;
use crate::s3::{Place, all, get, put};
use ballista_core::ids::new_instance_id;
use object_store::ObjectMeta;
use siyu_ingest::remote::copies::{BEAT, ENDS, is_shared, named_files};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How often the store is asked what attempts show.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The way of a run's files to and from the store.
pub struct Leader {
    place: Place,
    stages: Stages,
    /// Files of the scratch folder that are in the store, with their sizes and times.
    sent: BTreeMap<String, (u64, SystemTime)>,
    orders: u64,
    out: Option<Out>,
}

/// The order that is given out.
struct Out {
    /// Its folder in the store.
    name: String,
    attempts: PathBuf,
    /// Tasks of which a complete attempt was copied.
    done: BTreeSet<String>,
    failed: BTreeSet<String>,
    looked: Option<Instant>,
}

impl Leader {
    /// Begins at `s3://BUCKET/FOLDER` for the run that an order belongs to: what earlier processes left there is removed.
    /// Inputs that lie in a store have copies in `mirror`.
    ///
    /// # Errors
    /// [`crate::Error::Store`] with what the store said.
    pub async fn begin(url: &str, order: &Path, mirror: Option<PathBuf>) -> Result<Self> {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let run = short_hash(&format!("{} {}", host.trim(), scratch_of(order).display()));
        let run = format!("{}/{run}", url.trim_end_matches('/'));
        remove_below(&Place::of(&run)?, "").await?;
        let url = format!("{run}/{}", new_instance_id());
        let (place, stages) = (Place::of(&url)?, Stages { url, mirror });
        Ok(Self { place, stages, sent: BTreeMap::new(), orders: 0, out: None })
    }

    /// Where others find the files.
    pub fn stages(&self) -> &Stages {
        &self.stages
    }

    /// Copies what tasks of an order may read; returns the order's file in the store.
    ///
    /// # Errors
    /// [`crate::Error::Store`] with what the store said; or when the scratch folder cannot be read.
    pub async fn give(&mut self, order: &Path) -> Result<PathBuf> {
        let (folder, scratch) = (order.parent().unwrap_or(order), scratch_of(order));
        let mut files = Vec::new();
        collect(scratch, Path::new(""), &mut files)?;
        files.retain(|(name, state)| self.sent.get(name) != Some(state));
        let own = files.iter().map(|(name, _)| (scratch.join(name), name.clone()));
        let named = if self.orders == 0 { named_files(scratch)? } else { Vec::new() };
        let named = named.into_iter().map(|(path, inside)| (path, inside.to_string_lossy().into_owned()));
        let copies = own.chain(named).map(|(path, name)| {
            let place = &self.place;
            async move { put(place, &format!("{SCRATCH}/{name}"), &path).await }
        });
        all(copies).await?;
        self.sent.extend(files);
        self.orders += 1;
        let label = folder.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("orders/{label}-{}", self.orders);
        let file = format!("{name}/order.json");
        put(&self.place, &file, order).await?;
        let (done, failed) = (BTreeSet::new(), BTreeSet::new());
        self.out = Some(Out { name, attempts: folder.join("attempts"), done, failed, looked: None });
        Ok(file.into())
    }

    /// Copies what attempts at the order show since the last look; does nothing where that was just now, unless it is
    /// to be `now`.
    ///
    /// # Errors
    /// [`crate::Error::Store`] with what the store said; or when the scratch folder cannot be written to.
    pub async fn take(&mut self, now: bool) -> Result<()> {
        let is_time = |out: &&mut Out| now || out.looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY);
        let Some(out) = self.out.as_mut().filter(is_time) else { return Ok(()) };
        let below = format!("{}/attempts", out.name);
        let mut attempts: BTreeMap<String, BTreeMap<String, ObjectMeta>> = BTreeMap::new();
        for (name, object) in names_below(&self.place, &below).await? {
            if let Some((attempt, file)) = name.strip_prefix(&below).and_then(|name| name.get(1..)?.split_once('/')) {
                attempts.entry(attempt.to_owned()).or_default().insert(file.to_owned(), object);
            }
        }
        attempts.retain(|attempt, _| !out.failed.contains(attempt) && !out.done.contains(task_of(attempt)));
        // What goes on first: while files are copied, nobody shall seem silent.
        let beats = attempts.iter().filter_map(|(attempt, files)| Some((attempt.as_str(), BEAT, files.get(BEAT)?)));
        copy(&self.place, &out.attempts, beats.collect()).await?;
        for (attempt, files) in &attempts {
            let (ends, others): (Vec<_>, Vec<_>) = files
                .iter()
                .filter(|(file, _)| *file != BEAT)
                .map(|(file, object)| (attempt.as_str(), file.as_str(), object))
                .partition(|(_, file, _)| ENDS.contains(file));
            if ends.is_empty() || out.done.contains(task_of(attempt)) {
                continue;
            }
            copy(&self.place, &out.attempts, others).await?;
            copy(&self.place, &out.attempts, ends).await?;
            if files.contains_key(ENDS[0]) {
                out.done.insert(task_of(attempt).to_owned());
            } else {
                out.failed.insert(attempt.clone());
            }
        }
        out.looked = Some(Instant::now());
        Ok(())
    }

    /// Removes the order that was given out from the store.
    ///
    /// # Errors
    /// [`crate::Error::Store`] with what the store said.
    pub async fn away(&mut self) -> Result<()> {
        match self.out.take() {
            Some(out) => remove_below(&self.place, &out.name).await,
            None => Ok(()),
        }
    }

    /// Removes all that was copied to the store.
    ///
    /// # Errors
    /// [`crate::Error::Store`] with what the store said.
    pub async fn end(self) -> Result<()> {
        remove_below(&self.place, "").await
    }
}

/// Copies files of attempts.
async fn copy(place: &Place, attempts: &Path, files: Vec<(&str, &str, &ObjectMeta)>) -> Result<()> {
    let copies = files.into_iter().map(|(attempt, file, object)| async move {
        let folder = attempts.join(attempt);
        // The folder of all attempts must be there: without it the order is over.
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(here(&folder)(error)),
            _ => {}
        }
        get(place, object, &folder.join(file)).await
    });
    all(copies).await
}

/// The scratch folder that an order lies in: `orders/LABEL/order.json` below it.
fn scratch_of(order: &Path) -> &Path {
    order.ancestors().nth(3).unwrap_or(order)
}

/// What the names of all attempts at a task begin with.
fn task_of(attempt: &str) -> &str {
    attempt.rsplit_once('-').map_or(attempt, |(task, _)| task)
}

/// Files of a scratch folder that tasks read, with sizes and times.
fn collect(folder: &Path, inside: &Path, files: &mut Vec<(String, (u64, SystemTime))>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(here(folder))? {
        let entry = entry.map_err(here(folder))?;
        let (path, inside) = (entry.path(), inside.join(entry.file_name()));
        if !is_shared(&inside) {
            continue;
        }
        let metadata = entry.metadata().map_err(here(&path))?;
        if metadata.is_dir() {
            collect(&path, &inside, files)?;
        } else {
            let time = metadata.modified().map_err(here(&path))?;
            files.push((inside.to_string_lossy().into_owned(), (metadata.len(), time)));
        }
    }
    Ok(())
}
