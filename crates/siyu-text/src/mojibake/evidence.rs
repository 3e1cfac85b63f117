//! How unlikely it is that someone meant what stands there.

/// What is needed to take a text for garbled.
pub(super) const ENOUGH: f32 = 2.0;

/// What a character that would be a continuation byte is to a reader.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// U+0080 to U+009F: in no text on purpose.
    Control,
    /// Part of a table drawn with characters.
    Box,
    Letter,
    /// Punctuation and signs that follow letters in prose.
    Mark,
    /// Signs that hardly ever follow a letter.
    Odd,
}

fn class(character: char) -> Class {
    match character {
        '\u{80}'..='\u{9F}' => Class::Control,
        '\u{2500}'..='\u{259F}' => Class::Box,
        'ª' | 'º' | 'µ' | 'ƒ' | 'ˆ' | 'ˇ' | 'œ' | 'Œ' => Class::Odd,
        '\u{A0}' | '¡' | '¢' | '£' | '¥' | '§' | '©' | '«' | '®' | '°' | '²' | '³' | '´' | '¶' | '·' | '¹' | '»'
        | '¿' | '–' | '—' | '―' | '‘' | '’' | '‚' | '“' | '”' | '„' | '•' | '…' | '‹' | '›' | '€' | '™' | '№' => {
            Class::Mark
        }
        _ if character.is_alphabetic() => Class::Letter,
        _ => Class::Odd,
    }
}

/// Evidence that `garbled`, the characters of one UTF-8 sequence between `before` and `after`, was meant to be `meant`.
pub(super) fn weigh(before: Option<char>, garbled: &[char], after: Option<char>, meant: char) -> f32 {
    let Some((&lead, rest)) = garbled.split_first() else { return 0.0 };
    if meant == '\u{FFFD}' {
        return 2.5;
    }
    // Quotation marks and the euro sign are lead bytes of rare letters in Mac Roman, and stand before anything.
    if matches!(lead, '‘' | '’' | '“' | '”' | '€') {
        return 0.0;
    }
    let inside_word = before.is_some_and(char::is_lowercase) && lead.is_uppercase();
    let mut evidence = rarity(meant) + if inside_word { 1.0 } else { 0.0 };
    match rest {
        [next] => evidence += pair(before, lead, *next, after),
        [_, _, _] => evidence += 4.0,
        _ => {
            // The bytes E2 80 begin the typographic marks, E2 99 pictures, E3 80 to E3 83 Chinese marks and kana.
            if matches!(
                (lead, rest[0]),
                ('â', '€' | '\u{80}' | '™' | '\u{99}')
                    | ('ã', '€' | '‚' | 'ƒ' | '\u{80}'..='\u{83}')
                    | ('‚', 'Ä')
                    | ('Γ', 'Ç')
                    | ('в', 'Ђ')
                    | ('β' | 'ā', '€')
            ) {
                evidence += 2.5;
            }
            // Vietnamese letters, the euro sign.
            if matches!((lead, rest[0]), ('á', 'º' | '»')) || meant == '€' {
                evidence += 1.2;
            }
            // Hardly a word of any language ends in â.
            evidence += if lead == 'â' { 0.8 } else { 0.0 };
            evidence += rest.iter().map(|&next| continuation(lead, next)).sum::<f32>();
        }
    }
    evidence
}

#[allow(clippy::match_same_arms, reason = "the arms are cases, in order of precedence")]
fn pair(before: Option<char>, lead: char, next: char, after: Option<char>) -> f32 {
    let is_strong = matches!(lead, 'Ã' | 'Â');
    let is_sign = !lead.is_alphabetic() && !matches!(lead, '×' | '¬');
    let follows_letter = before.is_some_and(char::is_alphabetic);
    match class(next) {
        Class::Control => 3.0,
        Class::Box if class(lead) == Class::Box => -3.0,
        Class::Box => 1.5,
        Class::Odd => 2.2,
        // `Ã’s` is how one writes about the letter.
        Class::Mark if next == '’' => 0.9,
        // One alone may be `å` by Latin-1 or by Mac Roman.
        Class::Mark if is_strong && next == '¥' => 0.9,
        Class::Mark if is_strong => 2.2,
        Class::Mark if next == '\u{A0}' => 0.3,
        Class::Mark if is_sign => 1.8,
        Class::Mark if lead == '×' => 0.6,
        Class::Mark if matches!(next, '°' | '²' | '³' | '¹') => 2.1,
        // No mark of prose joins letters.
        Class::Mark if after.is_some_and(char::is_lowercase) => 2.1,
        Class::Mark => 0.9,
        Class::Letter if is_strong => 2.2,
        Class::Letter if is_sign => {
            if follows_letter {
                2.2
            } else {
                1.2
            }
        }
        Class::Letter if !same_script(lead, next) => 1.5,
        Class::Letter if is_regional(next) => 1.0,
        Class::Letter if next.is_lowercase() => 0.6,
        Class::Letter if before.is_some_and(char::is_lowercase) => 1.0,
        Class::Letter => 0.4,
    }
}

/// Cyrillic letters that only a few languages have, and code page 1251 where UTF-8 continues.
fn is_regional(letter: char) -> bool {
    matches!(letter, 'Ђ' | 'Ѓ' | 'Ѕ' | 'Ј'..='Џ' | 'ђ' | 'ѓ' | 'ѕ' | 'ј'..='џ')
}

fn continuation(lead: char, next: char) -> f32 {
    match class(next) {
        Class::Control => 1.8,
        Class::Box if class(lead) == Class::Box => -3.0,
        Class::Box => 1.0,
        Class::Odd => 1.2,
        Class::Mark => 0.5,
        Class::Letter if lead.is_lowercase() && next.is_uppercase() || !same_script(lead, next) => 1.0,
        Class::Letter => 0.3,
    }
}

fn same_script(one: char, other: char) -> bool {
    let script = |letter: char| match u32::from(letter) {
        0..0x370 => 0,
        0x370..0x400 => 1,
        0x400..0x530 => 2,
        _ => 3,
    };
    script(one) == script(other)
}

/// What is taken off where the repaired character is itself an unlikely one.
#[allow(clippy::match_same_arms, reason = "the arms are cases, in order of precedence")]
fn rarity(meant: char) -> f32 {
    match u32::from(meant) {
        // Extended Latin B, phonetic letters, modifiers, combining marks, Coptic, old Cyrillic, Armenian, Syriac and on.
        0x180..=0x191
        | 0x193..=0x1CC
        | 0x1DD..=0x217
        | 0x21C..=0x2C5
        | 0x2C8..=0x2D7
        | 0x2DE..=0x2FF
        | 0x363..=0x37F
        | 0x3D0..=0x3FF => -1.5,
        0x460..=0x48F | 0x500..=0x58F | 0x700..=0x8FF => -1.5,
        0x80..=0x9F | 0x1200..=0x1DFF | 0x2800..=0x2FFF | 0x31C0..=0x33FF | 0xA000..=0xABFF | 0xE000..=0xF8FF => -1.0,
        _ => 0.0,
    }
}
