//! Rows of separated values (RFC 4180).

use super::table::Table;
use super::{Part, Source};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// A record of cells and where it ends.
pub(super) struct Record {
    pub(super) cells: Vec<Vec<u8>>,
    pub(super) end: usize,
}

/// Reads the record that starts at `start`, or `None` at the end.
pub(super) fn record(bytes: &[u8], start: usize, delimiter: u8) -> Option<Record> {
    let mut reader: Reader = ReaderBuilder::new().delimiter(delimiter).build();
    let (mut output, mut ends) = (vec![0; 256], vec![0; 16]);
    let (mut read, mut written, mut fields) = (start, 0, 0);
    loop {
        let (result, used, made, ended) =
            reader.read_record(&bytes[read..], &mut output[written..], &mut ends[fields..]);
        (read, written, fields) = (read + used, written + made, fields + ended);
        match result {
            ReadRecordResult::InputEmpty if read >= bytes.len() && used == 0 => return None,
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull => output.resize(output.len() * 2, 0),
            ReadRecordResult::OutputEndsFull => ends.resize(ends.len() * 2, 0),
            ReadRecordResult::Record => break,
            ReadRecordResult::End => return None,
        }
    }
    let mut from = 0;
    let cells = ends[..fields].iter().map(|&end| output[std::mem::replace(&mut from, end)..end].to_vec()).collect();
    Some(Record { cells, end: read })
}

/// Reads the records of a part. One with too few or too many cells that spans lines may hold an unclosed quote, so only
/// its first line is given up.
pub(super) fn records(part: &Part, header: &[String], delimiter: u8, source: &Source, table: &mut Table) {
    let find = |name: &str| header.iter().position(|cell| cell == name);
    let slots: Vec<Option<usize>> = table.wanted.iter().map(|column| find(source.field(&column.name))).collect();
    let id = find(source.field("id"));
    let (mut start, mut row) = (0, part.first_row);
    loop {
        start += part.bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let Some(record) = record(&part.bytes, start, delimiter) else { return };
        let mut end = record.end;
        if record.cells.len() == header.len() {
            let texts: Result<Vec<&str>, _> =
                record.cells.iter().map(|cell| simdutf8::basic::from_utf8(cell)).collect();
            if let Ok(texts) = texts {
                let values: Vec<Option<&str>> =
                    slots.iter().map(|slot| slot.map(|slot| texts[slot]).filter(|text| !text.is_empty())).collect();
                let id = id.map(|slot| texts[slot]).filter(|text| !text.is_empty());
                table.row(part, source, row, (start, end), id, &values);
            } else {
                table.bad(part, row, (start, end), "not valid UTF-8; is `encoding` right?".to_owned());
            }
        } else {
            let line_end = memchr::memchr(b'\n', &part.bytes[start..end]).map_or(end, |at| start + at + 1);
            end = line_end;
            let reason = format!("{} cells where the header has {}", record.cells.len(), header.len());
            table.bad(part, row, (start, end), reason);
        }
        start = end;
        row += 1;
    }
}

/// Rows of a part as [`records`] numbers them.
pub(super) fn count(part: &Part, delimiter: u8) -> u64 {
    let super::Shape::Cells { header, .. } = &part.shape else { return 0 };
    let (mut start, mut rows) = (0, 0);
    loop {
        start += part.bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let Some(record) = record(&part.bytes, start, delimiter) else { return rows };
        let line_end = || memchr::memchr(b'\n', &part.bytes[start..record.end]).map_or(record.end, |at| start + at + 1);
        start = if record.cells.len() == header.len() { record.end } else { line_end() };
        rows += 1;
    }
}
