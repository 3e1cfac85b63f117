//! `siyu risk`.

use anyhow::{Context, bail};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use clap::Subcommand;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use siyu_serve::filter::{Example, Model, Training};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Fits and tries the classifier of mood and risk that `siyu serve` filters with.
#[derive(clap::Args)]
pub(crate) struct Risk {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Fits a classifier to labelled texts.
    #[command(after_help = "\
Example:
  siyu risk train labelled.parquet risk.safetensors

Rows have a column `text` and a column `label`: `ok` for what is harmless, and one name for each mood or risk. Every
tenth row is held out, and the report says how well the classifier does on those.")]
    Train {
        /// A Parquet file, or a folder of them.
        data: PathBuf,
        /// The file to write.
        model: PathBuf,
        /// The column of texts.
        #[arg(long, default_value = "text")]
        text: String,
        /// The column of labels.
        #[arg(long, default_value = "label")]
        label: String,
        /// Times that every row is seen.
        #[arg(long, default_value_t = Training::default().epochs)]
        epochs: u32,
        /// Seed of the order of rows.
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// Prints the probability of each label for a text.
    Score {
        /// The classifier.
        model: PathBuf,
        /// The text.
        text: String,
    },
}

impl Risk {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        match self.what {
            What::Train { data, model, text, label, epochs, seed } => {
                let examples = read(&data, &text, &label)?;
                let (fitted, report) = Training { epochs, seed, ..Training::default() }.fit(&examples)?;
                write(&model, &fitted.to_bytes()?).with_context(|| format!("cannot write `{}`", model.display()))?;
                writeln!(out, "fitted to {} rows, measured on {} others", report.fitted, report.held_out)?;
                writeln!(out, "{:<20} {:>8} {:>10} {:>8}", "label", "rows", "precision", "recall")?;
                for (label, rows, given, right) in report.labels {
                    let share = |of: usize| if of == 0 { f64::NAN } else { right as f64 / of as f64 };
                    writeln!(out, "{label:<20} {rows:>8} {:>10.3} {:>8.3}", share(given), share(rows))?;
                }
            }
            What::Score { model, text } => {
                let bytes = fs::read(&model).with_context(|| format!("cannot read `{}`", model.display()))?;
                let model = Model::from_bytes(&bytes, &model)?;
                for (label, probability) in model.labels().iter().zip(model.probabilities(&text)) {
                    writeln!(out, "{label:<20} {probability:.3}")?;
                }
            }
        }
        Ok(())
    }
}

/// The labelled rows of a file, or of the files in a folder in the order of their names.
fn read(path: &Path, text: &str, label: &str) -> anyhow::Result<Vec<Example>> {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let entries = fs::read_dir(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let entries: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        files = entries.into_iter().filter(|path| path.extension().is_some_and(|end| end == "parquet")).collect();
        files.sort();
    }
    if files.is_empty() {
        bail!("`{}` holds no file that ends in .parquet", path.display());
    }
    let mut examples = Vec::new();
    for file in files {
        let unreadable = || format!("cannot read `{}` as Parquet", file.display());
        let rows = ParquetRecordBatchReaderBuilder::try_new(File::open(&file).with_context(unreadable)?);
        for batch in rows.and_then(ParquetRecordBatchReaderBuilder::build).with_context(unreadable)? {
            let batch = batch.with_context(unreadable)?;
            let (texts, labels) = (column(&batch, text, &file)?, column(&batch, label, &file)?);
            let pairs = texts.into_iter().zip(labels);
            examples.extend(pairs.filter_map(|(text, label)| Some(Example { text: text?, label: label? })));
        }
    }
    Ok(examples)
}

/// A column of texts; nulls stay nulls.
fn column(batch: &RecordBatch, name: &str, file: &Path) -> anyhow::Result<Vec<Option<String>>> {
    let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    let column = batch.column_by_name(name).with_context(|| {
        format!(
            "`{}` has no column `{name}`, it has {}; name it with --text or --label",
            file.display(),
            names.join(", ")
        )
    })?;
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Ok(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().iter().map(owned).collect(),
        DataType::LargeUtf8 => column.as_string::<i64>().iter().map(owned).collect(),
        DataType::Utf8View => column.as_string_view().iter().map(owned).collect(),
        other => bail!("column `{name}` of `{}` holds {other}, not texts", file.display()),
    })
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".siyu-risk-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
