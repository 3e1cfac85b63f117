//! `decontaminate`.

use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict, text_column};
use crate::steps::text_columns;
use arrow::array::{Array, BooleanArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use siyu_text::decode;
use siyu_text::near::Overlap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is done to documents that overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnOverlap {
    /// They are dropped, with the evaluation file in the reason.
    #[default]
    Remove,
    /// They stay; the column `overlaps` names the evaluation file.
    Report,
}

/// Removes or reports training documents that share a passage with local evaluation files.
///
/// A passage is 13 words in a row or 20 Han characters, where case, width, punctuation and white space do not count.
/// Behind `split`, only the training part is looked at.
///
/// # Why
/// A model that has read the questions of a benchmark scores well on it and on nothing else.
/// # Example
/// `decontaminate: { against: [sample-data/questions.csv] }`
/// # Nulls
/// A missing text overlaps with nothing. An evaluation text shorter than a passage is not looked for.
/// # Source
/// Brown et al. 2020, "Language Models are Few-Shot Learners", appendix C, for 13 words; a Han character carries about
/// two thirds of a word.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decontaminate {
    /// The evaluation files: `.jsonl` or `.json` (every string counts), `.parquet` (every text column), others as text.
    pub against: Vec<PathBuf>,
    /// Words of a passage.
    #[serde(default = "words")]
    pub words: usize,
    /// Han characters of a passage.
    #[serde(default = "han")]
    pub han: usize,
    /// Columns looked at, each by itself.
    #[serde(default = "text_columns")]
    pub columns: Vec<String>,
    /// `remove` or `report`.
    #[serde(default)]
    pub on_overlap: OnOverlap,
}

fn words() -> usize {
    13
}

fn han() -> usize {
    20
}

impl Decontaminate {
    fn index(&self) -> Result<Overlap> {
        let mut overlap = Overlap::new(self.words, self.han);
        for (number, path) in (0u32..).zip(&self.against) {
            each_text(path, &mut |text| overlap.add(text, number))?;
        }
        if overlap.is_empty() {
            let problem = format!("the files hold no passage of {} words or {} Han characters", self.words, self.han);
            return Err(Error::setting("decontaminate", "against", problem));
        }
        Ok(overlap)
    }
}

impl RowOperator for Decontaminate {
    fn reads(&self, available: &[String]) -> Result<Vec<String>> {
        let mut names = self.columns.clone();
        names.extend(available.iter().filter(|name| *name == "split").cloned());
        Ok(names)
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        for (setting, value) in [("words", self.words), ("han", self.han)] {
            if value == 0 {
                return Err(Error::setting("decontaminate", setting, "must be at least 1"));
            }
        }
        if self.columns.is_empty() || self.against.is_empty() {
            return Err(Error::setting("decontaminate", "against", "name at least one file and one column"));
        }
        let reports = self.on_overlap == OnOverlap::Report;
        Ok(if reports { vec![Field::new("overlaps", DataType::Utf8, true)] } else { Vec::new() })
    }

    fn build(&self, inputs: &[Field]) -> Result<Kernel> {
        let overlap = self.index()?;
        let (count, action) = (self.columns.len(), self.on_overlap);
        let names: Vec<String> = self.against.iter().map(|path| path.display().to_string()).collect();
        let divided = inputs.len() > count;
        Ok(Box::new(move |columns| {
            let texts = columns[..count].iter().map(text_column).collect::<Result<Vec<_>, ArrowError>>()?;
            let sides = if divided { Some(text_column(&columns[count])?) } else { None };
            let find = |row: usize| {
                let training = sides.is_none_or(|sides| sides.is_valid(row) && sides.value(row) == "train");
                let found = texts.iter().filter(|column| training && column.is_valid(row));
                found.filter_map(|column| overlap.find(column.value(row))).min()
            };
            let rows = texts.first().map_or(0, |column| Array::len(*column));
            let found: Vec<Option<&str>> =
                (0..rows).map(|row| find(row).map(|file| names[file as usize].as_str())).collect();
            if action == OnOverlap::Report {
                return Ok(Verdict::columns(vec![Arc::new(found.into_iter().collect::<StringArray>())]));
            }
            let keep = found.iter().map(|file| Some(file.is_none())).collect::<BooleanArray>();
            let reasons =
                found.iter().map(|file| file.map(|file| format!("overlap: with `{file}`"))).collect::<StringArray>();
            Ok(Verdict { reasons: Some(reasons), ..Verdict::keep(keep) })
        }))
    }

    fn files(&self) -> Vec<PathBuf> {
        self.against.clone()
    }
}

/// Hands over every text of an evaluation file.
fn each_text(path: &Path, each: &mut impl FnMut(&str)) -> Result<()> {
    let unreadable =
        |source| Error::StepFile { step: "decontaminate", setting: "against", path: path.to_owned(), source };
    let broken =
        |problem: String| Error::setting("decontaminate", "against", format!("`{}`: {problem}", path.display()));
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    if extension == "parquet" {
        let file = File::open(path).map_err(unreadable)?;
        let reader =
            ParquetRecordBatchReaderBuilder::try_new(file).and_then(ParquetRecordBatchReaderBuilder::<File>::build);
        for batch in reader.map_err(|error| broken(error.to_string()))? {
            let batch = batch.map_err(|error| broken(error.to_string()))?;
            for column in batch.columns() {
                if matches!(column.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
                    && let Ok(texts) = cast(column, &DataType::Utf8)
                    && let Ok(texts) = text_column(&texts)
                {
                    texts.iter().flatten().for_each(&mut *each);
                }
            }
        }
        return Ok(());
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let text = decode::decode(&bytes, decode::detect(&bytes, true, false).encoding).0;
    if !["json", "jsonl"].contains(&extension.as_str()) {
        each(&text);
        return Ok(());
    }
    for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        let value = value.map_err(|error| broken(format!("line {} is not JSON", error.line())))?;
        each_string(&value, each);
    }
    Ok(())
}

fn each_string(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(items) => items.iter().for_each(|item| each_string(item, each)),
        Value::Object(fields) => fields.values().for_each(|field| each_string(field, each)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::Decontaminate;
    use crate::operator::RowOperator;
    use crate::testing::{kept, rewritten};
    use arrow::array::{ArrayRef, StringArray};
    use arrow::datatypes::{DataType, Field};
    use std::io::Write;
    use std::sync::Arc;

    const ASKED: &str = "当事人应当遵循公平原则确定各方的权利和义务";

    fn step(file: &tempfile::NamedTempFile, more: &str) -> Decontaminate {
        serde_saphyr::from_str(&format!("{{ against: ['{}']{more} }}", file.path().display())).unwrap()
    }

    fn questions() -> tempfile::NamedTempFile {
        let mut file = tempfile::Builder::new().suffix(".jsonl").tempfile().unwrap();
        writeln!(file, "{{\"turns\": [{{\"content\": \"{ASKED}？\"}}], \"answer\": 1}}").unwrap();
        file
    }

    #[test]
    fn a_document_that_holds_a_question_is_dropped_or_told() {
        let file = questions();
        let texts = [Some("当事人应当遵循公平原则，确定各方的权利和义务。"), Some("当事人应当遵循诚信原则"), None];
        assert_eq!(kept(&step(&file, ""), &texts), [false, true, true]);
        let told = rewritten(&step(&file, ", on_overlap: report"), &texts);
        assert_eq!(told, [Some(file.path().display().to_string()), None, None]);
    }

    #[test]
    fn behind_a_split_only_training_documents_are_dropped() {
        let file = questions();
        let step = step(&file, "");
        let reads = step.reads(&["text".to_owned(), "split".to_owned()]).unwrap();
        let fields: Vec<Field> = reads.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        let kernel = step.build(&fields).unwrap();
        let column = |values: [&str; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
        let keep = kernel(&[column([ASKED, ASKED]), column(["train", "test"])]).unwrap().keep.unwrap();
        assert_eq!(keep.iter().collect::<Vec<_>>(), [Some(false), Some(true)]);
    }

    #[test]
    fn files_without_a_passage_are_refused() {
        let mut file = tempfile::Builder::new().suffix(".txt").tempfile().unwrap();
        writeln!(file, "短").unwrap();
        assert!(step(&file, "").build(&[]).is_err());
    }
}
