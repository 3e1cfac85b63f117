//! Code pages of one byte a character.

use encoding_rs::{
    Encoding, ISO_8859_2, MACINTOSH, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257,
};
use std::sync::LazyLock;

/// The upper half of code page 437, from 0x80 on.
///
/// # Source
/// Unicode mapping table `CP437.TXT`.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}";

/// Which byte each character stood for.
pub(super) struct CodePage {
    /// Characters beyond ASCII with their bytes, sorted.
    bytes: Vec<(char, u8)>,
    /// Whether bytes it has no character for come through as control characters or U+FFFD.
    pub(super) is_sloppy: bool,
    /// Whether a plain space may stand for its byte 0xA0, which is a space that cannot break.
    pub(super) restores_spaces: bool,
}

impl CodePage {
    fn new(characters: impl Iterator<Item = char>, is_sloppy: bool) -> Self {
        let mut bytes: Vec<(char, u8)> = characters.zip(0x80..=0xFF).collect();
        bytes.sort_unstable();
        let restores_spaces = bytes.contains(&('\u{A0}', 0xA0));
        Self { bytes, is_sloppy, restores_spaces }
    }

    fn of(encoding: &'static Encoding) -> Self {
        let character = |byte: u8| {
            let decoded =
                encoding.decode_without_bom_handling_and_without_replacement(&[byte]).map(|text| text.chars().next());
            decoded.flatten().unwrap_or(char::from(byte))
        };
        Self::new((0x80..=0xFF).map(character), encoding != MACINTOSH)
    }

    /// The byte that `character`, which is not ASCII, was read from.
    pub(super) fn byte(&self, character: char) -> Option<u8> {
        let at = self.bytes.binary_search_by_key(&character, |&(known, _)| known).ok()?;
        Some(self.bytes[at].1)
    }
}

/// All code pages, the likeliest first.
pub(super) fn all() -> &'static [CodePage] {
    static ALL: LazyLock<Vec<CodePage>> = LazyLock::new(|| {
        let mut pages = vec![CodePage::new((0x80..=0xFF_u8).map(char::from), false)];
        let windows = [WINDOWS_1252, WINDOWS_1251, WINDOWS_1250, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257];
        pages.extend(windows.map(CodePage::of));
        pages.extend([CodePage::of(ISO_8859_2), CodePage::of(MACINTOSH), CodePage::new(CP437.chars(), false)]);
        pages
    });
    &ALL
}

/// Characters of the basic plane, one bit each.
struct Characters([u64; 1024]);

impl Characters {
    /// Those that some page has for a byte that `wanted` says yes to.
    fn of(wanted: impl Fn(u8) -> bool) -> Self {
        let mut bits = [0; 1024];
        for &(character, byte) in all().iter().flat_map(|page| &page.bytes) {
            if wanted(byte) {
                let code = u32::from(character) as usize;
                bits[code / 64] |= 1 << (code % 64);
            }
        }
        Self(bits)
    }

    fn has(&self, character: char) -> bool {
        let code = u32::from(character) as usize;
        self.0.get(code / 64).is_some_and(|word| word >> (code % 64) & 1 == 1)
    }
}

/// Whether any page has the character, which is not ASCII.
pub(super) fn is_known(character: char) -> bool {
    static KNOWN: LazyLock<Characters> = LazyLock::new(|| Characters::of(|_| true));
    KNOWN.has(character)
}

/// Whether the character may stand for the first byte of UTF-8 in any page.
pub(super) fn may_lead(character: char) -> bool {
    static LEADS: LazyLock<Characters> = LazyLock::new(|| Characters::of(|byte| matches!(byte, 0xC2..=0xF4)));
    LEADS.has(character)
}

/// What Windows-1252 has for the byte of a control character from U+0080 to U+009F.
pub(super) fn windows_1252(control: char) -> char {
    let byte = u8::try_from(u32::from(control)).unwrap_or(b'?');
    WINDOWS_1252.decode_without_bom_handling(&[byte]).0.chars().next().unwrap_or(control)
}

#[cfg(test)]
mod tests {
    use super::{CP437, all, is_known, may_lead};

    #[test]
    fn every_page_has_a_character_for_every_byte() {
        assert_eq!(CP437.chars().count(), 128);
        for page in all() {
            assert_eq!(page.bytes.len(), 128);
            assert!(page.bytes.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
        assert!(all().iter().all(|page| page.bytes.iter().all(|&(character, _)| character <= '\u{FFFF}')));
        assert!(is_known('€') && may_lead('Ã') && !may_lead('™') && !is_known('甲'));
        assert_eq!((all()[1].byte('€'), all()[1].byte('\u{81}'), all()[0].byte('€')), (Some(0x80), Some(0x81), None));
    }
}
