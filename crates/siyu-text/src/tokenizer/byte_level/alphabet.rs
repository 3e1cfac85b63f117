//! The characters that stand for bytes in the spellings of a byte-level vocabulary.
//!
//! Bytes that print in Latin-1 stand for themselves; the other 68 are U+0100 and following, in the order of the bytes.
//!
//! # Source
//! GPT-2's `bytes_to_unicode`.

/// The characters by byte.
pub(super) const CHARACTERS: [char; 256] = characters();

/// Characters from U+0100 on that stand for bytes.
const SHIFTED: usize = 68;

const SHIFTED_BYTES: [u8; SHIFTED] = shifted();

const fn prints(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

const fn characters() -> [char; 256] {
    let mut characters = ['\0'; 256];
    let (mut byte, mut shifted) = (0_u8, 0x100);
    loop {
        let code = if prints(byte) {
            byte as u32
        } else {
            shifted += 1;
            shifted - 1
        };
        characters[byte as usize] = match char::from_u32(code) {
            Some(character) => character,
            None => '\0',
        };
        if byte == u8::MAX {
            return characters;
        }
        byte += 1;
    }
}

const fn shifted() -> [u8; SHIFTED] {
    let mut bytes = [0; SHIFTED];
    let (mut byte, mut place) = (0_u8, 0);
    while place < SHIFTED {
        if !prints(byte) {
            bytes[place] = byte;
            place += 1;
        }
        byte += 1;
    }
    bytes
}

/// The byte that a character of a spelling stands for.
pub(super) fn byte(character: char) -> Option<u8> {
    match u8::try_from(character) {
        Ok(byte) => prints(byte).then_some(byte),
        Err(_) => SHIFTED_BYTES.get((character as usize).checked_sub(0x100)?).copied(),
    }
}

/// Appends the bytes that a token stands for in a decoded text: its spelling's own where a character of it stands for
/// none.
pub(super) fn append_bytes(spelling: &str, bytes: &mut Vec<u8>) {
    let start = bytes.len();
    for character in spelling.chars() {
        let Some(byte) = byte(character) else {
            bytes.truncate(start);
            bytes.extend_from_slice(spelling.as_bytes());
            return;
        };
        bytes.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_character_of_its_own() {
        assert!((0..=255).all(|value| byte(CHARACTERS[usize::from(value)]) == Some(value)));
        assert_eq!(CHARACTERS[usize::from(b' ')], 'Ġ');
        assert_eq!(CHARACTERS[usize::from(b'\n')], 'Ċ');
    }
}
