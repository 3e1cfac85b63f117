//! `siyu audit`.

use clap::Subcommand;
use siyu_serve::audit;
use std::io::Write;
use std::path::PathBuf;

/// Looks after the record that a service keeps of its requests.
#[derive(clap::Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Says whether a record is as it was written: no line changed, taken out, put in or moved.
    #[command(after_help = "\
Example:
  siyu audit verify audit.jsonl --key audit.key

The hash that is printed is that of the last line. Keep it elsewhere: whoever can write the record, its head file and
its key can make all of it anew.")]
    Verify {
        /// The record.
        record: PathBuf,
        /// File of its key, if it has one.
        #[arg(long)]
        key: Option<PathBuf>,
    },
}

impl Audit {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let What::Verify { record, key } = self.what;
        let found = audit::check(&record, key.as_deref())?;
        writeln!(out, "{} lines hold, the last is {}", found.lines, found.last)?;
        if found.torn > 0 {
            writeln!(out, "{} bytes behind it broke off when the service was killed", found.torn)?;
        }
        Ok(())
    }
}
