//! `siyu token`.

use anyhow::{Context, bail};
use clap::Subcommand;
use siyu_serve::gate::{Grant, issue, with_new_key};
use siyu_serve::{Clock, Settings};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Makes keys and tokens for a service whose tokens nobody else issues.
#[derive(clap::Args)]
pub(crate) struct Token {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Adds a secret to a file of keys, which is made where it is missing. Tokens are signed with the last one.
    #[command(after_help = "\
Example:
  siyu token key keys.json

To rotate: add a key, issue new tokens, and when the old ones have ended take the old key out of the file. The service
reads the file again by itself.")]
    Key {
        /// The file of keys, which only its owner may read.
        keys: PathBuf,
    },
    /// Prints a token for a service.
    #[command(after_help = "\
Example:
  siyu token issue serve.yaml --subject alice --hours 8")]
    Issue {
        /// The service's file, whose gate says what a token must be.
        service: PathBuf,
        /// Whom it is for.
        #[arg(long)]
        subject: String,
        /// For how many hours.
        #[arg(long, default_value_t = 8)]
        hours: u64,
    },
}

impl Token {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        match self.what {
            What::Key { keys } => {
                let text = with_new_key(read(&keys)?.as_deref(), &keys)?;
                write_private(&keys, &text).with_context(|| format!("cannot write `{}`", keys.display()))?;
                writeln!(out, "added a key: {}", keys.display())?;
            }
            What::Issue { service, subject, hours } => {
                let settings = Settings::from_path(&service)?;
                let Some(gate) = settings.gate else { bail!("`{}` has no gate", service.display()) };
                let keys = &gate.token.keys;
                let text = read(keys)?
                    .with_context(|| format!("`{}` is missing; make it with `siyu token key {0}`", keys.display()))?;
                let grant = Grant { subject, from: Clock::new().now().unix, seconds: hours.saturating_mul(3600) };
                writeln!(out, "{}", issue(&text, &gate.token, &grant)?)?;
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        text => Ok(Some(text.with_context(|| format!("cannot read `{}`", path.display()))?)),
    }
}

/// Writes a file that only its owner may read, under its name only when it is whole.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".siyu-keys-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
