//! What is kept of a batch whose loss is no number.

use std::path::Path;

use serde::Serialize;
use siyu_dataset::TokenRows;
use siyu_model::{Model, Precision};

use crate::{Error, Result, feed::Rows, files};

/// What it takes to see a batch's loss again: its rows and its seed; the parameters lie beside it.
#[derive(Serialize)]
struct Bundle<'a> {
    step: u64,
    dropout_seed: Option<u64>,
    loss_scale: f64,
    rows: Vec<BundleRow<'a>>,
}

#[derive(Serialize)]
struct BundleRow<'a> {
    row: u64,
    id: String,
    input_ids: &'a [i32],
    labels: &'a [i32],
}

/// A batch that went wrong.
pub(crate) struct Wrong<'a> {
    pub(crate) step: u64,
    pub(crate) seed: Option<u64>,
    pub(crate) scale: f64,
    pub(crate) batch: &'a Rows,
}

/// Keeps the batch below `replay/` and says what went wrong first.
pub(crate) fn keep(output: &Path, model: &Model, rows: &TokenRows, wrong: &Wrong<'_>) -> Result<Error> {
    let step = wrong.step + 1;
    let folder = output.join(format!("replay/step-{step}"));
    files::folder(&folder)?;
    let mut bundle = Bundle {
        step,
        dropout_seed: wrong.seed,
        loss_scale: wrong.scale,
        rows: Vec::with_capacity(wrong.batch.0.len()),
    };
    for row in &wrong.batch.0 {
        bundle.rows.push(BundleRow { row: row.row, id: rows.id(row.row)?, input_ids: &row.ids, labels: &row.labels });
    }
    let ids: Vec<String> = bundle.rows.iter().map(|row| format!("`{}`", row.id)).collect();
    let path = folder.join("batch.json");
    let json = serde_json::to_vec(&bundle).map_err(|error| Error::damaged(&path, &error))?;
    files::replace(&path, &json)?;
    save_parameters(model, &folder.join("parameters"))?;
    Ok(Error::NonFinite { step, layer: place(model, wrong)?, rows: ids.join(", "), bundle: folder })
}

fn place(model: &Model, wrong: &Wrong<'_>) -> Result<String> {
    let batch = wrong.batch.batch(model.options().device)?;
    Ok(match model.first_non_finite(&batch)? {
        Some(place) => format!("numbers go wrong first in `{place}`"),
        None => "without dropout all numbers of the forward pass are finite: the gradient overflows".to_owned(),
    })
}

/// Adapters as PEFT reads them; whole models as a folder of theirs.
fn save_parameters(model: &Model, folder: &Path) -> Result<()> {
    if model.adapter().is_some() {
        model.save_adapter(folder, "the base of this run")?;
    } else {
        model.save(folder, Precision::F32)?;
    }
    Ok(())
}
