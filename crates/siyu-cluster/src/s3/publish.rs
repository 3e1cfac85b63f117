//! A dataset to objects.

use super::{Place, all};
use crate::error::Result;
use futures::TryStreamExt;
use object_store::buffered::BufWriter;
use object_store::{ObjectStoreExt, path::Path as Key};
use siyu_dataset::MANIFEST;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Copies the dataset in a folder to `s3://BUCKET/FOLDER`; returns how many objects it has.
///
/// An earlier dataset's manifest goes first and the own one comes last, once the sizes of all other objects were
/// compared: at no moment does a manifest there describe other objects than those that are there.
///
/// # Errors
/// [`crate::Error::Store`] with what the store said.
pub async fn publish(dataset: &Path, url: &str) -> Result<usize> {
    let place = Place::of(url)?;
    let failed = place.failed("cannot write the dataset");
    let mut files = BTreeMap::new();
    collect(dataset, "", &mut files).map_err(|error| failed(&error))?;
    let manifest = files.remove(MANIFEST);
    match place.store.delete(&place.key(MANIFEST)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
        Err(error) => return Err(failed(&error)),
    }
    let copies = files.iter().map(|(name, path)| put(&place, name, path));
    all(copies).await?;
    remove_others(&place, &files).await?;
    if let Some(path) = manifest {
        put(&place, MANIFEST, &path).await?;
    }
    Ok(files.len() + 1)
}

/// The files of a dataset by their names in it; what belongs to a run, and not to its dataset, has a name with a dot.
fn collect(folder: &Path, before: &str, files: &mut BTreeMap<String, PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{before}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, entry.path());
        }
    }
    Ok(())
}

/// Copies a file to an object.
pub(crate) async fn put(place: &Place, name: &str, path: &Path) -> Result<()> {
    let failed = place.failed(&format!("cannot write `{name}`"));
    let mut file = tokio::fs::File::open(path).await.map_err(|error| failed(&error))?;
    let mut object = BufWriter::new(Arc::clone(&place.store), place.key(name));
    let bytes = tokio::io::copy(&mut file, &mut object).await.map_err(|error| failed(&error))?;
    tokio::io::AsyncWriteExt::shutdown(&mut object).await.map_err(|error| failed(&error))?;
    let there = place.store.head(&place.key(name)).await.map_err(|error| failed(&error))?.size;
    if there == bytes {
        return Ok(());
    }
    let problem = std::io::Error::other(format!("{bytes} bytes were written and {there} are there"));
    Err(failed(&problem))
}

/// Writes a small object.
pub(crate) async fn put_bytes(place: &Place, name: &str, bytes: Vec<u8>) -> Result<()> {
    let failed = place.failed(&format!("cannot write `{name}`"));
    place.store.put(&place.key(name), bytes.into()).await.map(drop).map_err(|error| failed(&error))
}

/// Removes what an earlier dataset had and this one has not.
async fn remove_others(place: &Place, files: &BTreeMap<String, PathBuf>) -> Result<()> {
    let failed = place.failed("cannot remove an earlier dataset");
    let root = place.key("");
    for folder in ["data", "dropped", "quarantine", "audit"] {
        let prefix = place.key(folder);
        let objects: Vec<Key> = place
            .store
            .list(Some(&prefix))
            .map_ok(|object| object.location)
            .try_collect()
            .await
            .map_err(|error: object_store::Error| failed(&error))?;
        for object in objects {
            let known = object
                .prefix_match(&root)
                .map(|parts| parts.map(|part| part.as_ref().to_owned()).collect::<Vec<String>>().join("/"));
            if known.is_some_and(|name| !files.contains_key(&name)) {
                place.store.delete(&object).await.map_err(|error| failed(&error))?;
            }
        }
    }
    Ok(())
}
