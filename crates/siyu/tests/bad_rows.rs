//! Rows that cannot be read, in every format, and input that is odd: each has one outcome.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use support::watch::{Watched, Work, full_pipe};
use support::{column, documents, fail, files, folder, manifest, shell, stderr, succeed};

/// A row that is quarantined: file, number, its bytes if the file has such, a word of the reason.
type Expected = (String, u64, Option<String>, &'static str);

/// One corpus: its files, the texts that must arrive and the rows that must not.
struct Corpus {
    folder: tempfile::TempDir,
    good: Vec<String>,
    bad: Vec<Expected>,
}

const ROWS: usize = 300;

fn is_bad(row: usize) -> bool {
    row % 100 == 57
}

impl Corpus {
    fn new() -> Self {
        let mut corpus = Self { folder: tempfile::tempdir().unwrap(), good: Vec::new(), bad: Vec::new() };
        fs::create_dir(corpus.folder.path().join("in")).unwrap();
        corpus.jsonl();
        corpus.array();
        corpus.table("csv", ',');
        corpus.table("tsv", '\t');
        corpus.parquet();
        corpus.pages();
        corpus.compressed();
        corpus
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.folder.path().join("in").join(name), bytes).unwrap();
    }

    fn text(&mut self, kind: &str, row: usize) -> String {
        let text = format!("{kind} 第{row}条 电话13{:09}", 800_000_000 + row);
        if !is_bad(row) {
            self.good.push(text.clone());
        }
        text
    }

    fn jsonl(&mut self) {
        let mut bytes = String::new();
        for row in 0..ROWS {
            let text = self.text("jsonl", row);
            let line = match row {
                57 => format!("{{\"text\": \"{text}"),
                157 => format!("{{\"text\": \"{text}\"}} {{"),
                257 => format!("{{\"other\": \"{text}\"}}"),
                _ => format!("{{\"text\": \"{text}\"}}"),
            };
            writeln!(bytes, "{line}").unwrap();
            if is_bad(row) {
                self.bad.push(("in/a.jsonl".into(), row as u64 + 1, Some(line), ""));
            }
        }
        self.write("a.jsonl", bytes.as_bytes());
    }

    fn array(&mut self) {
        let mut bytes = "[".to_owned();
        for row in 0..ROWS {
            let text = self.text("json", row);
            let comma = if row + 1 < ROWS { "," } else { "]" };
            let element = match row {
                57 => format!("{{\"text\": {{\"{text}\"}}}}"),
                157 => format!("{{\"text\": null, \"x\": \"{text}\"}}"),
                257 => format!("{{\"text\": \"\\ud800 {text}\"}}"),
                _ => format!("{{\"text\": \"{text}\"}}"),
            };
            writeln!(bytes, "{element}{comma}").unwrap();
            if is_bad(row) {
                self.bad.push(("in/b.json".into(), row as u64 + 1, Some(element), ""));
            }
        }
        self.write("b.json", bytes.as_bytes());
    }

    fn table(&mut self, kind: &str, delimiter: char) {
        let mut bytes = format!("id{delimiter}text\n").into_bytes();
        for row in 0..ROWS {
            let text = self.text(kind, row);
            let mut line = format!("{kind}{row}{delimiter}\"{text}\"").into_bytes();
            match row {
                57 => line.extend_from_slice(format!("{delimiter}more").as_bytes()),
                157 => line.insert(line.len() - 1, 0xFF),
                257 => line.insert(line.len() - 1, 0),
                _ => {}
            }
            if is_bad(row) {
                let shown = String::from_utf8_lossy(&line).into_owned();
                self.bad.push((format!("in/c.{kind}"), row as u64 + 1, Some(shown), ""));
            }
            bytes.extend(line);
            bytes.push(b'\n');
        }
        self.write(&format!("c.{kind}"), &bytes);
    }

    fn parquet(&mut self) {
        let texts: Vec<Option<String>> =
            (0..ROWS).map(|row| Some(self.text("parquet", row)).filter(|_| !is_bad(row))).collect();
        let column: ArrayRef = Arc::new(StringArray::from(texts));
        let batch = RecordBatch::try_from_iter_with_nullable([("text", column, true)]).unwrap();
        let file = fs::File::create_new(self.folder.path().join("in/d.parquet")).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        self.bad.extend(
            (0..ROWS)
                .filter(|row| is_bad(*row))
                .map(|row| ("in/d.parquet".to_owned(), row as u64 + 1, None, "`text` is missing or null")),
        );
    }

    fn pages(&mut self) {
        for kind in ["txt", "md", "html"] {
            for row in 0..100 {
                let text = self.text(kind, row);
                let mut bytes = text.clone().into_bytes();
                if is_bad(row) {
                    // Neither UTF-8 nor any other encoding that could be guessed.
                    bytes.splice(0..0, [0x81, 0x00, 0xFF, 0xFE, 0x98, 0x00]);
                    bytes.truncate(30);
                    let whole = String::from_utf8_lossy(&bytes).into_owned();
                    if kind != "html" {
                        self.bad.push((format!("in/{kind}-{row}.{kind}"), 1, Some(whole), ""));
                    }
                }
                if kind != "html" || !is_bad(row) {
                    self.write(&format!("{kind}-{row}.{kind}"), &bytes);
                }
            }
        }
    }

    fn compressed(&mut self) {
        for (kind, ending) in [("gzip", "gz"), ("zstd", "zst"), ("bzip2", "bz2"), ("xz", "xz")] {
            let lines: Vec<String> =
                (0..40_000).map(|row| format!("{{\"text\": \"{kind} {}\"}}\n", row * 7919 % 100_003)).collect();
            let whole = compress(ending, lines.concat().as_bytes());
            let name = format!("{kind}.jsonl.{ending}");
            let cut = &whole[..whole.len() * 2 / 3];
            self.write(&name, cut);
            let known = decompressed(ending, cut);
            let rows = known.split(|byte| *byte == b'\n').count() - 1;
            self.good.extend((0..rows).map(|row| format!("{kind} {}", row * 7919 % 100_003)));
            self.bad.push((format!("in/{name}"), rows as u64 + 1, None, "breaks off"));
        }
    }
}

fn compress(ending: &str, bytes: &[u8]) -> Vec<u8> {
    match ending {
        "gz" => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        "zst" => zstd::encode_all(bytes, 1).unwrap(),
        "bz2" => {
            let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        _ => {
            let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 1);
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
    }
}

/// What the library gives before it fails.
fn decompressed(ending: &str, bytes: &[u8]) -> Vec<u8> {
    let mut reader: Box<dyn std::io::Read + '_> = match ending {
        "gz" => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        "zst" => Box::new(zstd::Decoder::new(bytes).unwrap()),
        "bz2" => Box::new(bzip2::read::MultiBzDecoder::new(bytes)),
        _ => Box::new(liblzma::read::XzDecoder::new_multi_decoder(bytes)),
    };
    let (mut whole, mut piece) = (Vec::new(), vec![0; 256 << 10]);
    while let Ok(count) = reader.read(&mut piece) {
        if count == 0 {
            break;
        }
        whole.extend_from_slice(&piece[..count]);
    }
    whole
}

#[test]
fn good_rows_of_every_format_arrive_and_each_bad_one_is_in_quarantine_with_its_place() {
    let corpus = Corpus::new();
    let path = corpus.folder.path();
    fs::write(path.join("p.yaml"), "input: [{ path: in }]\noutput: { directory: out }\n").unwrap();
    succeed(path, &["run", "p.yaml"]);
    let mut found = column(&path.join("out/data"), "text");
    found.sort();
    let mut good = corpus.good.clone();
    good.sort();
    assert!(found == good, "{} rows of {}", found.len(), good.len());
    let lists = path.join("out/quarantine");
    let [sources, rows, starts, ends, reasons] =
        ["source", "source_row", "start", "end", "reason"].map(|name| column(&lists, name));
    let number = |text: &String| text.parse::<usize>().unwrap();
    assert_eq!(sources.len(), corpus.bad.len(), "{sources:?} {rows:?} {reasons:?}");
    for (source, row, bytes, reason) in &corpus.bad {
        let at = (0..rows.len()).find(|&at| sources[at] == *source && rows[at] == row.to_string());
        let at = at.unwrap_or_else(|| panic!("{source}:{row} is not in quarantine"));
        assert!(!reasons[at].is_empty() && reasons[at].contains(reason), "{source}:{row}: {}", reasons[at]);
        if let Some(expected) = bytes {
            let file = fs::read(path.join(source)).unwrap();
            let found = String::from_utf8_lossy(&file[number(&starts[at])..number(&ends[at])]).into_owned();
            assert_eq!(found.trim(), expected.trim(), "{source}:{row}");
        }
    }
    // Not one number of a row that is bad is anywhere but in its file.
    for (name, bytes) in files(&path.join("out")) {
        let text = String::from_utf8_lossy(&bytes);
        for row in [57, 157, 257] {
            assert!(!text.contains(&format!("13{:09}", 800_000_000 + row)), "{}", name.display());
        }
    }
    succeed(path, &["verify", "out"]);
}

/// Runs a pipeline without steps over some files; the texts in order of source and row, and the quarantined rows.
fn outcome(inputs: &[(&str, &[u8])]) -> (Vec<String>, Vec<String>) {
    let folder = folder(inputs);
    let pipeline = "input: [{ path: in }]\nmax_bad_ratio: 1\noutput: { directory: out }\n";
    fs::write(folder.path().join("p.yaml"), pipeline).unwrap();
    succeed(folder.path(), &["run", "p.yaml"]);
    succeed(folder.path(), &["verify", "out"]);
    let out = folder.path().join("out");
    let mut rows: Vec<(String, String)> =
        column(&out.join("data"), "source_row").into_iter().zip(column(&out.join("data"), "text")).collect();
    rows.sort_by_key(|row| row.0.parse::<u64>().unwrap());
    (rows.into_iter().map(|row| row.1).collect(), column(&out.join("quarantine"), "source_row"))
}

#[test]
fn odd_documents_have_one_outcome_each() {
    let deep = format!("{{\"text\": \"a\", \"x\": {}1{}}}\n", "[".repeat(100_000), "]".repeat(100_000));
    let lines: [(&[u8], &[&str], &[&str]); 12] = [
        (b"\xef\xbb\xbf{\"text\": \"a\"}\r\n{\"text\": \"b\"}\r\n", &["a", "b"], &[]),
        (b"{\"text\": \"\\u0000a\"}\n{\"text\": \"b\0\"}\n{\"text\": \"c\"}\n", &["\0a", "c"], &["2"]),
        (b"{\"text\": \"\\ud83d\"}\n{\"text\": \"\\ud83d\\ude00\"}\n", &["😀"], &["1"]),
        (
            b"{\"text\": 123456789012345678901234567890}\n{\"text\": 1e999}\n",
            &["123456789012345678901234567890", "1e999"],
            &[],
        ),
        (b"{\"text\": \"a\", \"text\": \"b\"}\n", &["b"], &[]),
        (b"{\"id\": \"x\"}\n{\"text\": \"a\"}\n", &["a"], &["1"]),
        (b"[]\n", &[], &[]),
        (b"\n\n  \n", &[], &[]),
        (b"{\"text\": \"\"}\n", &[""], &[]),
        (b"{\"text\": {\"a\": [1, \"b\"]}}\n", &["{\"a\": [1, \"b\"]}"], &[]),
        (b"nul\n{\"text\": true}\n", &["true"], &["1"]),
        (deep.as_bytes(), &[], &["1"]),
    ];
    for (bytes, texts, bad) in lines {
        let found = outcome(&[("in/a.jsonl", bytes), ("in/empty.csv", b"")]);
        let name = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        assert_eq!(
            (found.0, found.1),
            (texts.iter().map(|text| (*text).to_owned()).collect(), bad.iter().map(|row| (*row).to_owned()).collect()),
            "{name}"
        );
    }
}

#[test]
fn names_that_are_no_utf_8_stay_apart_and_equal_ids_are_both_kept() {
    let folder = folder(&[("p.yaml", b"input: [{ path: in }]\noutput: { directory: out }\n")]);
    fs::create_dir(folder.path().join("in")).unwrap();
    for byte in [0xFE, 0xFF] {
        let name = [&b"in/a"[..], &[byte], b".jsonl"].concat();
        let path = folder.path().join(Path::new(std::ffi::OsStr::from_bytes(&name)));
        fs::write(path, format!("{{\"id\": \"same\", \"text\": \"{byte}\"}}\n")).unwrap();
    }
    succeed(folder.path(), &["run", "p.yaml"]);
    let data = folder.path().join("out/data");
    assert_eq!(column(&data, "id"), ["same", "same"]);
    let sources: BTreeSet<String> = column(&data, "source").into_iter().collect();
    assert_eq!(sources.into_iter().collect::<Vec<_>>(), ["in/a\\xFE.jsonl", "in/a\\xFF.jsonl"]);
}

#[test]
fn nothing_to_read_is_an_error_and_nothing_left_over_is_a_dataset_without_rows() {
    let lines = documents(10, |row| format!("第{row}条"), 0);
    let folder = folder(&[("in/a.jsonl", lines.as_bytes()), ("empty.jsonl", b"")]);
    fs::create_dir(folder.path().join("none")).unwrap();
    let pipeline =
        "input: [{ path: in }]\nsteps: [{ filter: \"char_count(text) > 100\" }]\noutput: { directory: out }\n";
    fs::write(folder.path().join("p.yaml"), pipeline).unwrap();
    for (path, expected) in [("none", "matches no file: the folder is empty"), ("in/*.csv", "matches no file")] {
        let message = fail(folder.path(), &["run", "p.yaml", "--set", &format!("input.0.path={path}")], 2);
        assert!(message.contains(expected) && !folder.path().join("out").exists(), "{message}");
    }
    for path in ["in", "empty.jsonl"] {
        succeed(folder.path(), &["run", "p.yaml", "--fresh", "--set", &format!("input.0.path={path}")]);
        succeed(folder.path(), &["verify", "out"]);
        let manifest = manifest(&folder.path().join("out"));
        assert_eq!((&manifest["rows"]["written"], manifest["shards"].as_array().unwrap().len()), (&0.into(), 1));
        let shard = &support::batches(&folder.path().join("out/data/train-00000-of-00001.parquet"));
        assert!(shard.is_empty());
    }
}

#[test]
fn ten_thousand_files_are_read_with_few_of_them_open_and_little_memory() {
    let folder =
        folder(&[("p.yaml", b"input: [{ path: in }]\nsteps: [{ exact_dedup: {} }]\noutput: { directory: out }\n")]);
    fs::create_dir(folder.path().join("in")).unwrap();
    for number in 0..10_000 {
        fs::write(
            folder.path().join(format!("in/{number}.{}", ["txt", "jsonl", "csv"][number % 3])),
            [format!("第{number}篇"), format!("{{\"text\": \"第{number}篇\"}}"), format!("text\n第{number}篇")]
                [number % 3]
                .as_str(),
        )
        .unwrap();
    }
    let output = shell(folder.path(), "ulimit -n 64; ulimit -d 500000; exec siyu run p.yaml --threads 2");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(manifest(&folder.path().join("out"))["rows"]["written"], 10_000);
}

#[test]
fn a_line_of_a_hundred_megabytes_is_read_in_bounded_memory() {
    let folder = folder(&[(
        "p.yaml",
        b"input: [{ path: a.jsonl }]\nsteps: [{ exact_dedup: {} }]\noutput: { directory: out }\n",
    )]);
    let mut file = fs::File::create_new(folder.path().join("a.jsonl")).unwrap();
    file.write_all(b"{\"text\": \"before\"}\n{\"text\": \"").unwrap();
    for _ in 0..100 {
        file.write_all("长长长长 ".repeat(80_000).as_bytes()).unwrap();
    }
    file.write_all(b"\"}\n{\"text\": \"after\"}\n").unwrap();
    let run = ["run", "p.yaml", "--threads", "2", "--memory", "256MB"];
    // Its summary finds no reader until its memory was looked at.
    let (reader, writer) = full_pipe();
    let (mut watched, _) = Watched::start_with(folder.path(), &run, writer.into(), false);
    assert!(watched.until(Work::Installing, 1), "{}", stderr(&watched.end()));
    let peak = watched.peak_kibibytes();
    let reading = std::thread::spawn(move || std::io::copy(&mut { reader }, &mut std::io::sink()));
    let output = watched.end();
    reading.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(peak < 1_000_000, "{peak} KiB for a line of 104 MB");
    let texts = column(&folder.path().join("out/data"), "text");
    assert_eq!(texts.len(), 3);
    assert!(texts.iter().any(|text| text.len() > 100_000_000) && texts.iter().any(|text| text == "after"));
}
