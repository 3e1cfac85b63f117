//! `siyu bundle`.

use clap::Subcommand;
use siyu_export::{BundleParts, ChangeKind, Role, create_bundle, diff_bundles, lineage};
use std::io::Write;
use std::path::PathBuf;

/// Values of a changed JSON file that are shown.
const SHOWN: usize = 40;

/// Makes one thing of model, adapter, tokenizer and settings, under one hash.
#[derive(clap::Args)]
pub(crate) struct Bundle {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Copies the parts into a folder with one manifest, and refuses parts that were not made for each other.
    ///
    /// `model/` in the bundle is a model folder, `adapter/` one of PEFT. The record of the run that made the adapter and
    /// the manifest of its dataset come along where they are found. Large files are marked for git-lfs; `dvc add` takes
    /// the folder as it is.
    #[command(after_help = "\
Examples:
  siyu bundle create bundles/legal --model models/base --adapter out/legal-adapter --tag legal-1
  siyu bundle create bundles/merged --model out/legal-model --settings serve.yaml")]
    Create(Create),
    /// Reads every file again and compares it with the manifest.
    Verify {
        /// Folder that holds `bundle.json`.
        bundle: PathBuf,
    },
    /// Gives a bundle a name by which people know it; its hash stays.
    Tag {
        /// Folder that holds `bundle.json`.
        bundle: PathBuf,
        /// Letters, digits, `.`, `_` and `-`.
        tag: String,
    },
    /// Says what changed from one bundle to another: files, settings, and the dataset that the adapter was trained on.
    Diff {
        /// Folder of the first.
        before: PathBuf,
        /// Folder of the second.
        after: PathBuf,
    },
}

#[derive(clap::Args)]
struct Create {
    /// Folder to write.
    out: PathBuf,
    /// Folder of the model: weights, or an exported graph.
    #[arg(long, value_name = "FOLDER")]
    model: PathBuf,
    /// Folder of an adapter for it.
    #[arg(long, value_name = "FOLDER")]
    adapter: Option<PathBuf>,
    /// Folder whose tokenizer and template take the place of the model's.
    #[arg(long, value_name = "FOLDER")]
    tokenizer: Option<PathBuf>,
    /// File that says how the model is served; may be given several times.
    #[arg(long, value_name = "FILE")]
    settings: Vec<PathBuf>,
    /// The dataset that the adapter was trained on, where it no longer lies where the run read it.
    #[arg(long, value_name = "DATASET", requires = "adapter")]
    dataset: Option<PathBuf>,
    /// A name by which people know the bundle.
    #[arg(long, value_name = "NAME")]
    tag: Option<String>,
    /// Write over what is there.
    #[arg(long)]
    force: bool,
}

impl Bundle {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        match self.action {
            Action::Create(create) => create.run(out),
            Action::Verify { bundle } => {
                let bundle = siyu_export::Bundle::open(&bundle)?;
                bundle.verify()?;
                told(&bundle, out)
            }
            Action::Tag { bundle, tag } => {
                let mut bundle = siyu_export::Bundle::open(&bundle)?;
                bundle.tag(&tag)?;
                told(&bundle, out)
            }
            Action::Diff { before, after } => {
                differences(&siyu_export::Bundle::open(&before)?, &siyu_export::Bundle::open(&after)?, out)
            }
        }
    }
}

impl Create {
    fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let lineage = match &self.adapter {
            Some(adapter) => lineage(adapter, self.dataset.as_deref())?,
            None => Vec::new(),
        };
        let Self { model, adapter, tokenizer, settings, tag, .. } = self;
        let parts = BundleParts { model, adapter, tokenizer, settings, lineage, tag };
        told(&create_bundle(&self.out, &parts, self.force)?, out)
    }
}

/// Files and bytes of each part, and the hash.
fn told(bundle: &siyu_export::Bundle, out: &mut impl Write) -> anyhow::Result<()> {
    let manifest = bundle.manifest();
    for role in Role::ALL {
        let (count, bytes) = manifest.of(role).fold((0, 0), |(count, bytes), file| (count + 1, bytes + file.bytes));
        if count > 0 {
            writeln!(out, "{:10} {count} files, {bytes} bytes", role.name())?;
        }
    }
    if !manifest.tags.is_empty() {
        writeln!(out, "{:10} {}", "tags", manifest.tags.join(", "))?;
    }
    writeln!(out, "{:10} {}", "hash", manifest.content_hash)?;
    Ok(())
}

fn differences(before: &siyu_export::Bundle, after: &siyu_export::Bundle, out: &mut impl Write) -> anyhow::Result<()> {
    let changes = diff_bundles(before, after)?;
    if changes.is_empty() {
        writeln!(out, "the same: {}", after.manifest().content_hash)?;
    }
    for change in &changes {
        writeln!(out, "{change}")?;
        let ChangeKind::Changed { lines, .. } = &change.kind else { continue };
        for line in lines.iter().take(SHOWN) {
            writeln!(out, "  {line}")?;
        }
        if lines.len() > SHOWN {
            writeln!(out, "  … and {} more", lines.len() - SHOWN)?;
        }
    }
    Ok(())
}
