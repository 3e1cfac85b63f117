//! `siyu serve`.

use anyhow::Context;
use siyu_serve::{Notice, Settings};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long the process waits, when it ends, for a model that it was loading.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers requests over HTTP, as `OpenAI`'s clients make them, with an exported model.
///
/// SIGTERM and Ctrl-C let running answers end first; a second one breaks them off. SIGHUP reads the file again and lets
/// the model that it names then answer new requests.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  siyu export-onnx models/laws out/laws-onnx
  siyu serve serve.yaml
  curl http://127.0.0.1:8080/v1/models

onnxruntime is needed: `cargo xtask onnxruntime` fetches it, or ORT_DYLIB_PATH names its library.")]
pub(crate) struct Serve {
    /// The service file.
    settings: PathBuf,
    /// Listen here in place of where the file says.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Serve {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let settings = self.settings()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.context("the system gives no threads")?;
        // A reader of standard error that went away does not end the service.
        let tell = Arc::new(|notice: Notice<'_>| drop(writeln!(std::io::stderr(), "{}", words(&notice))));
        let served = runtime.block_on(siyu_serve::serve(settings, || self.settings(), tell));
        // The files of a model that nobody waits for any more may take minutes to read.
        runtime.shutdown_timeout(PATIENCE);
        served?;
        Ok(())
    }

    fn settings(&self) -> siyu_serve::Result<Settings> {
        let mut settings = Settings::from_path(&self.settings)?;
        settings.listen = self.listen.unwrap_or(settings.listen);
        Ok(settings)
    }
}

fn words(notice: &Notice<'_>) -> String {
    let chain = |error: &siyu_serve::Error| siyu_ingest::chain(error);
    match notice {
        Notice::Listening { address, encrypted, model } => {
            let scheme = if *encrypted { "https" } else { "http" };
            format!("`{model}` answers at {scheme}://{address}")
        }
        Notice::Swapped { model } => format!("`{model}` answers from now on"),
        Notice::NotSwapped(error) => format!("error: the model was not replaced: {}", chain(error)),
        Notice::Trouble(error) => format!("error: {}", chain(error)),
        Notice::Draining => "ending: running answers are finished first; a second signal breaks them off".to_owned(),
    }
}
