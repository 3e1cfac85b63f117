use encoding_rs::{BIG5, GB18030};
use siyu_text::decode::Evidence;

use super::*;

#[test]
fn json_lines_give_rows_numbered_by_line() {
    let read = read("a.jsonl", "\u{feff}{\"text\":\"甲\"}\r\n\r\n{\"text\":\"乙\",\"id\":7}\n".as_bytes());
    let expected = [(1, "a.jsonl:1", "甲"), (3, "7", "乙")];
    let rows: Vec<_> = read.rows.iter().map(|row| (row.1, row.2.as_str(), row.3[0].as_deref().unwrap())).collect();
    assert_eq!(rows, expected);
    assert!(read.bad.is_empty());
}

#[test]
fn arrays_and_objects_over_many_lines_give_rows() {
    let array = br#" [ {"text":"a"}, {"text":"b]},{"} , {"text":"c"} ] "#;
    for name in ["a.json", "a.jsonl"] {
        assert_eq!(read(name, array).texts(), ["a", "b]},{", "c"]);
        assert!(read(name, array).bad.is_empty());
    }
    assert_eq!(read("a.json", b"{\n  \"text\": \"a\"\n}\n{\n  \"text\": \"b\"\n}\n").texts(), ["a", "b"]);
    assert_eq!(read("a.json", b"[]").texts(), [""; 0]);
}

#[test]
fn tables_have_cells_over_many_lines() {
    let table = "id,text,note\r\nx,\"甲,\"\"乙\"\"\n丙\",\r\n\r\n,b,c";
    let read = read("a.csv", table.as_bytes());
    assert_eq!(read.texts(), ["甲,\"乙\"\n丙", "b"]);
    assert_eq!((read.rows[0].2.as_str(), read.rows[1].2.as_str(), read.rows[1].1), ("x", "a.csv:2", 2));
    assert_eq!(super::read("a.tsv", b"text\tn\na,b\tc\n").texts(), ["a,b"]);
}

#[test]
fn documents_are_one_row_each_and_named_by_their_file() {
    let read = read("a.md", "# 标题\n\n正文".as_bytes());
    assert_eq!((read.texts(), read.rows[0].2.as_str(), read.rows[0].1), (vec!["# 标题\n\n正文"], "a.md", 1));
    let page = "<meta charset=gbk><p>中文网页</p>";
    let read = super::read("a.html", &GB18030.encode(page).0);
    assert_eq!((read.texts(), read.facts[0].evidence), (vec![page], Evidence::Declared));
}

#[test]
fn all_compressions_read_like_the_plain_file() {
    let lines = numbered(5000, |row| format!("{{\"text\":\"第{row}行\"}}\n"));
    let plain = read("a.jsonl", lines.as_bytes());
    assert_eq!(plain.rows.len(), 5000);
    let all = [
        (".gz", Compression::Gzip),
        (".zst", Compression::Zstd),
        (".bz2", Compression::Bzip2),
        (".xz", Compression::Xz),
    ];
    for (extension, compression) in all {
        let (head, tail) = lines.as_bytes().split_at(1000);
        let twice = [compress(head, compression), compress(tail, compression)].concat();
        for name in [format!("a.jsonl{extension}"), "a.jsonl".to_owned()] {
            let read = read(&name, &twice);
            assert_eq!(read.texts(), plain.texts(), "{name}");
            assert_eq!(read.facts[0].blake3, blake3::hash(&twice).to_hex().to_string());
        }
    }
}

#[test]
fn encodings_are_found_or_named() {
    let text = "{\"text\":\"中华人民共和国民法典，自公布之日起施行。我们的时间是有限的\"}\n".repeat(20);
    let expected = read("a.jsonl", text.as_bytes()).texts().join("");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe".to_vec(), utf16.clone()].concat();
    let gb = GB18030.encode(&text).0.into_owned();
    for (bytes, label, evidence) in [
        (gb.clone(), None, Evidence::Guessed),
        (gb, Some("gbk"), Evidence::Named),
        (BIG5.encode("{\"text\":\"中華民國\"}").0.into_owned(), Some("big5"), Evidence::Named),
        (marked, Some("utf-8"), Evidence::ByteOrderMark),
        (utf16, Some("utf-16le"), Evidence::Named),
    ] {
        let files = Files::new(&[("a.jsonl", &bytes)]);
        let input = Input { encoding: label.map(str::to_owned), ..files.input("a.jsonl") };
        let read = read_with(discover(&[input]).unwrap(), &wanted(true), Limits::default()).unwrap();
        let texts = read.texts().join("");
        assert!(texts == expected || texts == "中華民國", "{label:?}");
        assert_eq!(read.facts[0].evidence, evidence, "{label:?}");
        assert!(read.bad.is_empty());
    }
}

#[test]
fn an_encoding_that_shows_late_is_found() {
    let ascii = "{\"text\":\"plain\"}\n".repeat(40_000);
    let late = GB18030.encode("{\"text\":\"中华人民共和国的法律规定，我们应当遵守\"}\n").0.into_owned();
    let read = read("a.jsonl", &[ascii.as_bytes(), &late.repeat(30)].concat());
    assert_eq!((read.rows.len(), read.bad.len()), (40_030, 0));
    assert_eq!(read.texts()[40_000], "中华人民共和国的法律规定，我们应当遵守");
}

#[test]
fn parquet_columns_of_any_kind_become_text() {
    use arrow::array::{ArrayRef, Int64Array, ListArray, RecordBatch, StringArray};
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("甲"), None, Some("丙")]));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<arrow::datatypes::Int32Type, _, _>(vec![
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
    ]));
    let batch = RecordBatch::try_from_iter([("n", numbers), ("body", texts), ("list", lists)]).unwrap();
    let mut bytes = Vec::new();
    let settings = parquet::file::properties::WriterProperties::builder().set_max_row_group_row_count(Some(2)).build();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), Some(settings)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let files = Files::new(&[("a.parquet", &bytes)]);
    let columns = [("text".to_owned(), "body".to_owned()), ("id".to_owned(), "n".to_owned())].into();
    let sources = discover(&[Input { columns, ..files.input("a.parquet") }]).unwrap();
    let mut wanted = wanted(true);
    wanted.columns.push(WantedColumn { name: "list".into(), required: false });
    let read = read_with(sources, &wanted, Limits::default()).unwrap();
    let some = |text: &str| Some(text.to_owned());
    let first = (0, 1, "1".to_owned(), vec![some("甲"), some("[1,null]")]);
    assert_eq!(read.rows, [first, (0, 3, "3".to_owned(), vec![some("丙"), some("[]")])]);
    assert_eq!(read.bad_rows(), [2]);
}

#[test]
fn files_are_found_in_folders_and_by_patterns_in_one_order() {
    let files = Files::new(&[
        ("b/2.jsonl", b"{}"),
        ("b/c/3.csv.gz", &compress(b"text\na\n", Compression::Gzip)),
        ("b/.hidden/4.jsonl", b"{}"),
        ("b/notes.xyz", b"x"),
        ("a.jsonl", b"{}"),
    ]);
    let found = discover(&[files.input("b/"), files.input("*.jsonl"), files.input("b/2.jsonl")]).unwrap();
    assert_eq!(files.names(&found), ["a.jsonl", "b/2.jsonl", "b/c/3.csv.gz"]);
    assert_eq!(found[2].format, Format::Csv);
    assert_eq!(found[2].compression, Compression::Gzip);
    let deep = discover(&[files.input("**/*.{csv,jsonl}*")]).unwrap();
    assert_eq!(files.names(&deep), files.names(&found));
}

#[test]
fn many_small_files_share_a_block() {
    let files: Vec<(String, Vec<u8>)> =
        (0..50).map(|at| (format!("d/{at:02}.txt"), format!("文{at}").into())).collect();
    let named: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let files = Files::new(&named);
    let sources: Arc<[Source]> = discover(&[files.input("d")]).unwrap().into();
    let mut cutter = Cutter::new(Arc::clone(&sources));
    let block = cutter.next().unwrap().unwrap();
    assert!(cutter.next().unwrap().is_none());
    assert_eq!(parse(&block, &sources, &wanted(true)).map(|parsed| parsed.unwrap().rows.num_rows()).sum::<usize>(), 50);
}
