//! Characters of bytes that are known to be UTF-8.

/// The code point of the character at `at`, and how many bytes it takes.
#[inline]
pub(super) fn decode(bytes: &[u8], at: usize) -> (u32, usize) {
    let lead = u32::from(bytes[at]);
    let follow = |place: usize| u32::from(bytes[at + place]) & 0x3F;
    match lead {
        0..0x80 => (lead, 1),
        0x80..0xE0 => ((lead & 0x1F) << 6 | follow(1), 2),
        0xE0..0xF0 => ((lead & 0x0F) << 12 | follow(1) << 6 | follow(2), 3),
        _ => ((lead & 0x07) << 18 | follow(1) << 12 | follow(2) << 6 | follow(3), 4),
    }
}
