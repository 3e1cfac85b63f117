//! Objects to files.

use super::{Place, all};
use crate::error::{Error, Result};
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, path::Path as Key};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Copies the objects that `s3://BUCKET/PATTERN` may mean to `mirror/BUCKET/KEY`; returns how many there are.
///
/// What lies there with an object's size and time is kept, and what is no object any more is removed: a run that goes
/// on finds its input unchanged. A pattern's fixed part decides what is copied, the run itself what is read.
///
/// # Errors
/// [`Error::Store`] with what the store said.
pub async fn fetch(url: &str, mirror: &Path) -> Result<usize> {
    let place = Place::of(url)?;
    let fixed = place.inside.find(['*', '?', '[', '{']).map_or(place.inside.as_str(), |at| place.inside.split_at(at).0);
    let folder =
        if fixed.len() == place.inside.len() { fixed } else { fixed.rsplit_once('/').map_or("", |split| split.0) };
    let objects = listed(&place, folder).await?;
    let root = mirror.join(&place.bucket);
    let wanted: BTreeSet<PathBuf> = objects.iter().map(|object| root.join(object.location.as_ref())).collect();
    remove_others(&root.join(folder), &wanted).map_err(|error| place.failed("cannot tidy up its copy")(&error))?;
    let copies = objects.iter().map(|object| copy(&place, object, &root));
    all(copies).await?;
    Ok(objects.len())
}

/// All objects in a folder, or the one that has its name.
async fn listed(place: &Place, folder: &str) -> Result<Vec<ObjectMeta>> {
    let failed = place.failed("cannot list it");
    let key = Key::from(folder);
    let prefix = (!folder.is_empty()).then_some(&key);
    let mut objects: Vec<ObjectMeta> =
        place.store.list(prefix).try_collect().await.map_err(|error: object_store::Error| failed(&error))?;
    if objects.is_empty() && !folder.is_empty() {
        match place.store.head(&key).await {
            Ok(object) => objects.push(object),
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(failed(&error)),
        }
    }
    if objects.is_empty() {
        return Err(Error::Store { url: place.url.clone(), problem: "there are no objects".to_owned() });
    }
    Ok(objects)
}

async fn copy(place: &Place, object: &ObjectMeta, root: &Path) -> Result<()> {
    let path = root.join(object.location.as_ref());
    let time = SystemTime::from(object.last_modified);
    if fs::metadata(&path).is_ok_and(|file| file.len() == object.size && file.modified().is_ok_and(|is| is == time)) {
        return Ok(());
    }
    get(place, object, &path).await
}

/// Copies an object to a file with its time.
pub(crate) async fn get(place: &Place, object: &ObjectMeta, path: &Path) -> Result<()> {
    let failed = place.failed(&format!("cannot copy `{}`", object.location));
    let time = SystemTime::from(object.last_modified);
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let mut part = tempfile::Builder::new().prefix(".fetch-").tempfile_in(folder).map_err(|error| failed(&error))?;
    let mut bytes = place.store.get(&object.location).await.map_err(|error| failed(&error))?.into_stream();
    while let Some(piece) = bytes.next().await {
        let piece = piece.map_err(|error| failed(&error))?;
        part.write_all(&piece).map_err(|error| failed(&error))?;
    }
    let written = part.as_file().metadata().map_err(|error| failed(&error))?.len();
    if written != object.size {
        return Err(Error::Store {
            url: place.url.clone(),
            problem: format!(
                "`{}` has {} bytes and {written} came; run again when nothing writes to it",
                object.location, object.size
            ),
        });
    }
    part.as_file().set_modified(time).map_err(|error| failed(&error))?;
    part.persist(path).map_err(|error| failed(&error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(&error))
}

/// Removes files below a folder that are no longer objects.
fn remove_others(folder: &Path, wanted: &BTreeSet<PathBuf>) -> std::io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(());
        }
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, wanted)?;
        } else if !wanted.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
