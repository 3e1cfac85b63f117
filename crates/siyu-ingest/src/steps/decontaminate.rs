//! `decontaminate`.

use crate::error::{Error, Result};
use crate::input::{Text, each_text};
use crate::operator::{Kernel, RowOperator, Verdict, text_column};
use crate::steps::text_columns;
use arrow::array::{Array, BooleanArray, StringArray};
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::near::{Overlap, Sought};
use std::path::PathBuf;
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
/// A passage is 13 words in a row or 20 Han characters, where case, width, punctuation and white space do not count; in
/// mixed text a run of both in which a word counts as a thirteenth and a Han character as a twentieth of a passage. An
/// evaluation text that is too short for a passage, but at least 0.7 of one, is looked for as a whole: where it stands
/// between punctuation or the ends of lines. Behind `split`, only the training part is looked at.
///
/// # Why
/// A model that has read the questions of a benchmark scores well on it and on nothing else.
/// # Example
/// `decontaminate: { against: [sample-data/questions.csv] }`
/// # Nulls
/// A missing text overlaps with nothing. Shorter evaluation texts are not looked for; the manifest, the report and the
/// end of a run tell how many.
/// # Source
/// Brown et al. 2020, "Language Models are Few-Shot Learners", appendix C, for 13 words; a Han character carries about
/// two thirds of a word.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decontaminate {
    /// The evaluation files: `.jsonl`, `.json` and `.parquet` (every string in them, in lists and records too), `.csv` and
    /// `.tsv` (every cell), `.txt`, `.md` and `.html` (the document, and each line). All but `.parquet` also behind `.gz`,
    /// `.zst`, `.bz2` or `.xz`. Files of other kinds are refused.
    pub against: Vec<PathBuf>,
    /// Words of a passage.
    #[serde(default = "words")]
    pub words: usize,
    /// Han characters of a passage.
    #[serde(default = "han")]
    pub han: usize,
    /// Share of a passage from which on a shorter evaluation text is looked for as a whole; 1 looks for none.
    #[serde(default = "whole_ratio")]
    pub whole_ratio: f64,
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

fn whole_ratio() -> f64 {
    0.7
}

/// How many evaluation texts are looked for in which way.
#[derive(Debug, Default)]
struct Coverage {
    passages: u64,
    whole: u64,
    too_short: u64,
}

impl Coverage {
    fn count(&mut self, sought: Sought) {
        match sought {
            Sought::Passages => self.passages += 1,
            Sought::Whole => self.whole += 1,
            Sought::TooShort => self.too_short += 1,
            Sought::Empty => {}
        }
    }
}

impl Decontaminate {
    fn index(&self) -> Result<(Overlap, Coverage)> {
        let mut overlap = Overlap::new(self.words, self.han, self.whole_ratio);
        let mut coverage = Coverage::default();
        for (number, path) in (0u32..).zip(&self.against) {
            let unreadable =
                |source| Error::StepFile { step: "decontaminate", setting: "against", path: path.clone(), source };
            let problem =
                |what: String| Error::setting("decontaminate", "against", format!("`{}`: {what}", path.display()));
            each_text(path, unreadable, problem, |text| match text {
                Text::Value(text) => coverage.count(overlap.add(text, number)),
                Text::Document(text) => {
                    coverage.count(overlap.add(text, number));
                    // Lists of questions have one a line.
                    text.lines().for_each(|line| {
                        overlap.add(line, number);
                    });
                }
            })?;
        }
        if overlap.is_empty() {
            let problem = format!(
                "the files hold no passage of {} words or {} Han characters, nor a text of {} of one",
                self.words, self.han, self.whole_ratio
            );
            return Err(Error::setting("decontaminate", "against", problem));
        }
        Ok((overlap, coverage))
    }

    /// What to know of evaluation texts that have no passage, if any.
    ///
    /// # Errors
    /// A file that cannot be read any more.
    pub(crate) fn note(&self) -> Result<Option<String>> {
        let Coverage { passages, whole, too_short } = self.index()?.1;
        let (all, without) = (passages + whole + too_short, whole + too_short);
        Ok((without > 0).then(|| {
            format!(
                "{without} of {all} evaluation texts have no passage of {} words or {} Han characters: {whole} are looked for where they stand as a sentence or line of their own, {too_short} are too short for that and not looked for",
                self.words, self.han
            )
        }))
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
        if !(0.0..=1.0).contains(&self.whole_ratio) || self.whole_ratio == 0.0 {
            return Err(Error::setting("decontaminate", "whole_ratio", "must be above 0 and at most 1"));
        }
        if self.columns.is_empty() || self.against.is_empty() {
            return Err(Error::setting("decontaminate", "against", "name at least one file and one column"));
        }
        let reports = self.on_overlap == OnOverlap::Report;
        Ok(if reports { vec![Field::new("overlaps", DataType::Utf8, true)] } else { Vec::new() })
    }

    fn build(&self, inputs: &[Field]) -> Result<Kernel> {
        let overlap = self.index()?.0;
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

#[cfg(test)]
mod tests {
    use super::Decontaminate;
    use crate::operator::RowOperator;
    use crate::testing::{kept, rewritten};
    use arrow::array::{Array, ArrayRef, ListArray, RecordBatch, StringArray, StructArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::{DataType, Field};
    use parquet::arrow::ArrowWriter;
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

    fn written(suffix: &str, bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::Builder::new().suffix(suffix).tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn compressed_files_are_read_through() {
        let line = format!("{{\"q\": \"{ASKED}\"}}\n");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(line.as_bytes()).unwrap();
        let mut bzip = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip.write_all(line.as_bytes()).unwrap();
        for (suffix, bytes) in [(".jsonl.gz", gzip.finish().unwrap()), (".jsonl.bz2", bzip.finish().unwrap())] {
            assert_eq!(
                kept(&step(&written(suffix, &bytes), ""), &[Some(ASKED), Some("别的")]),
                [false, true],
                "{suffix}"
            );
            let cut = written(suffix, &bytes[..bytes.len() - 9]);
            assert!(step(&cut, "").build(&[]).err().unwrap().to_string().contains("breaks off"), "{suffix}");
        }
    }

    #[test]
    fn kinds_of_files_that_cannot_be_read_are_refused_by_name() {
        for suffix in [".docx", ".pdf", ".xlsx", ""] {
            let file = written(suffix, &[0x50, 0x4b, 3, 4, 0, 1, 2]);
            let message = step(&file, "").build(&[]).err().unwrap().to_string();
            assert!(message.contains(&file.path().display().to_string()) && message.contains(".jsonl"), "{message}");
        }
    }

    #[test]
    fn lists_and_structs_of_parquet_are_walked() {
        let role = Arc::new(StringArray::from(vec!["user", "user"])) as ArrayRef;
        let content = Arc::new(StringArray::from(vec!["短", ASKED])) as ArrayRef;
        let fields = ["role", "content"].map(|name| Arc::new(Field::new(name, DataType::Utf8, true)));
        let turns = StructArray::new(fields.to_vec().into(), vec![role, content], None);
        let item = Arc::new(Field::new("item", turns.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths([1, 0, 1]);
        let list = Arc::new(ListArray::new(item, offsets, Arc::new(turns), None)) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("messages", list)]).unwrap();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        let file = written(".parquet", &writer.into_inner().unwrap());
        assert_eq!(kept(&step(&file, ""), &[Some(ASKED), Some("别的")]), [false, true]);
    }

    #[test]
    fn cells_of_a_table_are_texts_of_their_own() {
        let file = written(".csv", "id,q\n1,\"中华人民共和国第一任总理,是谁？\"\n".as_bytes());
        let texts = [Some("中华人民共和国第一任总理是谁"), Some("第一任总理是谁")];
        assert_eq!(kept(&step(&file, ""), &texts), [false, true]);
        assert_eq!(kept(&step(&file, ", words: 5, han: 5, whole_ratio: 1"), &[Some("第一任")]), [true]);
    }

    #[test]
    fn texts_without_a_passage_are_counted() {
        let lines = format!("{{\"q\": [\"{ASKED}\", \"中华人民共和国第一任总理是谁？\", \"是\", \"——\"], \"n\": 7}}");
        let file = written(".json", lines.as_bytes());
        let note = step(&file, "").note().unwrap().unwrap();
        assert!(
            note.starts_with("2 of 3 evaluation texts have no passage of 13 words or 20 Han characters: 1 "),
            "{note}"
        );
        assert!(note.ends_with(" 1 are too short for that and not looked for"), "{note}");
    }

    #[test]
    fn files_without_a_passage_are_refused() {
        let mut file = tempfile::Builder::new().suffix(".txt").tempfile().unwrap();
        writeln!(file, "短").unwrap();
        assert!(step(&file, "").build(&[]).is_err());
    }
}
