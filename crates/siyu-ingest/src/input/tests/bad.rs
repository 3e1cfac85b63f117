use super::*;
use crate::error::{EntryError, Error};
use crate::input::Stream;

/// Enough text that a file with it and one bad byte is UTF-8 with one bad byte.
const CHINESE: &str = "{\"text\":\"中华人民共和国民法典，自公布之日起施行。\"}\n";

fn fails(name: &str, bytes: &[u8]) -> Error {
    let files = Files::new(&[(name, bytes)]);
    read_with(discover(&[files.input(name)]).unwrap(), &wanted(true), Limits::default()).unwrap_err()
}

#[test]
fn a_bad_line_of_json_costs_itself_and_tells_none_of_its_text() {
    let mut bytes = b"{\"text\":\"a\"}\n{\"text\":\"secret\n{\"text\":\"b\"} secret\n{\"text\":\"\xff\"}\n{\"text\":null}\n[\"secret\"]\n{\"text\":\"c\"}\n".to_vec();
    bytes.extend(CHINESE.repeat(5).bytes());
    let read = read("a.jsonl", &bytes);
    assert_eq!((&read.texts()[..2], read.bad_rows()), (&["a", "c"][..], vec![2, 3, 4, 5, 6]));
    assert!(read.bad.iter().all(|bad| !bad.reason.contains("secret") && !bad.reason.contains("text\"")));
    let second = &read.bad[0];
    let place = bytes.get(usize::try_from(second.start).unwrap()..usize::try_from(second.end).unwrap()).unwrap();
    assert_eq!((place, second.of), (&b"{\"text\":\"secret"[..], Stream::File));
}

#[test]
fn a_stray_quote_costs_its_line() {
    let table = "id,text\n1,a\n2,\"b\n3,c\n4,\"d\"\n5,\"e\" x\n6,f \"g\"\n7,\"h";
    let read = read("a.csv", table.as_bytes());
    assert_eq!((read.texts(), read.bad_rows()), (vec!["a", "c", "d", "f \"g\""], vec![2, 5, 7]));
}

#[test]
fn rows_with_other_numbers_of_cells_and_nul_bytes_are_bad() {
    let table =
        [b"id,text\n1\n2,b,c\n3,d\n4,\0\n5,\xff\n6,", CHINESE.replace(['"', '\n'], "").repeat(5).as_bytes()].concat();
    let read = read("a.csv", &table);
    assert_eq!((read.texts()[0], read.bad_rows()), ("d", vec![1, 2, 4, 5]));
    assert_eq!(read.bad[1].reason, "3 cells where the header has 2");
}

#[test]
fn a_damaged_element_ends_at_the_next_line_that_starts_an_object() {
    let read = read("a.json", b"[{\"text\":\"a\"},\n{\"text\":\"b},\n {\"text\":\"c\"},\n5,\n{\"text\":\"d\"}\n");
    assert_eq!((read.texts(), read.bad_rows()), (vec!["a", "c", "d"], vec![2, 4, 6]));
    assert!(read.bad[2].reason.contains("not closed"));
}

#[test]
fn a_file_without_the_column_is_refused_with_a_suggestion() {
    let Error::NoColumn { column, has, hint, .. } = fails("a.csv", b"id,txt\n1,a\n") else { panic!("another error") };
    assert_eq!((column.as_str(), has.join(" ").as_str(), hint.as_str()), ("text", "id txt", ", did you mean `txt`?"));
    assert!(matches!(fails("a.csv", b"id,\"text\n1,a\n"), Error::Header { .. }));
    assert!(matches!(fails("a.parquet", b"not parquet"), Error::Parquet { .. }));
}

#[test]
fn empty_files_have_no_rows() {
    for name in ["a.jsonl", "a.json", "a.csv", "a.tsv", "a.parquet", "a.txt", "a.md", "a.html", "a.jsonl.gz"] {
        let read = read(name, b"");
        assert!(read.rows.is_empty() && read.bad.is_empty() && read.facts.len() == 1, "{name}");
    }
    assert!(read("a.csv", b"id,text\n").rows.is_empty());
}

#[test]
fn rows_before_a_break_in_a_compressed_file_are_kept() {
    let lines = numbered(20_000, |row| format!("{{\"text\":\"{}\"}}\n", row * 7919 % 10007));
    for (name, compression) in
        [("a.jsonl.gz", Compression::Gzip), ("a.jsonl.zst", Compression::Zstd), ("a.jsonl.xz", Compression::Xz)]
    {
        let whole = compress(lines.as_bytes(), compression);
        let read = read(name, whole.split_at(whole.len() / 2).0);
        assert_eq!(read.bad.len(), 1, "{name}");
        assert_eq!(read.bad[0].row, read.rows.len() as u64 + 1);
        assert_eq!((read.bad[0].of, read.facts[0].broken.is_some()), (Stream::Decompressed, true));
    }
    let gzip = compress("文档".as_bytes(), Compression::Gzip);
    assert_eq!(read("a.txt.gz", gzip.split_at(gzip.len() - 4).0).bad_rows(), [1]);
}

#[test]
fn documents_that_are_no_text_are_bad() {
    assert_eq!(read("a.txt", b"a\0b").bad_rows(), [1]);
    let files = Files::new(&[("a.txt", "中文".as_bytes())]);
    let input = Input { encoding: Some("utf-16le".into()), ..files.input("a.txt") };
    let read = read_with(discover(&[input]).unwrap(), &wanted(true), Limits::default()).unwrap();
    assert_eq!(read.rows.len() + read.bad.len(), 1);
}

#[test]
fn records_that_are_too_long_are_bad_and_not_kept() {
    let limits = Limits { block: 64, record: 1000, quoted: 1000 };
    let long = "x".repeat(3_000_000);
    let lines = format!("{{\"text\":\"a\"}}\n{{\"text\":\"{long}\"}}\n{{\"text\":\"b\"}}\n{{\"text\":\"{long}");
    let table = format!("text\na\n{long}\nb\n\"{long}");
    for (name, bytes) in [("a.jsonl", lines), ("a.csv", table)] {
        let files = Files::new(&[(name, bytes.as_bytes())]);
        let read = read_with(discover(&[files.input(name)]).unwrap(), &wanted(true), limits).unwrap();
        assert_eq!((read.texts(), read.bad_rows()), (vec!["a", "b"], vec![2, 4]), "{name}");
        assert_eq!(read.bad[1].end, bytes.len() as u64);
    }
}

#[test]
fn long_lines_are_read() {
    let long = "长".repeat(4_000_000);
    let read = read("a.jsonl", format!("{{\"text\":\"{long}\"}}\n{{\"text\":\"b\"}}\n").as_bytes());
    assert_eq!(read.texts(), [&long, "b"]);
}

#[test]
fn files_that_changed_or_vanished_are_named() {
    let files = Files::new(&[("a.jsonl", b"{\"text\":\"a\"}\n")]);
    let sources = discover(&[files.input("a.jsonl")]).unwrap();
    files.write("a.jsonl", b"{\"text\":\"a\"}\n{}");
    let error = read_with(sources.clone(), &wanted(true), Limits::default()).unwrap_err();
    assert!(matches!(error, Error::Changed { .. }));
    fs::remove_file(files.path("a.jsonl")).unwrap();
    let error = read_with(sources, &wanted(true), Limits::default()).unwrap_err();
    assert!(error.to_string().contains("a.jsonl"));
}

#[test]
fn a_file_that_is_written_to_while_it_is_read_is_an_error() {
    let files = Files::new(&[("a.jsonl", "{\"text\":\"a\"}\n".repeat(100).as_bytes())]);
    let sources: Arc<[Source]> = discover(&[files.input("a.jsonl")]).unwrap().into();
    let mut cutter = Cutter::new(sources).with_limits(Limits { block: 10, ..Limits::default() });
    cutter.next().unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(files.path("a.jsonl")).unwrap();
    file.write_all(b"{}\n").unwrap();
    let error = loop {
        match cutter.next() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the change went unnoticed"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Changed { .. }));
}

#[test]
fn a_disk_that_fails_half_way_is_an_error_with_path_and_offset() {
    struct Failing(u32);
    impl std::io::Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            if self.0 > 3 {
                return Err(std::io::Error::other("the disk failed"));
            }
            buffer.split_at_mut(10).0.fill(b'\n');
            Ok(10)
        }
    }
    let files = Files::new(&[("a.jsonl", b"x")]);
    let source = discover(&[files.input("a.jsonl")]).unwrap().remove(0);
    let mut reader = crate::input::stream::Reader::new(&source, Box::new(Failing(0))).unwrap();
    let error = reader.fill(&mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("a.jsonl") && error.contains("byte 30"), "{error}");
}

#[test]
fn inputs_that_name_nothing_readable_are_explained() {
    let files = Files::new(&[("laws.jsonl", b"{}"), ("x.xyz", b"x"), ("fake.csv.gz", b"text"), ("d/x.xyz", b"x")]);
    std::os::unix::fs::symlink(files.path("loop"), files.path("loop")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, files.path("pipe.jsonl"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    let message = |name: &str| discover(&[files.input(name)]).unwrap_err().to_string();
    assert!(message("law.jsonl").contains("did you mean `laws.jsonl`?"));
    assert!(message("*.csv").contains("matches no file: 3 other files"));
    assert!(message("nowhere/*.csv").contains("there is no folder"));
    assert!(message("x.xyz").contains("set `format`"));
    assert!(message("d").contains("extensions xyz"));
    assert!(message("loop").contains("cannot read"));
    assert!(message("pipe.jsonl").contains("neither a file nor a folder"));
    assert!(message("fake.csv.gz").contains("gzip"));
    assert!(message("laws.{json").contains("not a valid pattern"));
    let odd = Input { encoding: Some("utf-9".into()), ..files.input("laws.jsonl") };
    assert!(matches!(discover(&[odd]).unwrap_err(), Error::Entry(EntryError::Encoding { .. })));
    let other = Input { format: Some(Format::Text), ..files.input("laws.jsonl") };
    assert!(matches!(
        discover(&[files.input("laws.jsonl"), other]).unwrap_err(),
        Error::Entry(EntryError::Conflict { .. })
    ));
}

#[test]
fn a_folder_with_links_in_a_circle_and_pipes_is_read() {
    let files = Files::new(&[("d/a.jsonl", b"{}"), ("d/e/b.jsonl", b"{}")]);
    std::os::unix::fs::symlink(files.path("d"), files.path("d/e/up")).unwrap();
    std::os::unix::fs::symlink(files.path("gone"), files.path("d/gone.jsonl")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, files.path("d/p.jsonl"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert_eq!(files.names(&discover(&[files.input("d")]).unwrap()), ["d/a.jsonl", "d/e/b.jsonl"]);
}
