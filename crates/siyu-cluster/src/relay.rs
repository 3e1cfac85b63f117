//! Stages in an S3 store, where the hosts of a cluster share no folder.
//!
//! The leader's scratch folder lies on its own host. With every order it copies to the store what is new there. An
//! executor copies what its task reads into a *twin* of the scratch folder, does the task as it would in the folder
//! itself, and copies its attempt to the store. The leader copies attempts into its folder as they come. So nothing but
//! the way of the files is another one, and what is said of a shared folder holds here:
//!
//! - the record that an attempt is complete goes last, in both directions: who sees it sees all other files,
//! - keys of two runs, or of two orders of one run, never meet: an attempt at an order that is over is not seen again,
//! - whoever is killed leaves objects that no record speaks of. A run begins by removing those of its forerunners.
//!
//! What must not be here: deciding what a task reads or what a record means. [`siyu_ingest::remote::copies`] does.
//!
//! # Cost
//! Every stage goes through the leader, in and out, and an executor copies the exchange that its tasks read once, whole.
//!
//! # Keys
//! ```text
//! FOLDER/RUN/SESSION/scratch/…                           files of the scratch folder, by their paths in it
//! FOLDER/RUN/SESSION/orders/LABEL-NUMBER/order.json
//! FOLDER/RUN/SESSION/orders/LABEL-NUMBER/attempts/ATTEMPT/…
//! ```

mod leader;
mod twin;

pub use leader::Leader;
pub(crate) use twin::{Twin, Twins};

use crate::error::{Error, Result};
use crate::s3::Place;
use futures::{StreamExt, TryStreamExt};
use object_store::{Error as StoreError, ObjectMeta, ObjectStore, ObjectStoreExt, path::Path as Key};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Where the files of a run's scratch folder are for those who do not see the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stages {
    /// `s3://BUCKET/FOLDER/RUN/SESSION`
    pub url: String,
    /// The leader's folder with copies of inputs: `s3://BUCKET/KEY` lies at `BUCKET/KEY` in it.
    pub mirror: Option<PathBuf>,
}

const SCRATCH: &str = "scratch";

/// The objects below a name in a place, by their names in the place.
async fn names_below(place: &Place, name: &str) -> Result<Vec<(String, ObjectMeta)>> {
    let (failed, root) = (place.failed("cannot list it"), place.key(""));
    let objects: Vec<ObjectMeta> =
        place.store.list(Some(&place.key(name))).try_collect().await.map_err(|error: StoreError| failed(&error))?;
    let named = |object: ObjectMeta| {
        let parts = object.location.prefix_match(&root)?;
        let name = parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/");
        Some((name, object))
    };
    Ok(objects.into_iter().filter_map(named).collect())
}

/// Removes all objects below a name in a place.
async fn remove_below(place: &Place, name: &str) -> Result<()> {
    let keys = names_below(place, name).await?.into_iter().map(|(_, object)| object.location).collect();
    remove(place, keys).await
}

async fn remove(place: &Place, keys: Vec<Key>) -> Result<()> {
    let failed = place.failed("cannot remove what is over");
    let keys = futures::stream::iter(keys.into_iter().map(Ok)).boxed();
    let removed = place.store.delete_stream(keys).filter_map(|removed| async {
        match removed {
            Ok(_) | Err(StoreError::NotFound { .. }) => None,
            Err(error) => Some(error),
        }
    });
    match std::pin::pin!(removed).next().await {
        None => Ok(()),
        Some(error) => Err(failed(&error)),
    }
}

/// Reads a small object, if it is there.
async fn read(place: &Place, name: &str) -> Result<Option<Vec<u8>>> {
    let failed = place.failed(&format!("cannot read `{name}`"));
    match place.store.get(&place.key(name)).await {
        Ok(found) => Ok(Some(found.bytes().await.map_err(|error| failed(&error))?.to_vec())),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// Tells one text from others, in a name.
fn short_hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect()
}

/// A file of this host cannot be used.
fn here(path: &Path) -> impl Fn(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Run(siyu_ingest::Error::Write { path: path.clone(), source })
}
