//! Inputs and datasets in an S3 store: copied to the shared folder before a run, and from there after it.
//!
//! Endpoint, region and keys come from the environment, by the names that all tools of S3 use: `AWS_ENDPOINT_URL`,
//! `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.

mod fetch;
mod publish;

pub use fetch::fetch;
pub(crate) use fetch::get;
pub use publish::publish;
pub(crate) use publish::{put, put_bytes};

use crate::error::{Error, Result};
use futures::future::{BoxFuture, FutureExt};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::aws::AmazonS3Builder;
use object_store::{ObjectStore, path::Path as Key};
use std::sync::Arc;

/// Objects that are copied at once.
const AT_ONCE: usize = 8;

/// Does copies, some at once, until one fails.
pub(crate) async fn all<'a>(copies: impl Iterator<Item = impl Future<Output = Result<()>> + Send + 'a>) -> Result<()> {
    let copies: Vec<BoxFuture<'a, Result<()>>> = copies.map(FutureExt::boxed).collect();
    let mut done = stream::iter(copies).buffer_unordered(AT_ONCE);
    while done.try_next().await?.is_some() {}
    Ok(())
}

/// A place in a store.
pub(crate) struct Place {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// As messages call it.
    pub(crate) url: String,
    bucket: String,
    /// What stands behind the bucket, without slashes at its ends.
    inside: String,
}

impl Place {
    /// The place that `s3://BUCKET/INSIDE` names.
    pub(crate) fn of(url: &str) -> Result<Self> {
        let wrong = |problem: &str| Error::Store { url: url.to_owned(), problem: problem.to_owned() };
        let rest = url.strip_prefix("s3://").ok_or_else(|| wrong("it does not begin with `s3://`"))?;
        let (bucket, inside) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(wrong("it names no bucket; write `s3://BUCKET/FOLDER`"));
        }
        let plain = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
            .iter()
            .any(|name| std::env::var(name).is_ok_and(|url| url.starts_with("http://")));
        let store = AmazonS3Builder::from_env().with_bucket_name(bucket).with_allow_http(plain).build();
        let store = store.map_err(|error| wrong(&error.to_string()))?;
        Ok(Self {
            store: Arc::new(store),
            url: url.to_owned(),
            bucket: bucket.to_owned(),
            inside: inside.trim_matches('/').to_owned(),
        })
    }

    /// The key of a file in this place.
    pub(crate) fn key(&self, name: &str) -> Key {
        if self.inside.is_empty() { Key::from(name) } else { Key::from(format!("{}/{name}", self.inside)) }
    }

    pub(crate) fn failed(&self, what: &str) -> impl Fn(&dyn std::error::Error) -> Error + use<> {
        let (url, what) = (self.url.clone(), what.to_owned());
        move |error| {
            let mut problem = format!("{what}: {error}");
            let mut cause = error.source();
            while let Some(inner) = cause {
                let text = inner.to_string();
                if !problem.contains(&text) {
                    problem = format!("{problem}: {text}");
                }
                cause = inner.source();
            }
            Error::Store { url: url.clone(), problem }
        }
    }
}
