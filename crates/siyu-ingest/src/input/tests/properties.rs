use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 7] = ["a.jsonl", "a.json", "a.csv", "a.tsv", "a.txt", "a.html", "a.jsonl.gz"];

/// Bytes that come near to what the formats hold.
fn near_text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"{\"text\":\"a\"}\n".to_vec()),
        Just(b"text,id\n".to_vec()),
        Just(b"\"b\nc\",1\n".to_vec()),
        Just(b"x,y\r\n".to_vec()),
        Just("{\"text\":\"中\\n\"}".as_bytes().to_vec()),
        proptest::sample::select(b"[]{}\",\n\r\t\\:a \0\xff\xfe".to_vec()).prop_map(|byte| vec![byte]),
        any::<u8>().prop_map(|byte| vec![byte]),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn all(name: &str, bytes: &[u8], limits: Limits) -> std::result::Result<Read, String> {
    let files = Files::new(&[]);
    let gzip = name == "a.jsonl.gz";
    let bytes = compress(bytes, if gzip { Compression::Gzip } else { Compression::None });
    files.write(name, &bytes);
    let sources = discover(&[files.input(name)]).map_err(|error| error.to_string())?;
    let shown = files.path("").display().to_string();
    read_with(sources, &wanted(false), limits).map_err(|error| error.to_string().replace(&shown, ""))
}

proptest! {
    #[test]
    fn any_bytes_give_the_same_rows_whatever_the_block_size(bytes in near_text(), name in proptest::sample::select(&NAMES[..])) {
        let whole = all(name, &bytes, Limits::default());
        for block in [1, 2, 7, 64, 65_536] {
            prop_assert_eq!(&all(name, &bytes, Limits { block, ..Limits::default() }), &whole);
        }
        if let Ok(read) = &whole {
            let numbers: BTreeSet<u64> = read.rows.iter().map(|row| row.1).chain(read.bad_rows()).collect();
            prop_assert_eq!(numbers.len(), read.rows.len() + read.bad.len(), "each record once");
        }
    }

    #[test]
    fn every_line_that_is_not_blank_is_a_row_or_bad(bytes in near_text()) {
        let mut bytes = [b"{}\n", &bytes[..]].concat();
        bytes.retain(|byte| byte.is_ascii() && *byte != 0);
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        let read = all("a.jsonl", &bytes, Limits::default()).unwrap();
        prop_assert_eq!(read.rows.len() + read.bad.len(), lines);
    }
}

#[test]
fn one_bad_row_in_a_hundred_costs_one_row_in_a_hundred() {
    let bad = |row: usize| row % 100 == 42;
    let lines = |good: fn(usize) -> String, broken: fn(usize) -> String| {
        numbered(10_000, |row| if bad(row) { broken(row) } else { good(row) })
    };
    let json = lines(|row| format!("{{\"text\":\"第{row}\"}}\n"), |row| format!("{{\"text\":\"第{row}\n"));
    let elements = lines(|row| format!("{{\"text\":\"第{row}\"}},\n"), |row| format!("{{\"text\":\"第{row}}},\n"));
    let cells = lines(|row| format!("{row},\"第{row}\"\n"), |row| format!("{row},\"第{row}\n"));
    let files = [
        ("a.jsonl", json.clone()),
        ("a.json", format!("[{elements}]")),
        ("a.csv", format!("id,text\n{cells}")),
        ("a.tsv", format!("id\ttext\n{}", cells.replace(',', "\t"))),
        ("a.jsonl.gz", json),
    ];
    for (name, bytes) in files {
        for block in [4096, 2 << 20] {
            let read = all(name, bytes.as_bytes(), Limits { block, ..Limits::default() }).unwrap();
            assert_eq!((read.rows.len(), read.bad.len()), (9_900, 100), "{name}");
        }
    }
}
