//! Which characters need no work.

use std::iter::once;
use std::sync::LazyLock;

use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, is_nfc_quick, is_nfkc_quick};

use super::Form;

/// What becomes of a character before the normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Keep,
    Remove,
    Space,
    Newline,
    /// Invisible, but needed in some surroundings.
    Judge,
}

/// # Source
/// `DerivedCoreProperties.txt` (`Default_Ignorable_Code_Point`) and general categories Cc, Zs, Zl and Zp of Unicode 16.
#[allow(clippy::match_same_arms, reason = "the arms follow the blocks of the standard")]
pub(super) fn action(character: char) -> Action {
    match u32::from(character) {
        0x09 | 0x0A => Action::Keep,
        0x0B..=0x0D | 0x85 | 0x2028 | 0x2029 => Action::Newline,
        0x00..=0x1F | 0x7F..=0x9F => Action::Remove,
        0xA0 | 0x1680 | 0x2000..=0x200A | 0x202F | 0x205F => Action::Space,
        0x180B..=0x180F | 0x200C | 0x200D | 0xFE0E | 0xFE0F | 0xE_0020..=0xE_007F => Action::Judge,
        0xAD
        | 0x034F
        | 0x061C
        | 0x17B4
        | 0x17B5
        | 0x200B
        | 0x200E
        | 0x200F
        | 0x202A..=0x202E
        | 0x2060..=0x206F
        | 0x3164
        | 0xFE00..=0xFE0D
        | 0xFEFF
        | 0xFFA0
        | 0xFFF0..=0xFFFB
        | 0x1_BCA0..=0x1_BCA3
        | 0x1_D173..=0x1_D17A
        | 0xE_0000..=0xE_0FFF => Action::Remove,
        _ => Action::Keep,
    }
}

/// Whether a character stays as it is whatever surrounds it, and parts what comes before it from what comes after.
pub(super) fn is_plain(character: char, form: Form) -> bool {
    static PLAIN: LazyLock<[Box<[u64]>; 3]> = LazyLock::new(|| [Form::Nfc, Form::Nfkc, Form::None].map(plain_plane));
    let code = u32::from(character) as usize;
    if code > 0xFFFF {
        return is_plain_slow(character, form);
    }
    let plane = &PLAIN[match form {
        Form::Nfc => 0,
        Form::Nfkc => 1,
        Form::None => 2,
    }];
    plane[code / 64] >> (code % 64) & 1 == 1
}

/// One bit for each code point of the basic plane.
fn plain_plane(form: Form) -> Box<[u64]> {
    let mut plane = vec![0_u64; 0x1_0000 / 64];
    for character in '\0'..='\u{FFFF}' {
        let code = u32::from(character) as usize;
        plane[code / 64] |= u64::from(is_plain_slow(character, form)) << (code % 64);
    }
    plane.into_boxed_slice()
}

fn is_plain_slow(character: char, form: Form) -> bool {
    let stable = match form {
        Form::Nfc => is_nfc_quick(once(character)) == IsNormalized::Yes,
        Form::Nfkc => is_nfkc_quick(once(character)) == IsNormalized::Yes,
        Form::None => return action(character) == Action::Keep,
    };
    stable && action(character) == Action::Keep && canonical_combining_class(character) == 0
}
