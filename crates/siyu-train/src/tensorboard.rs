//! Curves in the files that `TensorBoard` reads.

/// The beginning of a file: the version of its format.
///
/// # Source
/// TensorFlow, `core/util/event.proto` and `core/lib/io/record_writer.cc`.
pub(crate) fn begin(wall_time: f64) -> Vec<u8> {
    let mut event = wall_time_field(wall_time);
    bytes_field(3, b"brain.Event:2", &mut event);
    record(&event)
}

/// One number of each named curve at a step.
pub(crate) fn scalars(wall_time: f64, step: u64, values: &[(&str, f64)]) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in values {
        let mut entry = Vec::new();
        bytes_field(1, tag.as_bytes(), &mut entry);
        entry.push(2 << 3 | 5);
        #[expect(clippy::cast_possible_truncation, reason = "the format has 32-bit floats")]
        entry.extend_from_slice(&(*value as f32).to_le_bytes());
        bytes_field(1, &entry, &mut summary);
    }
    let mut event = wall_time_field(wall_time);
    event.push(2 << 3);
    varint(step, &mut event);
    bytes_field(5, &summary, &mut event);
    record(&event)
}

fn wall_time_field(seconds: f64) -> Vec<u8> {
    let mut field = vec![1 << 3 | 1];
    field.extend_from_slice(&seconds.to_le_bytes());
    field
}

fn bytes_field(number: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Length, its checksum, the bytes, their checksum.
fn record(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend_from_slice(&masked(crc32c(&length)).to_le_bytes());
    record.extend_from_slice(bytes);
    record.extend_from_slice(&masked(crc32c(bytes)).to_le_bytes());
    record
}

/// A checksum of bytes that hold checksums would be weak: it is rotated and moved.
fn masked(checksum: u32) -> u32 {
    checksum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The checksum of Castagnoli, bit by bit: a step writes a few hundred bytes.
///
/// # Source
/// RFC 3720, appendix B.4.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |state: u32| if state & 1 == 1 { (state >> 1) ^ 0x82f6_3b78 } else { state >> 1 };
    !bytes.iter().fold(u32::MAX, |state, &byte| (0..8).fold(state ^ u32::from(byte), |state, _| step(state)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // RFC 3720, B.4: 32 zeros, 32 ones, rising bytes; and the usual check value.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }
}
